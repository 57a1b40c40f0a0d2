"""install.yaml: what an administrator applies before the Configuration, which may not hold it."""

from __future__ import annotations

from collections.abc import Iterable

from function.api.compositions import FUNCTION
from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest
from function.packages import dependencies, metadata, roles, runtime
from function.packages.composed import Composed
from function.packages.metadata import Release


def documents(release: Release, composed: Iterable[Composed]) -> tuple[tuple[str, Manifest], ...]:
    """Give every object with a line that says why it is there, in the order in which they are applied."""
    view, edit, endpoint_edit, platform_view, platform_edit = roles.team_roles()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM_NAMESPACE}}
    helm, kubernetes = dependencies.HELM.package, dependencies.KUBERNETES.package
    return (
        ("Where Modelplane keeps what belongs to no team.", namespace),
        (
            "What Crossplane composes that neither its own role nor a provider's covers.",
            roles.crossplane_role(composed),
        ),
        ("ML teams, reading: part of view.", view),
        ("ML teams, writing: part of edit and admin.", edit),
        ("Endpoints, writing: they lead anywhere, so bind it to whom you trust with that.", endpoint_edit),
        ("The fleet, reading: part of view, where that is bound for the whole cluster.", platform_view),
        ("The fleet, writing: bind it to the platform team.", platform_edit),
        (
            "provider-helm installs charts on this cluster, so it may do anything here.",
            roles.cluster_admin(runtime.HELM),
        ),
        ("... under a service account of a known name.", runtime.helm_runtime()),
        ("... which every version of it gets.", runtime.image_config(runtime.HELM, helm)),
        ("provider-kubernetes watches, and keeps Secrets out of the status of Objects.", runtime.kubernetes_runtime()),
        ("... in every version of it.", runtime.image_config(runtime.KUBERNETES, kubernetes)),
        ("The function runs twice, without rights and without a writable disk.", runtime.function_runtime()),
        ("... in every version of it.", runtime.image_config(FUNCTION, release.function)),
        ("The function, under the name that the Compositions use.", metadata.function_package(release)),
    )
