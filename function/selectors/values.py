"""Runtime values, how they compare, and the budget of an evaluation.

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
from function.selectors.quantity_value import QuantityValue
from function.selectors.semver import Semver
from function.selectors.types import BOOL, BYTES, DOUBLE, INT, NULL, QUANTITY, SEMVER, STRING, UINT, Type

NO_SUCH_KEY: Final = "no such key: "
"""What the error of a map that lacks a key begins with; the key follows."""


class EvaluationError(Exception):
    """The evaluation of an expression failed for this device."""

    def __init__(self, message: str) -> None:
        super().__init__(cut(message))


class BudgetError(EvaluationError):
    """An evaluation exceeds its budget. Unlike other errors, no operator or macro absorbs it."""


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

    __slots__ = ("_computed", "_default", "_entries")

    def __init__(self, entries: Iterable[tuple[Any, Any]], default: Any = None, *, computed: bool = True) -> None:
        """Make a map.

        Args:
            entries: Keys and values; of equal keys, the last counts.
            default: The value of any other key, if not None.
            computed: Whether a selector makes it, rather than a device having it.
        """
        self._entries: dict[tuple[str, Any], tuple[Any, Any]] = {}
        self._default = default
        self._computed = computed
        for key, value in entries:
            self.put(key, value)

    def put(self, key: Any, value: Any) -> None:
        """Set the value of a key.

        Raises:
            EvaluationError: It can be no key.
        """
        check_lookup_key(key)
        self._entries[_hash_key(key)] = (key, value)

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
            raise EvaluationError(f"{NO_SUCH_KEY}{shown(key)}")
        return self._default

    def has(self, key: Any) -> bool:
        """Tell whether `find` has an answer."""
        return self._default is not None or key in self

    def bare(self) -> CelMap:
        """Make a map without values for other keys."""
        return self if self._default is None else CelMap(self.items(), computed=self._computed)

    def _entry(self, key: Any) -> tuple[Any, Any] | None:
        if self._computed and self._entries:
            check_lookup_key(key)
        return self._entries.get(_hash_key(key))


def check_lookup_key(value: Any) -> None:
    """Refuse keys that Kubernetes cannot look up.

    Raises:
        EvaluationError: It is a version or bytes.
    """
    if isinstance(value, Semver | bytes):
        raise EvaluationError(f"{type_of(value).noun} cannot be looked for here")


def _hash_key(key: Any) -> tuple[str, Any]:
    """Make a dictionary key of a value; lists, maps and the like equal only themselves."""
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
    QuantityValue: QUANTITY,
    Semver: SEMVER,
    Present: Type("optional"),
    Missing: Type("optional"),
}


def type_of(value: Any) -> Type:
    """Tell the type of a value, without type parameters."""
    return _TYPES[type(value)]


def size_of(value: Any) -> int:
    """Tell the size of a value as costs count it; 1 for a value without a size."""
    if isinstance(value, str | bytes | list | CelMap):
        return len(value)
    return size_of(value.value) if isinstance(value, Present) else 1


def digit_count(value: Any) -> int:
    """Bound the number of digits of a quantity or integer, written out to a billionth."""
    if not isinstance(value, QuantityValue):
        return _INTEGER_DIGITS
    quantity = value.quantity
    return quantity.unscaled.bit_length() * 30103 // 100000 + quantity.scale + _NANO_DIGITS + 1


def traversal_size_of(value: Any) -> int:
    """Tell how much a traversal of a value visits, without what its elements hold."""
    measure = _TRAVERSAL_SIZES.get(type(value))
    return measure(value) if measure else 1


_TRAVERSAL_SIZES: Final[Mapping[type, Callable[[Any], int]]] = {
    str: len,
    bytes: len,
    list: len,
    CelMap: len,
    QuantityValue: digit_count,
    Semver: lambda version: len(version.prerelease),
    Present: lambda optional: traversal_size_of(optional.value),
}


def shown(value: Any) -> str:
    """Write a key or place for a message, cut to what a person would read."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_SHOWN else f"{value[: _MAX_SHOWN - 1]}…"
    return str(value) if isinstance(value, int | float | None) else type_of(value).noun


_INTEGER_DIGITS: Final = 20 + 9
_NANO_DIGITS: Final = 9
_MAX_SHOWN: Final = 60
_CHECK_INTERVAL: Final = 1_000
"""Cost units, or steps, between two checks of the call's deadline."""

RUNTIME_COST_LIMIT: Final = 250_000
"""The most that an evaluation may cost in fact, in CEL cost units: a quarter of what its estimate may be."""

STEP_LIMIT: Final = 1_000_000
"""The most steps that Kubernetes does not charge for; each takes some tenths of a microsecond."""

SIZE_PER_STEP: Final = 10
"""Characters, elements or digits that are traversed in one step."""

STEPS_PER_COMPARISON: Final = 10
"""Steps to compare two elements or entries."""

MAX_SIZE: Final = 2**18
"""Characters, bytes, elements, entries or digits of the largest value.

All that a device can have are 32 attributes and capacities, with names of 96 and texts of 64 characters:
5,120 characters. This is fifty times as much.
"""

MAX_TOTAL_BYTES: Final = 2**23
"""The most that all values made by one evaluation may take together, in bytes, roughly."""

