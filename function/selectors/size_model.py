"""The size model: how large the results of functions can be.

CEL costs cover what a function reads, and little of what it writes: a selector of 4 kB can ask for
gigabytes at a fifth of the cost limit. Whoever evaluates it, here or in kube-scheduler, has to hold the
result. So sizes are bounded twice: by an estimate at compile time, and at run time before a value is made.

Only new values count. A value that is passed on, such as an element of a list, is not counted again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from function.selectors.cost_model import capped
from function.selectors.quantity import LARGEST_EXPONENT
from function.selectors.stage_budget import StageBudget
from function.selectors.values import digit_count

ELEMENT_BYTES: Final = 16
ENTRY_BYTES: Final = 64
IDENTIFIER_BYTES: Final = 8
"""Bytes that an element, an entry and a character of a version count for; a character of a string counts for one."""

_NUMBER: Final = 32
"""Characters of the longest number or boolean."""

_EXPONENTS: Final = re.compile("[eE][+-]?[0-9]")
_INTEGER: Final = 30
"""Digits of the largest integer, written out to a billionth."""
_SUFFIX: Final = 30
"""Digits by which a suffix and the nine places of a quantity make it longer."""


@dataclass(frozen=True, slots=True)
class ValueSize:
    """How large a value can be, and what it holds. An optional has the size of its value.

    Attributes:
        maximum: Characters, bytes, elements, entries or digits at most; 1 for a value without a size.
        minimum: As many at least.
        key: The size of a map's keys.
        element: The size of a list's elements, or of a map's values.
        depth: How deep it nests.
    """

    maximum: int
    minimum: int = 0
    key: ValueSize | None = None
    element: ValueSize | None = None
    depth: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Compute how deep it nests."""
        inner = max(self.key.depth if self.key else 0, self.element.depth if self.element else 0)
        object.__setattr__(self, "depth", inner + 1)

    def union(self, other: ValueSize, work: StageBudget) -> ValueSize:
        """Cover either of two values."""
        work.step()
        if self is other or other is EMPTY:
            return self
        if self is EMPTY:
            return other
        return ValueSize(
            max(self.maximum, other.maximum),
            min(self.minimum, other.minimum),
            _either(self.key, other.key, work),
            _either(self.element, other.element, work),
        )


def _either(shape: ValueSize | None, other: ValueSize | None, work: StageBudget) -> ValueSize | None:
    return shape.union(other, work) if shape and other else shape or other


EMPTY: Final = ValueSize(0)
"""The size of a value that is not there, such as the elements of an empty list."""

SCALAR_SIZE: Final = ValueSize(1, 1)
"""The size of a value without one."""

ArgumentSizes: TypeAlias = Sequence[ValueSize]


@dataclass(frozen=True, slots=True)
class ResultSize:
    """How large the result of a call is.

    Attributes:
        maximum: Computes the largest size from the sizes of the arguments.
        exact: Computes the size, or a bound on it, from the arguments; None where no value is made.
        unit: Bytes that each of its characters, elements and so on counts for.
    """

    maximum: Callable[[ArgumentSizes, StageBudget], ValueSize]
    exact: Callable[..., int] | None = None
    unit: int = 1


def _text_size(maximum: int, minimum: int = 0) -> ValueSize:
    return ValueSize(capped(maximum), minimum)


def _argument_size(index: int) -> Callable[[ArgumentSizes, StageBudget], ValueSize]:
    return lambda shapes, _: shapes[index]


def _element_size(shapes: ArgumentSizes, _: StageBudget) -> ValueSize:
    return shapes[0].element or EMPTY


def _union_size(shapes: ArgumentSizes, work: StageBudget) -> ValueSize:
    found = shapes[0]
    for shape in shapes[1:]:
        found = found.union(shape, work)
    return found


def _concatenation_size(shapes: ArgumentSizes, work: StageBudget) -> ValueSize:
    left, right = shapes
    element = _either(left.element, right.element, work)
    return ValueSize(capped(left.maximum + right.maximum), left.minimum + right.minimum, None, element)


def _at_most_first_size(shapes: ArgumentSizes, _: StageBudget) -> ValueSize:
    return _text_size(shapes[0].maximum)


def _replace_size(shapes: ArgumentSizes, _: StageBudget) -> ValueSize:
    text, old, new = shapes[:3]
    occurrences = text.maximum // old.minimum if old.minimum else text.maximum + 1
    return _text_size(max(text.maximum, text.maximum + occurrences * (new.maximum - old.minimum)))


