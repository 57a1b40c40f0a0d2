"""Replicas of an old revision are replaced one step at a time, and enough serve at every step."""

from dataclasses import replace
from typing import Any

import pytest

from function.scheduling import (
    Cluster,
    DeletionReason,
    HoldReason,
    Plan,
    RolloutProgress,
    RolloutStrategy,
    ScheduledReplica,
    SchedulingRequest,
)
from tests.support.fleets import (
    cluster,
    deployment,
    engine,
    gpu,
    is_model,
    own,
    places,
    plan,
    pool,
    request,
    standalone,
)

ROOMY = [cluster("a", pool(nodes=9))]
ROOMY_TWO = [cluster(name, pool(nodes=9)) for name in "ab"]


def new(on: str = "a", index: int = 9, **more: Any) -> ScheduledReplica:
    """A replica of the revision that is asked for."""
    return own(on, index, revision="r2", **more)


def old(on: str = "a", index: int = 0, **more: Any) -> ScheduledReplica:
    return own(on, index, **more)


def rollout(
    replicas: int, *, surge: int = 1, unavailable: int = 1, paused: bool = False, **more: Any
) -> SchedulingRequest:
    return replace(deployment(replicas, revision="r2", **more), rollout=RolloutStrategy(surge, unavailable, paused))


def gone(answer: Plan) -> list[tuple[str, DeletionReason]]:
    return [(f"{replica.cluster}/{replica.index}", reason) for replica, reason in answer.deletions]


def full(*free: str) -> list[Cluster]:
    """Clusters of one node each, with one more cluster for each name that is free."""
    return [cluster(name, pool(nodes=1)) for name in ("a", "b", "c", *free)]


def test_a_new_revision_surges_before_an_old_replica_goes() -> None:
    answer = plan(ROOMY, rollout(2), old(index=0), old(index=1))
    assert (places(answer), gone(answer), answer.progress) == (["a/2"], [], RolloutProgress.ROLLING_OUT)
    assert answer.placed[0].revision == "r2"


@pytest.mark.parametrize(("surge", "placed"), [(1, 1), (2, 2), (5, 3)])
def test_no_more_replicas_surge_than_may_and_than_are_wanted(surge: int, placed: int) -> None:
    answer = plan(ROOMY, rollout(3, surge=surge), *(old(index=index) for index in range(3)))
    assert len(places(answer)) == placed


def test_missing_replicas_are_placed_beside_those_that_surge() -> None:
    assert len(places(plan(ROOMY, rollout(3), old()))) == 3


def test_an_old_replica_stays_until_its_successor_is_available() -> None:
    replicas = (old(index=0), old(index=1))
    waiting = plan(ROOMY, rollout(2), *replicas, new(available=False))
    assert (gone(waiting), places(waiting), waiting.progress) == ([], [], RolloutProgress.ROLLING_OUT)
    assert gone(plan(ROOMY, rollout(2), *replicas, new())) == [("a/1", DeletionReason.SURPLUS)]


def test_an_old_replica_that_drains_is_taken_back_when_its_successor_stops_serving() -> None:
    replicas = (old(index=0), old(index=1, draining=True))
    assert gone(plan(ROOMY, rollout(2), *replicas, new())) == [("a/1", DeletionReason.NOT_SERVING)]
    assert gone(plan(ROOMY, rollout(2), *replicas, new(available=False, serving=False))) == []


def test_a_second_push_keeps_the_replica_that_is_available_and_not_the_one_that_is_new() -> None:
    replicas = (old("a", revision="r0"), old("b", revision="r1", available=False))
    assert gone(plan(ROOMY_TWO, rollout(1), *replicas)) == [("b/0", DeletionReason.SURPLUS)]
    assert gone(plan(ROOMY_TWO, rollout(1), replace(replicas[0], cluster="b"), replace(replicas[1], cluster="a"))) == [
        ("a/0", DeletionReason.SURPLUS)
    ]


def test_of_two_that_answer_neither_goes_before_one_of_them_is_available() -> None:
    replicas = (old("a", revision="r0", available=False), old("b", revision="r1", available=False))
    answer = plan(ROOMY_TWO, rollout(1, unavailable=0), *replicas)
    assert (gone(answer), places(answer)) == ([], [])