_STEPS_MESSAGE: Final = "the expression takes too many steps; loop over less"
_SIZE_MESSAGE: Final = f"the expression makes a value larger than {MAX_SIZE:,} characters or elements; make less"
_ALLOCATION_MESSAGE: Final = (
    f"the expression makes more than {MAX_TOTAL_BYTES:,} bytes of values; make less, or loop over less"
)


class EvaluationBudget:
    """Bounds what one evaluation costs, how many steps it takes and how much it allocates."""

    __slots__ = ("_next_cost_check", "_next_step_check", "allocated_bytes", "cost", "cost_limit", "steps")

    def __init__(self, cost_limit: int) -> None:
        self.cost_limit = cost_limit
        self.cost = 0
        self.steps = 0
        self.allocated_bytes = 0
        self._next_cost_check = min(cost_limit, _CHECK_INTERVAL)
        self._next_step_check = min(STEP_LIMIT, SIZE_PER_STEP * _CHECK_INTERVAL)

    def charge(self, cost: int) -> None:
        """Charge CEL cost units, as Kubernetes counts them.

        Raises:
            BudgetError: The limit is exceeded.
            CallEndedError: The call was cancelled or its deadline has passed.
        """
        self.cost += cost
        if self.cost > self._next_cost_check:
            if self.cost > self.cost_limit:
                raise BudgetError(_STEPS_MESSAGE)
            deadline.check()
            self._next_cost_check = min(self.cost_limit, self.cost + _CHECK_INTERVAL)

    def count_steps(self, count: int) -> None:
        """Count steps that Kubernetes does not charge for, such as comparing the elements of lists.

        Raises:
            BudgetError: The limit is exceeded.
            CallEndedError: The call was cancelled or its deadline has passed.
        """
        self.steps += count
        if self.steps > self._next_step_check:
            if self.steps > STEP_LIMIT:
                raise BudgetError(_STEPS_MESSAGE)
            deadline.check()
            self._next_step_check = min(STEP_LIMIT, self.steps + SIZE_PER_STEP * _CHECK_INTERVAL)

    def charge_traversal(self, size: int) -> None:
        """Count the steps of traversing a value of a size.

        Raises:
            BudgetError: The limit is exceeded.
        """
        self.count_steps(size // SIZE_PER_STEP)

    def allocate(self, size: int, bytes_per_unit: int) -> None:
        """Account for a value before it is made: its size, and the bytes that each character or element counts for.

        Raises:
            BudgetError: The value is too large, or the evaluation has made too much.
        """
        self.allocated_bytes += size * bytes_per_unit
        if size > MAX_SIZE:
            raise BudgetError(_SIZE_MESSAGE)
        if self.allocated_bytes > MAX_TOTAL_BYTES:
            raise BudgetError(_ALLOCATION_MESSAGE)


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


def equal(left: Any, right: Any, budget: EvaluationBudget) -> bool:
    """Compare with `==`.

    Raises:
        EvaluationError: A quantity or version stands left of something of another type.
    """
    if left is None or right is None:
        return left is right
    left_type, right_type = type_of(left).name, type_of(right).name
    if left_type in NUMBERS and right_type in NUMBERS:
        return not (math.isnan(left) or math.isnan(right)) and order(left, right) == 0
    if left_type != right_type:
        if left_type in ("quantity", "semver"):
            raise EvaluationError(f"{type_of(left).noun} cannot be compared with {type_of(right).noun}")
        return False
    if isinstance(left, list):
        budget.count_steps(STEPS_PER_COMPARISON * (1 + len(left)))
        return len(left) == len(right) and all(
            _equal_or_incomparable(element, two, budget) for element, two in zip(left, right, strict=True)
        )
    if isinstance(left, CelMap):
        budget.count_steps(STEPS_PER_COMPARISON * (1 + len(left)))
        return len(left) == len(right) and all(
            right.has(key) and _equal_or_incomparable(value, right.find(key), budget) for key, value in left.items()
        )
    if isinstance(left, Present) and isinstance(right, Present):
        return equal(left.value, right.value, budget)
    if isinstance(left, QuantityValue):
        budget.charge_traversal(digit_count(left))
        return _equal_quantities(left, right)
    budget.charge_traversal(traversal_size_of(left))
    return left.compare(right) == 0 if isinstance(left, Semver) else bool(left == right)


def _equal_quantities(left: QuantityValue, right: QuantityValue) -> bool:
    if right.computed:
        raise EvaluationError("a quantity cannot be compared with a sum on the right of ==; use compareTo")
    return left.quantity.compare(right.quantity) == 0


def _equal_or_incomparable(left: Any, right: Any, budget: EvaluationBudget) -> bool:
    """Compare elements or entries: in Kubernetes, values that cannot be compared count as equal here."""
    try:
        return equal(left, right, budget)
    except BudgetError:
        raise
    except EvaluationError:
        return True


def contains(container: Any, item: Any, budget: EvaluationBudget) -> bool:
    """Evaluate `in`.

    Raises:
        EvaluationError: The container is neither list nor map.
    """
    if isinstance(container, CelMap):
        return item in container
    if not isinstance(container, list):
        raise EvaluationError(f"{type_of(container).noun} holds nothing; `in` needs a list or map on its right")
    for element in container:
        try:
            if equal(item, element, budget):
                return True
        except BudgetError:
            raise
        except EvaluationError:
            continue
    return False
