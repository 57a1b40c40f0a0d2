"""What calls cost, in Kubernetes' units: at most, before there is a device, and then really.

An estimate knows only how large values can be. It decides whether a selector is admitted, so it is
Kubernetes' to the unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from function.selectors.ast import Literal, Node
from function.selectors.values import CelMap, size_of

MOST: Final = 2**64 - 1
"""The cost of what has no bound."""

_TRAVERSAL: Final = 0.1
_PATTERN: Final = 0.25
_SEEN: Final = 100_000
"""Values that are gone over to tell what it costs to go over them."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a value is: characters, bytes, elements or entries; 1 for what has no size."""

    least: int
    most: int

    def union(self, other: Size) -> Size:
        """Allow for either of two."""
        return Size(min(self.least, other.least), max(self.most, other.most))

    def plus(self, other: Size) -> Size:
        """Add two up."""
        return Size(capped(self.least + other.least), capped(self.most + other.most))

    def times(self, other: Size) -> Size:
        """Multiply two."""
        return Size(capped(self.least * other.least), capped(self.most * other.most))


UNKNOWN: Final = Size(0, MOST)
SCALAR: Final = Size(1, 1)


def capped(number: int) -> int:
    """Keep a cost or size within 64 bits."""
    return min(number, MOST)


def scaled(number: int, factor: float) -> int:
    """Multiply by a factor and round up."""
    product = float(number) * factor
    return MOST if product >= 2.0**64 else math.ceil(product)


@dataclass(frozen=True, slots=True)
class Price:
    """What a call costs.

    Attributes:
        estimate: The most that it costs, from the sizes of its arguments and the arguments themselves.
        actual: What it costs, from its arguments and its result.
        size: How large its result is, from the same as the estimate; None when that is not known.
    """

    estimate: Callable[[Sequence[Size], Sequence[Node]], int]
    actual: Callable[[Sequence[Any], Any], int]
    size: Callable[[Sequence[Size], Sequence[Node]], Size] | None = None


def _traversing(place: int, factor: float = _TRAVERSAL) -> Callable[[Sequence[Size], Sequence[Node]], int]:
    return lambda sizes, _: scaled(sizes[place].most, factor)


def _traversed(place: int, times: float = 1) -> Callable[[Sequence[Any], Any], int]:
    return lambda values, _: scaled(size_of(values[place]), times * _TRAVERSAL)


def _product(first: int, second: int, factor: float, extra: int) -> Callable[[Sequence[Size], Sequence[Node]], int]:
    def estimate(sizes: Sequence[Size], _: Sequence[Node]) -> int:
        text = scaled(capped(sizes[first].most + extra), _TRAVERSAL)
        return capped(text * scaled(sizes[second].most, factor))

    return estimate


def _replaced(sizes: Sequence[Size], _: Sequence[Node]) -> Size:
    """Estimate how long a text is after replacing."""
    text, old, new = sizes[:3]
    if old.least == 0:
        most, kept = capped(text.most + 1), text.most
    elif new.most <= old.least:
        most, kept = 0, text.most
    else:
        most, kept = scaled(text.most, 1 / old.least), 0
    if old.most == 0:
        least, kept_least = capped(text.least + 1), text.least
    elif old.most <= new.least:
        least, kept_least = 0, text.least
    else:
        least, kept_least = math.ceil(text.least / old.most), 0
    return Size(capped(least * new.least + kept_least), capped(capped(most * new.most) + kept))


def _split(sizes: Sequence[Size], nodes: Sequence[Node]) -> Size:
    """Estimate how many parts a text has."""
    limit = nodes[-1]
    if len(nodes) > 2 and isinstance(limit, Literal):  # noqa: PLR2004 - text, separator and limit
        return Size(0, limit.value % 2**64)
    return Size(0, sizes[0].most)


def _joined(sizes: Sequence[Size], nodes: Sequence[Node]) -> Size:
    """Estimate how long a text is that is joined of others."""
    found = sizes[0].times(UNKNOWN) if nodes[0].type.name == "list" else Size(0, 0)
    if len(nodes) > 1:
        separators = Size(max(sizes[0].least - 1, 0), max(sizes[0].most - 1, 0))
        found = found.plus(sizes[1].times(separators))
    return found


