"""What runs stays where it is, however its place may have changed, and what has changed is said."""

import copy

from function.composition import Composition, Manifest, unstructured
from tests.support.deployments import cluster, composed, deployment, gang, gpu, messages, pool, running, taint
from tests.support.observe import reasons


def drift(answered: Composition) -> tuple[str, str]:
    return reasons(answered)["PlacementDrifted"], messages(answered)["PlacementDrifted"]


def all_stay(answered: Composition, children: dict[str, Manifest]) -> bool:
    """Whether the children are those that were there, and are as they were."""
    return {key: child.manifest["spec"] for key, child in answered.children.items()} == {
        key: child["spec"] for key, child in children.items()
    }


def name_of(children: dict[str, Manifest], key: str = "replica-a-0") -> str:
    return unstructured.name_of(children[key])


def test_of_two_replicas_the_one_whose_pool_is_gone_stays_beside_the_other_and_has_drifted() -> None:
    children = running(deployment(2), [cluster("a", pool("old", 1), pool("a100", 1))])
    answered = composed(deployment(2), [cluster("a", pool("a100", 2))], children)
    assert all_stay(answered, children)
    assert drift(answered) == ("True/Drifted", f"{name_of(children)} on a: pool old is no longer published")
    assert reasons(answered)["ReplicasScheduled"] == "True/ReplicasCreated"
    assert answered.ready


def test_a_replica_whose_pool_no_longer_matches_stays_in_it_although_another_pool_does() -> None:
    children = running(deployment(), [cluster("a")])
    answered = composed(deployment(), [cluster("a", pool("a100", 4, gpu(driver="other")), pool("new"))], children)
    assert all_stay(answered, children)
    why = "no device for request gpu (selector 1 false on 1 device)"
    changed = f"pool a100 no longer suits engine vllm: {why}"
    assert drift(answered) == ("True/Drifted", f"{name_of(children)} on a: {changed}")


def test_a_replica_whose_pool_still_matches_stays_in_it_and_has_not_drifted() -> None:
    children = running(deployment(), [cluster("a")])
    answered = composed(deployment(), [cluster("a", pool("better", 9), pool("a100"))], children)
    assert all_stay(answered, children)
    assert reasons(answered)["PlacementDrifted"] == "False/InPlace"


def test_a_replica_with_a_member_that_names_no_pool_stays_and_is_named() -> None:
    children = running(deployment(), [cluster("a")])
    del children["replica-a-0"]["spec"]["engines"][0]["members"][0]["nodePoolName"]
    before = copy.deepcopy(children)
    answered = composed(deployment(), [cluster("a"), cluster("b")], children)
    assert all_stay(answered, before)
    assert drift(answered) == (
        "True/Drifted",
        f"{name_of(children)} on a: engine vllm has a member that names no pool",
    )
    assert messages(answered)["Held"] == (
        f"ModelReplica ml-team/{name_of(children)} cannot be read: spec.engines has a member without nodePoolName; "
        "it is charged as far as it can be"
    )


def test_a_gang_whose_leader_claims_nothing_stays_with_its_pool_and_has_not_drifted() -> None:
    obj, fleet = deployment(1, gang(1)), [cluster("a", pool("a100", 1))]
    children = running(obj, fleet)
    answered = composed(obj, [cluster("a", pool("a100", 1)), cluster("b")], children)
    assert all_stay(answered, children)
    assert reasons(answered)["PlacementDrifted"] == "False/InPlace"
    assert reasons(answered)["Overcommitted"] == "False/WithinCapacity"


def test_a_replica_that_a_drain_asks_to_leave_stays_and_is_said_to_be_blocked_while_it_can_go_nowhere() -> None:
    children = running(deployment(), [cluster("a")])
    drained = cluster("a", taints=[taint(effect="NoExecute")])
    answered = composed(deployment(), [drained, cluster("b", pool("a100", 0))], children)
    assert all_stay(answered, children)
    assert drift(answered) == (
        "True/DrainBlocked",
        f"{name_of(children)} on a: asked to leave by taint upkeep, and stays because there is no place elsewhere",
    )


def test_a_replica_that_tolerates_a_drain_stays_and_nothing_is_said_of_it() -> None:
    obj = deployment(tolerations=[{"key": "upkeep", "operator": "Exists"}])
    children = running(obj, [cluster("a")])
    answered = composed(obj, [cluster("a", taints=[taint(effect="NoExecute")]), cluster("b")], children)
    assert all_stay(answered, children)
    assert reasons(answered)["PlacementDrifted"] == "False/InPlace"
