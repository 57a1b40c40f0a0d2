"""Values that a selector computes with, and how they compare.

Strings, booleans, doubles, bytes, null and lists are Python's own; integers are Python's, kept
within 64 bits. Comparison follows Kubernetes: numbers of different types compare by value, and
values of unrelated types are unequal, but a quantity or a version equals nothing else without error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from function import deadline
from function.selectors.error import cut
from function.selectors.quantity_value import Amount
from function.selectors.semver import Semver
from function.selectors.types import BOOL, BYTES, DOUBLE, INT, NULL, QUANTITY, SEMVER, STRING, UINT, Type


class EvaluationError(Exception):
    """An expression has no value for this device."""

    def __init__(self, message: str) -> None:
        super().__init__(cut(message))


class BudgetError(EvaluationError):
    """An evaluation takes too many steps, or makes something too large. Nothing absorbs it."""


class Uint(int):
    """An unsigned integer of 64 bits."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Present:
    """An optional that has a value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Missing:
    """An optional that has none."""


MISSING: Final = Missing()


class CelMap:
    """A map. Numbers of different types that are equal are one key."""

    __slots__ = ("_default", "_entries", "_made")

    def __init__(self, entries: Iterable[tuple[Any, Any]], default: Any = None, *, made: bool = True) -> None:
        """Make a map.

        Args:
            entries: Keys and values; of equal keys, the last counts.
            default: The value of any other key, if not None.
            made: Whether a selector makes it, rather than a device having it.
        """
        self._entries: dict[tuple[str, Any], tuple[Any, Any]] = {}
        self._default = default
        self._made = made
        for key, value in entries:
            self.put(key, value)

    def put(self, key: Any, value: Any) -> None:
        """Set the value of a key.

        Raises:
            EvaluationError: It can be no key.
        """
        check_sought(key)
        self._entries[_hashed(key)] = (key, value)

    def insert(self, key: Any, value: Any) -> None:
        """Add an entry.

        Raises:
            EvaluationError: The key is there, or can be none.
        """
        if key in self:
            raise EvaluationError(f"a map has the key {shown(key)} twice")
        self.put(key, value)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._entries.values())

    def items(self) -> Iterator[tuple[Any, Any]]:
        """List keys with their values."""
        return iter(self._entries.values())

    def __contains__(self, key: Any) -> bool:
        return self._entry(key) is not None

    def find(self, key: Any) -> Any:
        """Look up a value.

        Raises:
            EvaluationError: The map has no such key.
        """
        entry = self._entry(key)
        if entry is not None:
            return entry[1]
        if self._default is None:
            raise EvaluationError(f"no such key: {shown(key)}")
        return self._default

    def has(self, key: Any) -> bool:
        """Tell whether `find` has an answer."""
        return self._default is not None or key in self

    def bare(self) -> CelMap:
        """Make a map without values for other keys."""
        return self if self._default is None else CelMap(self.items(), made=self._made)

    def _entry(self, key: Any) -> tuple[Any, Any] | None:
        if self._made and self._entries:
            check_sought(key)
        return self._entries.get(_hashed(key))


def check_sought(value: Any) -> None:
    """Refuse what Kubernetes cannot look for among constants.

    Raises:
        EvaluationError: It is a version or bytes.
    """
    if isinstance(value, Semver | bytes):
        raise EvaluationError(f"{type_of(value).noun} cannot be looked for here")


def _hashed(key: Any) -> tuple[str, Any]:
    """Make the key of a dictionary; a list and its like is one only to itself."""
    name = type_of(key).name
    if name in NUMBERS:
        return ("number", key)
    return (name, key if name in ("bool", "string", "null") else id(key))


NUMBERS: Final = frozenset({"int", "uint", "double"})

_TYPES: Final[Mapping[type, Type]] = {
    bool: BOOL,
    int: INT,
    Uint: UINT,
    float: DOUBLE,
    str: STRING,
    bytes: BYTES,
    type(None): NULL,
    list: Type("list"),
    CelMap: Type("map"),
    Amount: QUANTITY,
    Semver: SEMVER,
    Present: Type("optional"),
    Missing: Type("optional"),
}


def type_of(value: Any) -> Type:
    """Tell the type of a value; what a list or map holds is not looked at."""
    return _TYPES[type(value)]


def size_of(value: Any) -> int:
    """Tell the size of a value as costs count it; 1 of what has none."""
    if isinstance(value, str | bytes | list | CelMap):
        return len(value)
    return size_of(value.value) if isinstance(value, Present) else 1


def digits_of(value: Any) -> int:
    """Tell how many digits a quantity or integer has at most, written out to a billionth."""
    if not isinstance(value, Amount):
        return _INTEGER
    quantity = value.quantity
    return quantity.unscaled.bit_length() * 30103 // 100000 + quantity.scale + _BILLIONTH + 1


def bulk_of(value: Any) -> int:
    """Tell how much of a value is looked at by what goes over all of it, but not over what it holds."""
    measure = _BULKS.get(type(value))
    return measure(value) if measure else 1


_BULKS: Final[Mapping[type, Callable[[Any], int]]] = {
    str: len,
    bytes: len,
    list: len,
    CelMap: len,
    Amount: digits_of,
    Semver: lambda version: len(version.prerelease),
    Present: lambda optional: bulk_of(optional.value),
}


def shown(value: Any) -> str:
    """Write a key or place for a message, cut to what a person would read."""
    if isinstance(value, str):
        return value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…"
    return str(value) if isinstance(value, int | float | None) else type_of(value).noun


_INTEGER: Final = 20 + 9
_BILLIONTH: Final = 9
_SHOWN: Final = 60
_ROUND: Final = 1_000
"""Steps after which it is asked whether anybody still waits for the answer."""

SPENT: Final = 250_000
"""What an evaluation may really cost, in Kubernetes' units: a quarter of what it may at most be expected to."""

