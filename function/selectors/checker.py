"""Inferring the types of a selector, and refusing what no device can make right.

What is told here is told before there is a device: names that do not exist, calls that no value
makes right, a result that is no boolean. The rules are those of Kubernetes' compiler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from function.selectors.ast import Call, Elements, Entries, Literal, Loop, Name, Node, Select, walk
from function.selectors.error import SelectorError
from function.selectors.library import FUNCTIONS, UNSUPPORTED, Overload
from function.selectors.macros import TAKES
from function.selectors.strings import regular_expression
from function.selectors.types import (
    ANY,
    BOOL,
    DEVICE,
    DYN,
    QUANTITY,
    STRING,
    Inference,
    Type,
    TypeLimitError,
    list_of,
    map_of,
    optional_of,
)
from function.selectors.values import EvaluationError, type_of
from function.selectors.work import Stage, Work

FIELDS: Final[Mapping[str, Type]] = {
    "driver": STRING,
    "attributes": map_of(STRING, map_of(STRING, ANY)),
    "capacity": map_of(STRING, map_of(STRING, QUANTITY)),
}
"""The fields of a device."""

_SHOWN: Final = {"@in": "in", "-_": "-", "!_": "!", "_[_]": "[]", "_[?_]": "[?]"}
_ADVICE: Final = "read one of its fields: attributes, capacity, driver"


def check(tree: Node, text: str) -> None:
    """Infer the type of each part, and find which overloads each call may mean.

    Raises:
        SelectorError: No device can make it right.
    """
    checker = _Checker(text)
    try:
        checker.check(tree)
        checker.settle(tree)
    except TypeLimitError as error:
        raise SelectorError(str(error), text, 0) from None
    if tree.type not in (BOOL, ANY):
        what = "may be of any type" if tree.type == DYN else f"is {tree.type.noun}"
        raise SelectorError(f"the result {what}; a selector must be true or false", text, 0)


class _Checker:
    def __init__(self, text: str) -> None:
        self._text = text
        self._work = Work(Stage.CHECK, text)
        self._types = Inference(self._work)
        self._names: dict[str, Type] = {"device": DEVICE}
        self._macros: dict[int, str] = {}

    def check(self, node: Node) -> Type:
        """Infer the type of a part and of all below, each once."""
        self._work.step()
        match node:
            case Literal():
                node.type = type_of(node.value)
            case Name():
                node.type = self._name(node)
            case Select():
                found = self._field(node, node.operand, node.name)
                node.type = BOOL if node.test else found
            case Call(function="_?._"):
                operand, name = node.arguments
                found = self._field(node, operand, name.value if isinstance(name, Literal) else "")
                node.type = found if found.name == "optional" else optional_of(found)
                node.candidates = tuple(FUNCTIONS[node.function])
            case Call():
                node.type = self._call(node)
            case Elements():
                node.type = self._elements(node)
            case Entries():
                node.type = self._entries(node)
            case Loop():
                node.type = self._loop(node)
        return node.type

    def settle(self, tree: Node) -> None:
        """Replace what is not known yet, and refuse what can be told only now."""
        parts = [part for part, _ in walk(tree)]
        for part in parts:
            part.type = self._types.known(part.type, final=True)
        for part in parts:
            match part:
                case Elements(elements=elements, optional=optional):
                    self._alike(elements, optional, "elements of a list")
                case Entries(keys=keys, values=values, optional=optional):
                    self._alike(keys, (), "keys of a map")
                    self._alike(values, optional, "values of a map")
                case Call(function="matches", arguments=arguments, method=method):
                    # Kubernetes takes the text for a pattern, too, where it is the first argument.
                    self._patterns(arguments[1:] if method else arguments)

    def _name(self, node: Name) -> Type:
        if node.name not in self._names:
            raise self._error(f"unknown name {node.name[:40]!r}; the only variable is device", node.at)
        return self._names[node.name]

    def _field(self, node: Node, operand: Node, name: str) -> Type:
        """Infer the type of a field; of an optional's, an optional."""
        whole = self._types.known(self.check(operand))
        target = whole.params[0] if whole.name == "optional" else whole
        if target == DEVICE:
            if name not in FIELDS:
                known = ", ".join(sorted(FIELDS))
                raise self._error(f"device has no field {name[:40]!r}; it has {known}", node.at)
            found = FIELDS[name]
        elif target.name == "map":
            found = target.params[1]
        elif target.variable or target.open:
            self._types.fits([DYN], [target])
            found = DYN
        else:
            raise self._error(f"{target.noun} has no fields", node.at)
        return self._types.known(optional_of(found) if whole.name == "optional" else found)

    def _call(self, node: Call) -> Type:
        target = node.arguments[0] if node.method else None
        if isinstance(target, Name) and target.name not in self._names:
            qualified = f"{target.name}.{node.function}"
            if qualified in FUNCTIONS or qualified in UNSUPPORTED:
                node.function, node.method = qualified, False
                del node.arguments[0]
        if node.function not in FUNCTIONS:
            raise self._error(_unknown(node), node.at)
        given = [self.check(argument) for argument in node.arguments]
        if node.function in ("_&&_", "_||_"):
            return self._logical(node, given)
        results: list[Type] = []
        node.candidates = tuple(self._candidates(node, given, results))
        if not node.candidates:
            raise self._error(self._mismatch(node, [self._types.known(one) for one in given]), node.at)
        result = results[0]
        for other in results[1:]:
            if not result.open and other != result:
                result = DYN
        return result

    def _candidates(self, node: Call, given: Sequence[Type], results: list[Type]) -> Iterable[Overload]:
        """Find the overloads that may be meant, and what they result in."""
        overloads = FUNCTIONS[node.function]
        self._work.step(len(overloads))
        for overload in overloads:
            if overload.method == node.method and len(overload.params) == len(given):
                *params, result = self._types.instantiated((*overload.params, overload.result))
                if self._types.fits(given, params):
                    results.append(self._types.known(result))
                    yield overload

    def _logical(self, node: Call, given: Sequence[Type]) -> Type:
        for argument, one in zip(node.arguments, given, strict=True):
            if not self._types.fits([one], [BOOL]):
                operand = f"an operand of {node.function.strip('_')}"
                raise self._error(self._no_bool(node, operand, self._types.known(one)), argument.at)
        node.candidates = tuple(FUNCTIONS[node.function])
        return BOOL

    def _elements(self, node: Elements) -> Type:
        types = [self.check(element) for element in node.elements]
        return list_of(self._common(node.elements, types, node.optional, "elements of a list") or self._types.fresh())

    def _entries(self, node: Entries) -> Type:
        keys = [self.check(key) for key in node.keys]
        values = [self.check(value) for value in node.values]
        key = self._common(node.keys, keys, frozenset(), "keys of a map")
        value = self._common(node.values, values, node.optional, "values of a map")
        return map_of(key or self._types.fresh(), value or self._types.fresh())

    def _common(self, nodes: Sequence[Node], types: Sequence[Type], optional: frozenset[int], what: str) -> Type | None:
        """Find the type that all nodes have; None when there are none."""
        common: Type | None = None
        for place, (node, one) in enumerate(zip(nodes, types, strict=True)):
            if place in optional:
                if one.name != "optional":
                    raise self._error(f"only an optional can be left out, not {one.noun}", node.at)
                one = one.params[0]  # noqa: PLW2901 - what is in it
            joined = one if common is None else self._types.joined(common, one)
            if joined is None:
                raise self._error(f"{what} must be alike, not {common} and {one}", node.at)
            common = joined
        return common

    def _alike(self, nodes: Sequence[Node], optional: Iterable[int], what: str) -> None:
        """Refuse lists and maps of mixed types, even where they could be told apart."""
        types = [node.type.params[0] if place in optional else node.type for place, node in enumerate(nodes)]
        for node, one in zip(nodes[1:], types[1:], strict=True):
            if one != types[0]:
                raise self._error(f"{what} must be alike, not {types[0]} and {one}", node.at)

    def _patterns(self, arguments: Sequence[Node]) -> None:
        """Refuse a regular expression that is written out and wrong."""
        for argument in arguments:
            if isinstance(argument, Literal):
                try:
                    regular_expression(argument.value)
                except EvaluationError as error:
                    raise self._error(str(error), argument.at) from None

    def _loop(self, node: Loop) -> Type:
        over, carried = self._types.known(self.check(node.over)), self.check(node.start)
        variables = self._loop_variables(node, self._types.known(over))
        hidden = dict(self._names)
        self._names = {**hidden, node.carried: carried}
        inner = {**self._names, **dict(zip(node.variables, variables, strict=True))}
        outer, self._names = self._names, inner
        self._require_bool(node, node.goes_on)
        if not node.binds:
            self._macros[id(node.step)] = node.what
        step = self.check(node.step)
        if not self._types.fits([carried], [step]):
            raise self._error(f"{node.what}() cannot go on with {step.noun}", node.step.at)
        self._names = outer
        result = self._types.known(self.check(node.result))
        self._names = hidden
        return result

    def _loop_variables(self, node: Loop, over: Type) -> Sequence[Type]:
        two = len(node.variables) > 1
        if over.name == "list":
            return (Type("int"), over.params[0]) if two else over.params
        if over.name == "map":
            return over.params if two else over.params[:1]
        if over != DYN and not over.variable:
            raise self._error(f"{node.what}() needs a list or map, not {over.noun}", node.over.at)
        self._types.fits([DYN], [over])
        return (DYN, DYN) if two else (DYN,)

    def _require_bool(self, node: Loop, condition: Node) -> None:
        found = self.check(condition)
        if not self._types.fits([BOOL], [found]):
            raise self._error(f"{node.what}() goes on by a bool, not {found.noun}", condition.at)

    def _no_bool(self, node: Call, operand: str, found: Type) -> str:
        """Word the error for an operand that is no bool; where a macro is spelt out, it is its condition."""
        macro = self._macros.get(id(node))
        return f"{f'the condition of {macro}()' if macro else operand} is {found.noun}, not a bool"

    def _mismatch(self, node: Call, given: Sequence[Type]) -> str:
        """Word the error for a call that no overload fits."""
        names = ", ".join(map(str, given))
        match node.function, given:
            case "!_", [one]:
                return f"the operand of ! is {one.noun}, not a bool"
            case "_?_:_", [condition, yes, no]:
                if condition.name not in ("bool", "dyn", "any"):
                    return self._no_bool(node, "the condition of ?:", condition)
                return f"?: results in {yes.noun} or {no.noun}; they must be alike"
            case "_==_" | "_!=_", [left, right]:
                return f"{left.noun} cannot equal {right.noun}"
            case "@in", [_, container] if container.name not in ("list", "map"):
                return f"`in` needs a list or map on its right, not {container.noun}"
            case "@in", [item, container]:
                return f"{item.noun} cannot be in {container.noun} of {container.params[0]}"
            case "_[_]" | "_[?_]", [container, _] if container.name not in ("list", "map", "optional"):
                return _not_indexed(container)
            case "_[_]" | "_[?_]", [container, key] if container.name != "optional":
                wanted = "int" if container.name == "list" else container.params[0]
                return f"{container.noun} here is indexed by {wanted}, not by {key}"
        others = [one for one in FUNCTIONS[node.function] if one.method != node.method]
        if len(others) == len(FUNCTIONS[node.function]):
            form = f"by itself: {node.function}(x)" if node.method else f"on a value: x.{node.function}(...)"
            return f"{node.function} cannot be called like this; call it {form}"
        shown = _SHOWN.get(node.function, node.function.strip("_"))
        return f"{shown} is not defined for ({names})"

    def _error(self, message: str, at: int) -> SelectorError:
        return SelectorError(message, self._text, at)


def _not_indexed(container: Type) -> str:
    if container == DEVICE:
        return f"device is not a value; {_ADVICE}"
    return f"{container.noun} cannot be indexed"


def _unknown(node: Call) -> str:
    """Word the error for a function that is not known, or not here."""
    name = node.function
    if name in TAKES and node.method:
        return f"{name}() takes {' or '.join(map(str, sorted(TAKES[name])))} arguments"
    if name in UNSUPPORTED:
        return f"{name} is not supported here, though Kubernetes knows it"
    return f"unknown function {name[:40]!r}"
