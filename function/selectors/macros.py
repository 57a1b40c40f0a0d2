"""Macros: calls that the parser expands.

All that go over a list or map become one kind of loop, which carries a value along from round to
round. Nothing else needs to know them, and what a loop costs and which errors it absorbs follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from function.selectors.ast import ACCUMULATOR, Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select


class MacroError(ValueError):
    """A macro cannot be expanded with these arguments.

    Attributes:
        offset: Where it is wrong.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


Macro: TypeAlias = Callable[[str, Expr, Sequence[Expr]], Expr]


def has(offset: int, argument: Expr) -> Expr:
    """Expand `has(x.f)`."""
    if not isinstance(argument, Select):
        raise MacroError('has() needs a field, e.g. has(device.attributes["gpu.example.com"].model)', offset)
    return Select(argument.offset, argument.operand, argument.name, test=True)


def _variables(name: str, arguments: Sequence[Expr]) -> tuple[str, ...]:
    """Read the names of iteration variables."""
    for argument in arguments:
        if not isinstance(argument, Ident):
            raise MacroError(f"{name}() needs the name of a variable first", argument.offset)
        if argument.name == "__result__" or argument.dotted:
            raise MacroError(f"{argument.name[:40]} cannot be the name of a variable", argument.offset)
    names = tuple(argument.name for argument in arguments if isinstance(argument, Ident))
    if len(set(names)) < len(names):
        raise MacroError(f"the variables of {name}() have the same name", arguments[-1].offset)
    return names


def _quantifier(count: int, *, exists: bool) -> Macro:
    """Make the expander of a quantifier: all or exists."""

    def macro(name: str, target: Expr, arguments: Sequence[Expr]) -> Expr:
        offset = target.offset
        accumulator = Ident(offset, ACCUMULATOR)
        undecided = Call(offset, "!_", [accumulator]) if exists else accumulator
        return Comprehension(
            offset,
            target,
            _variables(name, arguments[:count]),
            ACCUMULATOR,
            accu_init=Literal(offset, not exists),
            loop_condition=Call(offset, "@not_strictly_false", [undecided]),
            loop_step=Call(
                arguments[count].offset, "_||_" if exists else "_&&_", [Ident(offset, ACCUMULATOR), arguments[count]]
            ),
            result=Ident(offset, ACCUMULATOR),
            macro=name,
        )

    return macro


def _exists_one(count: int) -> Macro:
    """Make the expander of exists_one."""

    def macro(name: str, target: Expr, arguments: Sequence[Expr]) -> Expr:
        offset = target.offset
        more = Call(offset, "_+_", [Ident(offset, ACCUMULATOR), Literal(offset, 1)])
        return Comprehension(
            offset,
            target,
            _variables(name, arguments[:count]),
            ACCUMULATOR,
            accu_init=Literal(offset, 0),
            loop_condition=Literal(offset, value=True),
            loop_step=Call(arguments[count].offset, "_?_:_", [arguments[count], more, Ident(offset, ACCUMULATOR)]),
            result=Call(offset, "_==_", [Ident(offset, ACCUMULATOR), Literal(offset, 1)]),
            macro=name,
        )

    return macro


def _collection(count: int, start: Callable[[int], Expr], grow: Callable[[Expr, Sequence[Expr]], Expr]) -> Macro:
    """Make the expander of a macro that builds a list or map; a filter may precede its last argument."""

    def macro(name: str, target: Expr, arguments: Sequence[Expr]) -> Expr:
        offset = target.offset
        names = _variables(name, arguments[:count])
        step = grow(Ident(offset, ACCUMULATOR), arguments)
        if len(arguments) == count + 2:
            condition = arguments[count]
            step = Call(condition.offset, "_?_:_", [condition, step, Ident(offset, ACCUMULATOR)])
        return Comprehension(
            offset,
            target,
            names,
            ACCUMULATOR,
            accu_init=start(offset),
            loop_condition=Literal(offset, value=True),
            loop_step=step,
            result=Ident(offset, ACCUMULATOR),
            macro=name,
        )

    return macro


def _list(offset: int) -> Expr:
    return ListExpr(offset, [])


def _map(offset: int) -> Expr:
    return MapExpr(offset, [], [])


def _append(accumulator: Expr, arguments: Sequence[Expr]) -> Expr:
    last = arguments[-1]
    return Call(last.offset, "_+_", [accumulator, ListExpr(last.offset, [last])])


def _filter(name: str, target: Expr, arguments: Sequence[Expr]) -> Expr:
    """Expand filter: a map of the elements themselves with a condition."""
    return _collection(1, _list, _append)(name, target, [*arguments, arguments[0]])


def _insert_entry(accumulator: Expr, arguments: Sequence[Expr]) -> Expr:
    return Call(arguments[-1].offset, "@insert", [accumulator, arguments[0], arguments[-1]])


def _insert_map(accumulator: Expr, arguments: Sequence[Expr]) -> Expr:
    return Call(arguments[-1].offset, "@insert", [accumulator, arguments[-1]])


def bind(name: str, value: Expr, arguments: Sequence[Expr]) -> Comprehension:
    """Expand a binding: a name, and an expression in which it is known."""
    variable, body = arguments
    if not isinstance(variable, Ident) or variable.dotted:
        raise MacroError(f"{name}() needs the name of a variable first", variable.offset)
    return Comprehension(
        variable.offset,
        ListExpr(variable.offset, []),
        ("@unused",),
        variable.name,
        accu_init=value,
        loop_condition=Literal(variable.offset, value=False),
        loop_step=Ident(variable.offset, variable.name),
        result=body,
        macro=name,
    )


def _cel_bind(_: str, __: Expr, arguments: Sequence[Expr]) -> Expr:
    return bind("cel.bind", arguments[1], [arguments[0], arguments[2]])


def _optional_map(name: str, target: Expr, arguments: Sequence[Expr]) -> Expr:
    """Expand optMap and optFlatMap, which evaluate an expression on the value of an optional, if there is one."""
    value = bind(name, Call(target.offset, "value", [target], method=True), arguments)
    result: Expr = value if name == "optFlatMap" else Call(target.offset, "optional.of", [value])
    present = Call(target.offset, "hasValue", [target], method=True)
    return Call(target.offset, "_?_:_", [present, result, Call(target.offset, "optional.none", [])])


MACROS: Final[Mapping[tuple[str, int], Macro]] = {
    ("all", 2): _quantifier(1, exists=False),
    ("all", 3): _quantifier(2, exists=False),
    ("exists", 2): _quantifier(1, exists=True),
    ("exists", 3): _quantifier(2, exists=True),
    ("exists_one", 2): _exists_one(1),
    **{(name, 3): _exists_one(2) for name in ("exists_one", "existsOne")},
    ("filter", 2): _filter,
    **{("map", count): _collection(1, _list, _append) for count in (2, 3)},
    **{("transformList", count): _collection(2, _list, _append) for count in (3, 4)},
    **{("transformMap", count): _collection(2, _map, _insert_entry) for count in (3, 4)},
    **{("transformMapEntry", count): _collection(2, _map, _insert_map) for count in (3, 4)},
    **{(name, 2): _optional_map for name in ("optMap", "optFlatMap")},
}
"""Receiver-style macros, by name and number of arguments."""

BIND: Final[tuple[str, int, Macro]] = ("bind", 3, _cel_bind)
"""The macro of the namespace `cel`."""

ARITIES: Final[Mapping[str, tuple[int, ...]]] = {
    name: tuple(count for other, count in MACROS if other == name) for name, _ in MACROS
}
"""The numbers of arguments that each macro takes."""