def _sought(sizes: Sequence[Size], nodes: Sequence[Node]) -> int:
    """Estimate what it costs to find something in a text or list."""
    if nodes[0].type.name != "list":
        return scaled(sizes[0].most, _TRAVERSAL)
    texts = nodes[0].type.params[0].name in ("string", "bytes")
    return capped(sizes[0].most * (1 + scaled(MOST, _TRAVERSAL) if texts else 1))


def _traversal(value: Any) -> int:
    """Count what it costs to go over a value and all that it holds, which may be the same many times."""
    total, seen, rest = 0, 0, [value]
    while rest:
        one = rest.pop()
        seen += 1
        if seen > _SEEN:
            return MOST
        if isinstance(one, str | bytes):
            total += int(len(one.encode() if isinstance(one, str) else one) * _TRAVERSAL)
        elif isinstance(one, list):
            rest += one
        elif isinstance(one, CelMap):
            rest += (part for entry in one.items() for part in entry)
        else:
            total += 1
    return total


def _first(sizes: Sequence[Size], _: Sequence[Node]) -> Size:
    return sizes[0]


def _sum(sizes: Sequence[Size], _: Sequence[Node]) -> Size:
    return sizes[0].plus(sizes[1])


def _smaller(sizes: Sequence[Size], _: Sequence[Node]) -> int:
    return scaled(min(sizes[0].most, sizes[1].most), _TRAVERSAL)


def _actual_smaller(values: Sequence[Any], _: Any) -> int:
    return scaled(min(size_of(values[0]), size_of(values[1])), _TRAVERSAL)


def _matched(values: Sequence[Any], _: Any) -> int:
    return scaled(size_of(values[0]) + 1, _TRAVERSAL) * scaled(size_of(values[1]), _PATTERN)


def _one(*_: Any) -> int:
    return 1


def _equalled(sizes: Sequence[Size], nodes: Sequence[Node]) -> int:
    kinds = {node.type for node in nodes}
    return 1 if len(kinds) == 1 and kinds.pop().name in ("quantity", "semver") else _smaller(sizes, nodes)


def _bytes_of(sizes: Sequence[Size], _: Sequence[Node]) -> Size:
    return Size(sizes[0].least, sizes[0].most * 4 % 2**64)


def _text_of(sizes: Sequence[Size], _: Sequence[Node]) -> Size:
    return Size(sizes[0].least // 4, sizes[0].most)


def _quoted(sizes: Sequence[Size], _: Sequence[Node]) -> Size:
    return Size(sizes[0].least + 2, (sizes[0].most * 2 + 2) % 2**64)


FREE: Final = Price(lambda *_: 0, lambda *_: 0)
ONE: Final = Price(_one, _one)
EQUALLED: Final = Price(_equalled, _actual_smaller)
COMPARED: Final = Price(_smaller, _actual_smaller)
ADDED: Final = Price(_one, _one, _sum)
SUMMED: Final = Price(
    lambda sizes, nodes: scaled(_sum(sizes, nodes).most, _TRAVERSAL),
    lambda values, _: scaled(size_of(values[0]) + size_of(values[1]), _TRAVERSAL),
    _sum,
)
LISTED: Final = Price(lambda sizes, _: sizes[1].most, lambda values, _: size_of(values[1]))
CONTAINED: Final = Price(
    _product(0, 1, _TRAVERSAL, 0),
    lambda values, _: scaled(size_of(values[0]), _TRAVERSAL) * scaled(size_of(values[1]), _TRAVERSAL),
)
STARTED: Final = Price(_traversing(1), _traversed(0))
MATCHED: Final = Price(_product(0, 1, _PATTERN, 1), _matched)
SOUGHT: Final = Price(_sought, lambda values, _: _traversal(values[0]))
TRAVERSED: Final = Price(_traversing(0), _traversed(0))
TRIMMED: Final = Price(_traversing(0), _traversed(0), _first)
REPLACED: Final = Price(_traversing(0, 2 * _TRAVERSAL), _traversed(0, 2), _replaced)
SPLIT: Final = Price(_traversing(0, 2 * _TRAVERSAL), _traversed(0, 2), _split)
JOINED: Final = Price(
    lambda sizes, nodes: scaled(_joined(sizes, nodes).most, _TRAVERSAL),
    lambda _, result: scaled(size_of(result), 2 * _TRAVERSAL),
    _joined,
)
QUOTED: Final = Price(_traversing(0), _traversed(0), _quoted)
TO_BYTES: Final = Price(_traversing(0), _traversed(0), _bytes_of)
TO_STRING: Final = Price(_traversing(0), _traversed(0), _text_of)
