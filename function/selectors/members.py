"""Names, fields, calls and macros."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import lark

from function.selectors.builder import Builder, Frame, Node, Rule, Run, Tree, size, subtree, token, unwrap
from function.selectors.library import FUNCTIONS, MACROS, METHODS, UNSUPPORTED, matches
from function.selectors.loops import LOOPS
from function.selectors.operators import applied
from function.selectors.values import (
    BOOL,
    DYN,
    INT,
    NUMBERS,
    QUANTITY,
    STRING,
    CelMap,
    EvaluationError,
    Type,
    type_of,
)

_DEVICE: Final = "device"
_FIELDS: Final[Mapping[str, tuple[Run, Type]]] = {
    "driver": (lambda frame: frame.device.driver, STRING),
    "attributes": (lambda frame: frame.device.attributes, Type("map", Type("map", DYN, STRING), STRING)),
    "capacity": (lambda frame: frame.device.capacity, Type("map", Type("map", QUANTITY, STRING), STRING)),
}
_RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"}
    | {"namespace", "null", "package", "return", "true", "var", "void", "while"},
)


def _ident(builder: Builder, tree: Tree) -> Node:
    name = token(tree.children[0])
    variable = builder.variable(name)
    if variable is not None:
        slot, kind = variable
        return Node(lambda frame: frame.slots[slot], kind)
    if name == _DEVICE:
        raise builder.error(f"device is not a value; read one of its fields: {_listed(_FIELDS)}", name)
    raise builder.error(f"unknown name {str(name)[:40]!r}; the only variable is device", name)


def _dot_ident(builder: Builder, tree: Tree) -> Node:
    raise builder.error("names with a leading dot are not supported", tree)


def _object(builder: Builder, tree: Tree) -> Node:
    raise builder.error("messages cannot be made in a selector", tree)


def _is_device(builder: Builder, tree: Tree) -> bool:
    """Tell whether an expression is the variable `device`."""
    inner = unwrap(tree)
    return inner.data == "ident" and inner.children[0] == _DEVICE and builder.variable(_DEVICE) is None


def _select(builder: Builder, tree: Tree) -> Node:
    name = token(tree.children[1])
    if _is_device(builder, subtree(tree.children[0])):
        if name not in _FIELDS:
            raise builder.error(f"device has no field {str(name)[:40]!r}; it has {_listed(_FIELDS)}", name)
        run, kind = _FIELDS[name]
        return Node(run, kind)
    of = _map_operand(builder, tree)
    key = str(name)
    return Node(lambda frame: _as_map(of.run(frame)).find(key), of.type.element or DYN, size(of))


def _map_operand(builder: Builder, tree: Tree) -> Node:
    """Build what a field is selected from."""
    of = builder.build(subtree(tree.children[0]))
    if of.type.name not in ("map", "dyn"):
        raise builder.error(f"{of.type.noun} has no fields", token(tree.children[1]))
    return of


def _as_map(value: Any) -> CelMap:
    if not isinstance(value, CelMap):
        raise EvaluationError(f"{type_of(value).noun} has no fields")
    return value


def _index(builder: Builder, tree: Tree) -> Node:
    of, at = (builder.build(subtree(child)) for child in tree.children)
    if of.type.name not in ("list", "map", "dyn"):
        raise builder.error(f"{of.type.noun} cannot be indexed", tree)
    wanted = INT if of.type.name == "list" else of.type.key
    if wanted is not None and DYN not in (wanted, at.type) and wanted.name != at.type.name:
        raise builder.error(f"{of.type.noun} here is indexed by {wanted.name}, not by {at.type.name}", tree)

    def run(frame: Frame) -> Any:
        container, key = of.run(frame), at.run(frame)
        if isinstance(container, CelMap):
            return container.find(key)
        if not isinstance(container, list):
            raise EvaluationError(f"{type_of(container).noun} cannot be indexed")
        if type_of(key).name not in NUMBERS or key != int(key) or not 0 <= key < len(container):
            raise EvaluationError(f"no element {key} in a list of {len(container)}")
        return container[int(key)]

    return Node(run, of.type.element or DYN, size(of, at))


def _call(builder: Builder, tree: Tree) -> Node:
    name = token(tree.children[0])
    arguments = _arguments(tree.children[1:])
    if name == "has":
        return _has(builder, tree, arguments)
    nodes = tuple(builder.build(argument) for argument in arguments)
    if name == "dyn" and len(nodes) == 1:
        return Node(nodes[0].run, DYN, size(*nodes))
    if name not in FUNCTIONS:
        raise builder.error(_unknown(name, METHODS, f"call it on a value: x.{name}(...)"), name)
    _check_pattern(builder, tree, name, nodes)
    return applied(builder, tree, str(name), FUNCTIONS[name], nodes)


def _method(builder: Builder, tree: Tree) -> Node:
    name = token(tree.children[1])
    arguments = _arguments(tree.children[2:])
    if name in MACROS:
        return _loop(builder, tree, name, arguments)
    if name not in METHODS:
        raise builder.error(_unknown(name, FUNCTIONS, f"call it by itself: {name}(x)"), name)
    nodes = (builder.build(subtree(tree.children[0])), *(builder.build(argument) for argument in arguments))
    _check_pattern(builder, tree, name, nodes)
    return applied(builder, tree, str(name), METHODS[name], nodes)


def _arguments(children: Sequence[Tree | lark.Token]) -> list[Tree]:
    """List a call's arguments."""
    return [subtree(child) for inner in children for child in subtree(inner).children]


