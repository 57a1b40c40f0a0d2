"""A deployment whose requests fit together in too many ways costs a bounded number of steps, and is told so."""

from typing import Any

import pytest

from function.scheduling import CountTooSmall, Fleet, TooComplex, feasibility, packing, schedule
from function.scheduling.allocation import allocate
from function.scheduling.packing import STEPS, CycleBudget
from function.selectors import compile_selector
from tests.support.fleets import GPU, cluster, deployment, engine, gpu, own, pool, request, standalone

ROOMS = (57, 58, 59, 60, 61, 62, 63, 64)
COUNTS = (1, 2, 3, 4, 5, 6, 7, 33, 34, 35, 36, 37, 38, 39, 40, 41)
"""Nine of these need an entry of their own, and there are eight: no way, and no short proof of it."""


def entries(model: str = "a") -> tuple[Any, ...]:
    return tuple(gpu(model, count=count, name=f"g{place}") for place, count in enumerate(ROOMS))


def requests(of: int = 0) -> tuple[Any, ...]:
    return tuple(request(f"r{place}-{of}", count) for place, count in enumerate(COUNTS))


def taken_steps(patch: pytest.MonkeyPatch) -> list[int]:
    """Count the steps of every search from now on."""
    steps = [0]

    def counted(work: Any) -> Any:
        def counting(*args: Any) -> Any:
            steps[0] += 1
            return work(*args)

        return counting

    patch.setattr(packing._FirstFit, "place", counted(packing._FirstFit.place))
    patch.setattr(packing, "_next_bin", counted(packing._next_bin))
    return steps


def test_all_searches_of_a_plan_share_the_same_steps_however_many_members_pools_and_clusters() -> None:
    engines = [engine(standalone(*requests(number)), name=f"e{number}") for number in range(8)]
    pools = [pool(f"p{number}", 100, *entries(f"m{number}")) for number in range(8)]
    fleet = Fleet(tuple(cluster(name, *pools) for name in "abc"))
    with pytest.MonkeyPatch.context() as patch:
        steps = taken_steps(patch)
        plan = schedule(fleet, deployment(1, *engines))
    assert plan.placed == ()
    assert {type(reason) for _, reason in plan.diagnosis.reasons} == {TooComplex}
    first_descents = 5 * 8 * 8 * len(COUNTS) * len(COUNTS)
    assert 0 < steps[0] <= STEPS + first_descents


def test_a_deployment_is_told_how_many_requests_are_too_many_and_what_to_do() -> None:
    plan = schedule(Fleet((cluster("a", pool("p", 4, *entries())),)), deployment(1, engine(standalone(*requests()))))
    assert plan.diagnosis.reasons == (("a", TooComplex(requests=16, places=8)),)
    assert plan.diagnosis.message(0, 1) == (
        "0 of 1 placed, 1 cluster: 1 too complex to match (16 requests of a pod over 8 kinds of devices). "
        "Put requests for the same devices into one with a count, loop less in selectors, or split it."
    )


def test_others_are_placed_where_the_matching_is_easy() -> None:
    easy = cluster("b", pool("p", 4, *(gpu("b", count=64, name=f"g{place}") for place in range(16))))
    fleet = Fleet((cluster("a", pool("p", 4, *entries())), easy))
    plan = schedule(fleet, deployment(2, engine(standalone(*requests()))))
    assert [placement.cluster for placement in plan.placed] == ["b", "b"]


def test_a_replica_that_runs_stays_and_is_not_said_to_have_drifted() -> None:
    fleet = Fleet(
        (cluster("a", pool("p", 4, *entries())),), (own("a", 0, ("p", 1), pool_assignments=(("engine", "p"),)),)
    )
    plan = schedule(fleet, deployment(1, engine(standalone(*requests()))))
    assert [kept.drift for kept in plan.kept] == [None]
    assert (plan.deletions, plan.placed) == ((), ())


def test_requests_that_can_be_met_are_met_without_any_steps_left() -> None:
    assert allocate(requests(), tuple(gpu("b", count=64, name=f"g{place}") for place in range(16)), CycleBudget(0))


def test_selectors_are_evaluated_on_as_many_kinds_of_devices_as_they_may_cost_together() -> None:
    numbers = f"[{', '.join('1' * 100)}]"
    costly = f"{numbers}.all(a, {numbers}.all(b, a + b > 0))"
    cost = compile_selector(costly).cost
    lists = [(gpu(f"m{number}"),) for number in range(3)]
    budget = CycleBudget(cost=2 * cost)
    found = [allocate((request("r", 1, costly),), devices, budget) for devices in lists]
    assert [isinstance(allocation, TooComplex) for allocation in found] == [False, False, True]
    assert budget.cost == 0


def test_what_evaluating_really_takes_counts_however_cheap_it_is_said_to_be() -> None:
    """A search for a regular expression takes thousands of times what Kubernetes prices it at."""
    dear = "'" + "a" * 900 + "'.replace('a', 'aaa').matches('((a?){0,30}){0,30}b') || device.driver == '%d'"
    budget = CycleBudget()
    found = [allocate((request("r", 1, dear % number),), (gpu("a"),), budget) for number in range(100)]
    assert isinstance(found[-1], TooComplex)
    assert budget.cost > 0


def test_all_members_pools_and_clusters_of_a_plan_share_what_evaluating_may_cost() -> None:
    cost = compile_selector(GPU).cost
    fleet = Fleet(tuple(cluster(name, pool("p", 4, gpu(name))) for name in "abc"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feasibility, "CycleBudget", lambda: CycleBudget(cost=2 * cost))
        plan = schedule(fleet, deployment(12))
    assert {placement.cluster for placement in plan.placed} == {"a", "b"}
    assert dict(plan.diagnosis.reasons)["c"] == TooComplex(requests=1, places=1)


def test_a_request_that_cannot_be_met_is_named_as_before_while_steps_last() -> None:
    found = allocate(requests(), entries(), CycleBudget(10_000_000))
    assert found == CountTooSmall("r15-0", 41, 64, shared=True)
