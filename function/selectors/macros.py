"""Macros: calls that are spelt out while a selector is read.

All that go over a list or map become one kind of loop, which carries a value along from round to
round. Nothing else needs to know them, and what a loop costs and which errors it absorbs follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from function.selectors.ast import CARRIED, Call, Elements, Entries, Literal, Loop, Name, Node, Select


class MacroError(ValueError):
    """A macro cannot be spelt out with these arguments.

    Attributes:
        at: Where it is wrong.
    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


Macro: TypeAlias = Callable[[str, Node, Sequence[Node]], Node]


def has(at: int, argument: Node) -> Node:
    """Spell out `has(x.f)`."""
    if not isinstance(argument, Select):
        raise MacroError('has() needs a field, e.g. has(device.attributes["gpu.example.com"].model)', at)
    return Select(argument.at, argument.operand, argument.name, test=True)


def _variables(name: str, arguments: Sequence[Node]) -> tuple[str, ...]:
    """Read the names of loop variables."""
    for argument in arguments:
        if not isinstance(argument, Name):
            raise MacroError(f"{name}() needs the name of a variable first", argument.at)
        if argument.name == "__result__" or argument.dotted:
            raise MacroError(f"{argument.name[:40]} cannot be the name of a variable", argument.at)
    names = tuple(argument.name for argument in arguments if isinstance(argument, Name))
    if len(set(names)) < len(names):
        raise MacroError(f"the variables of {name}() have the same name", arguments[-1].at)
    return names


def _deciding(count: int, *, absorbing: bool) -> Macro:
    """Spell out what one element decides: all, or exists."""

    def macro(name: str, target: Node, arguments: Sequence[Node]) -> Node:
        at = target.at
        carried = Name(at, CARRIED)
        undecided = Call(at, "!_", [carried]) if absorbing else carried
        return Loop(
            at,
            target,
            _variables(name, arguments[:count]),
            CARRIED,
            start=Literal(at, not absorbing),
            goes_on=Call(at, "@not_strictly_false", [undecided]),
            step=Call(arguments[count].at, "_||_" if absorbing else "_&&_", [Name(at, CARRIED), arguments[count]]),
            result=Name(at, CARRIED),
            what=name,
        )

    return macro


def _counting(count: int) -> Macro:
    """Spell out what exactly one element must be."""

    def macro(name: str, target: Node, arguments: Sequence[Node]) -> Node:
        at = target.at
        more = Call(at, "_+_", [Name(at, CARRIED), Literal(at, 1)])
        return Loop(
            at,
            target,
            _variables(name, arguments[:count]),
            CARRIED,
            start=Literal(at, 0),
            goes_on=Literal(at, value=True),
            step=Call(arguments[count].at, "_?_:_", [arguments[count], more, Name(at, CARRIED)]),
            result=Call(at, "_==_", [Name(at, CARRIED), Literal(at, 1)]),
            what=name,
        )

    return macro


def _collecting(count: int, start: Callable[[int], Node], grown: Callable[[Node, Sequence[Node]], Node]) -> Macro:
    """Spell out what makes a list or map; before the last argument may stand a condition."""

    def macro(name: str, target: Node, arguments: Sequence[Node]) -> Node:
        at = target.at
        names = _variables(name, arguments[:count])
        step = grown(Name(at, CARRIED), arguments)
        if len(arguments) == count + 2:
            condition = arguments[count]
            step = Call(condition.at, "_?_:_", [condition, step, Name(at, CARRIED)])
        return Loop(
            at,
            target,
            names,
            CARRIED,
            start=start(at),
            goes_on=Literal(at, value=True),
            step=step,
            result=Name(at, CARRIED),
            what=name,
        )

    return macro


def _list(at: int) -> Node:
    return Elements(at, [])


def _map(at: int) -> Node:
    return Entries(at, [], [])


def _appended(carried: Node, arguments: Sequence[Node]) -> Node:
    last = arguments[-1]
    return Call(last.at, "_+_", [carried, Elements(last.at, [last])])


def _kept(name: str, target: Node, arguments: Sequence[Node]) -> Node:
    """Spell out filter: a map with a condition, of the element itself."""
    return _collecting(1, _list, _appended)(name, target, [*arguments, arguments[0]])


def _under_its_key(carried: Node, arguments: Sequence[Node]) -> Node:
    return Call(arguments[-1].at, "@insert", [carried, arguments[0], arguments[-1]])


def _merged(carried: Node, arguments: Sequence[Node]) -> Node:
    return Call(arguments[-1].at, "@insert", [carried, arguments[-1]])


def named(name: str, value: Node, arguments: Sequence[Node]) -> Loop:
    """Spell out a variable: a name, and an expression that knows it."""
    variable, body = arguments
    if not isinstance(variable, Name) or variable.dotted:
        raise MacroError(f"{name}() needs the name of a variable first", variable.at)
    return Loop(
        variable.at,
        Elements(variable.at, []),
        ("@unused",),
        variable.name,
        start=value,
        goes_on=Literal(variable.at, value=False),
        step=Name(variable.at, variable.name),
        result=body,
        what=name,
    )


def _bind(_: str, __: Node, arguments: Sequence[Node]) -> Node:
    return named("cel.bind", arguments[1], [arguments[0], arguments[2]])


def _on_optional(name: str, target: Node, arguments: Sequence[Node]) -> Node:
    """Spell out what is done with the value of an optional, if there is one."""
    value = named(name, Call(target.at, "value", [target], method=True), arguments)
    result: Node = value if name == "optFlatMap" else Call(target.at, "optional.of", [value])
    present = Call(target.at, "hasValue", [target], method=True)
    return Call(target.at, "_?_:_", [present, result, Call(target.at, "optional.none", [])])


MACROS: Final[Mapping[tuple[str, int], Macro]] = {
    ("all", 2): _deciding(1, absorbing=False),
    ("all", 3): _deciding(2, absorbing=False),
    ("exists", 2): _deciding(1, absorbing=True),
    ("exists", 3): _deciding(2, absorbing=True),
    ("exists_one", 2): _counting(1),
    **{(name, 3): _counting(2) for name in ("exists_one", "existsOne")},
    ("filter", 2): _kept,
    **{("map", count): _collecting(1, _list, _appended) for count in (2, 3)},
    **{("transformList", count): _collecting(2, _list, _appended) for count in (3, 4)},
    **{("transformMap", count): _collecting(2, _map, _under_its_key) for count in (3, 4)},
    **{("transformMapEntry", count): _collecting(2, _map, _merged) for count in (3, 4)},
    **{(name, 2): _on_optional for name in ("optMap", "optFlatMap")},
}
"""Macros that are called on a value, by name and number of arguments."""

BIND: Final[tuple[str, int, Macro]] = ("bind", 3, _bind)
"""The macro of the namespace `cel`."""

TAKES: Final[Mapping[str, tuple[int, ...]]] = {
    name: tuple(count for other, count in MACROS if other == name) for name, _ in MACROS
}
"""How many arguments each macro takes."""
