"""A selector as a tree, in which macros are spelt out as loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from function.selectors.types import DYN, Type


@dataclass(eq=False, slots=True)
class Expr:
    """A part of a selector.

    Attributes:
        at: Where it is in the text.
        type: The type of its value, once that is inferred.
    """

    offset: int
    type: Type = field(init=False, default=DYN)


@dataclass(eq=False, slots=True)
class Literal(Expr):
    """A value that is written out."""

    value: Any


@dataclass(eq=False, slots=True)
class Ident(Expr):
    """The variable of a name, and whether the name begins with a dot."""

    name: str
    dotted: bool = False


@dataclass(eq=False, slots=True)
class Select(Expr):
    """A field, or only whether there is one."""

    operand: Expr
    name: str
    test: bool = False


@dataclass(eq=False, slots=True)
class Call(Expr):
    """A function with its arguments; a method's first argument is its object.

    Attributes:
        candidates: The overloads that may be meant, once they are resolved.
    """

    function: str
    arguments: list[Expr]
    method: bool = False
    candidates: tuple[Any, ...] = field(init=False, default=())


@dataclass(eq=False, slots=True)
class ListExpr(Expr):
    """A list, and which of its elements are optional."""

    elements: list[Expr]
    optional: frozenset[int] = frozenset()


@dataclass(eq=False, slots=True)
class MapExpr(Expr):
    """A map, and which of its entries are optional."""

    keys: list[Expr]
    values: list[Expr]
    optional: frozenset[int] = frozenset()


@dataclass(eq=False, slots=True)
class Comprehension(Expr):
    """Goes over a list or map, and carries a value along.

    Attributes:
        iter_range: The list or map.
        iter_vars: One name, for elements or keys; or two, for indices or keys and for values.
        accu_var: The name of the accumulator.
        accu_init: Its value before the first iteration; evaluated when it is first read.
        loop_condition: Whether to make another iteration.
        loop_step: The value of the accumulator after an iteration.
        result: The value of the comprehension.
        macro: The macro that it was expanded from, for messages.
    """

    iter_range: Expr
    iter_vars: tuple[str, ...]
    accu_var: str
    accu_init: Expr
    loop_condition: Expr
    loop_step: Expr
    result: Expr
    macro: str

    @property
    def is_bind(self) -> bool:
        """Whether it makes no round, and only names a value."""
        return self.accu_var != ACCUMULATOR


ACCUMULATOR = "@result"
"""The name of what loops carry along; no selector can write it."""

AnyExpr: TypeAlias = Literal | Ident | Select | Call | ListExpr | MapExpr | Comprehension


def children(expr: Expr) -> tuple[Expr, ...]:
    """List the parts that a part has."""
    match expr:
        case Select(operand=operand):
            return (operand,)
        case Call(arguments=arguments):
            return tuple(arguments)
        case ListExpr(elements=elements):
            return tuple(elements)
        case MapExpr(keys=keys, values=values):
            return (*keys, *values)
        case Comprehension():
            return (expr.iter_range, expr.accu_init, expr.loop_condition, expr.loop_step, expr.result)
        case _:
            return ()


def walk(expr: Expr) -> Iterator[tuple[Expr, int]]:
    """Go over all parts, with how deep each is."""
    rest = [(expr, 1)]
    while rest:
        part, depth = rest.pop()
        yield part, depth
        rest.extend((child, depth + 1) for child in reversed(children(part)))
