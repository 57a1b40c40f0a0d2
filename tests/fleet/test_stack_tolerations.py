"""The serving stack tolerates the taints of the cluster's pools, and goes on to tolerate what it did."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from function.composition import Manifest
from function.fleet.stack_tolerations import MOST, stack_tolerations
from tests.fleet.builders import cluster, compose_cluster, inference_class_of, observed, pool


def tainted(*taints: tuple[str, str, str]) -> Manifest:
    """A class whose nodes have taints."""
    found = [{"key": key, **({"value": value} if value else {}), "effect": effect} for key, value, effect in taints]
    return inference_class_of(node={"taints": found})


def tolerations(answered: Any) -> Any:
    return answered.children["serving-stack"].manifest["spec"].get("tolerations")


def exists(key: str, effect: str) -> Manifest:
    return {"key": key, "operator": "Exists", "effect": effect}


TEAM = {"key": "team", "operator": "Equal", "value": "ml", "effect": "NoExecute"}


def test_the_stack_tolerates_what_keeps_pods_from_the_pools_nodes_in_a_fixed_order() -> None:
    made = tainted(("team", "ml", "NoExecute"), ("gpu", "", "NoSchedule"), ("old", "", "PreferNoSchedule"))
    assert tolerations(compose_cluster(cluster(), classes={"l4": [made]})) == [exists("gpu", "NoSchedule"), TEAM]


def test_without_taints_the_stack_is_what_it_was() -> None:
    assert tolerations(compose_cluster(cluster())) is None


def test_a_taint_that_comes_is_added_and_one_that_goes_is_tolerated_on() -> None:
    before = compose_cluster(cluster(), classes={"l4": [tainted(("team", "ml", "NoExecute"))]})
    after = compose_cluster(cluster(), observed(before), classes={"l4": [tainted(("gpu", "", "NoSchedule"))]})
    assert tolerations(after) == [exists("gpu", "NoSchedule"), TEAM]
    later = compose_cluster(cluster(nodePools=[]), observed(after), classes={})
    assert tolerations(later) == tolerations(after)


def test_a_class_that_cannot_be_read_takes_no_toleration_away() -> None:
    before = compose_cluster(cluster(), classes={"l4": [tainted(("team", "ml", "NoExecute"))]})
    after = compose_cluster(cluster(nodePools=[pool()]), observed(before), classes={"l4": []})
    assert tolerations(after) == [TEAM]


TAINTS = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.integers(0, 60).map(str),
            "value": st.sampled_from(["", "a"]),
            "effect": st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"]),
        }
    ),
    max_size=90,
)


@given(TAINTS, TAINTS)
def test_tolerations_are_bounded_and_sorted_and_settle_at_once(first: list[Manifest], second: list[Manifest]) -> None:
    before = stack_tolerations([{"node": {"taints": first}}], [])
    pools = [{"node": {"taints": second}}]
    after = stack_tolerations(pools, before)
    assert len(after) <= MOST
    assert stack_tolerations(pools, after) == after
    assert stack_tolerations([{"node": {"taints": second[::-1]}}], before[::-1]) == after
    wanted = stack_tolerations(pools, [])
    assert all(found in after for found in wanted)
    if len(before) + len(wanted) <= MOST:
        assert all(found in after for found in before)
