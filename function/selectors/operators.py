"""Operators and literals."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from function.selectors.builder import Builder, Frame, Node, Rule, Run, Tree, settle, size, subtree, token
from function.selectors.library import OPERATORS, Overload, call, int64, uint64
from function.selectors.values import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    KEY_TYPES,
    NULL,
    STRING,
    UINT,
    CelMap,
    EvaluationError,
    Type,
    comparable,
    contains,
    equal,
    type_of,
)

_ORDERS: Final[Mapping[str, tuple[str, Callable[[Any, Any], Any]]]] = {
    "relation_lt": ("<", operator.lt),
    "relation_le": ("<=", operator.le),
    "relation_gt": (">", operator.gt),
    "relation_ge": (">=", operator.ge),
}
_SIGNS: Final = {
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}
_INTEGER: Final = re.compile(r"(?P<sign>-?)(?:0x(?P<hex>[0-9a-fA-F]+)|(?P<decimal>[0-9]+))")
_DOUBLE: Final = re.compile(r"-?(?:[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)")
_DIGITS: Final = 20
"""More digits than a number of 64 bits has."""


def _conditional(builder: Builder, tree: Tree) -> Node:
    condition, yes, no = (builder.build(subtree(child)) for child in tree.children)
    builder.require_bool(condition, "the condition of ?:", tree)
    if DYN not in (yes.type, no.type) and yes.type.name != no.type.name:
        raise builder.error(f"?: results in {yes.type.noun} or {no.type.noun}; they must be alike", tree)

    def run(frame: Frame) -> Any:
        chosen = condition.run(frame)
        if type(chosen) is not bool:
            raise EvaluationError(f"the condition of ?: is {type_of(chosen).noun}, not a bool")
        return yes.run(frame) if chosen else no.run(frame)

    return Node(run, yes.type if yes.type == no.type else DYN, size(condition, yes, no))


def _logical(builder: Builder, tree: Tree) -> Node:
    """Build a whole chain of && or || as one node."""
    rule = tree.data
    absorbing = rule == "conditionalor"
    operands: list[Tree] = []
    rest = tree
    while rest.data == rule and len(rest.children) > 1:
        operands.append(subtree(rest.children[1]))
        rest = subtree(rest.children[0])
    nodes = [builder.build(operand) for operand in (rest, *reversed(operands))]
    for node in nodes:
        builder.require_bool(node, f"an operand of {'||' if absorbing else '&&'}", tree)
    runs = tuple(node.run for node in nodes)
    return Node(lambda frame: settle(frame, iter(runs), absorbing=absorbing), BOOL, size(*nodes))


def _relation(builder: Builder, tree: Tree) -> Node:
    operation = subtree(tree.children[0])
    left = builder.build(subtree(operation.children[0]))
    right = builder.build(subtree(tree.children[1]))
    sides = (left.run, right.run)
    whole = size(left, right)
    if operation.data == "relation_in":
        return _membership(builder, tree, left, right)
    if operation.data in _ORDERS:
        sign, compare = _ORDERS[str(operation.data)]
        if not comparable(left.type, right.type):
            raise builder.error(f"{sign} is not defined for ({left.type.name}, {right.type.name})", tree)
        return Node(_ordering(sign, compare, *sides), BOOL, whole)
    if not _may_equal(left.type, right.type):
        raise builder.error(f"{left.type.noun} cannot equal {right.type.noun}", tree)
    if operation.data == "relation_ne":
        return Node(_inequality(*sides), BOOL, whole)
    return Node(lambda frame: equal(sides[0](frame), sides[1](frame), frame.budget), BOOL, whole)


def _may_equal(left: Type, right: Type) -> bool:
    """Tell whether `==` is defined: on values of one type, and on null with a quantity or version."""
    names = {left.name, right.name}
    return "dyn" in names or len(names) == 1 or ("null" in names and bool(names & {"quantity", "semver"}))


def _ordering(sign: str, compare: Callable[[Any, Any], Any], left: Run, right: Run) -> Run:
    def run(frame: Frame) -> bool:
        one, two = left(frame), right(frame)
        if not comparable(type_of(one), type_of(two)):
            raise EvaluationError(f"{sign} is not defined for ({type_of(one).name}, {type_of(two).name})")
        return bool(compare(one, two))

    return run


def _inequality(left: Run, right: Run) -> Run:
    """Build `!=`, which is true of values that cannot be compared."""

    def run(frame: Frame) -> bool:
        one, two = left(frame), right(frame)
        try:
            return not equal(one, two, frame.budget)
        except EvaluationError:
            if frame.budget.left < 0:
                raise
            return True

    return run


def _membership(builder: Builder, tree: Tree, item: Node, container: Node) -> Node:
    if container.type.name not in ("list", "map", "dyn"):
        raise builder.error(f"`in` needs a list or map on its right, not {container.type.noun}", tree)
    known = container.type.element if container.type.name == "list" else container.type.key
    if known is not None and not _may_equal(item.type, known):
        raise builder.error(f"{item.type.noun} cannot be in {container.type.noun} of {known.name}", tree)
    return Node(
        lambda frame: contains(container.run(frame), item.run(frame), frame.budget),
        BOOL,
        size(item, container),
    )


def _arithmetic(builder: Builder, tree: Tree) -> Node:
    operation = subtree(tree.children[0])
    left = builder.build(subtree(operation.children[0]))
    right = builder.build(subtree(tree.children[1]))
    return applied(builder, tree, _SIGNS[str(operation.data)], OPERATORS[_SIGNS[str(operation.data)]], (left, right))


def _unary(builder: Builder, tree: Tree) -> Node:
    operation, operand = subtree(tree.children[0]), builder.build(subtree(tree.children[1]))
    if operation.data == "unary_neg":
        return applied(builder, tree, "-", OPERATORS["negate"], (operand,))
    builder.require_bool(operand, "the operand of !", tree)

    def run(frame: Frame) -> bool:
        value = operand.run(frame)
        if type(value) is not bool:
            raise EvaluationError(f"the operand of ! is {type_of(value).noun}, not a bool")
        return not value

    return Node(run, BOOL, size(operand))


def applied(builder: Builder, at: Tree, name: str, overloads: tuple[Overload, ...], operands: tuple[Node, ...]) -> Node:
    """Build a call, after checking that some overload may take the operands."""
    fitting = tuple(one for one in overloads if one.takes([operand.type for operand in operands]))
    if not fitting:
        given = ", ".join(operand.type.name for operand in operands)
        raise builder.error(f"{name} is not defined for ({given})", at)
    results = {one.result for one in fitting}
    runs = tuple(operand.run for operand in operands)

    def run(frame: Frame) -> Any:
        return call(fitting, name, [one(frame) for one in runs], frame.budget)

    return Node(run, results.pop() if len(results) == 1 else DYN, size(*operands))


def _literal(builder: Builder, tree: Tree) -> Node:
    word = token(tree.children[0])
    content = builder.source.literals.get(word.start_pos if word.start_pos is not None else -1)
    if content is not None:
        if isinstance(content, str):
            return Node(lambda _: content, STRING, constant=content)
        return Node(lambda _: content, BYTES)
    if word.type == "BOOL_LIT":
        truth = word == "true"
        return Node(lambda _: truth, BOOL)
    if word.type == "NULL_LIT":
        return Node(lambda _: None, NULL)
    return _number(builder, tree, str(word))


def _number(builder: Builder, tree: Tree, text: str) -> Node:
    if _DOUBLE.fullmatch(text):
        double = float(text)
        return Node(lambda _: double, DOUBLE)
    parts = _INTEGER.fullmatch(text.rstrip("uU"))
    if parts is None or (text[-1] in "uU" and parts["sign"]):
        raise builder.error(f"{text[:40]!r} is not a number", tree)
    digits = (parts["hex"] or parts["decimal"]).lstrip("0")[: _DIGITS + 1] or "0"
    magnitude = int(digits, 16 if parts["hex"] else 10)
    try:
        number = uint64(magnitude) if text[-1] in "uU" else int64(-magnitude if parts["sign"] else magnitude)
    except EvaluationError as error:
        raise builder.error(f"{text[:40]!r}: {error}", tree) from None
    return Node(lambda _: number, UINT if text[-1] in "uU" else INT)


def _list(builder: Builder, tree: Tree) -> Node:
    nodes = [builder.build(child) for child in _children(tree)]
    element = _common(builder, tree, nodes, "elements of a list")
    runs = tuple(node.run for node in nodes)
    return Node(lambda frame: [run(frame) for run in runs], Type("list", element), size(*nodes))


def _map(builder: Builder, tree: Tree) -> Node:
    nodes = [builder.build(child) for child in _children(tree)]
    key = _common(builder, tree, nodes[0::2], "keys of a map")
    value = _common(builder, tree, nodes[1::2], "values of a map")
    if key is not None and key.name not in KEY_TYPES | {"dyn"}:
        raise builder.error(f"{key.noun} cannot be the key of a map", tree)
    pairs = tuple((one.run, two.run) for one, two in zip(nodes[0::2], nodes[1::2], strict=True))

    def run(frame: Frame) -> CelMap:
        made = CelMap((one(frame), two(frame)) for one, two in pairs)
        if len(made) < len(pairs):
            raise EvaluationError("a map has the same key twice")
        return made

    return Node(run, Type("map", value, key), size(*nodes))


def _children(tree: Tree) -> Iterator[Tree]:
    """List the expressions of a list or map literal, or of a call's arguments."""
    return (subtree(child) for inner in tree.children for child in subtree(inner).children)


def _common(builder: Builder, at: Tree, nodes: list[Node], what: str) -> Type | None:
    """Find the type that all nodes have; they must not be known to differ."""
    known = [node.type for node in nodes if node.type is not DYN]
    for other in known[1:]:
        if other.name != known[0].name:
            raise builder.error(f"{what} must be alike, not {known[0].name} and {other.name}", at)
    if not nodes:
        return None
    return known[0] if len(known) == len(nodes) and len(set(known)) == 1 else DYN


RULES: Final[Mapping[str, Rule]] = {
    "expr": _conditional,
    "conditionalor": _logical,
    "conditionaland": _logical,
    "relation": _relation,
    "addition": _arithmetic,
    "multiplication": _arithmetic,
    "unary": _unary,
    "literal": _literal,
    "list_lit": _list,
    "map_lit": _map,
}
