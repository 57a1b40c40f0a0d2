"""The cost model: what calls cost in CEL cost units, estimated at compile time and actual at run time.

An estimate depends only on how large values can be. It decides whether a selector is admitted, so it
equals Kubernetes' to the unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from function.selectors.ast import Expr, Literal
from function.selectors.values import CelMap, size_of

MAX_COST: Final = 2**64 - 1
"""The cost of an expression without a bound."""

_TRAVERSAL_FACTOR: Final = 0.1
_REGEX_FACTOR: Final = 0.25
_MAX_VISITED: Final = 100_000
"""How many values are visited to compute the cost of a traversal."""


@dataclass(frozen=True, slots=True)
class SizeEstimate:
    """How large a value can be: characters, bytes, elements or entries; 1 for a value without a size."""

    minimum: int
    maximum: int

    def union(self, other: SizeEstimate) -> SizeEstimate:
        """Cover either of two values."""
        return SizeEstimate(min(self.minimum, other.minimum), max(self.maximum, other.maximum))

    def plus(self, other: SizeEstimate) -> SizeEstimate:
        """Add the sizes."""
        return SizeEstimate(capped(self.minimum + other.minimum), capped(self.maximum + other.maximum))

    def times(self, other: SizeEstimate) -> SizeEstimate:
        """Multiply the sizes."""
        return SizeEstimate(capped(self.minimum * other.minimum), capped(self.maximum * other.maximum))


UNKNOWN_SIZE: Final = SizeEstimate(0, MAX_COST)
SCALAR_SIZE: Final = SizeEstimate(1, 1)


def capped(number: int) -> int:
    """Keep a cost or size within 64 bits."""
    return min(number, MAX_COST)


def scaled(number: int, factor: float) -> int:
    """Multiply by a factor and round up."""
    product = float(number) * factor
    return MAX_COST if product >= 2.0**64 else math.ceil(product)


@dataclass(frozen=True, slots=True)
class CallCost:
    """The cost of a call.

    Attributes:
        estimate: Computes the highest cost from the arguments and their sizes.
        actual: Computes the cost from the values of the arguments and the result.
        result_size: Computes the size of the result from the arguments and their sizes; None where it is unknown.
    """

    estimate: Callable[[Sequence[SizeEstimate], Sequence[Expr]], int]
    actual: Callable[[Sequence[Any], Any], int]
    result_size: Callable[[Sequence[SizeEstimate], Sequence[Expr]], SizeEstimate] | None = None


def _traversal_estimate(
    index: int, factor: float = _TRAVERSAL_FACTOR
) -> Callable[[Sequence[SizeEstimate], Sequence[Expr]], int]:
    return lambda sizes, _: scaled(sizes[index].maximum, factor)


def _traversal_cost(index: int, times: float = 1) -> Callable[[Sequence[Any], Any], int]:
    return lambda values, _: scaled(size_of(values[index]), times * _TRAVERSAL_FACTOR)


def _product_estimate(
    first: int, second: int, factor: float, extra: int
) -> Callable[[Sequence[SizeEstimate], Sequence[Expr]], int]:
    def estimate(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> int:
        text = scaled(capped(sizes[first].maximum + extra), _TRAVERSAL_FACTOR)
        return capped(text * scaled(sizes[second].maximum, factor))

    return estimate


def _replace_size(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> SizeEstimate:
    """Estimate the size of the result of replace()."""
    text, old, new = sizes[:3]
    if old.minimum == 0:
        maximum, kept = capped(text.maximum + 1), text.maximum
    elif new.maximum <= old.minimum:
        maximum, kept = 0, text.maximum
    else:
        maximum, kept = scaled(text.maximum, 1 / old.minimum), 0
    if old.maximum == 0:
        minimum, kept_least = capped(text.minimum + 1), text.minimum
    elif old.maximum <= new.minimum:
        minimum, kept_least = 0, text.minimum
    else:
        minimum, kept_least = math.ceil(text.minimum / old.maximum), 0
    return SizeEstimate(capped(minimum * new.minimum + kept_least), capped(capped(maximum * new.maximum) + kept))


def _split_size(sizes: Sequence[SizeEstimate], exprs: Sequence[Expr]) -> SizeEstimate:
    """Estimate the size of the result of split()."""
    limit = exprs[-1]
    if len(exprs) > 2 and isinstance(limit, Literal):  # noqa: PLR2004 - text, separator and limit
        return SizeEstimate(0, limit.value % 2**64)
    return SizeEstimate(0, sizes[0].maximum)


def _join_size(sizes: Sequence[SizeEstimate], exprs: Sequence[Expr]) -> SizeEstimate:
    """Estimate the size of the result of join()."""
    found = sizes[0].times(UNKNOWN_SIZE) if exprs[0].type.name == "list" else SizeEstimate(0, 0)
    if len(exprs) > 1:
        separators = SizeEstimate(max(sizes[0].minimum - 1, 0), max(sizes[0].maximum - 1, 0))
        found = found.plus(sizes[1].times(separators))
    return found


def _search_estimate(sizes: Sequence[SizeEstimate], exprs: Sequence[Expr]) -> int:
    """Estimate the cost of a search in a string or list."""
    if exprs[0].type.name != "list":
        return scaled(sizes[0].maximum, _TRAVERSAL_FACTOR)
    texts = exprs[0].type.params[0].name in ("string", "bytes")
    return capped(sizes[0].maximum * (1 + scaled(MAX_COST, _TRAVERSAL_FACTOR) if texts else 1))


def _deep_traversal_cost(value: Any) -> int:
    """Compute the cost of traversing a value and all that it holds, which may be the same value many times."""
    total, visited, pending = 0, 0, [value]
    while pending:
        value = pending.pop()
        visited += 1
        if visited > _MAX_VISITED:
            return MAX_COST
        if isinstance(value, str | bytes):
            total += int(len(value.encode() if isinstance(value, str) else value) * _TRAVERSAL_FACTOR)
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, CelMap):
            pending += (part for entry in value.items() for part in entry)
        else:
            total += 1
    return total


def _first_size(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> SizeEstimate:
    return sizes[0]


def _concatenation_size(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> SizeEstimate:
    return sizes[0].plus(sizes[1])


def _smaller_estimate(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> int:
    return scaled(min(sizes[0].maximum, sizes[1].maximum), _TRAVERSAL_FACTOR)


def _smaller_cost(values: Sequence[Any], _: Any) -> int:
    return scaled(min(size_of(values[0]), size_of(values[1])), _TRAVERSAL_FACTOR)


def _match_cost(values: Sequence[Any], _: Any) -> int:
    return scaled(size_of(values[0]) + 1, _TRAVERSAL_FACTOR) * scaled(size_of(values[1]), _REGEX_FACTOR)


def _constant_cost(*_: Any) -> int:
    return 1


def _equality_estimate(sizes: Sequence[SizeEstimate], exprs: Sequence[Expr]) -> int:
    kinds = {expr.type for expr in exprs}
    return 1 if len(kinds) == 1 and kinds.pop().name in ("quantity", "semver") else _smaller_estimate(sizes, exprs)


def _encoded_size(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> SizeEstimate:
    return SizeEstimate(sizes[0].minimum, sizes[0].maximum * 4 % 2**64)


def _decoded_size(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> SizeEstimate:
    return SizeEstimate(sizes[0].minimum // 4, sizes[0].maximum)


def _quoted_size(sizes: Sequence[SizeEstimate], _: Sequence[Expr]) -> SizeEstimate:
    return SizeEstimate(sizes[0].minimum + 2, (sizes[0].maximum * 2 + 2) % 2**64)


FREE: Final = CallCost(lambda *_: 0, lambda *_: 0)
CONSTANT: Final = CallCost(_constant_cost, _constant_cost)
EQUALITY: Final = CallCost(_equality_estimate, _smaller_cost)
COMPARISON: Final = CallCost(_smaller_estimate, _smaller_cost)
LIST_CONCATENATION: Final = CallCost(_constant_cost, _constant_cost, _concatenation_size)
CONCATENATION: Final = CallCost(
    lambda sizes, exprs: scaled(_concatenation_size(sizes, exprs).maximum, _TRAVERSAL_FACTOR),
    lambda values, _: scaled(size_of(values[0]) + size_of(values[1]), _TRAVERSAL_FACTOR),
    _concatenation_size,
)
LIST_MEMBERSHIP: Final = CallCost(lambda sizes, _: sizes[1].maximum, lambda values, _: size_of(values[1]))
SUBSTRING_SEARCH: Final = CallCost(
    _product_estimate(0, 1, _TRAVERSAL_FACTOR, 0),
    lambda values, _: scaled(size_of(values[0]), _TRAVERSAL_FACTOR) * scaled(size_of(values[1]), _TRAVERSAL_FACTOR),
)
AFFIX: Final = CallCost(_traversal_estimate(1), _traversal_cost(0))
REGEX_MATCH: Final = CallCost(_product_estimate(0, 1, _REGEX_FACTOR, 1), _match_cost)
SEARCH: Final = CallCost(_search_estimate, lambda values, _: _deep_traversal_cost(values[0]))
TRAVERSAL: Final = CallCost(_traversal_estimate(0), _traversal_cost(0))
SUBSTRING: Final = CallCost(_traversal_estimate(0), _traversal_cost(0), _first_size)
REPLACE: Final = CallCost(_traversal_estimate(0, 2 * _TRAVERSAL_FACTOR), _traversal_cost(0, 2), _replace_size)
SPLIT: Final = CallCost(_traversal_estimate(0, 2 * _TRAVERSAL_FACTOR), _traversal_cost(0, 2), _split_size)
JOIN: Final = CallCost(
    lambda sizes, exprs: scaled(_join_size(sizes, exprs).maximum, _TRAVERSAL_FACTOR),
    lambda _, result: scaled(size_of(result), 2 * _TRAVERSAL_FACTOR),
    _join_size,
)
QUOTE: Final = CallCost(_traversal_estimate(0), _traversal_cost(0), _quoted_size)
TO_BYTES: Final = CallCost(_traversal_estimate(0), _traversal_cost(0), _encoded_size)
TO_STRING: Final = CallCost(_traversal_estimate(0), _traversal_cost(0), _decoded_size)
