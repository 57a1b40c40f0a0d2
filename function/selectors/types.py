"""Types of the language, and how they are inferred.

An element of an empty list has a type that is not known yet: a variable. Each use that would make
it one binds it, so that `[] + [1]` is a list of int and `[1] + ["a"]` is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from function.selectors.work import Work

LARGEST: Final = 500
"""Types that a type may consist of; Kubernetes, which compares them all, takes seconds for ten times as many."""

DEEPEST: Final = 150
"""How deep types may nest: more than a tree of the deepest selector can, unless names stand for parts of it."""


TOO_MANY: Final = "lists and maps are nested in each other too often; nest fewer"


class TypeLimitError(ValueError):
    """A type is larger or nests deeper than types may."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    Attributes:
        name: Its name, as messages say it; that of a variable begins with a question mark.
        params: The types of what it holds: of a list's elements, of a map's keys and values.
        size: Of how many types it consists, what a variable stands for not counted.
        depth: How deep they nest.
        variable: Whether it is not known yet.
        settled: Whether no variable is in it.
    """

    name: str
    params: tuple[Type, ...] = ()
    size: int = field(init=False, compare=False, repr=False)
    depth: int = field(init=False, compare=False, repr=False)
    variable: bool = field(init=False, compare=False, repr=False)
    settled: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Measure it.

        Raises:
            TypeLimitError: It is too large or too deep.
        """
        variable = self.name.startswith("?")
        size, depth, settled = 1, 0, not variable
        for param in self.params:
            size += param.size
            depth = max(depth, param.depth)
            settled = settled and param.settled
        if size > LARGEST or depth >= DEEPEST:
            raise TypeLimitError(TOO_MANY)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "depth", depth + 1)
        object.__setattr__(self, "variable", variable)
        object.__setattr__(self, "settled", settled)

    @property
    def noun(self) -> str:
        """The name with its article, for messages."""
        return f"an {self}" if str(self)[0] in "aeio" else f"a {self}"

    @property
    def open(self) -> bool:
        """Whether anything may stand for it."""
        return self.name in ("dyn", "any")

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

    def __init__(self, work: Work) -> None:
        self._work = work
        self._bound: dict[str, Type] = {}
        self._changes: list[tuple[str, Type | None]] = []
        self._made = 0
        self._depth = 0

    def fresh(self) -> Type:
        """Make a variable."""
        self._made += 1
        return Type(f"?{self._made}")

    def instantiated(self, types: Sequence[Type]) -> list[Type]:
        """Replace the type parameters of a declaration by variables of its own."""
        fresh: dict[str, Type] = {}
        return [self._instance(one, fresh) for one in types]

    def _instance(self, one: Type, fresh: dict[str, Type]) -> Type:
        if one.settled:
            return one
        self._work.step()
        if one.variable:
            if one.name not in fresh:
                fresh[one.name] = self.fresh()
            return fresh[one.name]
        return Type(one.name, tuple(self._instance(param, fresh) for param in one.params))

    def known(self, one: Type, *, final: bool = False) -> Type:
        """Replace variables by what they are known to be; when final, by dyn where nothing is known."""
        self._work.step()
        while one.variable and one.name in self._bound:
            self._work.step()
            one = self._bound[one.name]
        if one.settled:
            return one
        if one.variable:
            return DYN if final else one
        self._descend()
        found = Type(one.name, tuple(self.known(param, final=final) for param in one.params))
        self._depth -= 1
        return found

    def fits(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """Tell whether types can stand where others are wanted, and bind variables if so."""
        if len(given) != len(wanted):
            return False
        self._changes.clear()
        if all(map(self._fit, given, wanted)):
            return True
        for name, before in reversed(self._changes):
            if before is None:
                del self._bound[name]
            else:
                self._bound[name] = before
        return False

    def joined(self, one: Type, other: Type) -> Type | None:
        """Find the type that elements of both types have in common; None where there is none."""
        if not self.fits([one], [other]):
            return None
        return one if _less_specific(one, other) else other

    def _descend(self) -> None:
        """Look into a type; `_depth` says how many are open."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise TypeLimitError(TOO_MANY)

    def _fit(self, one: Type, other: Type) -> bool:
        self._work.step()
        if one is other and one.settled:
            return True
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
        if one.name != other.name or not one.params:
            return one.name == other.name
        self._descend()
        fits = all(map(self._fit, one.params, other.params))
        self._depth -= 1
        return fits

    def _binds(self, one: Type, variable: Type) -> tuple[bool, bool]:
        """Bind a variable to a type; tell whether that is possible, and whether it was bound before."""
        if one == variable:
            return True, True
        bound = self._bound.get(variable.name)
        if bound is not None:
            if one == bound:
                return True, True
            self._descend()
            fits = self._fit(one, bound)
            self._depth -= 1
            if not fits:
                return False, True
            general = one if _less_specific(one, bound) else bound
            if not self._occurs(variable, general):
                self._bind(variable, general)
            return True, True
        if self._occurs(variable, one):
            return False, False
        self._bind(variable, one)
        return True, False

    def _bind(self, variable: Type, to: Type) -> None:
        self._changes.append((variable.name, self._bound.get(variable.name)))
        self._bound[variable.name] = to

    def _occurs(self, variable: Type, within: Type) -> bool:
        self._work.step()
        if within.settled:
            return False
        if within == variable:
            return True
        self._descend()
        parts = within.params
        if within.variable:
            bound = self._bound.get(within.name)
            parts = () if bound is None else (bound,)
        occurs = any(self._occurs(variable, part) for part in parts)
        self._depth -= 1
        return occurs


def _less_specific(one: Type, other: Type) -> bool:
    """Tell whether a type is at most as specific as another that it fits."""
    if one.open or one.variable:
        return True
    if other.open or other.variable or one.name != other.name:
        return False
    return all(map(_less_specific, one.params, other.params))