WORK: Final = 1_000_000
"""How many steps of work that Kubernetes does for nothing an evaluation may take, each some tenths of a microsecond."""

STRIDE: Final = 10
"""Characters, elements or digits that are gone over in one step."""

COMPARED: Final = 10
"""Steps that it takes to compare two elements or entries."""

LARGEST: Final = 2**18
"""Characters, bytes, elements, entries or digits of the largest value.

All that a device can have are 32 attributes and capacities, with names of 96 and texts of 64 characters:
5,120 characters. This is fifty times as much.
"""

ALL: Final = 2**23
"""What all values together may be that one evaluation makes: about as many bytes."""

_TOO_MANY: Final = "the expression takes too many steps; loop over less"
_TOO_LARGE: Final = f"the expression makes a value larger than {LARGEST:,} characters or elements; make less"
_TOO_MUCH: Final = f"the expression makes more than {ALL:,} bytes of values; make less, or loop over less"


class Budget:
    """What one evaluation may cost, work and make."""

    __slots__ = ("_asked", "_paused", "limit", "made", "spent", "worked")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0
        self.worked = 0
        self.made = 0
        self._asked = min(limit, _ROUND)
        self._paused = min(WORK, STRIDE * _ROUND)

    def spend(self, cost: int) -> None:
        """Count a cost, in Kubernetes' units.

        Raises:
            BudgetError: It is too much.
            CallEndedError: Nobody waits for the answer any more.
        """
        self.spent += cost
        if self.spent > self._asked:
            if self.spent > self.limit:
                raise BudgetError(_TOO_MANY)
            deadline.check()
            self._asked = min(self.limit, self.spent + _ROUND)

    def work(self, count: int) -> None:
        """Count steps that Kubernetes does for nothing, such as comparing what lists hold.

        Raises:
            BudgetError: They are too many.
            CallEndedError: Nobody waits for the answer any more.
        """
        self.worked += count
        if self.worked > self._paused:
            if self.worked > WORK:
                raise BudgetError(_TOO_MANY)
            deadline.check()
            self._paused = min(WORK, self.worked + STRIDE * _ROUND)

    def pass_over(self, size: int) -> None:
        """Count the steps of going over something so large.

        Raises:
            BudgetError: They are too many.
        """
        self.work(size // STRIDE)

    def make(self, size: int, unit: int) -> None:
        """Count what is about to be made: so many characters or elements, each counting for so many bytes.

        Raises:
            BudgetError: It is too large, or all that is made is too much.
        """
        self.made += size * unit
        if size > LARGEST:
            raise BudgetError(_TOO_LARGE)
        if self.made > ALL:
            raise BudgetError(_TOO_MUCH)


def order(left: Any, right: Any) -> int:
    """Compare numbers, or other values of one type that has an order: -1, 0 or 1."""
    if isinstance(left, float) and isinstance(right, float):
        return (left > right) - (left < right)
    if isinstance(left, float):
        return -order(right, left)
    if isinstance(right, float):
        # As Kubernetes does it: the integer loses what a double cannot hold.
        lowest, highest = (0.0, 2.0**64) if type(left) is Uint else (-(2.0**63), 2.0**63)
        if not lowest <= right <= highest:
            return 0 if math.isnan(right) else (right < lowest) - (right > highest)
        return order(float(left), right)
    return int(left > right) - int(left < right)


def equal(left: Any, right: Any, budget: Budget) -> bool:
    """Compare with `==`.

    Raises:
        EvaluationError: A quantity or version stands left of something of another type.
    """
    if left is None or right is None:
        return left is right
    mine, theirs = type_of(left).name, type_of(right).name
    if mine in NUMBERS and theirs in NUMBERS:
        return not (math.isnan(left) or math.isnan(right)) and order(left, right) == 0
    if mine != theirs:
        if mine in ("quantity", "semver"):
            raise EvaluationError(f"{type_of(left).noun} cannot be compared with {type_of(right).noun}")
        return False
    if isinstance(left, list):
        budget.work(COMPARED * (1 + len(left)))
        return len(left) == len(right) and all(_alike(one, two, budget) for one, two in zip(left, right, strict=True))
    if isinstance(left, CelMap):
        budget.work(COMPARED * (1 + len(left)))
        return len(left) == len(right) and all(
            right.has(key) and _alike(value, right.find(key), budget) for key, value in left.items()
        )
    if isinstance(left, Present) and isinstance(right, Present):
        return equal(left.value, right.value, budget)
    if isinstance(left, Amount):
        budget.pass_over(digits_of(left))
        return _same_amount(left, right)
    budget.pass_over(bulk_of(left))
    return left.compare(right) == 0 if isinstance(left, Semver) else bool(left == right)


def _same_amount(left: Amount, right: Amount) -> bool:
    if right.computed:
        raise EvaluationError("a quantity cannot be compared with a sum on the right of ==; use compareTo")
    return left.quantity.compare(right.quantity) == 0


def _alike(left: Any, right: Any, budget: Budget) -> bool:
    """Compare what lists or maps hold: as Kubernetes has it, what cannot be compared is alike."""
    try:
        return equal(left, right, budget)
    except BudgetError:
        raise
    except EvaluationError:
        return True


def contains(container: Any, item: Any, budget: Budget) -> bool:
    """Evaluate `in`.

    Raises:
        EvaluationError: The container is neither list nor map.
    """
    if isinstance(container, CelMap):
        return item in container
    if not isinstance(container, list):
        raise EvaluationError(f"{type_of(container).noun} holds nothing; `in` needs a list or map on its right")
    for one in container:
        try:
            if equal(item, one, budget):
                return True
        except BudgetError:
            raise
        except EvaluationError:
            continue
    return False
