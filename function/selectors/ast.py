"""A selector as a tree, in which macros are spelt out as loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from function.selectors.types import DYN, Type


@dataclass(eq=False, slots=True)
class Node:
    """A part of a selector.

    Attributes:
        at: Where it is in the text.
        type: The type of its value, once that is inferred.
    """

    at: int
    type: Type = field(init=False, default=DYN)


@dataclass(eq=False, slots=True)
class Literal(Node):
    """A value that is written out."""

    value: Any


@dataclass(eq=False, slots=True)
class Name(Node):
    """The variable of a name, and whether the name begins with a dot."""

    name: str
    dotted: bool = False


@dataclass(eq=False, slots=True)
class Select(Node):
    """A field, or only whether there is one."""

    operand: Node
    name: str
    test: bool = False


@dataclass(eq=False, slots=True)
class Call(Node):
    """A function with its arguments; a method's first argument is its object.

    Attributes:
        candidates: The overloads that may be meant, once they are resolved.
    """

    function: str
    arguments: list[Node]
    method: bool = False
    candidates: tuple[Any, ...] = field(init=False, default=())


@dataclass(eq=False, slots=True)
class Elements(Node):
    """A list, and which of its elements are optional."""

    elements: list[Node]
    optional: frozenset[int] = frozenset()


@dataclass(eq=False, slots=True)
class Entries(Node):
    """A map, and which of its entries are optional."""

    keys: list[Node]
    values: list[Node]
    optional: frozenset[int] = frozenset()


@dataclass(eq=False, slots=True)
class Loop(Node):
    """Goes over a list or map, and carries a value along.

    Attributes:
        over: The list or map.
        variables: One name, for elements or keys; or two, for indices or keys and for values.
        carried: The name of the value that is carried along.
        start: That value before the first round; evaluated when it is first read.
        goes_on: Whether to make a round.
        step: That value after a round.
        result: The value of the loop.
        what: The macro that it is, for messages.
    """

    over: Node
    variables: tuple[str, ...]
    carried: str
    start: Node
    goes_on: Node
    step: Node
    result: Node
    what: str

    @property
    def binds(self) -> bool:
        """Whether it makes no round, and only names a value."""
        return self.carried != CARRIED


CARRIED = "@result"
"""The name of what loops carry along; no selector can write it."""

AnyNode: TypeAlias = Literal | Name | Select | Call | Elements | Entries | Loop


def children(node: Node) -> tuple[Node, ...]:
    """List the parts that a part has."""
    match node:
        case Select(operand=operand):
            return (operand,)
        case Call(arguments=arguments):
            return tuple(arguments)
        case Elements(elements=elements):
            return tuple(elements)
        case Entries(keys=keys, values=values):
            return (*keys, *values)
        case Loop(over=over, start=start, goes_on=goes_on, step=step, result=result):
            return (over, start, goes_on, step, result)
        case _:
            return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Go over all parts, with how deep each is."""
    rest = [(node, 1)]
    while rest:
        part, depth = rest.pop()
        yield part, depth
        rest.extend((child, depth + 1) for child in reversed(children(part)))
