"""CEL types, and type inference by unification.

The elements of an empty list have a type that is not known yet: a type variable. The first use that
decides it binds the variable, so that `[] + [1]` is a list of int and `[1] + ["a"]` is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from function.selectors.stage_budget import StageBudget

MAX_TYPE_SIZE: Final = 500
"""How many types a type may consist of; Kubernetes compares them all and takes seconds for ten times as many."""

MAX_TYPE_DEPTH: Final = 150
"""How deep types may nest: deeper than any selector can, unless it binds parts of itself to names."""


TYPE_LIMIT_MESSAGE: Final = "lists and maps are nested in each other too often; nest fewer"


class TypeLimitError(ValueError):
    """A type is larger or nests deeper than types may."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    Attributes:
        name: Its name, as in messages; the name of a type variable begins with a question mark.
        params: The types of a list's elements, or of a map's keys and values.
        size: How many types it consists of; the bindings of variables are not counted.
        depth: How deep they nest.
        variable: Whether it is a type variable.
        concrete: Whether it contains no type variable.
    """

    name: str
    params: tuple[Type, ...] = ()
    size: int = field(init=False, compare=False, repr=False)
    depth: int = field(init=False, compare=False, repr=False)
    variable: bool = field(init=False, compare=False, repr=False)
    concrete: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Measure it.

        Raises:
            TypeLimitError: It is too large or too deep.
        """
        variable = self.name.startswith("?")
        size, depth, concrete = 1, 0, not variable
        for param in self.params:
            size += param.size
            depth = max(depth, param.depth)
            concrete = concrete and param.concrete
        if size > MAX_TYPE_SIZE or depth >= MAX_TYPE_DEPTH:
            raise TypeLimitError(TYPE_LIMIT_MESSAGE)
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "depth", depth + 1)
        object.__setattr__(self, "variable", variable)
        object.__setattr__(self, "concrete", concrete)

    @property
    def noun(self) -> str:
        """The name with its article, for messages."""
        return f"an {self}" if str(self)[0] in "aeio" else f"a {self}"

    @property
    def dynamic(self) -> bool:
        """Whether anything may stand for it."""
        return self.name in ("dyn", "any")

    def __str__(self) -> str:
        return "dyn" if self.variable or self.dynamic else self.name


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


class TypeInference:
    """The substitution that type variables have, as cel-go's checker keeps it."""

    def __init__(self, work: StageBudget) -> None:
        self._work = work
        self._bound: dict[str, Type] = {}
        self._undo_log: list[tuple[str, Type | None]] = []
        self._variable_count = 0
        self._depth = 0

    def new_variable(self) -> Type:
        """Make a type variable."""
        self._variable_count += 1
        return Type(f"?{self._variable_count}")

    def instantiate(self, types: Sequence[Type]) -> list[Type]:
        """Replace the type parameters of a declaration by fresh type variables."""
        variables: dict[str, Type] = {}
        return [self._instantiate(cel_type, variables) for cel_type in types]

    def _instantiate(self, cel_type: Type, variables: dict[str, Type]) -> Type:
        if cel_type.concrete:
            return cel_type
        self._work.step()
        if cel_type.variable:
            if cel_type.name not in variables:
                variables[cel_type.name] = self.new_variable()
            return variables[cel_type.name]
        return Type(cel_type.name, tuple(self._instantiate(param, variables) for param in cel_type.params))

    def substitute(self, cel_type: Type, *, final: bool = False) -> Type:
        """Replace type variables by what they are bound to; when final, unbound ones by dyn."""
        self._work.step()
        while cel_type.variable and cel_type.name in self._bound:
            self._work.step()
            cel_type = self._bound[cel_type.name]
        if cel_type.concrete:
            return cel_type
        if cel_type.variable:
            return DYN if final else cel_type
        self._enter()
        replaced = Type(cel_type.name, tuple(self.substitute(param, final=final) for param in cel_type.params))
        self._depth -= 1
        return replaced

    def are_assignable(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """Tell whether types are assignable to others, and keep the bindings that make them so."""
        if len(given) != len(wanted):
            return False
        self._undo_log.clear()
        if all(map(self._is_assignable, given, wanted)):
            return True
        for name, before in reversed(self._undo_log):
            if before is None:
                del self._bound[name]
            else:
                self._bound[name] = before
        return False

    def join(self, left: Type, right: Type) -> Type | None:
        """Find the more general of two types; None where neither is assignable to the other."""
        if not self.are_assignable([left], [right]):
            return None
        return left if _less_specific(left, right) else right

    def _enter(self) -> None:
        """Descend into the parameters of a type."""
        self._depth += 1
        if self._depth > MAX_TYPE_DEPTH:
            raise TypeLimitError(TYPE_LIMIT_MESSAGE)

    def _is_assignable(self, source: Type, target: Type) -> bool:
        self._work.step()
        if source is target and source.concrete:
            return True
        if target.variable:
            assignable, was_bound = self._bind_variable(source, target)
            if assignable or was_bound:
                return assignable
        if source.variable:
            return self._bind_variable(target, source)[0]
        if source.dynamic or target.dynamic:
            return True
        if "null" in (source.name, target.name):
            nullable = target if source.name == "null" else source
            return nullable.name in _NULLABLE or nullable.name == "null"
        if source.name != target.name or not source.params:
            return source.name == target.name
        self._enter()
        assignable = all(map(self._is_assignable, source.params, target.params))
        self._depth -= 1
        return assignable

    def _bind_variable(self, source: Type, variable: Type) -> tuple[bool, bool]:
        """Bind a type variable; tell whether that is possible, and whether it was bound before."""
        if source == variable:
            return True, True
        bound = self._bound.get(variable.name)
        if bound is not None:
            if source == bound:
                return True, True
            self._enter()
            assignable = self._is_assignable(source, bound)
            self._depth -= 1
            if not assignable:
                return False, True
            general = source if _less_specific(source, bound) else bound
            if not self._occurs(variable, general):
                self._bind(variable, general)
            return True, True
        if self._occurs(variable, source):
            return False, False
        self._bind(variable, source)
        return True, False

    def _bind(self, variable: Type, to: Type) -> None:
        self._undo_log.append((variable.name, self._bound.get(variable.name)))
        self._bound[variable.name] = to

    def _occurs(self, variable: Type, within: Type) -> bool:
        self._work.step()
        if within.concrete:
            return False
        if within == variable:
            return True
        self._enter()
        parts = within.params
        if within.variable:
            bound = self._bound.get(within.name)
            parts = () if bound is None else (bound,)
        occurs = any(self._occurs(variable, part) for part in parts)
        self._depth -= 1
        return occurs


def _less_specific(left: Type, right: Type) -> bool:
    """Tell whether a type is equal to or less specific than another that it is assignable to."""
    if left.dynamic or left.variable:
        return True
    if right.dynamic or right.variable or left.name != right.name:
        return False
    return all(map(_less_specific, left.params, right.params))