def _exact_replace_size(text: str, old: str, new: str, count: int = -1) -> int:
    occurrences = text.count(old)
    return len(text) + (occurrences if count < 0 else min(occurrences, count)) * (len(new) - len(old))


def _split_size(shapes: ArgumentSizes, _: StageBudget) -> ValueSize:
    text, separator = shapes[:2]
    return ValueSize(
        text.maximum // separator.minimum + 1 if separator.minimum else text.maximum + 1,
        element=_text_size(text.maximum),
    )


def _exact_split_size(text: str, separator: str, count: int = -1) -> int:
    parts = text.count(separator) + 1 if separator else len(text)
    return parts if count < 0 else min(parts, count)


def _join_size(shapes: ArgumentSizes, _: StageBudget) -> ValueSize:
    each = shapes[0].element or EMPTY
    separator = shapes[1].maximum if len(shapes) > 1 else 0
    return _text_size(shapes[0].maximum * (each.maximum + separator))


def _exact_join_size(parts: list[Any], separator: str = "") -> int:
    return sum(len(part) for part in parts if isinstance(part, str)) + len(separator) * len(parts)


def _insert_size(shapes: ArgumentSizes, work: StageBudget) -> ValueSize:
    target, key, value = shapes
    return ValueSize(
        capped(target.maximum + 1), 0, _either(target.key, key, work), _either(target.element, value, work)
    )


def _merge_size(shapes: ArgumentSizes, work: StageBudget) -> ValueSize:
    left, right = shapes
    size = capped(left.maximum + right.maximum)
    return ValueSize(size, 0, _either(left.key, right.key, work), _either(left.element, right.element, work))


def _arithmetic_size(shapes: ArgumentSizes, _: StageBudget) -> ValueSize:
    return _text_size(max(_INTEGER, *(shape.maximum for shape in shapes)) + 2)


def quantity_digits(text: str) -> int:
    """Bound the number of digits of the quantity that a text stands for."""
    return len(text) + _SUFFIX + (LARGEST_EXPONENT if _EXPONENTS.search(text) else 0)


SCALAR: Final = ResultSize(lambda *_: SCALAR_SIZE)
OPERAND: Final = ResultSize(_argument_size(0))
ELEMENT: Final = ResultSize(_element_size)
EITHER: Final = ResultSize(_union_size)
BRANCH: Final = ResultSize(lambda shapes, work: _union_size(shapes[1:], work))
NONE: Final = ResultSize(lambda *_: EMPTY)
CHARACTER: Final = ResultSize(lambda *_: _text_size(1))
AT_MOST_FIRST: Final = ResultSize(_at_most_first_size, lambda text, *_: len(text))
CONCATENATION: Final = ResultSize(_concatenation_size, lambda left, right: len(left) + len(right))
LIST_CONCATENATION: Final = ResultSize(_concatenation_size, lambda left, right: len(left) + len(right), ELEMENT_BYTES)
REPLACE: Final = ResultSize(_replace_size, _exact_replace_size)
SPLIT: Final = ResultSize(_split_size, _exact_split_size, ELEMENT_BYTES + 1)
JOIN: Final = ResultSize(_join_size, _exact_join_size)
QUOTE: Final = ResultSize(lambda shapes, _: _text_size(2 * shapes[0].maximum + 2), lambda text: 2 * len(text) + 2)
NUMBER: Final = ResultSize(lambda *_: _text_size(_NUMBER), lambda _: _NUMBER)
TO_BYTES: Final = ResultSize(
    lambda shapes, _: _text_size(4 * shapes[0].maximum, shapes[0].minimum),
    lambda text: len(text) if text.isascii() else 4 * len(text),
)
UNWRAP: Final = ResultSize(_argument_size(0), len, ELEMENT_BYTES)
INSERT: Final = ResultSize(_insert_size, lambda *_: 1, ENTRY_BYTES)
MERGE: Final = ResultSize(_merge_size, lambda _, other: len(other), ENTRY_BYTES)
QUANTITY: Final = ResultSize(
    lambda shapes, _: _text_size(shapes[0].maximum + _SUFFIX + LARGEST_EXPONENT), quantity_digits
)
ARITHMETIC: Final = ResultSize(_arithmetic_size, lambda *values: max(map(digit_count, values)) + 2)
VERSION: Final = ResultSize(_at_most_first_size, lambda text, *_: len(text), IDENTIFIER_BYTES)
