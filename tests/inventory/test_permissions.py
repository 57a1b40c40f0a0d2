"""One decision on namespaces and on what grants something to pods, by what a cluster's platform team has said."""

from typing import Any

import pytest

from function.inventory.permissions import NONE, Permissions, permissions_of
from function.inventory.pod_demands import ClusterName
from function.inventory.pod_security import SecurityLevel
from tests.fleet.builders import cluster


def permissions(**namespaces: Any) -> Permissions:
    return permissions_of(cluster(namespaces=namespaces))


@pytest.mark.parametrize("namespace", ["default", "gpu-operator", "istio-system", "rook-system", "openshift-ai"])
def test_what_is_reserved_by_habit_can_be_allowed_by_its_name(namespace: str) -> None:
    assert NONE.reserve(namespace)
    assert not permissions(allowed=[namespace]).reserve(namespace)
    assert permissions(allowed=["*", namespace[:-1]]).reserve(namespace)


@pytest.mark.parametrize(
    "namespace", ["kube-system", "kube-public", "modelplane-system", "crossplane-system", "lws-system"]
)
def test_what_is_the_systems_own_stays_reserved_whatever_is_allowed(namespace: str) -> None:
    assert permissions(allowed=[namespace]).reserve(namespace)


@pytest.mark.parametrize(
    ("pattern", "closed"),
    [
        ("argocd", {"argocd"}),
        ("argo*", {"argocd", "argo-events"}),
        ("*-infra", {"db-infra"}),
        ("*argo*", {"argocd", "argo-events", "my-argo"}),
        ("*", {"argocd", "argo-events", "my-argo", "db-infra", "ml-team"}),
    ],
)
def test_a_cluster_reserves_what_its_patterns_say_besides(pattern: str, closed: set[str]) -> None:
    names = {"argocd", "argo-events", "my-argo", "db-infra", "ml-team"}
    assert {name for name in names if permissions(reserved=[pattern]).reserve(name)} == closed


def test_a_namespace_that_is_reserved_and_allowed_is_reserved() -> None:
    assert permissions(reserved=["default"], allowed=["default"]).reserve("default")


def test_keys_that_grant_are_withheld_unless_they_are_permitted_whole_or_by_their_beginning() -> None:
    keys = {"k8s.v1.cni.cncf.io/networks", "eks.amazonaws.com/role-arn", "iam.amazonaws.com/role"}
    assert NONE.withheld(keys) == tuple(sorted(keys))
    permitted = permissions(podMetadata=["k8s.v1.cni.cncf.io/networks", "eks.amazonaws.com/*"])
    assert permitted.withheld(keys) == ("iam.amazonaws.com/role",)
    assert permissions(podMetadata=["*"]).withheld(keys) == ()


NAMES = (
    ClusterName("serviceAccountName", "reader"),
    ClusterName("priorityClassName", "reader"),
    ClusterName("runtimeClassName", "reader"),
    ClusterName("volumes[].csi.driver", "reader"),
    ClusterName("volumes[].nfs.server", "reader"),
)
LISTS = ("serviceAccounts", "priorityClasses", "runtimeClasses", "csiDrivers", "nfsServers")


def test_what_pods_name_of_the_cluster_is_withheld_unless_the_list_of_its_kind_permits_it() -> None:
    assert set(NONE.withheld_names(NAMES)) == set(NAMES)
    for name, field in zip(NAMES, LISTS, strict=True):
        for permitted in ("reader", "read*"):
            assert name not in permissions(**{field: [permitted]}).withheld_names(NAMES)
        assert set(permissions(**{field: ["reader"]}).withheld_names(NAMES)) == {*NAMES} - {name}
        assert set(permissions(**{field: ["read", "*-reader"]}).withheld_names(NAMES)) == set(NAMES)


def test_a_namespace_keeps_to_its_own_level_else_to_that_of_all_else_to_baseline() -> None:
    said = permissions(podSecurity="restricted", overrides=[{"name": "ml-team", "podSecurity": "privileged"}])
    assert (said.level_of("ml-team"), said.level_of("other")) == (SecurityLevel.PRIVILEGED, SecurityLevel.RESTRICTED)
    assert permissions(overrides=[{"name": "ml-team", "podSecurity": "x"}, 7]).level_of("ml-team") is NONE.pod_security
    assert NONE.pod_security is SecurityLevel.BASELINE


@pytest.mark.parametrize(
    "junk",
    [
        None,
        "junk",
        [],
        {"allowed": "default"},
        {"podMetadata": [7, None, ""]},
        {"reserved": {}},
        {"podSecurity": "none"},
        {"overrides": "x"},
    ],
)
def test_what_cannot_be_read_allows_and_reserves_nothing(junk: Any) -> None:
    assert permissions_of(cluster(namespaces=junk)) == NONE
    assert permissions_of(None) == NONE
