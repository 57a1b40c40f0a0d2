"""Types of the language, and how they are inferred.

An element of an empty list has a type that is not known yet: a variable. Each use that would make
it one binds it, so that `[] + [1]` is a list of int and `[1] + ["a"]` is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    Attributes:
        name: Its name, as messages say it; that of a variable begins with a question mark.
        params: The types of what it holds: of a list's elements, of a map's keys and values.
    """

    name: str
    params: tuple[Type, ...] = ()

    @property
    def noun(self) -> str:
        """The name with its article, for messages."""
        return f"an {self}" if str(self)[0] in "aeio" else f"a {self}"

    @property
    def open(self) -> bool:
        """Whether anything may stand for it."""
        return self.name in ("dyn", "any")

    @property
    def variable(self) -> bool:
        """Whether it is not known yet."""
        return self.name.startswith("?")

    def __str__(self) -> str:
        return "dyn" if self.variable or self.open else self.name


DYN: Final = Type("dyn")
ANY: Final = Type("any")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
NULL: Final = Type("null")
QUANTITY: Final = Type("quantity")
SEMVER: Final = Type("semver")
DEVICE: Final = Type("device")

SCALARS: Final = frozenset({"bool", "int", "uint", "double"})
_NULLABLE: Final = frozenset({"quantity", "semver", "device", "optional", "timestamp", "duration"})


def list_of(element: Type) -> Type:
    """Make the type of a list."""
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """Make the type of a map."""
    return Type("map", (key, value))


def optional_of(value: Type) -> Type:
    """Make the type of a value that may be missing."""
    return Type("optional", (value,))


class Inference:
    """What is known about type variables."""

    def __init__(self) -> None:
        self._bound: dict[str, Type] = {}
        self._made = 0

    def fresh(self) -> Type:
        """Make a variable."""
        self._made += 1
        return Type(f"?{self._made}")

    def instantiated(self, types: Sequence[Type]) -> list[Type]:
        """Replace the type parameters of a declaration by variables of its own."""
        fresh: dict[str, Type] = {}
        return [self._instance(one, fresh) for one in types]

    def _instance(self, one: Type, fresh: dict[str, Type]) -> Type:
        if one.variable:
            return fresh.setdefault(one.name, self.fresh())
        return Type(one.name, tuple(self._instance(param, fresh) for param in one.params)) if one.params else one

    def known(self, one: Type, *, final: bool = False) -> Type:
        """Replace variables by what they are known to be; when final, by dyn where nothing is known."""
        while one.variable and one.name in self._bound:
            one = self._bound[one.name]
        if one.variable:
            return DYN if final else one
        if not one.params:
            return one
        return Type(one.name, tuple(self.known(param, final=final) for param in one.params))

    def fits(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """Tell whether types can stand where others are wanted, and bind variables if so."""
        before = dict(self._bound)
        if len(given) == len(wanted) and all(map(self._fit, given, wanted)):
            return True
        self._bound = before
        return False

    def joined(self, one: Type, other: Type) -> Type | None:
        """Find the type that elements of both types have in common; None where there is none."""
        if not self.fits([one], [other]):
            return None
        return one if _less_specific(one, other) else other

    def _fit(self, one: Type, other: Type) -> bool:
        if other.variable:
            fits, settled = self._binds(one, other)
            if fits or settled:
                return fits
        if one.variable:
            return self._binds(other, one)[0]
        if one.open or other.open:
            return True
        if "null" in (one.name, other.name):
            nullable = other if one.name == "null" else one
            return nullable.name in _NULLABLE or nullable.name == "null"
        return one.name == other.name and all(map(self._fit, one.params, other.params))

    def _binds(self, one: Type, variable: Type) -> tuple[bool, bool]:
        """Bind a variable to a type; tell whether that is possible, and whether it was bound before."""
        if one == variable:
            return True, True
        bound = self._bound.get(variable.name)
        if bound is not None:
            if one == bound:
                return True, True
            if not self._fit(one, bound):
                return False, True
            general = one if _less_specific(one, bound) else bound
            if not self._occurs(variable, general):
                self._bound[variable.name] = general
            return True, True
        if self._occurs(variable, one):
            return False, False
        self._bound[variable.name] = one
        return True, False

    def _occurs(self, variable: Type, within: Type) -> bool:
        if within == variable:
            return True
        if within.variable:
            bound = self._bound.get(within.name)
            return bound is not None and self._occurs(variable, bound)
        return any(self._occurs(variable, param) for param in within.params)


def _less_specific(one: Type, other: Type) -> bool:
    """Tell whether a type is at most as specific as another that it fits."""
    if one.open or one.variable:
        return True
    if other.open or other.variable or one.name != other.name:
        return False
    return all(map(_less_specific, one.params, other.params))
