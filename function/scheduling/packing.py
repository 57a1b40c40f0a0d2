"""Packing: put each of a few items whole into one of a few bins.

Both questions of placement are this one: device requests into the devices of a node, and
engines into the pools of a cluster. Of several answers the search gives the first in first-fit
order: every item as far forward as the later ones allow. It is complete as long as there are
steps left for it; the number of steps, and not time, decides, so that equal questions in equal
order have equal answers on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from function import deadline
from function.selectors import COST_LIMIT

STEPS: Final = 250_000
"""Steps that all searches of one cycle may take together beyond the first descent of each: some tenths of a second."""

COST: Final = 2 * COST_LIMIT
"""What evaluating all selectors of one cycle on all kinds of devices may cost together: some seconds."""

WORK: Final = 4_000_000
"""Steps that evaluating all selectors of one cycle may actually take: some seconds. What Kubernetes' cost estimate
underrates, such as a search for a regular expression, is counted here."""

_FIRST_FIT_STEPS = 5_000
"""Steps after which a search gives up first-fit order for one whose cost is bounded."""

_DEADLINE_CHECK_INTERVAL: Final = 1024


class TooComplexError(Exception):
    """With the budget that was left, neither was a way found to place all items nor shown that there is none."""


class CycleBudget:
    """What one scheduling cycle may still cost.

    Attributes:
        steps: Steps of searches.
        cost: Cost of evaluating selectors, as Kubernetes estimates it.
        work: Steps of evaluating selectors, as they are taken.
    """

    def __init__(self, steps: int = STEPS, cost: int = COST, work: int = WORK) -> None:
        self.steps = steps
        self.cost = cost
        self.work = work

    def spend_steps(self, steps: int) -> None:
        """Take steps of a search off the budget."""
        self.steps = max(self.steps - max(steps, 0), 0)

    def spend_cost(self, cost: int) -> None:
        """Take the estimated cost of an evaluation off the budget, before it.

        Raises:
            TooComplexError: Less than that is left.
        """
        if cost > self.cost or self.work < 0:
            raise TooComplexError
        self.cost -= cost

    def spend_work(self, steps: int) -> None:
        """Take the steps of an evaluation off the budget, after it.

        Raises:
            TooComplexError: There were more than were left.
        """
        self.work -= steps
        if self.work < 0:
            raise TooComplexError


def pack(
    weights: Sequence[int],
    choices: Sequence[Sequence[int]],
    capacities: Sequence[int],
    budget: CycleBudget | None = None,
) -> tuple[int, ...] | None:
    """Find a bin for each item.

    Args:
        weights: What each item takes.
        choices: For each item the bins that it may go into, the best first.
        capacities: What each bin holds.
        budget: What the search may cost; what it costs is deducted. By default that of one cycle.

    Returns:
        The bin of each item, or None when there is no way to place all of them.

    Raises:
        TooComplexError: The search had to be given up, and placing the largest items first found no way either.
    """
    budget = budget or CycleBudget()
    open_choices = [
        [bin_index for bin_index in bins if capacities[bin_index] >= weight]
        for weight, bins in zip(weights, choices, strict=True)
    ]
    if not all(open_choices):
        return None
    usable = set().union(*open_choices) if open_choices else set()
    if sum(weights) > sum(capacities[bin_index] for bin_index in usable):
        return None
    search = _FirstFit(weights, open_choices, list(capacities), len(weights) + min(_FIRST_FIT_STEPS, budget.steps))
    try:
        return tuple(search.assignment) if search.place(0) else None
    except _StepLimitReached:
        pass
    finally:
        budget.spend_steps(search.steps - len(weights))
    cost = len(weights) << len(weights)
    if cost <= budget.steps:
        budget.spend_steps(cost)
        return _fill_in_turn(weights, open_choices, capacities)
    return _largest_first(weights, open_choices, capacities)


class _StepLimitReached(Exception):  # noqa: N818 - a signal within this module
    """The search in first-fit order takes too many steps, and is given up."""


class _FirstFit:
    """Depth-first search that remembers from where it cannot succeed."""

    def __init__(
        self, weights: Sequence[int], choices: Sequence[Sequence[int]], capacities: list[int], step_limit: int
    ) -> None:
        self.weights = weights
        self.choices = choices
        self.capacities = capacities
        self.step_limit = step_limit
        self.assignment: list[int] = [-1] * len(weights)
        self.dead_ends: set[tuple[int, ...]] = set()
        self.steps = 0

    def place(self, item: int) -> bool:
        """Place this item and all later ones, or leave everything as it was."""
        if item == len(self.weights):
            return True
        state = (item, *self.capacities)
        if state in self.dead_ends:
            return False
        self.steps += 1
        if self.steps > self.step_limit:
            raise _StepLimitReached
        weight = self.weights[item]
        for bin_index in self.choices[item]:
            if self.capacities[bin_index] < weight:
                continue
            self.capacities[bin_index] -= weight
            self.assignment[item] = bin_index
            if self.place(item + 1):
                return True
            self.capacities[bin_index] += weight
        self.dead_ends.add(state)
        return False


def _fill_in_turn(
    weights: Sequence[int],
    choices: Sequence[Sequence[int]],
    capacities: Sequence[int],
) -> tuple[int, ...] | None:
    """Fill one bin after the other, over all subsets of items.

    Of all ways to place a given subset only the one that has got least far matters: fewest
    bins begun, then least in the last. So the cost is items times subsets, whatever the sizes.
    """
    count = len(weights)
    allowed = [frozenset(bins) for bins in choices]
    best: list[tuple[int, int] | None] = [None] * (1 << count)
    came_by: list[tuple[int, int]] = [(-1, -1)] * (1 << count)
    best[0] = (0, 0)
    for subset in range(1 << count):
        if subset % _DEADLINE_CHECK_INTERVAL == 0:
            deadline.check()
        reached = best[subset]
        if reached is None:
            continue
        for item in range(count):
            if subset >> item & 1:
                continue
            grown = subset | 1 << item
            state = _next_bin(reached, weights[item], allowed[item], capacities)
            known = best[grown]
            if state is not None and (known is None or state < known):
                best[grown] = state
                came_by[grown] = (item, state[0])
    remaining = (1 << count) - 1
    if best[remaining] is None:
        return None
    answer = [-1] * count
    while remaining:
        item, bin_index = came_by[remaining]
        answer[item] = bin_index
        remaining &= ~(1 << item)
    return tuple(answer)


def _largest_first(
    weights: Sequence[int], choices: Sequence[Sequence[int]], capacities: Sequence[int]
) -> tuple[int, ...]:
    """Place the largest items first, each as far forward as it goes, and take nothing back.

    Raises:
        TooComplexError: Some item finds no bin in this way.
    """
    left = list(capacities)
    answer = [-1] * len(weights)
    for item in sorted(range(len(weights)), key=lambda number: (-weights[number], len(choices[number]), number)):
        bin_index = next((choice for choice in choices[item] if left[choice] >= weights[item]), None)
        if bin_index is None:
            raise TooComplexError
        left[bin_index] -= weights[item]
        answer[item] = bin_index
    return tuple(answer)


def _next_bin(
    reached: tuple[int, int],
    weight: int,
    allowed: frozenset[int],
    capacities: Sequence[int],
) -> tuple[int, int] | None:
    """Find the first bin, from the one being filled on, that takes the weight; with its new load."""
    bin_index, load = reached
    if bin_index in allowed and load + weight <= capacities[bin_index]:
        return bin_index, load + weight
    for later in range(bin_index + 1, len(capacities)):
        if later in allowed and weight <= capacities[later]:
            return later, weight
    return None