def test_one_that_serves_and_that_nobody_reaches_may_go() -> None:
    replicas = (old("a", available=False, reachable=False), old("b", available=False, reachable=False))
    assert [name for name, _ in gone(plan(ROOMY_TWO, rollout(1, unavailable=0), *replicas))] == ["b/0"]


def test_a_new_replica_that_cannot_answer_goes_at_once_when_something_else_is_asked_for() -> None:
    replicas = (old("a", revision="r0"), old("b", revision="r1", serving=False, ever_ready=False))
    answer = plan(ROOMY_TWO, rollout(1), *replicas)
    assert (gone(answer), len(places(answer))) == ([("b/0", DeletionReason.NOT_SERVING)], 1)


@pytest.mark.parametrize("back", ["r1", "r2"])
def test_whichever_revision_is_asked_for_the_one_that_drained_is_taken_back_and_the_other_stays(back: str) -> None:
    replicas = (old("a", revision="r1", draining=True, available=False), old("b", revision="r2", available=False))
    answer = plan(ROOMY_TWO, replace(rollout(1), revision=back), *replicas)
    assert (gone(answer), places(answer)) == ([], [])


def test_a_replica_that_drains_is_taken_back_before_another_is_started_when_its_successor_is_gone() -> None:
    answer = plan(ROOMY, rollout(1, surge=0), old(draining=True, available=False))
    assert (gone(answer), places(answer)) == ([], [])


def test_one_that_drains_and_answers_is_kept_rather_than_one_that_cannot() -> None:
    replicas = (old("a", serving=False), old("b", draining=True, available=False))
    assert gone(plan(ROOMY_TWO, rollout(1), *replicas)) == [("a/0", DeletionReason.NOT_SERVING)]


def test_room_is_made_by_none_that_answers_while_fewer_are_available_than_have_to_be() -> None:
    replicas = (old("a"), old("b", available=False), old("c", available=False))
    assert gone(plan(full(), rollout(3), *replicas)) == []
    assert gone(plan(full(), rollout(3), *replicas[:2], old("c"))) == [("b/0", DeletionReason.PREEMPTED)]


def test_of_the_old_replicas_those_that_do_not_serve_go_first() -> None:
    answer = plan(ROOMY, rollout(2), old(index=0, serving=False), old(index=1), new())
    assert gone(answer) == [("a/0", DeletionReason.NOT_SERVING)]


def test_without_room_one_old_replica_goes_first_if_it_may_be_missing() -> None:
    answer = plan(full(), rollout(3), old("a"), old("b"), old("c"))
    assert (gone(answer), places(answer)) == ([("a/0", DeletionReason.PREEMPTED)], [])
    assert answer.progress is RolloutProgress.ROLLING_OUT


def test_the_same_old_replica_goes_on_making_room_while_it_drains() -> None:
    assert gone(plan(full(), rollout(3), old("a"), old("b", draining=True), old("c"))) == [
        ("b/0", DeletionReason.PREEMPTED)
    ]


def test_no_second_old_replica_goes_while_the_nodes_of_the_first_are_being_freed() -> None:
    answer = plan(full(), rollout(3), old("a", terminating=True), old("b"), old("c"))
    assert (gone(answer), places(answer)) == ([], [])


