"""Weights: from groups with weights to a whole number for every endpoint.

The ratio between groups is exact however many endpoints each has, until a number would pass
the largest that a route can have; from there it is as close as whole numbers allow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final

MAX_WEIGHT: Final = 1_000_000
"""The largest weight that a route can give one backend."""


@dataclass(frozen=True, slots=True)
class WeightedGroup:
    """Endpoints that share a part of the traffic.

    Attributes:
        weight: The part, beside the weights of other groups; 0 sends nothing.
        priority: Only the groups with the lowest number that can serve take traffic.
        members: Names of the endpoints that can be routed to; their order does not matter.
    """

    weight: int
    priority: int
    members: tuple[str, ...]


def active_priority(groups: Sequence[WeightedGroup]) -> int | None:
    """The priority that takes the traffic; None when nothing can be routed to.

    It is the lowest with an endpoint in a group that has weight; without any such group, the
    lowest with an endpoint.
    """
    able = [group for group in groups if group.members]
    weighty = [group.priority for group in able if group.weight > 0]
    return min(weighty or [group.priority for group in able], default=None)


def active(groups: Sequence[WeightedGroup]) -> list[WeightedGroup]:
    """The groups that take traffic, each with its members sorted; the others with none."""
    priority = active_priority(groups)
    return [
        WeightedGroup(group.weight, group.priority, tuple(sorted(group.members)) if group.priority == priority else ())
        for group in groups
    ]


def limited(groups: Sequence[WeightedGroup], limit: int, current: Collection[str] = ()) -> list[WeightedGroup]:
    """Choose at most so many endpoints, in proportion to the weights of their groups.

    Every group with weight keeps at least one while there is room. Endpoints that get traffic now
    stay chosen before others of their group, so that one more endpoint moves as little as possible.

    Args:
        groups: The groups that take traffic.
        limit: The most endpoints.
        current: Names of the endpoints that get traffic now.

    Returns:
        The same groups, with the members that were chosen.
    """
    if sum(len(group.members) for group in groups) <= limit:
        return list(groups)
    seats = [0] * len(groups)
    for _ in range(limit):
        winner = max(
            (index for index, group in enumerate(groups) if seats[index] < len(group.members)),
            key=lambda index: (*_claim(groups[index].weight, seats[index]), -index),
        )
        seats[winner] += 1
    kept = []
    for group, count in zip(groups, seats, strict=True):
        order = sorted(group.members, key=lambda name: (name not in current, name))
        kept.append(WeightedGroup(group.weight, group.priority, tuple(sorted(order[:count]))))
    return kept


def weights(groups: Sequence[WeightedGroup]) -> dict[str, int]:
    """Give every endpoint a whole number, so that the sums of groups stand as their weights do.

    Args:
        groups: The groups that take traffic; no endpoint is in two of them.

    Returns:
        Weights by endpoint: 0 in groups of weight 0, otherwise from 1 to `MAX_WEIGHT`.
    """
    result = {name: 0 for group in groups for name in group.members}
    sharing = [group for group in groups if group.members and group.weight > 0]
    if not sharing:
        return result
    scale = max(-(-len(group.members) // group.weight) for group in sharing)
    totals = [group.weight * scale for group in sharing]
    shared = _spread(sharing, totals)
    common = gcd(*shared.values())
    largest = max(shared.values())
    if largest // common > MAX_WEIGHT:
        clamped = [
            max(len(group.members), (2 * total * MAX_WEIGHT + largest) // (2 * largest))
            for group, total in zip(sharing, totals, strict=True)
        ]
        shared = _spread(sharing, [min(t, len(g.members) * MAX_WEIGHT) for g, t in zip(sharing, clamped, strict=True)])
        common = 1
    return result | {name: weight // common for name, weight in shared.items()}


def _claim(weight: int, seats: int) -> tuple[int, float]:
    """How much a group deserves one more endpoint: first those with weight and none, then by weight per endpoint."""
    if weight <= 0:
        return 0, 0.0
    return (2, float(weight)) if not seats else (1, weight / seats)


def _spread(groups: Sequence[WeightedGroup], totals: Sequence[int]) -> Mapping[str, int]:
    """Spread each group's total over its members; the first get what does not divide."""
    spread: dict[str, int] = {}
    for group, total in zip(groups, totals, strict=True):
        base, more = divmod(total, len(group.members))
        names = sorted(group.members)
        spread |= {name: base + (index < more) for index, name in enumerate(names)}
    return spread
