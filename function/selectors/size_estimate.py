"""The size estimator: how large the values of a selector can become on any device.

Every expression gets the size of its value, and comprehensions multiply what they make. Sizes that
Kubernetes does not estimate, such as those of optionals, are tracked here, so that nothing grows unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from function.selectors.ast import Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select
from function.selectors.error import SelectorError
from function.selectors.library import FUNCTIONS
from function.selectors.quantity import QuantityLimitError, is_quantity
from function.selectors.size_model import ELEMENT_BYTES, EMPTY, ENTRY_BYTES, SCALAR_SIZE, ValueSize, quantity_digits
from function.selectors.stage_budget import StageBudget
from function.selectors.types import MAX_TYPE_DEPTH, TYPE_LIMIT_MESSAGE
from function.selectors.values import MAX_SIZE, MAX_TOTAL_BYTES

MAX_EVALUATION_DEPTH: Final = 300
"""How deep evaluation may nest, the values of bound variables included."""

_QUANTITY: Final = ValueSize(64)
"""A quantity of a device, generously."""

_FIELD_SIZES: Final[Mapping[str, ValueSize]] = {
    "driver": ValueSize(63),
    "attributes": ValueSize(32, key=ValueSize(63), element=ValueSize(32, key=ValueSize(32), element=ValueSize(64))),
    "capacity": ValueSize(32, key=ValueSize(63), element=ValueSize(32, key=ValueSize(32), element=_QUANTITY)),
}
"""The largest fields that Kubernetes allows for a device."""

_DEVICE: Final = ValueSize(
    4,
    key=ValueSize(16),
    element=ValueSize(63, key=ValueSize(63), element=ValueSize(64, key=ValueSize(32), element=ValueSize(64))),
)

_UNITS: Final = {
    "string": "characters",
    "bytes": "bytes",
    "list": "elements",
    "map": "entries",
    "quantity": "digits",
}


def estimate_size(root: Expr, text: str, work: StageBudget) -> int:
    """Estimate how many bytes of values a type-checked selector can make.

    Raises:
        SelectorError: A value, or all values together, can become too large.
    """
    estimator = _SizeEstimator(text, work)
    estimator.size(root)
    return estimator.allocated


class _SizeEstimator:
    def __init__(self, text: str, work: StageBudget) -> None:
        self._text = text
        self._work = work
        self._variables: dict[str, tuple[ValueSize, int]] = {"device": (_DEVICE, 1)}
        self._iterations = 1
        self.allocated = 0
        self._depth = 0

    def size(self, expr: Expr) -> ValueSize:
        """Compute the size of an expression, and refuse one that is too large."""
        return self._size_and_depth(expr)[0]

    def _size_and_depth(self, expr: Expr) -> tuple[ValueSize, int]:
        """Compute the size of an expression, and how deep its evaluation nests."""
        self._work.step()
        enclosing, self._depth = self._depth, 0
        size = self._compute_size(expr)
        depth = self._depth + 1
        self._depth = max(enclosing, depth)
        if size.maximum > MAX_SIZE:
            unit = _UNITS.get(expr.type.name, "characters or elements")
            grown = f"{_describe(expr)} can make {size.maximum:,} {unit}; {MAX_SIZE:,} are allowed"
            raise SelectorError(f"{grown}. Make it of less", self._text, expr.offset)
        if self.allocated > MAX_TOTAL_BYTES:
            grown = f"all that the expression makes up to here can be {self.allocated:,} bytes"
            advice = f"{MAX_TOTAL_BYTES:,} are allowed. Make less, or loop over less"
            raise SelectorError(f"{grown}; {advice}", self._text, expr.offset)
        if size.depth > MAX_TYPE_DEPTH:
            raise SelectorError(TYPE_LIMIT_MESSAGE, self._text, expr.offset)
        if depth > MAX_EVALUATION_DEPTH:
            raise SelectorError("names stand for parts that nest too deeply; nest less", self._text, expr.offset)
        return size, depth

    def _compute_size(self, expr: Expr) -> ValueSize:
        match expr:
            case Literal(value=str() | bytes() as text):
                return ValueSize(len(text), len(text))
            case Ident(name=name):
                size, depth = self._variables[name]
                self._depth = max(self._depth, depth)
                return size
            case Select(test=True):
                self.size(expr.operand)
                return SCALAR_SIZE
            case Select():
                return self._field(expr.operand, expr.name)
            case Call(function="_?._", arguments=[operand, Literal(value=str() as name)]):
                return self._field(operand, name)
            case Call():
                return self._call(expr)
            case ListExpr(elements=elements):
                self._allocate(len(elements), ELEMENT_BYTES)
                return ValueSize(len(elements), len(elements) - len(expr.optional), element=self._union(elements))
            case MapExpr(keys=keys, values=values):
                self._allocate(len(keys), ENTRY_BYTES)
                return ValueSize(len(keys), 0, self._union(keys), self._union(values))
            case Comprehension():
                return self._bound_variable(expr) if expr.is_bind else self._comprehension(expr)
            case _:
                return SCALAR_SIZE

    def _allocate(self, size: int, unit: int) -> None:
        self.allocated += size * unit * self._iterations

    def _union(self, exprs: list[Expr]) -> ValueSize:
        size = EMPTY
        for expr in exprs:
            size = size.union(self.size(expr), self._work)
        return size

    def _field(self, operand: Expr, name: str) -> ValueSize:
        whole = self.size(operand)
        if whole is _DEVICE and name in _FIELD_SIZES:
            return _FIELD_SIZES[name]
        return whole.element or EMPTY

    def _call(self, expr: Call) -> ValueSize:
        sizes = [self.size(argument) for argument in expr.arguments]
        match expr:
            case Call(function="quantity", arguments=[Literal(value=str() as text)]):
                return self._quantity(text, expr)
        size, allocated = EMPTY, 0
        overloads = expr.candidates if len(expr.candidates) == 1 else FUNCTIONS[expr.function]
        for overload in overloads:
            if overload.method == expr.method and len(overload.params) == len(sizes):
                result_size = overload.result_size
                call_size = result_size.maximum(sizes, self._work)
                size = size.union(call_size, self._work)
                if result_size.exact:
                    allocated = max(allocated, call_size.maximum * result_size.unit)
        self._allocate(allocated, 1)
        return size

    def _quantity(self, text: str, expr: Expr) -> ValueSize:
        """Count the digits of a literal quantity; refuse one that is beyond our limits."""
        try:
            is_quantity(text)
        except QuantityLimitError as error:
            raise SelectorError(str(error), self._text, expr.offset) from None
        digits = quantity_digits(text)
        self._allocate(digits, 1)
        return ValueSize(digits)

    def _comprehension(self, expr: Comprehension) -> ValueSize:
        over = self.size(expr.iter_range)
        accu_init = self.size(expr.accu_init)
        outer, iterations = self._variables, self._iterations
        self._variables = {**outer, expr.accu_var: (accu_init, 1), **self._iteration_variables(expr, over)}
        self._iterations = iterations * over.maximum
        self.size(expr.loop_condition)
        step = self.size(expr.loop_step)
        self._iterations = iterations
        if isinstance(expr.accu_init, ListExpr | MapExpr):
            step = ValueSize(over.maximum * step.maximum, 0, step.key, step.element)
        self._variables = {**outer, expr.accu_var: (step, 1)}
        if step.maximum > MAX_SIZE:
            unit = _UNITS.get(expr.type.name, "characters or elements")
            grown = f"{expr.macro}() can make {step.maximum:,} {unit}; {MAX_SIZE:,} are allowed"
            raise SelectorError(f"{grown}. Loop over less", self._text, expr.offset)
        size = self.size(expr.result)
        self._variables = outer
        return size

    def _iteration_variables(self, expr: Comprehension, over: ValueSize) -> dict[str, tuple[ValueSize, int]]:
        """Compute the sizes of iteration variables; a list's indices count as keys."""
        key, element = over.key or EMPTY, over.element or EMPTY
        kind = expr.iter_range.type.name
        if len(expr.iter_vars) > 1:
            sizes = [SCALAR_SIZE if kind == "list" else key.union(SCALAR_SIZE, self._work), element]
        else:
            sizes = [element if kind == "list" else key if kind == "map" else key.union(element, self._work)]
        return {name: (size, 1) for name, size in zip(expr.iter_vars, sizes, strict=True)}

    def _bound_variable(self, expr: Comprehension) -> ValueSize:
        outer = self._variables
        self._variables = {**outer, expr.accu_var: self._size_and_depth(expr.accu_init)}
        size = self.size(expr.result)
        self._variables = outer
        return size


def _describe(expr: Expr) -> str:
    """Name an expression in messages."""
    match expr:
        case Call(function=function):
            return f"{function}()" if function.isidentifier() else function.strip("_@")
        case Comprehension(macro=macro):
            return f"{macro}()"
        case _:
            return "this"
