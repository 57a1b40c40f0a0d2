"""Taints and selectors of clusters decide about new replicas, and leave what runs."""

import pytest

from function.composition import Manifest
from tests.support.deployments import (
    A0,
    as_observed,
    cluster,
    composed,
    deployment,
    manifests,
    messages,
    pool,
    running,
    selecting,
    taint,
    taken,
    terminating,
)
from tests.support.observe import reasons, with_condition


@pytest.mark.parametrize(
    ("tolerations", "places"),
    [
        ((), ["replica-b-0"]),
        (({"key": "upkeep", "operator": "Exists"},), ["replica-a-0"]),
        (({"operator": "Exists"},), ["replica-a-0"]),
        (({"key": "upkeep", "operator": "Equal"},), ["replica-a-0"]),
        (({"key": "upkeep", "value": "other"},), ["replica-b-0"]),
        (({"key": "upkeep", "operator": "Exists", "effect": "NoExecute"},), ["replica-b-0"]),
    ],
)
def test_a_cordoned_cluster_takes_only_replicas_that_tolerate_it(
    tolerations: tuple[Manifest, ...], places: list[str]
) -> None:
    """Rules 38, 40 and 41."""
    obj = deployment(tolerations=list(tolerations)) if tolerations else deployment()
    assert sorted(composed(obj, [cluster("a", taints=[taint()]), cluster("b")]).children) == places


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_what_runs_on_a_tainted_cluster_stays_with_its_endpoint(effect: str) -> None:
    """Rule 38, and for NoExecute as long as no successor serves elsewhere."""
    obj = deployment()
    children = running(obj, [cluster("a"), cluster("b")])
    answered = composed(obj, [cluster("a", taints=[taint(effect=effect)]), cluster("b")], children)
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    drained = effect == "NoExecute"
    assert set(answered.children) - set(children) == ({"replica-b-0"} if drained else set())
    assert reasons(answered)["PlacementDrifted"] == ("True/Draining" if drained else "False/InPlace")
    if drained:
        assert messages(answered)["PlacementDrifted"] == (
            f"{A0} on a: asked to leave, and goes once a successor serves elsewhere"
        )
    assert answered.ready


def test_a_narrowed_selector_keeps_what_runs_and_limits_what_is_new() -> None:
    fleet = [cluster("a"), cluster("b", labels={"tier": "gold"})]
    children = running(deployment(), fleet)
    answered = composed(deployment(3, clusterSelector=selecting(tier="gold")), fleet, children)
    assert sorted(answered.children) == ["endpoint-a-0", "replica-a-0", "replica-b-0", "replica-b-1"]
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert reasons(answered)["PlacementDrifted"] == "True/Drifted"
    assert messages(answered)["PlacementDrifted"] == f"{A0} on a: cluster not selected (lacks tier=gold)"
    assert reasons(answered)["Progressing"] == "True/Complete"


@pytest.mark.parametrize(("leaves", "ttl"), [(True, 10), (False, 60)])
def test_a_deployment_that_lacks_a_place_looks_again_soon_while_somebody_is_leaving_one(
    leaves: bool,  # noqa: FBT001  # a parameter
    ttl: int,
) -> None:
    fleet = [cluster("a", pool(nodes=2))]
    obj = with_condition({**deployment(2), "status": {}}, "Ready", "True", "Available")
    children = {key: child for key, child in running(deployment(2), fleet).items() if key.endswith("a-0")}
    other = taken("a")
    answered = composed(obj, fleet, children, listed=[terminating(other) if leaves else other])
    assert {c.type: c.reason for c in answered.conditions}["ReplicasScheduled"] == "PartiallyScheduled"
    assert answered.ttl_seconds == ttl