@pytest.mark.parametrize(("unavailable", "count"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_as_many_old_replicas_make_room_at_once_as_may_be_missing_and_have_successors(
    unavailable: int, count: int
) -> None:
    answer = plan(full(), rollout(3, surge=3, unavailable=unavailable), old("a"), old("b"), old("c"))
    assert len(gone(answer)) == count


def test_no_old_replica_makes_room_while_one_that_should_serve_does_not() -> None:
    answer = plan(full(), rollout(3), old("a"), old("b"), new("c", available=False))
    assert (gone(answer), answer.progress) == ([], RolloutProgress.ROLLING_OUT)


def test_a_broken_old_replica_makes_room_even_when_none_may_be_missing() -> None:
    answer = plan([cluster("a", pool(nodes=1))], rollout(1, unavailable=0), old(serving=False, ever_ready=False))
    assert gone(answer) == [("a/0", DeletionReason.PREEMPTED)]


def test_without_room_and_with_none_to_miss_nothing_goes_and_the_reason_is_given() -> None:
    answer = plan([cluster("a", pool(nodes=1))], rollout(1, unavailable=0), old())
    assert (gone(answer), places(answer), answer.progress) == ([], [], RolloutProgress.NO_ROOM_TO_SURGE)
    assert [name for name, _ in answer.diagnosis.reasons] == ["a"]


def test_an_explicit_outage_of_the_only_replica_is_granted() -> None:
    answer = plan([cluster("a", pool(nodes=1))], rollout(1, unavailable=1), old())
    assert gone(answer) == [("a/0", DeletionReason.PREEMPTED)]


def test_an_old_replica_goes_whose_pool_the_new_one_fits() -> None:
    fleet = [cluster("a", pool("pool", 1, gpu("l4"))), cluster("b", pool("pool", 1, gpu("h100")))]
    scheduling_request = replace(rollout(2), engines=(engine(standalone(request("gpu", 1, is_model("h100")))),))
    assert gone(plan(fleet, scheduling_request, old("a"), old("b"))) == [("b/0", DeletionReason.PREEMPTED)]


def test_two_old_replicas_go_together_when_a_larger_new_one_needs_the_nodes_of_both() -> None:
    fleet, larger = [cluster("a", pool(nodes=2))], (engine(copies=2),)
    replicas = (old(index=0), old(index=1))
    assert gone(plan(fleet, replace(rollout(2, unavailable=1), engines=larger), *replicas)) == []
    both = plan(fleet, replace(rollout(2, unavailable=2), engines=larger), *replicas)
    assert [name for name, _ in gone(both)] == ["a/1", "a/0"]


def test_a_paused_rollout_replaces_nothing_and_places_what_is_missing() -> None:
    answer = plan(ROOMY, rollout(3, paused=True), old(index=0), old(index=1))
    assert (places(answer), gone(answer), answer.progress) == (["a/2"], [], RolloutProgress.PAUSED)


def test_a_rollout_that_is_paused_keeps_the_replica_that_has_surged() -> None:
    answer = plan(ROOMY, rollout(2, paused=True), old(index=0), old(index=1), new(available=False))
    assert (gone(answer), places(answer)) == ([], [])


def test_a_revision_that_never_serves_in_its_time_stops_the_rollout() -> None:
    failed = new(serving=False, ever_ready=False, available=False, deadline_exceeded=True)
    tight = plan([cluster("a", pool(nodes=3))], rollout(2), old(index=0), old(index=1), failed)
    assert (gone(tight), places(tight), tight.progress) == ([], [], RolloutProgress.DEADLINE_EXCEEDED)
    assert gone(plan(full(), rollout(3), old("a"), old("b"), replace(failed, cluster="c"))) == []


def test_going_back_to_an_earlier_revision_finds_its_replicas() -> None:
    replicas = (old(index=0, revision="r2"), old(index=1, revision="r2"), old(index=2, available=False))
    answer = plan(ROOMY, rollout(2), *replicas)
    assert (gone(answer), answer.progress) == ([("a/2", DeletionReason.SURPLUS)], RolloutProgress.ROLLING_OUT)


def test_scaling_down_in_the_middle_takes_old_replicas_only_while_new_ones_are_not_available() -> None:
    replicas = [old(index=index) for index in range(4)]
    answer = plan(ROOMY, rollout(2), *replicas, new(available=False))
    assert gone(answer) == [("a/3", DeletionReason.SURPLUS), ("a/2", DeletionReason.SURPLUS)]


def test_nothing_is_replaced_while_nothing_may_be_placed() -> None:
    answer = plan(ROOMY, rollout(1, hold=HoldReason.WAITING_FOR_CACHE), old())
    assert (gone(answer), places(answer), answer.progress) == ([], [], RolloutProgress.HELD)


def test_replicas_of_another_revision_count_as_scheduled() -> None:
    assert len(plan([cluster("a", pool(nodes=1))], rollout(1, unavailable=0), old()).kept) == 1


def test_fewer_new_replicas_are_placed_when_the_answer_has_room_for_fewer_and_nobody_leaves_for_it() -> None:
    answer = plan(full(), replace(rollout(3), max_new=0), old("a"), old("b"), old("c"))
    assert (gone(answer), places(answer), answer.diagnosis.reasons) == ([], [], ())


def test_an_old_replica_that_does_not_say_whether_it_serves_makes_no_room() -> None:
    answer = plan([cluster("a", pool(nodes=1))], rollout(1, unavailable=0), old(serving=False, readiness_unknown=True))
    assert (gone(answer), answer.progress) == ([], RolloutProgress.NO_ROOM_TO_SURGE)
