"""Roles: what Crossplane may do to compose, and what platform and ML teams may see and change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from function.api.base import Kind
from function.api.kinds import KINDS
from function.api.labels import CROSSPLANE_NAMESPACE, GROUP
from function.api.model_endpoint import MODEL_ENDPOINT
from function.composition import Manifest
from function.packages.composed import Composed

CROSSPLANE: Final = "crossplane-compose-modelplane"

_API: Final = "rbac.authorization.k8s.io/v1"
_AGGREGATE: Final = "rbac.authorization.k8s.io/aggregate-to-"
_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "patch", "update")
_EDIT: Final = ("create", "delete", "deletecollection", "patch", "update")


def crossplane_role(composed: Iterable[Composed]) -> Manifest:
    """Build what Crossplane gets beyond its own role, kind by kind."""
    rows = [row for row in composed if row.granted]
    return _role(
        CROSSPLANE,
        {"rbac.crossplane.io/aggregate-to-crossplane": "true"},
        [
            _rule(group, sorted(row.plural for row in rows if row.group == group), (*_READ, *_WRITE))
            for group in dict.fromkeys(row.group for row in rows)
        ],
    )


def team_roles() -> tuple[Manifest, ...]:
    """Build the roles for people.

    What lives in a team's namespace joins the roles view, edit and admin of Kubernetes. Changing the
    fleet does not: a cluster costs money, so that role is bound to somebody on purpose. Nor does writing
    endpoints, which have the gateway send requests wherever they say: Kubernetes took EndpointSlices out
    of edit and admin for that (CVE-2021-25740). What Modelplane writes itself can be changed with none of
    them; of it, only replicas can be seen, which are a team's own. Objects are left out, since they hold
    copies of Secrets.
    """
    models, fleet = _plurals("Namespaced"), _plurals("Cluster")
    endpoints = [MODEL_ENDPOINT.plural]
    seen = [*models, *(kind.plural for kind in KINDS if kind.internal and kind.group == GROUP)]
    return (
        _role("modelplane-view", _aggregated("view"), [_rule(GROUP, sorted(seen), _READ)]),
        _role(
            "modelplane-edit",
            _aggregated("edit", "admin"),
            [_rule(GROUP, [model for model in models if model not in endpoints], (*_READ, *_EDIT))],
        ),
        _role("modelplane-endpoint-edit", {}, [_rule(GROUP, endpoints, (*_READ, *_EDIT))]),
        _role("modelplane-platform-view", _aggregated("view"), [_rule(GROUP, fleet, _READ)]),
        _role("modelplane-platform-edit", {}, [_rule(GROUP, fleet, (*_READ, *_EDIT))]),
    )


def cluster_admin(name: str) -> Manifest:
    """Build what lets a service account of Crossplane's namespace do anything."""
    return {
        "apiVersion": _API,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": CROSSPLANE_NAMESPACE}],
    }


def _plurals(scope: Literal["Namespaced", "Cluster"]) -> list[str]:
    """The resources of a scope that people write, with their scale subresources."""
    return sorted(name for kind in KINDS if kind.scope == scope and not kind.internal for name in _resources(kind))


def _resources(kind: Kind) -> tuple[str, ...]:
    return (kind.plural, f"{kind.plural}/scale") if kind.scale else (kind.plural,)


def _aggregated(*roles: str) -> dict[str, str]:
    return {f"{_AGGREGATE}{role}": "true" for role in roles}


def _role(name: str, labels: Mapping[str, str], rules: Sequence[Manifest]) -> Manifest:
    shown = {"labels": dict(labels)} if labels else {}
    return {"apiVersion": _API, "kind": "ClusterRole", "metadata": {"name": name, **shown}, "rules": list(rules)}


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> Manifest:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
