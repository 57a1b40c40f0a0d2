"""What is told to the scheduler of time is told only of replicas that say how they are."""

from datetime import timedelta

import pytest

from function.composition import Manifest, owned, timestamps
from tests.support.deployments import (
    AN_HOUR_AGO,
    cluster,
    composed,
    deployment,
    draining,
    engine,
    running,
    taint,
    there,
)
from tests.support.observe import NOW

FLEET = [cluster("a"), cluster("b")]


def long_ago(replica: Manifest) -> Manifest:
    """The replica as if it had been made longer ago than it may take to serve."""
    made = timestamps.text_of(NOW - timedelta(hours=2))
    return {**replica, "metadata": {**replica["metadata"], "creationTimestamp": made}}


@pytest.mark.parametrize(("status", "stays"), [("False", False), (None, True)])
def test_a_replica_without_an_endpoint_is_tried_elsewhere_only_when_it_says_that_it_does_not_serve(
    status: str | None,
    stays: bool,  # noqa: FBT001  # a parameter
) -> None:
    children = running(deployment(), FLEET, status)
    replica = {key: long_ago(child) for key, child in children.items() if key == "replica-a-0"}
    answered = composed(deployment(), FLEET, replica)
    assert ("replica-a-0" in answered.children, "replica-b-0" in answered.children) == (stays, not stays)


def test_a_replica_with_an_endpoint_has_served_and_is_not_tried_elsewhere() -> None:
    children = running(deployment(), FLEET)
    children["replica-a-0"] = long_ago(running(deployment(), FLEET, "False")["replica-a-0"])
    assert set(composed(deployment(), FLEET, children).children) == {"replica-a-0", "endpoint-a-0"}


@pytest.mark.parametrize(("passed", "leave"), [(89, 0), (90, 1)])
def test_an_endpoint_that_drained_and_was_ready_all_the_time_settles_anew_when_it_is_unmarked(
    passed: int, leave: int
) -> None:
    children = running(deployment(2), FLEET)
    fields: Manifest = {"f:metadata": {"f:labels": {}}, "f:spec": {"f:url": {}, "f:rewritePath": {}}}
    applied = {"manager": owned.manager(deployment()), "operation": "Apply", "fieldsV1": fields}
    for key, time in (("endpoint-a-0", timestamps.text_of(NOW)), ("endpoint-b-0", AN_HOUR_AGO)):
        metadata = children[key]["metadata"]
        children[key] = {**children[key], "metadata": {**metadata, "managedFields": [{**applied, "time": time}]}}
    changed = deployment(1, rollout={"maxUnavailable": 0})
    drained = [cluster("a"), cluster("b", taints=[taint(effect="NoExecute")])]
    assert len(draining(composed(changed, drained, children, now=NOW + timedelta(seconds=passed)))) == leave


@pytest.mark.parametrize("serving_since", [None, "", "soon", "9999-12-31T23:59:59Z"])
def test_a_successor_with_an_endpoint_older_than_itself_settles_by_its_own_age(serving_since: str | None) -> None:
    fleet = [cluster(name) for name in "abc"]
    changed = deployment(2, engine("sglang"))
    children = running(deployment(2), fleet)
    for _ in range(2):
        children = there(composed(changed, fleet, children), changed)
    made = NOW + timedelta(hours=1)
    successor = children["replica-c-0"]
    metadata = {**successor["metadata"], "creationTimestamp": timestamps.text_of(made)}
    serving_status = {} if serving_since is None else {"servingSince": serving_since}
    children["replica-c-0"] = {**successor, "metadata": metadata, "status": {**successor["status"], **serving_status}}
    for passed, leave in ((89, 0), (90, 1)):
        answered = composed(changed, fleet, children, now=made + timedelta(seconds=passed))
        assert len(draining(answered)) == leave, passed
