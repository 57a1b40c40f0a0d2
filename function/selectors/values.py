"""Values that a selector computes with, their types, and how they compare.

Strings, booleans, doubles, bytes, null and lists are Python's own; integers are Python's, kept
within 64 bits. Comparison follows Kubernetes: numbers of different types compare by value, and
values of unrelated types are unequal, but a quantity or a version equals nothing else without error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from function.selectors.quantity import Quantity
from function.selectors.semver import Semver


class EvaluationError(Exception):
    """An expression has no value for this device."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type of the language.

    Attributes:
        name: The type's name, as messages say it.
        element: The type of a list's elements or a map's values; None where nothing is known.
        key: The type of a map's keys; None where nothing is known.
    """

    name: str
    element: Type | None = None
    key: Type | None = None

    @property
    def noun(self) -> str:
        """The name with its article, for messages."""
        return f"an {self.name}" if self.name == "int" else f"a {self.name}"


DYN: Final = Type("dyn")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
NULL: Final = Type("null")
LIST: Final = Type("list")
MAP: Final = Type("map")
QUANTITY: Final = Type("quantity")
SEMVER: Final = Type("semver")

NUMBERS: Final = frozenset({"int", "uint", "double"})


class Uint(int):
    """An unsigned integer of 64 bits."""

    __slots__ = ()


class CelMap:
    """A map. Numbers of different types that are equal are one key."""

    __slots__ = ("_default", "_entries")

    def __init__(self, entries: Iterable[tuple[Any, Any]], default: Any = None) -> None:
        """Make a map of keys and values; `default` stands for the value of any other key, if not None."""
        self._entries = {_hashed(key): (key, value) for key, value in entries}
        self._default = default

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._entries.values())

    def __contains__(self, key: Any) -> bool:
        return _hashed(key) in self._entries

    def find(self, key: Any) -> Any:
        """Look up a value.

        Raises:
            EvaluationError: The map has no such key.
        """
        entry = self._entries.get(_hashed(key))
        if entry is not None:
            return entry[1]
        if self._default is None:
            raise EvaluationError(f"no such key: {key}")
        return self._default

    def has(self, key: Any) -> bool:
        """Tell whether `find` has an answer."""
        return self._default is not None or key in self


def _hashed(key: Any) -> tuple[str, Any]:
    name = type_of(key).name
    if name not in KEY_TYPES:
        raise EvaluationError(f"a {name} cannot be the key of a map")
    return ("number" if name in NUMBERS else name, key)


KEY_TYPES: Final = frozenset({"bool", "string", *NUMBERS})

_TYPES: Final[dict[type, Type]] = {
    bool: BOOL,
    int: INT,
    Uint: UINT,
    float: DOUBLE,
    str: STRING,
    bytes: BYTES,
    type(None): NULL,
    list: LIST,
    CelMap: MAP,
    Quantity: QUANTITY,
    Semver: SEMVER,
}


def type_of(value: Any) -> Type:
    """Tell the type of a value; what a list or map holds is not looked at."""
    return _TYPES[type(value)]


class Budget:
    """Steps that one evaluation may take."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Count steps.

        Raises:
            EvaluationError: There are not as many left.
        """
        self.left -= steps
        if self.left < 0:
            raise EvaluationError("the expression takes too many steps; loop over less")


def equal(left: Any, right: Any, budget: Budget) -> bool:
    """Compare with `==`.

    Raises:
        EvaluationError: A quantity or version stands left of something of another type.
    """
    budget.spend(1)
    mine, theirs = type_of(left).name, type_of(right).name
    if mine in NUMBERS and theirs in NUMBERS:
        return bool(left == right)
    if mine != theirs:
        if mine in ("quantity", "semver") and theirs != "null":
            raise EvaluationError(f"a {mine} cannot be compared with a {theirs}")
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(equal(one, two, budget) for one, two in zip(left, right, strict=True))
    if isinstance(left, CelMap):
        return len(left) == len(right) and all(
            key in right and equal(left.find(key), right.find(key), budget) for key in left
        )
    if isinstance(left, Semver):
        return left.compare(right) == 0
    return bool(left == right)


def contains(container: Any, item: Any, budget: Budget) -> bool:
    """Evaluate `in`.

    Raises:
        EvaluationError: The container is neither list nor map, or no key can be like the item.
    """
    if isinstance(container, CelMap):
        return item in container
    if not isinstance(container, list):
        raise EvaluationError(f"{type_of(container).noun} holds nothing; `in` needs a list or map on its right")
    for one in container:
        try:
            if equal(item, one, budget):
                return True
        except EvaluationError:
            if budget.left < 0:
                raise
    return False


ORDERED: Final = frozenset({"bool", "string", "bytes", *NUMBERS})
"""Types that `<` and its like are defined on."""


def comparable(left: Type, right: Type) -> bool:
    """Tell whether values of these types have an order; one that is not known may have."""
    if left is DYN or right is DYN:
        return {left.name, right.name} <= ORDERED | {"dyn"}
    return left.name in ORDERED and (left.name == right.name or {left.name, right.name} <= NUMBERS)
