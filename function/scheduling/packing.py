"""Packing: put each of a few items whole into one of a few bins.

Both questions of placement are this one: device requests into the devices of a node, and
engines into the pools of a cluster. The search is complete. Of several answers it gives the
first in first-fit order: every item as far forward as the later ones allow.
"""

from __future__ import annotations

from collections.abc import Sequence

_PATIENCE = 5_000
"""Steps after which first-fit order is given up for a search whose cost is bounded."""


def pack(weights: Sequence[int], choices: Sequence[Sequence[int]], room: Sequence[int]) -> tuple[int, ...] | None:
    """Find a bin for each item.

    Args:
        weights: What each item takes.
        choices: For each item the bins that it may go into, the most wanted first.
        room: What each bin holds.

    Returns:
        The bin of each item, or None when there is no way to place all of them.
    """
    open_choices = [
        [place for place in places if room[place] >= weight] for weight, places in zip(weights, choices, strict=True)
    ]
    if not all(open_choices):
        return None
    usable = set().union(*open_choices) if open_choices else set()
    if sum(weights) > sum(room[place] for place in usable):
        return None
    search = _FirstFit(weights, open_choices, list(room))
    try:
        return tuple(search.assignment) if search.place(0) else None
    except _OutOfPatience:
        return _fill_in_turn(weights, open_choices, room)


class _OutOfPatience(Exception):  # noqa: N818 - a signal within this module
    """The search in first-fit order takes too many steps."""


class _FirstFit:
    """Depth-first search that remembers from where it cannot succeed."""

    def __init__(self, weights: Sequence[int], choices: Sequence[Sequence[int]], room: list[int]) -> None:
        self.weights = weights
        self.choices = choices
        self.room = room
        self.assignment: list[int] = [-1] * len(weights)
        self.hopeless: set[tuple[int, ...]] = set()
        self.steps = 0

    def place(self, item: int) -> bool:
        """Place this item and all later ones, or leave everything as it was."""
        if item == len(self.weights):
            return True
        state = (item, *self.room)
        if state in self.hopeless:
            return False
        self.steps += 1
        if self.steps > _PATIENCE:
            raise _OutOfPatience
        weight = self.weights[item]
        for place in self.choices[item]:
            if self.room[place] < weight:
                continue
            self.room[place] -= weight
            self.assignment[item] = place
            if self.place(item + 1):
                return True
            self.room[place] += weight
        self.hopeless.add(state)
        return False


def _fill_in_turn(
    weights: Sequence[int],
    choices: Sequence[Sequence[int]],
    room: Sequence[int],
) -> tuple[int, ...] | None:
    """Fill one bin after the other, over all subsets of items.

    Of all ways to place a given subset only the one that has got least far matters: fewest
    bins begun, then least in the last. So the cost is items times subsets, whatever the sizes.
    """
    count = len(weights)
    allowed = [frozenset(places) for places in choices]
    best: list[tuple[int, int] | None] = [None] * (1 << count)
    came_by: list[tuple[int, int]] = [(-1, -1)] * (1 << count)
    best[0] = (0, 0)
    for subset in range(1 << count):
        reached = best[subset]
        if reached is None:
            continue
        for item in range(count):
            if subset >> item & 1:
                continue
            grown = subset | 1 << item
            state = _next_place(reached, weights[item], allowed[item], room)
            known = best[grown]
            if state is not None and (known is None or state < known):
                best[grown] = state
                came_by[grown] = (item, state[0])
    everything = (1 << count) - 1
    if best[everything] is None:
        return None
    answer = [-1] * count
    while everything:
        item, place = came_by[everything]
        answer[item] = place
        everything &= ~(1 << item)
    return tuple(answer)


def _next_place(
    reached: tuple[int, int],
    weight: int,
    allowed: frozenset[int],
    room: Sequence[int],
) -> tuple[int, int] | None:
    """Find the first bin, from the one being filled on, that takes the weight; with its new load."""
    place, load = reached
    if place in allowed and load + weight <= room[place]:
        return place, load + weight
    for later in range(place + 1, len(room)):
        if later in allowed and weight <= room[later]:
            return later, weight
    return None
