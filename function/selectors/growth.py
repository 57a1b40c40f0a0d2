"""How large values can become.

Kubernetes prices what a function reads, and much of what it writes at nothing: a text of 4 kB can ask
for gigabytes at a fifth of the price that it may have. Whoever evaluates it, here or in kube-scheduler,
has to hold what comes out, so it is bounded by what is known before there is a device, and again, before
anything is made, while a selector runs.

Counted are the values that are made. What is only handed on, such as an element of a list, is not made
again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from function.selectors.cost_model import capped
from function.selectors.quantity import LARGEST_EXPONENT
from function.selectors.values import digits_of
from function.selectors.work import Work

ELEMENT: Final = 16
ENTRY: Final = 64
IDENTIFIER: Final = 8
"""What an element, an entry and a character of a version count for, a character of a text being one."""

_NUMBER: Final = 32
"""Characters of the longest number or boolean."""

_EXPONENTS: Final = re.compile("[eE][+-]?[0-9]")
_INTEGER: Final = 30
"""Digits of the largest integer, written out to a billionth."""
_SUFFIX: Final = 30
"""Digits by which a suffix and the nine places of a quantity make it longer."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a value can be, and what it holds. An optional has the shape of its value.

    Attributes:
        most: Characters, bytes, elements, entries or digits at most; 1 of what has no size.
        least: As many at least.
        key: The shape of a map's keys.
        held: The shape of a list's elements, or of a map's values.
        depth: How deep it nests.
    """

    most: int
    least: int = 0
    key: Shape | None = None
    held: Shape | None = None
    depth: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Measure how deep it nests."""
        inner = max(self.key.depth if self.key else 0, self.held.depth if self.held else 0)
        object.__setattr__(self, "depth", inner + 1)

    def union(self, other: Shape, work: Work) -> Shape:
        """Allow for either of two."""
        work.step()
        if self is other or other is NOTHING:
            return self
        if self is NOTHING:
            return other
        return Shape(
            max(self.most, other.most),
            min(self.least, other.least),
            _either(self.key, other.key, work),
            _either(self.held, other.held, work),
        )


def _either(shape: Shape | None, other: Shape | None, work: Work) -> Shape | None:
    return shape.union(other, work) if shape and other else shape or other


NOTHING: Final = Shape(0)
"""The shape of what is not there: of the elements of an empty list."""

PLAIN: Final = Shape(1, 1)
"""The shape of what has no size."""

Shapes: TypeAlias = Sequence[Shape]


@dataclass(frozen=True, slots=True)
class Growth:
    """How large the result of a call is, and what it counts for.

    Attributes:
        most: The shape that it has at most, from those of the arguments.
        exact: How large it will be, or a bound of that, from the arguments; None where nothing is made.
        unit: What each of its characters, elements and so on counts for.
    """

    most: Callable[[Shapes, Work], Shape]
    exact: Callable[..., int] | None = None
    unit: int = 1


def _text(most: int, least: int = 0) -> Shape:
    return Shape(capped(most), least)


def _same(place: int) -> Callable[[Shapes, Work], Shape]:
    return lambda shapes, _: shapes[place]


def _held(shapes: Shapes, _: Work) -> Shape:
    return shapes[0].held or NOTHING


def _all(shapes: Shapes, work: Work) -> Shape:
    found = shapes[0]
    for shape in shapes[1:]:
        found = found.union(shape, work)
    return found


def _summed(shapes: Shapes, work: Work) -> Shape:
    left, right = shapes
    held = _either(left.held, right.held, work)
    return Shape(capped(left.most + right.most), left.least + right.least, None, held)


def _cut(shapes: Shapes, _: Work) -> Shape:
    return _text(shapes[0].most)


def _replaced(shapes: Shapes, _: Work) -> Shape:
    text, old, new = shapes[:3]
    places = text.most // old.least if old.least else text.most + 1
    return _text(max(text.most, text.most + places * (new.most - old.least)))


def _replaced_exactly(text: str, old: str, new: str, count: int = -1) -> int:
    places = text.count(old)
    return len(text) + (places if count < 0 else min(places, count)) * (len(new) - len(old))


def _split(shapes: Shapes, _: Work) -> Shape:
    text, separator = shapes[:2]
    return Shape(text.most // separator.least + 1 if separator.least else text.most + 1, held=_text(text.most))


def _split_exactly(text: str, separator: str, count: int = -1) -> int:
    parts = text.count(separator) + 1 if separator else len(text)
    return parts if count < 0 else min(parts, count)


def _joined(shapes: Shapes, _: Work) -> Shape:
    each = shapes[0].held or NOTHING
    separator = shapes[1].most if len(shapes) > 1 else 0
    return _text(shapes[0].most * (each.most + separator))


def _joined_exactly(parts: list[Any], separator: str = "") -> int:
    return sum(len(part) for part in parts if isinstance(part, str)) + len(separator) * len(parts)


def _inserted(shapes: Shapes, work: Work) -> Shape:
    target, key, value = shapes
    return Shape(capped(target.most + 1), 0, _either(target.key, key, work), _either(target.held, value, work))


def _merged(shapes: Shapes, work: Work) -> Shape:
    left, right = shapes
    size = capped(left.most + right.most)
    return Shape(size, 0, _either(left.key, right.key, work), _either(left.held, right.held, work))


def _longer(shapes: Shapes, _: Work) -> Shape:
    return _text(max(_INTEGER, *(shape.most for shape in shapes)) + 2)


def quantity_digits(text: str) -> int:
    """Tell how many digits the quantity has at most that a text stands for."""
    return len(text) + _SUFFIX + (LARGEST_EXPONENT if _EXPONENTS.search(text) else 0)


SCALAR: Final = Growth(lambda *_: PLAIN)
PART: Final = Growth(_same(0))
HELD: Final = Growth(_held)
EITHER: Final = Growth(_all)
CHOSEN: Final = Growth(lambda shapes, work: _all(shapes[1:], work))
NONE: Final = Growth(lambda *_: NOTHING)
CHARACTER: Final = Growth(lambda *_: _text(1))
CUT: Final = Growth(_cut, lambda text, *_: len(text))
SUMMED: Final = Growth(_summed, lambda left, right: len(left) + len(right))
LENGTHENED: Final = Growth(_summed, lambda left, right: len(left) + len(right), ELEMENT)
REPLACED: Final = Growth(_replaced, _replaced_exactly)
SPLIT: Final = Growth(_split, _split_exactly, ELEMENT + 1)
JOINED: Final = Growth(_joined, _joined_exactly)
QUOTED: Final = Growth(lambda shapes, _: _text(2 * shapes[0].most + 2), lambda text: 2 * len(text) + 2)
NUMBER: Final = Growth(lambda *_: _text(_NUMBER), lambda _: _NUMBER)
TO_BYTES: Final = Growth(
    lambda shapes, _: _text(4 * shapes[0].most, shapes[0].least),
    lambda text: len(text) if text.isascii() else 4 * len(text),
)
UNWRAPPED: Final = Growth(_same(0), len, ELEMENT)
INSERTED: Final = Growth(_inserted, lambda *_: 1, ENTRY)
MERGED: Final = Growth(_merged, lambda _, other: len(other), ENTRY)
QUANTITY: Final = Growth(lambda shapes, _: _text(shapes[0].most + _SUFFIX + LARGEST_EXPONENT), quantity_digits)
CALCULATED: Final = Growth(_longer, lambda *values: max(map(digits_of, values)) + 2)
VERSION: Final = Growth(_cut, lambda text, *_: len(text), IDENTIFIER)
