from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.scheduling import packing
from function.scheduling.packing import CycleBudget, TooComplexError, pack


def feasible(weights: list[int], choices: list[list[int]], capacities: list[int], answer: tuple[int, ...]) -> bool:
    if any(place not in places for place, places in zip(answer, choices, strict=True)):
        return False
    return all(
        sum(w for w, p in zip(weights, answer, strict=True) if p == place) <= capacities[place] for place in set(answer)
    )


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], list[list[int]], list[int]]:
    capacities = draw(st.lists(st.integers(-1, 8), min_size=1, max_size=4))
    weights = draw(st.lists(st.integers(1, 6), max_size=5))
    places = st.lists(st.integers(0, len(capacities) - 1), unique=True).map(sorted)
    return weights, [draw(places) for _ in weights], capacities


@given(problems())
def test_packing_finds_the_first_answer_that_trying_everything_finds(
    problem: tuple[list[int], list[list[int]], list[int]],
) -> None:
    weights, choices, capacities = problem
    answers = [answer for answer in product(*choices) if feasible(weights, choices, capacities, answer)]
    assert pack(weights, choices, capacities) == (answers[0] if answers else None)


@settings(deadline=None)
@given(problems())
def test_filling_bins_in_turn_finds_an_answer_exactly_when_there_is_one(
    problem: tuple[list[int], list[list[int]], list[int]],
) -> None:
    weights, choices, capacities = problem
    exists = any(feasible(weights, choices, capacities, answer) for answer in product(*choices))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "_FIRST_FIT_STEPS", 0)
        answer = pack(weights, choices, capacities)
    assert (answer is not None) == exists
    assert answer is None or feasible(weights, choices, capacities, answer)


def test_a_large_problem_without_an_answer_is_recognised() -> None:
    weights = [50 + place for place in range(16)]
    assert sum(weights) < 16 * 63
    assert pack(weights, [range(16)] * 16, [63] * 15 + [49], CycleBudget(2_000_000)) is None


@given(problems(), st.integers(0, 40))
def test_a_search_without_steps_answers_rightly_or_says_that_it_does_not_know(
    problem: tuple[list[int], list[list[int]], list[int]], steps: int
) -> None:
    weights, choices, capacities = problem
    exists = any(feasible(weights, choices, capacities, answer) for answer in product(*choices))
    budget = CycleBudget(steps)
    try:
        answer = pack(weights, choices, capacities, budget)
    except TooComplexError:
        return
    assert (answer is not None) == exists
    assert answer is None or feasible(weights, choices, capacities, answer)
    assert 0 <= budget.steps <= steps


def test_what_needs_no_second_thought_costs_nothing() -> None:
    budget = CycleBudget(0)
    assert pack([1] * 16, [range(8)] * 16, [64] * 8, budget) == (0,) * 16
    assert budget.steps == 0


def test_the_largest_first_is_tried_when_first_fit_is_given_up() -> None:
    assert pack([1, 1, 1, 3, 3], [range(2)] * 5, [4, 5], CycleBudget(0)) == (0, 1, 1, 0, 1)
