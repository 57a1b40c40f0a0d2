"""Of replicas that have taken the same node, all deployments evict the same one."""

from dataclasses import replace
from typing import Any

import pytest

from function.scheduling import BackedOff, Backoff, DeletionReason, NotEnoughNodes, ScheduledReplica
from tests.support.fleets import cluster, deletions, deployment, kept, other, own, places, plan, pool

ONE_NODE = cluster("a", pool(nodes=1))


def fresh(on: str = "a", index: int = 0, created: str = "2026-01-01T00:00:01Z", **more: object) -> ScheduledReplica:
    return own(on, index, serving=False, ever_ready=False, created=created, **more)


def rival(created: str = "2026-01-01T00:00:00Z", **more: object) -> ScheduledReplica:
    values: dict[str, Any] = {"name": "rival", "serving": False, "ever_ready": False, "created": created, **more}
    return other("a", **values)


def test_the_younger_of_two_that_have_never_served_is_evicted() -> None:
    answer = plan([ONE_NODE], deployment(), fresh(), rival())
    assert [reason for _, reason in answer.deletions] == [DeletionReason.EVICTED]
    assert (kept(answer), places(answer)) == ([], [])


def test_the_older_of_two_that_have_never_served_stays() -> None:
    assert kept(plan([ONE_NODE], deployment(), fresh(), rival("2026-01-01T00:00:02Z"))) == ["a/0"]


def test_between_two_of_the_same_age_the_name_decides() -> None:
    created = "2026-01-01T00:00:01Z"
    assert kept(plan([ONE_NODE], deployment(), fresh(), rival(created, name="aaa"))) == []
    assert kept(plan([ONE_NODE], deployment(), fresh(), rival(created, name="zzz"))) == ["a/0"]


def test_one_that_has_served_comes_before_older_ones_that_have_not() -> None:
    assert kept(plan([ONE_NODE], deployment(), fresh(), rival("2027-01-01T00:00:00Z", ever_ready=True))) == []


def test_one_that_has_served_stays_and_its_pool_is_reported() -> None:
    answer = plan([ONE_NODE], deployment(), own("a", created="2026-02-01T00:00:00Z"), rival(ever_ready=True))
    assert kept(answer) == ["a/0"]
    assert [(over.pool, over.nodes, over.reserved) for over in answer.overcommitted] == [("pool", 1, 2)]


def test_a_smaller_one_that_still_fits_stays_although_a_larger_one_before_it_does_not() -> None:
    fleet = [cluster("a", pool(nodes=3))]
    served, large = rival("2025-01-01T00:00:00Z", ever_ready=True, name="s"), rival(name="l")
    answer = plan(
        fleet,
        deployment(),
        fresh(),
        replace(served, nodes_by_pool=(("pool", 2),)),
        replace(large, nodes_by_pool=(("pool", 2),)),
    )
    assert kept(answer) == ["a/0"]


def test_one_that_is_being_deleted_contests_nothing_and_holds_its_node() -> None:
    answer = plan([ONE_NODE], deployment(), fresh(), rival(terminating=True))
    assert (kept(answer), answer.overcommitted) == (["a/0"], ())


def test_one_that_is_evicted_is_placed_elsewhere_at_once_when_there_is_room() -> None:
    answer = plan([ONE_NODE, cluster("b")], deployment(), fresh(), rival())
    assert (deletions(answer), places(answer)) == (["a/0"], ["b/0"])


def test_a_pool_that_is_backed_off_takes_nothing_and_the_reason_is_given() -> None:
    backoff = (Backoff("a", "pool", "2026-01-01T00:02:00Z"),)
    answer = plan([cluster("a", pool(nodes=1))], replace(deployment(), backoff=backoff))
    assert (places(answer), answer.diagnosis.reasons) == ([], (("a", BackedOff("pool", "2026-01-01T00:02:00Z")),))


def test_of_a_pool_that_is_backed_off_and_full_it_is_said_that_it_is_full() -> None:
    answer = plan([cluster("a", pool(nodes=0))], replace(deployment(), backoff=(Backoff("a", "pool"),)))
    assert answer.diagnosis.reasons == (("a", NotEnoughNodes("pool", 1, 0)),)


def test_another_pool_of_the_same_cluster_is_not_backed_off() -> None:
    fleet = [cluster("a", pool("pool", 1), pool("next", 1))]
    answer = plan(fleet, replace(deployment(), backoff=(Backoff("a", "pool"),)))
    assert [engine.pool for engine in answer.placed[0].engines] == ["next"]


@pytest.mark.parametrize("published", [True, False])
def test_a_cluster_that_has_published_no_pools_is_not_judged(published: bool) -> None:  # noqa: FBT001  # a parameter
    fleet = [cluster("a", pool(nodes=1), published=published)]
    assert (kept(plan(fleet, deployment(), fresh(), rival())) == []) is published


def test_a_replica_that_has_exceeded_its_deadline_is_tried_in_another_pool_when_there_is_room() -> None:
    late = fresh(deadline_exceeded=True)
    answer = plan([cluster("a", pool("pool", 4), pool("next", 1))], deployment(), late)
    assert [(replica.name, reason) for replica, reason in answer.deletions] == [
        (late.name, DeletionReason.DEADLINE_EXCEEDED)
    ]
    assert [engine.pool for engine in answer.placed[0].engines] == ["next"]
    assert answer.placed[0].index == 1, "the index is in use until the replica is gone"


def test_a_replica_that_has_exceeded_its_deadline_stays_when_there_is_no_room_elsewhere() -> None:
    answer = plan([cluster("a", pool("pool", 4))], deployment(), fresh(deadline_exceeded=True))
    assert (kept(answer), places(answer), answer.deletions) == (["a/0"], [], ())


def test_only_one_replica_that_has_exceeded_its_deadline_is_moved_at_a_time_and_none_that_has_served() -> None:
    fleet = [cluster("a"), cluster("b")]
    answer = plan(
        fleet,
        deployment(3),
        fresh(index=0, deadline_exceeded=True),
        fresh(index=1, deadline_exceeded=True),
        own("a", 2, serving=False),
    )
    assert (deletions(answer), places(answer)) == (["a/0"], ["b/0"])


def test_one_that_does_not_say_whether_it_serves_is_not_evicted() -> None:
    assert kept(plan([ONE_NODE], deployment(), fresh(readiness_unknown=True), rival())) == ["a/0"]
