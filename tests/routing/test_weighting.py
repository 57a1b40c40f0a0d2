"""Weights of endpoints, from groups to whole numbers."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.routing.weighting import MAX_WEIGHT, WeightedGroup, active, active_priority, limited, weights


def of(*sizes: tuple[int, int], priority: int = 0) -> list[WeightedGroup]:
    """Groups, as (weight, number of endpoints)."""
    return [
        WeightedGroup(w, priority, tuple(f"{i}-{n:04}" for n in range(count))) for i, (w, count) in enumerate(sizes)
    ]


def numbers(groups: list[WeightedGroup]) -> list[list[int]]:
    found = weights(groups)
    return [[found[name] for name in sorted(group.members)] for group in groups if group.members]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(1, 1)], [[1]]),
        ([(1, 5)], [[1, 1, 1, 1, 1]]),
        ([(80, 3), (20, 1)], [[27, 27, 26], [20]]),
        ([(80, 4), (20, 1)], [[1, 1, 1, 1], [1]]),
        ([(1, 2), (3, 1)], [[1, 1], [6]]),
        ([(2, 1), (2, 1)], [[1], [1]]),
        ([(95, 2), (5, 3)], [[48, 47], [2, 2, 1]]),
        ([(1, 3), (1, 2)], [[1, 1, 1], [2, 1]]),
        ([(50, 1), (50, 0)], [[1]]),
        ([(1000000, 1), (1, 2)], [[1000000], [1, 1]]),
        ([(100, 2), (0, 2)], [[1, 1], [0, 0]]),
        ([(0, 1)], [[0]]),
        ([], []),
    ],
)
def test_groups_with_these_weights_and_endpoints_give_these_numbers(
    sizes: list[tuple[int, int]], expected: list[list[int]]
) -> None:
    assert numbers(of(*sizes)) == expected


SIZES = st.lists(st.tuples(st.integers(0, MAX_WEIGHT), st.integers(0, 40)), max_size=16)


@settings(deadline=None)
@given(SIZES)
def test_every_endpoint_of_a_group_with_weight_gets_from_one_to_the_largest_and_others_nothing(
    sizes: list[tuple[int, int]],
) -> None:
    groups = of(*sizes)
    found = weights(groups)
    for group in groups:
        for name in group.members:
            assert (1 <= found[name] <= MAX_WEIGHT) if group.weight else (found[name] == 0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 40)), min_size=1, max_size=16))
def test_the_ratio_between_groups_is_exact_until_a_number_would_be_too_large(sizes: list[tuple[int, int]]) -> None:
    groups = of(*sizes)
    found = weights(groups)
    per_weight = {Fraction(sum(found[name] for name in g.members), g.weight) for g in groups}
    assert len(per_weight) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, MAX_WEIGHT), st.integers(1, 16)), min_size=1, max_size=16))
def test_where_numbers_would_be_too_large_each_group_is_as_near_as_whole_numbers_allow(
    sizes: list[tuple[int, int]],
) -> None:
    groups = of(*sizes)
    found = weights(groups)
    sums = [sum(found[name] for name in g.members) for g in groups]
    top = max(range(len(groups)), key=lambda index: max(found[name] for name in groups[index].members))
    unit = Fraction(sums[top], groups[top].weight)
    for total, group in zip(sums, groups, strict=True):
        rounding = 1 + Fraction(group.weight, groups[top].weight)
        assert abs(total - group.weight * unit) <= max(rounding, Fraction(len(group.members)))


@settings(deadline=None)
@given(SIZES, st.randoms(use_true_random=False))
def test_the_order_in_which_endpoints_arrive_changes_nothing(sizes: list[tuple[int, int]], dice: random.Random) -> None:
    groups = of(*sizes)
    shuffled = [WeightedGroup(g.weight, g.priority, tuple(dice.sample(g.members, len(g.members)))) for g in groups]
    assert weights(shuffled) == weights(groups)
    assert weights(limited(shuffled, 16)) == weights(limited(groups, 16))


def test_within_a_group_numbers_differ_by_one_at_most() -> None:
    for spread in numbers(of((7, 3), (11, 5), (2, 9))):
        assert max(spread) - min(spread) <= 1


def test_the_lowest_priority_with_a_routable_endpoint_takes_all_traffic() -> None:
    groups = [WeightedGroup(1, 0, ()), WeightedGroup(1, 2, ("standby",)), WeightedGroup(5, 1, ("b", "a"))]
    assert active_priority(groups) == 1
    assert active(groups) == [WeightedGroup(1, 0, ()), WeightedGroup(1, 2, ()), WeightedGroup(5, 1, ("a", "b"))]


def test_a_priority_with_no_weight_at_all_does_not_take_traffic_from_one_that_has() -> None:
    assert active_priority([WeightedGroup(0, 0, ("drained",)), WeightedGroup(1, 1, ("b",))]) == 1
    assert active_priority([WeightedGroup(0, 0, ("drained",)), WeightedGroup(0, 1, ("b",))]) == 0
    assert active_priority([WeightedGroup(1, 0, ())]) is None


def test_up_to_the_limit_nothing_is_left_out() -> None:
    assert limited(of((1, 10), (5, 6)), 16) == of((1, 10), (5, 6))


def test_over_the_limit_endpoints_are_chosen_in_proportion_and_every_group_keeps_one() -> None:
    sizes = [len(group.members) for group in limited(of((60, 40), (30, 40), (1, 40)), 16)]
    assert sizes == [10, 5, 1]


def test_a_group_with_few_endpoints_leaves_its_places_to_others() -> None:
    assert [len(g.members) for g in limited(of((90, 2), (10, 40)), 16)] == [2, 14]


def test_groups_without_weight_get_the_places_that_are_left() -> None:
    assert [len(g.members) for g in limited(of((0, 20), (1, 10)), 16)] == [6, 10]


def test_endpoints_that_get_traffic_now_stay_chosen_when_more_come() -> None:
    now = {f"0-{n:04}" for n in range(4, 20)}
    (kept,) = limited(of((1, 40)), 16, now)
    assert set(kept.members) == now


@settings(deadline=None)
@given(SIZES)
def test_what_is_chosen_is_part_of_what_there_was_and_fills_the_limit(sizes: list[tuple[int, int]]) -> None:
    groups = of(*sizes)
    kept = limited(groups, 16)
    assert sum(len(g.members) for g in kept) == min(16, sum(len(g.members) for g in groups))
    for before, after in zip(groups, kept, strict=True):
        assert set(after.members) <= set(before.members)
        assert after.members or not before.members or not before.weight
