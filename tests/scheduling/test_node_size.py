"""New replicas go where a node has what each of their pods requests beside devices."""

from dataclasses import replace

import pytest

from function.scheduling import Kept, MemberSpec, NodeResources, NodesTooSmall, NotEnoughNodes, RolloutProgress
from tests.support.fleets import (
    cluster,
    deletions,
    deployment,
    engine,
    gpu,
    is_model,
    kept,
    leader,
    own,
    places,
    plan,
    pool,
    pools,
    request,
    resources,
    standalone,
    worker,
)


def asking(cpu: float = 0, gibibytes: int = 0, member: MemberSpec | None = None) -> MemberSpec:
    """A pod that requests something of its node."""
    return replace(member or standalone(), node=resources(cpu, gibibytes))


LARGE = deployment(1, engine(asking(64)))


def test_a_pool_with_larger_nodes_is_chosen() -> None:
    fleet = [cluster("a", pool("small", 4, cpu=6.9)), cluster("b", pool("small", 4, cpu=6.9), pool("large", 4, cpu=90))]
    answer = plan(fleet, LARGE)
    assert (places(answer), pools(answer)) == (["b/0"], [["large"]])


@pytest.mark.parametrize(
    ("member", "node", "found"),
    [
        (asking(64), resources(6.9, 24), NodesTooSmall("pool", "cpu", 64_000, 6_900)),
        (asking(64, 200), resources(48, 24), NodesTooSmall("pool", "memory", 200 * 2**30, 24 * 2**30)),
        (asking(0, 24), resources(6.9, 23), NodesTooSmall("pool", "memory", 24 * 2**30, 23 * 2**30)),
    ],
)
def test_a_pod_that_fits_on_no_node_is_not_placed_and_what_lacks_most_is_said(
    member: MemberSpec, node: NodeResources, found: NodesTooSmall
) -> None:
    answer = plan([cluster("a", replace(pool(), node=node))], deployment(1, engine(member)))
    assert (places(answer), answer.diagnosis.reasons) == ([], (("a", found),))


@pytest.mark.parametrize("node", [resources(), resources(64), resources(gibibytes=200), resources(64, 200)])
def test_what_a_pool_does_not_publish_keeps_nothing_out_and_all_of_a_node_can_be_had(node: NodeResources) -> None:
    assert places(plan([cluster("a", replace(pool(), node=node))], deployment(1, engine(asking(64, 200))))) == ["a/0"]


def test_the_reason_is_of_the_pool_that_comes_closest() -> None:
    fleet = [cluster("a", pool("tiny", 4, cpu=2), pool("small", 4, cpu=7), pool("other", 4, gpu("l4"), cpu=60))]
    asked = deployment(1, engine(asking(64, member=standalone(request("gpu", 1, is_model("a100"))))))
    assert plan(fleet, asked).diagnosis.reasons == (("a", NodesTooSmall("small", "cpu", 64_000, 7_000)),)


def test_free_nodes_that_are_too_small_are_no_room() -> None:
    fleet = [cluster("a", pool("small", 9, cpu=7), pool("large", 1, cpu=90))]
    answer = plan(fleet, deployment(2, engine(asking(64))))
    assert (places(answer), answer.diagnosis.reasons) == (["a/0"], (("a", NotEnoughNodes("large", 1, 0)),))


def test_every_member_of_a_gang_counts_and_each_has_a_node_of_its_own() -> None:
    fleet = [cluster("a", pool("p", 4, cpu=8, gibibytes=32))]
    fits = engine(asking(8, 4, leader()), asking(4, 32, worker(1)))
    assert places(plan(fleet, deployment(1, fits))) == ["a/0"]
    heavy = engine(asking(9, 4, leader()), asking(4, 32, worker(1)))
    assert plan(fleet, deployment(1, heavy)).diagnosis.reasons == (("a", NodesTooSmall("p", "cpu", 9_000, 8_000)),)


def test_each_engine_goes_where_its_own_pods_fit_and_is_named_where_they_do_not() -> None:
    both = (replace(engine(asking(64)), name="big"), replace(engine(), name="usual"))
    fleet = [cluster("a", pool("small", 1, cpu=7), pool("large", 1, cpu=90))]
    assert pools(plan(fleet, deployment(1, *both))) == [["large", "small"]]
    (found,) = plan([cluster("a", pool("small", 9, cpu=7))], deployment(1, *both)).diagnosis.reasons
    assert found == ("a", NodesTooSmall("small", "cpu", 64_000, 7_000, "big"))


def test_a_companion_takes_the_engine_beside_it_to_nodes_that_are_large_enough_for_both() -> None:
    router = replace(engine(asking(64, member=MemberSpec()), name="router"), companion=True)
    fleet = [cluster("a", pool("small", 9, cpu=7), pool("large", 1, cpu=90))]
    (placement,) = plan(fleet, deployment(1, router, engine())).placed
    assert [placed.pool for placed in placement.engines] == ["large", "large"]
    assert plan([cluster("a", pool("small", 9, cpu=7))], deployment(1, router, engine())).diagnosis.reasons == (
        ("a", NodesTooSmall("small", "cpu", 64_000, 7_000, "engine")),
    )


def test_a_replica_that_runs_on_a_smaller_node_stays_and_has_not_drifted() -> None:
    replica = own("a", pool_assignments=(("engine", "pool"),))
    answer = plan([cluster("a", pool(cpu=7))], LARGE, replica)
    assert (answer.kept, answer.diagnosis.reasons) == ((Kept(replica),), ())


def test_no_outdated_replica_makes_room_for_one_that_fits_on_no_node() -> None:
    old = own("a", 0, ("pool", 1), revision="r0", serving=True, available=True)
    fleet = [cluster("a", pool("pool", 1, cpu=7))]
    rollout = replace(LARGE.rollout, max_unavailable=1)
    answer = plan(fleet, replace(LARGE, rollout=rollout), old)
    assert (kept(answer), deletions(answer), places(answer)) == (["a/0"], [], [])
    assert answer.progress is RolloutProgress.NO_ROOM_TO_SURGE
    smaller = plan(fleet, replace(deployment(1, engine(asking(7))), rollout=rollout), old)
    assert deletions(smaller) == ["a/0"]


def test_clusters_are_summed_up_by_the_most_that_a_node_has() -> None:
    fleet = [cluster("a", pool("p", 4, cpu=7)), cluster("b", pool("q", 4, cpu=8.5))]
    assert plan(fleet, LARGE).diagnosis.message(0, 1) == (
        "0 of 1 placed, 2 clusters: 2 with nodes that are too small (a pod requests 64 processors, and a node has 8.5 "
        "for pods at most). Request less, add a pool with larger nodes, or correct spec.node (reserved too) of the "
        "InferenceClass."
    )