def _unknown(name: str, elsewhere: Mapping[str, Any], advice: str) -> str:
    """Word the error for a function that is not known, or known in another form."""
    if name in elsewhere:
        return f"{name} cannot be called like this; {advice}"
    if name in UNSUPPORTED:
        return f"{name} is not supported here, though Kubernetes knows it"
    return f"unknown function {name[:40]!r}"


def _check_pattern(builder: Builder, tree: Tree, name: str, nodes: Sequence[Node]) -> None:
    """Refuse a regular expression that is written out and wrong."""
    pattern = nodes[-1].constant if name == "matches" and nodes else None
    if pattern is not None:
        try:
            matches("", pattern)
        except EvaluationError as error:
            raise builder.error(str(error), tree) from None


def _has(builder: Builder, tree: Tree, arguments: Sequence[Tree]) -> Node:
    """Build has(x.f): whether x, a map, has the key f."""
    inner = unwrap(arguments[0]) if len(arguments) == 1 else None
    if inner is None or inner.data != "member_dot":
        raise builder.error('has() needs a field, e.g. has(device.attributes["gpu.example.com"].model)', tree)
    if _is_device(builder, subtree(inner.children[0])):
        builder.build(inner)
        return Node(lambda _: True, BOOL)
    of = _map_operand(builder, inner)
    key = str(token(inner.children[1]))
    return Node(lambda frame: _as_map(of.run(frame)).has(key), BOOL, size(of))


def _loop(builder: Builder, tree: Tree, name: str, arguments: Sequence[Tree]) -> Node:
    """Build a macro over a list's elements or a map's keys."""
    if len(arguments) not in MACROS[name]:
        raise builder.error(f"{name}() takes {' or '.join(str(n) for n in MACROS[name])} arguments", tree)
    of = builder.build(subtree(tree.children[0]))
    if of.type.name not in ("list", "map", "dyn"):
        raise builder.error(f"{name}() needs a list or map, not {of.type.noun}", tree)
    variable = unwrap(arguments[0])
    if variable.data != "ident":
        raise builder.error(f"{name}() needs the name of a variable first", arguments[0])
    word = token(variable.children[0])
    if word in _RESERVED:
        raise builder.error(f"{word} cannot be the name of a variable", word)
    kind = (of.type.element if of.type.name == "list" else of.type.key) or DYN
    with builder.binding(str(word), kind) as slot:
        bodies = [builder.build(argument) for argument in arguments[1:]]
    for body in bodies if name != "map" else bodies[:-1]:
        builder.require_bool(body, f"the condition of {name}()", tree)
    inside = size(*bodies)
    run = LOOPS[name]([body.run for body in bodies], slot, inside)
    result = {"map": Type("list", bodies[-1].type), "filter": Type("list", kind)}.get(name, BOOL)
    return Node(lambda frame: run(frame, of.run(frame)), result, inside + of.size)


def _listed(names: Mapping[str, Any] | Sequence[str]) -> str:
    return ", ".join(sorted(set(names)))


RULES: Final[Mapping[str, Rule]] = {
    "ident": _ident,
    "dot_ident": _dot_ident,
    "dot_ident_arg": _dot_ident,
    "ident_arg": _call,
    "member_dot": _select,
    "member_dot_arg": _method,
    "member_index": _index,
    "member_object": _object,
}
