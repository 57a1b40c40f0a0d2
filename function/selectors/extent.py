"""How large the values are that a selector goes through, at most, on any device.

Each part is given the shape of its value, and loops multiply what they make. Sizes that Kubernetes does
not estimate, such as those of optionals, are followed here, so that nothing grows unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from function.selectors.ast import Call, Elements, Entries, Literal, Loop, Name, Node, Select
from function.selectors.error import SelectorError
from function.selectors.growth import ELEMENT, ENTRY, NOTHING, PLAIN, Shape, quantity_digits
from function.selectors.library import FUNCTIONS
from function.selectors.quantity import QuantityLimitError, is_quantity
from function.selectors.types import DEEPEST, TOO_MANY
from function.selectors.values import ALL, LARGEST
from function.selectors.work import Work

TALLEST: Final = 300
"""How deep evaluation may go, the values of names included."""

_QUANTITY: Final = Shape(64)
"""A quantity as devices have it; there is no need for so many digits."""

_FIELDS: Final[Mapping[str, Shape]] = {
    "driver": Shape(63),
    "attributes": Shape(32, key=Shape(63), held=Shape(32, key=Shape(32), held=Shape(64))),
    "capacity": Shape(32, key=Shape(63), held=Shape(32, key=Shape(32), held=_QUANTITY)),
}
"""The largest that Kubernetes lets a device have."""

_DEVICE: Final = Shape(4, key=Shape(16), held=Shape(63, key=Shape(63), held=Shape(64, key=Shape(32), held=Shape(64))))

_COUNTED: Final = {
    "string": "characters",
    "bytes": "bytes",
    "list": "elements",
    "map": "entries",
    "quantity": "digits",
}


def measure(tree: Node, text: str, work: Work) -> int:
    """Tell for how many bytes a selector can make values at most, once its types are known.

    Raises:
        SelectorError: A value, or all together, can become too large.
    """
    measurer = _Measurer(text, work)
    measurer.shape(tree)
    return measurer.made


class _Measurer:
    def __init__(self, text: str, work: Work) -> None:
        self._text = text
        self._work = work
        self._names: dict[str, tuple[Shape, int]] = {"device": (_DEVICE, 1)}
        self._rounds = 1
        self.made = 0
        self._height = 0

    def shape(self, node: Node) -> Shape:
        """Find the shape of a part; whether it is too large is told with it."""
        return self._measured(node)[0]

    def _measured(self, node: Node) -> tuple[Shape, int]:
        """Find the shape of a part, and how deep its evaluation goes."""
        self._work.step()
        around, self._height = self._height, 0
        found = self._shape(node)
        height = self._height + 1
        self._height = max(around, height)
        if found.most > LARGEST:
            counted = _COUNTED.get(node.type.name, "characters or elements")
            grown = f"{_what(node)} can make {found.most:,} {counted}; {LARGEST:,} are allowed"
            raise SelectorError(f"{grown}. Make it of less", self._text, node.at)
        if self.made > ALL:
            grown = f"all that the expression makes up to here can be {self.made:,} bytes; {ALL:,} are allowed"
            raise SelectorError(f"{grown}. Make less, or loop over less", self._text, node.at)
        if found.depth > DEEPEST:
            raise SelectorError(TOO_MANY, self._text, node.at)
        if height > TALLEST:
            raise SelectorError("names stand for parts that nest too deeply; nest less", self._text, node.at)
        return found, height

    def _shape(self, node: Node) -> Shape:
        match node:
            case Literal(value=str() | bytes() as text):
                return Shape(len(text), len(text))
            case Name(name=name):
                found, height = self._names[name]
                self._height = max(self._height, height)
                return found
            case Select(test=True):
                self.shape(node.operand)
                return PLAIN
            case Select():
                return self._field(node.operand, node.name)
            case Call(function="_?._", arguments=[operand, Literal(value=str() as name)]):
                return self._field(operand, name)
            case Call():
                return self._call(node)
            case Elements(elements=elements):
                self._make(len(elements), ELEMENT)
                return Shape(len(elements), len(elements) - len(node.optional), held=self._all(elements))
            case Entries(keys=keys, values=values):
                self._make(len(keys), ENTRY)
                return Shape(len(keys), 0, self._all(keys), self._all(values))
            case Loop():
                return self._named(node) if node.binds else self._loop(node)
            case _:
                return PLAIN

    def _make(self, size: int, unit: int) -> None:
        self.made += size * unit * self._rounds

    def _all(self, nodes: list[Node]) -> Shape:
        found = NOTHING
        for node in nodes:
            found = found.union(self.shape(node), self._work)
        return found

    def _field(self, operand: Node, name: str) -> Shape:
        whole = self.shape(operand)
        if whole is _DEVICE and name in _FIELDS:
            return _FIELDS[name]
        return whole.held or NOTHING

    def _call(self, node: Call) -> Shape:
        shapes = [self.shape(argument) for argument in node.arguments]
        match node:
            case Call(function="quantity", arguments=[Literal(value=str() as text)]):
                return self._quantity(text, node)
        found, made = NOTHING, 0
        overloads = node.candidates if len(node.candidates) == 1 else FUNCTIONS[node.function]
        for overload in overloads:
            if overload.method == node.method and len(overload.params) == len(shapes):
                growth = overload.growth
                one = growth.most(shapes, self._work)
                found = found.union(one, self._work)
                if growth.exact:
                    made = max(made, one.most * growth.unit)
        self._make(made, 1)
        return found

    def _quantity(self, text: str, node: Node) -> Shape:
        """Find how many digits a quantity has that is written out; refuse what is none that is read here."""
        try:
            is_quantity(text)
        except QuantityLimitError as error:
            raise SelectorError(str(error), self._text, node.at) from None
        digits = quantity_digits(text)
        self._make(digits, 1)
        return Shape(digits)

    def _loop(self, node: Loop) -> Shape:
        over = self.shape(node.over)
        start = self.shape(node.start)
        outer, rounds = self._names, self._rounds
        self._names = {**outer, node.carried: (start, 1), **self._variables(node, over)}
        self._rounds = rounds * over.most
        self.shape(node.goes_on)
        step = self.shape(node.step)
        self._rounds = rounds
        if isinstance(node.start, Elements | Entries):
            step = Shape(over.most * step.most, 0, step.key, step.held)
        self._names = {**outer, node.carried: (step, 1)}
        if step.most > LARGEST:
            counted = _COUNTED.get(node.type.name, "characters or elements")
            grown = f"{node.what}() can make {step.most:,} {counted}; {LARGEST:,} are allowed"
            raise SelectorError(f"{grown}. Loop over less", self._text, node.at)
        found = self.shape(node.result)
        self._names = outer
        return found

    def _variables(self, node: Loop, over: Shape) -> dict[str, tuple[Shape, int]]:
        """Tell the shapes of a loop's variables, where a list's indices count as keys."""
        key, held = over.key or NOTHING, over.held or NOTHING
        kind = node.over.type.name
        if len(node.variables) > 1:
            shapes = [PLAIN if kind == "list" else key.union(PLAIN, self._work), held]
        else:
            shapes = [held if kind == "list" else key if kind == "map" else key.union(held, self._work)]
        return {name: (shape, 1) for name, shape in zip(node.variables, shapes, strict=True)}

    def _named(self, node: Loop) -> Shape:
        outer = self._names
        self._names = {**outer, node.carried: self._measured(node.start)}
        found = self.shape(node.result)
        self._names = outer
        return found


def _what(node: Node) -> str:
    """Name a part, for messages."""
    match node:
        case Call(function=function):
            return f"{function}()" if function.isidentifier() else function.strip("_@")
        case Loop(what=what):
            return f"{what}()"
        case _:
            return "this"
