"""The abstract syntax tree of a selector, with macros expanded to comprehensions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from function.selectors.types import DYN, Type


@dataclass(eq=False, slots=True)
class Expr:
    """An expression.

    Attributes:
        offset: Where it begins in the text.
        type: Its type, once inferred.
    """

    offset: int
    type: Type = field(init=False, default=DYN)


@dataclass(eq=False, slots=True)
class Literal(Expr):
    """A literal."""

    value: Any


@dataclass(eq=False, slots=True)
class Ident(Expr):
    """An identifier, and whether it begins with a dot."""

    name: str
    dotted: bool = False


@dataclass(eq=False, slots=True)
class Select(Expr):
    """A field selection, or only a test for the presence of the field."""

    operand: Expr
    name: str
    test: bool = False


@dataclass(eq=False, slots=True)
class Call(Expr):
    """A call; a member function's target is its first argument.

    Attributes:
        candidates: The overloads that may apply, once resolved.
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
    """Iterates over a list or map, and folds it into an accumulator.

    Attributes:
        iter_range: What it iterates over: a list or map.
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
        """Whether it never iterates, and only binds a value to a name (`cel.bind`)."""
        return self.accu_var != ACCUMULATOR


ACCUMULATOR = "@result"
"""The name of the accumulator; no selector can write it."""


def children(expr: Expr) -> tuple[Expr, ...]:
    """List the direct subexpressions of an expression."""
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
    """Walk over all subexpressions in order, each with its depth."""
    rest = [(expr, 1)]
    while rest:
        part, depth = rest.pop()
        yield part, depth
        rest.extend((child, depth + 1) for child in reversed(children(part)))
