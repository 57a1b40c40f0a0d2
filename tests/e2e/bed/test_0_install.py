"""An installation as docs/install.md describes it: all of it is there, and nobody has more rights than that says."""

from __future__ import annotations

from typing import Final

from function.api.compositions import FUNCTION
from function.api.kinds import KINDS
from function.api.labels import CROSSPLANE_NAMESPACE
from function.composition import Manifest, unstructured
from function.packages import runtime
from function.packages.composed import COMPOSED, ServedBy
from function.packages.dependencies import HELM, KUBERNETES
from tests.e2e.bed import accounts
from tests.e2e.bed.crossplane import PROVIDER
from tests.e2e.bed.installation import EXTENSIONS, PACKAGES
from tests.e2e.bed.packages import NEEDED
from tests.e2e.bed.plane import Bed

COMPOSING: Final = ("get", "list", "watch", "create", "update", "patch", "delete")


def test_everything_that_is_documented_is_there(bed: Bed) -> None:
    assert bed.installation.missing() == []
    for kind, number in (("function", 1), ("provider", len(NEEDED)), ("configuration", 1)):
        header, *rows = bed.control.kubectl.table(f"{kind}.pkg.crossplane.io")
        shown = [dict(zip(header, row, strict=True)) for row in rows]
        assert [(row["INSTALLED"], row["HEALTHY"]) for row in shown] == [("True", "True")] * number, kind


def test_what_is_missing_is_said_by_its_name(bed: Bed) -> None:
    never, inactive = "upbound-provider-vultr", "objects.kubernetes.crossplane.io"
    assert list(bed.installation.ill([("Provider", never)], PACKAGES)) == [f"Provider {never} is not there"]
    expected = [("ManagedResourceDefinition", inactive)]
    (problem,) = bed.installation.ill(expected, f"{EXTENSIONS}/v1alpha1", ("Established",))
    assert problem.startswith(f"ManagedResourceDefinition {inactive} is not Established: ")


def test_dependencies_are_resolved_to_the_versions_that_are_asked_for(bed: Bed) -> None:
    lock = bed.control.api.get("pkg.crossplane.io/v1beta1", "Lock", "lock") or {}
    of = bed.installation.release()
    assert {(package["source"], package["version"]) for package in unstructured.items(lock, "packages")} == {
        (of.configuration, of.version),
        (of.function, of.version),
        *((provider.package, provider.version) for provider in NEEDED),
    }
    assert unstructured.is_true(lock, "Resolved")


def test_only_managed_resources_that_are_composed_are_served(bed: Bed) -> None:
    found = bed.control.api.list(f"{EXTENSIONS}/v1alpha1", "ManagedResourceDefinition")
    active = {
        unstructured.name_of(definition)
        for definition in found
        if unstructured.dig(definition, "spec", "state") == "Active"
    }
    assert (
        active
        == {row.name for row in COMPOSED if row.served_by is ServedBy.MANAGED}
        < {*map(unstructured.name_of, found)}
    )
    assert bed.control.api.list("kubernetes.crossplane.io/v1alpha2", "Object") == []


def test_packages_run_as_their_runtime_configs_say(bed: Bed) -> None:
    kubernetes = _deployment(bed, f"upbound-{KUBERNETES.name}")
    assert _container(kubernetes)["args"] == ["--enable-watches", "--sanitize-secrets"]
    helm = _deployment(bed, f"upbound-{HELM.name}")
    assert unstructured.dig(helm, "spec", "template", "spec", "serviceAccountName") == runtime.HELM
    function = _deployment(bed, FUNCTION)
    assert unstructured.dig(function, "spec", "replicas") == 2
    assert _container(function)["securityContext"]["readOnlyRootFilesystem"] is True
    assert _container(function)["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_crossplane_may_compose_every_kind_that_is_composed(bed: Bed) -> None:
    kinds = {(row.group, row.plural) for row in COMPOSED} | {(kind.group, kind.plural) for kind in KINDS}
    refused = {kind: accounts.refused(bed.control.api, accounts.CORE, *kind, COMPOSING) for kind in sorted(kinds)}
    assert {kind: verbs for kind, verbs in refused.items() if verbs} == {}


def test_crossplane_may_not_do_anything_else(bed: Bed) -> None:
    """Nothing that is seen to work here works because somebody is an administrator."""
    for account in (accounts.CORE, accounts.RBAC_MANAGER, _account(bed, PROVIDER)):
        assert accounts.refused(bed.control.api, account, "*", "*", COMPOSING) == list(COMPOSING), account
        assert accounts.refused(bed.control.api, account, "", "nodes", COMPOSING) == list(COMPOSING), account
    for resource in ("services", "namespaces"):
        assert accounts.refused(bed.control.api, _account(bed, PROVIDER), "", resource, ["create"]) == ["create"]
    assert accounts.refused(bed.control.api, runtime.HELM, "*", "*", COMPOSING) == [], "provider-helm installs charts"


def _deployment(bed: Bed, package: str) -> Manifest:
    found = bed.control.api.list("apps/v1", "Deployment", CROSSPLANE_NAMESPACE)
    (deployment,) = (deployment for deployment in found if unstructured.name_of(deployment).startswith(f"{package}-"))
    return deployment


def _container(deployment: Manifest) -> Manifest:
    (container,) = unstructured.items(deployment, "spec", "template", "spec", "containers")
    return dict(container)


def _account(bed: Bed, package: str) -> str:
    return unstructured.text(_deployment(bed, package), "spec", "template", "spec", "serviceAccountName")
