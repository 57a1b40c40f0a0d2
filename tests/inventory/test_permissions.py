"""One decision on namespaces and on what grants something to pods, by what a cluster's platform team has said."""

from typing import Any

import pytest

from function.inventory.permissions import NONE, Permissions, permissions_of
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


@pytest.mark.parametrize(
    "junk", [None, "junk", [], {"allowed": "default"}, {"podMetadata": [7, None, ""]}, {"reserved": {}}]
)
def test_what_cannot_be_read_allows_and_reserves_nothing(junk: Any) -> None:
    assert permissions_of(cluster(namespaces=junk)) == NONE
    assert permissions_of(None) == NONE
