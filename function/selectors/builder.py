"""From a parse tree to something that runs.

Each part of the tree becomes a closure with the type that its value is known to have, so that
what can be told without a device is told before there is one: names that do not exist, calls
that no value makes right, a result that is no boolean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import lark

from function.selectors.error import SelectorError
from function.selectors.syntax import Source
from function.selectors.values import BOOL, DYN, Budget, CelMap, EvaluationError, Type, type_of

Tree: TypeAlias = "lark.Tree[lark.Token]"

DEEPEST: Final = 100
"""How deep an expression may nest."""

_TRANSPARENT: Final = frozenset(
    {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication", "unary"}
    | {"member", "primary", "paren_expr"},
)


@dataclass(frozen=True, slots=True)
class Exposed:
    """A device as an expression sees it.

    Attributes:
        driver: `device.driver`.
        attributes: `device.attributes`: domain to identifier to value.
        capacity: `device.capacity`: domain to identifier to quantity.
    """

    driver: str
    attributes: CelMap
    capacity: CelMap


@dataclass(slots=True)
class Frame:
    """One evaluation: the device, the values of loop variables, and the steps that are left."""

    device: Exposed
    budget: Budget
    slots: dict[int, Any] = field(default_factory=dict)


Run: TypeAlias = Callable[[Frame], Any]


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression.

    Attributes:
        run: Evaluates it.
        type: The type that its value is known to have.
        size: How many parts it has, itself included.
        constant: Its value, if it is a string literal.
    """

    run: Run
    type: Type = DYN
    size: int = 1
    constant: str | None = None


class Builder:
    """Builds a node for each tree, from the inside out."""

    def __init__(self, source: Source, rules: Mapping[str, Rule]) -> None:
        """Start on a selector.

        Args:
            source: The parsed selector.
            rules: How to build the node of a tree, by the tree's name.
        """
        self.source = source
        self._rules = rules
        self._bound: dict[str, tuple[int, Type]] = {}
        self._slots = 0
        self._depth = 0

    def build(self, tree: Tree) -> Node:
        """Build the node of a tree.

        Raises:
            SelectorError: No device can make it right.
        """
        tree = unwrap(tree)
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.error(f"the expression nests deeper than {DEEPEST} levels", tree)
        node = self._rules[str(tree.data)](self, tree)
        self._depth -= 1
        return node

    def error(self, message: str, at: Tree | lark.Token) -> SelectorError:
        """Make the error for a place in the text."""
        position = at.start_pos if isinstance(at, lark.Token) else getattr(at.meta, "start_pos", None)
        return SelectorError(message, self.source.text, position)

    def variable(self, name: str) -> tuple[int, Type] | None:
        """Look up a loop variable: its slot and type."""
        return self._bound.get(name)

    @contextmanager
    def binding(self, name: str, kind: Type) -> Iterator[int]:
        """Bind a loop variable while a loop's body is built; gives its slot."""
        hidden = self._bound.get(name)
        self._slots += 1
        self._bound[name] = (self._slots, kind)
        try:
            yield self._slots
        finally:
            if hidden is None:
                del self._bound[name]
            else:
                self._bound[name] = hidden

    def require_bool(self, node: Node, what: str, at: Tree) -> None:
        """Refuse a node that is known to be no boolean."""
        if node.type not in (BOOL, DYN):
            raise self.error(f"{what} is {node.type.noun}, not a bool", at)


Rule: TypeAlias = Callable[[Builder, Tree], Node]


def unwrap(tree: Tree) -> Tree:
    """Skip the trees that the grammar's precedence puts around what is meant."""
    while len(tree.children) == 1 and tree.data in _TRANSPARENT:
        tree = subtree(tree.children[0])
    return tree


def subtree(child: Tree | lark.Token) -> Tree:
    """Take a child that the grammar makes a tree."""
    if isinstance(child, lark.Token):
        raise TypeError(f"{child!r} is no tree")
    return child


def token(child: Tree | lark.Token) -> lark.Token:
    """Take a child that the grammar makes a token."""
    if not isinstance(child, lark.Token):
        raise TypeError(f"{child.data} is no token")
    return child


def size(*nodes: Node) -> int:
    """Add up the parts of nodes, and one for what joins them."""
    return 1 + sum(node.size for node in nodes)


def settle(frame: Frame, runs: Iterator[Run], *, absorbing: bool) -> bool:
    """Evaluate until one result decides; errors count only if none does.

    Args:
        frame: The evaluation.
        runs: What to evaluate, one after the other.
        absorbing: The result that decides: false for a conjunction, true for a disjunction.

    Raises:
        EvaluationError: Nothing decided, and something failed or was no boolean.
    """
    trouble: EvaluationError | None = None
    for run in runs:
        try:
            value = run(frame)
        except EvaluationError as error:
            if frame.budget.left < 0:
                raise
            trouble = trouble or error
            continue
        if type(value) is not bool:
            trouble = trouble or EvaluationError(f"{type_of(value).noun} stands where a bool must")
        elif value == absorbing:
            return absorbing
    if trouble is not None:
        raise trouble
    return not absorbing
