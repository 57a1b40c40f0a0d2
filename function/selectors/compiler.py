"""The planner: compiles a checked tree to closures, one for each expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from function.selectors import containers
from function.selectors.ast import ACCUMULATOR, Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select
from function.selectors.comprehensions import append_in_place, bind_variable, iterate
from function.selectors.error import SelectorError
from function.selectors.evaluation import (
    Activation,
    Constant,
    Interpretable,
    alternative,
    conditional,
    equality,
    is_not_strictly_false,
    membership,
    resolve_variable,
    short_circuit,
    with_step_cost,
)
from function.selectors.library import CONVERSIONS, FUNCTIONS, Overload, refuse
from function.selectors.quantity import QuantityError, QuantityLimitError
from function.selectors.quantity_value import QuantityValue
from function.selectors.semver import Semver, SemverError
from function.selectors.size_model import ELEMENT_BYTES, ENTRY_BYTES
from function.selectors.stage_budget import Stage, StageBudget
from function.selectors.values import (
    RUNTIME_COST_LIMIT,
    BudgetError,
    CelMap,
    EvaluationBudget,
    EvaluationError,
    Missing,
    Present,
    check_lookup_key,
    traversal_size_of,
    type_of,
)


def compile_expr(root: Expr, text: str) -> Interpretable:
    """Compile a type-checked tree.

    Raises:
        SelectorError: The conversion of a constant fails.
    """
    return _Planner(text).plan(root)


class _Planner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._work = StageBudget(Stage.PLAN, text)

    def plan(self, expr: Expr) -> Interpretable:
        self._work.step()
        match expr:
            case Literal(value=value):
                return Constant(value)
            case Ident(name=name):
                return resolve_variable(name)
            case Select():
                return self._select(expr)
            case Call():
                return self._call(expr)
            case ListExpr():
                return self._elements(expr)
            case MapExpr():
                return self._entries(expr)
            case Comprehension():
                return bind_variable(expr, self.plan) if expr.is_bind else iterate(expr, self.plan)
        raise TypeError(f"{expr} cannot run")

    def _select(self, expr: Select) -> Interpretable:
        operand, name = _container(expr.operand, self.plan(expr.operand)), expr.name
        if expr.test:
            return lambda activation: containers.has(operand(activation), name)
        return with_step_cost(lambda activation: containers.field(operand(activation), name))

    def _call(self, expr: Call) -> Interpretable:
        operands = [self.plan(argument) for argument in expr.arguments]
        special_form = _SPECIAL_FORMS.get(expr.function)
        if special_form is not None:
            return special_form(expr, operands)
        if expr.function == "_+_" and _is_append(expr):
            return append_in_place(operands[1])
        overloads = expr.candidates if len(expr.candidates) == 1 else _overloads_by_form(expr)
        evaluate = _dispatch(expr.function, overloads, operands)
        if expr.function in CONVERSIONS and len(operands) == 1 and isinstance(operands[0], Constant):
            return self._fold(evaluate, expr)
        return evaluate

    def _elements(self, expr: ListExpr) -> Interpretable:
        operands, optional = [self.plan(element) for element in expr.elements], expr.optional
        if not optional and all(isinstance(evaluate, Constant) for evaluate in operands):
            return Constant([evaluate(Activation({})) for evaluate in operands])

        def evaluate(activation: Activation) -> list[Any]:
            activation.budget.charge(10)
            activation.budget.allocate(len(operands), ELEMENT_BYTES)
            if not optional:
                return [evaluate(activation) for evaluate in operands]
            values = ((index, evaluate(activation)) for index, evaluate in enumerate(operands))
            kept = ((index, value) for index, value in values if _is_present(value, index in optional))
            return [_unwrapped(value, index in optional) for index, value in kept]

        return evaluate

    def _entries(self, expr: MapExpr) -> Interpretable:
        keys, values = [self.plan(key) for key in expr.keys], [self.plan(value) for value in expr.values]
        optional = expr.optional

        def evaluate(activation: Activation) -> CelMap:
            activation.budget.charge(30)
            activation.budget.allocate(len(keys), ENTRY_BYTES)
            new_map = CelMap(())
            for index, (key, value) in enumerate(zip(keys, values, strict=True)):
                found, content = key(activation), value(activation)
                check_lookup_key(found)
                if _is_present(content, index in optional):
                    new_map.put(found, _unwrapped(content, index in optional))
            return new_map

        if all(isinstance(part, Constant) for part in (*keys, *values)):
            return self._fold(evaluate, expr)
        return evaluate

    def _fold(self, evaluate: Interpretable, expr: Expr) -> Interpretable:
        """Fold a constant expression, as Kubernetes does."""
        try:
            return Constant(evaluate(Activation({}, EvaluationBudget(RUNTIME_COST_LIMIT))))
        except EvaluationError as error:
            raise SelectorError(str(error), self._text, expr.offset) from None


def _is_present(value: Any, optional: bool) -> bool:  # noqa: FBT001 - whether the entry is optional
    """Tell whether an element or entry is present."""
    if optional and not isinstance(value, Present | Missing):
        raise EvaluationError(f"only an optional can be left out, not {type_of(value).noun}")
    return not (optional and isinstance(value, Missing))


def _unwrapped(value: Any, optional: bool) -> Any:  # noqa: FBT001 - whether the entry is optional
    return value.value if optional else value


def _overloads_by_form(expr: Call) -> Sequence[Overload]:
    """List the overloads of a function with the call style of a call."""
    return tuple(overload for overload in FUNCTIONS[expr.function] if overload.method == expr.method)


def _dispatch(name: str, overloads: Sequence[Overload], operands: Sequence[Interpretable]) -> Interpretable:
    """Interpret a call: dispatch to the first overload that accepts the values."""

    def evaluate(activation: Activation) -> Any:
        values = [evaluate(activation) for evaluate in operands]
        for overload in overloads:
            if overload.call is not None and overload.takes(values):
                return _invoke(overload, overload.call, values, activation.budget)
        raise refuse(name, values)

    return evaluate


def _invoke(overload: Overload, call: Callable[..., Any], values: list[Any], budget: EvaluationBudget) -> Any:
    """Call an overload after charging for what it traverses and makes."""
    for index in overload.linear:
        budget.charge_traversal(traversal_size_of(values[index]))
    exact = overload.result_size.exact
    try:
        if exact is not None:
            budget.allocate(exact(*values), overload.result_size.unit)
        result = call(*values, budget) if overload.budgeted else call(*values)
    except QuantityLimitError as error:
        raise BudgetError(str(error)) from None
    except (QuantityError, SemverError) as error:
        raise EvaluationError(str(error)) from None
    budget.charge(overload.cost.actual(values, result))
    return result


def _is_append(expr: Call) -> bool:
    """Tell whether a call only appends to the accumulator."""
    left, right = expr.arguments
    return isinstance(left, Ident) and left.name == ACCUMULATOR and isinstance(right, ListExpr)


def _index(read: Callable[[Any, Any], Any]) -> Callable[[Call, Sequence[Interpretable]], Interpretable]:
    def make(expr: Call, operands: Sequence[Interpretable]) -> Interpretable:
        container, key = _container(expr.arguments[0], operands[0]), operands[1]
        return with_step_cost(lambda activation: read(container(activation), key(activation)))

    return make


def _container(expr: Expr, evaluate: Interpretable) -> Interpretable:
    """Interpret the operand of a selection or an index.

    As Kubernetes has it, nothing can be read from an optional quantity or version, and no domain
    from an optional that the device does not have; unless it was itself read just before.
    """
    if isinstance(expr, Select) or (isinstance(expr, Call) and expr.function in ("_[_]", "_[?_]", "_?._")):
        return evaluate

    def held(activation: Activation) -> Any:
        value = evaluate(activation)
        if isinstance(value, Present) and isinstance(value.value, QuantityValue | Semver):
            raise EvaluationError(f"{type_of(value.value).noun} has no fields")
        return Present(value.value.bare()) if isinstance(value, Present) and isinstance(value.value, CelMap) else value

    return held


_SPECIAL_FORMS: Final[Mapping[str, Callable[[Call, Sequence[Interpretable]], Interpretable]]] = {
    "_&&_": lambda _, operands: lambda activation: short_circuit(activation, operands, deciding=False),
    "_||_": lambda _, operands: lambda activation: short_circuit(activation, operands, deciding=True),
    "_?_:_": lambda _, operands: conditional(*operands),
    "_==_": lambda expr, operands: equality(operands, expr.candidates[0].cost, differs=False),
    "_!=_": lambda expr, operands: equality(operands, expr.candidates[0].cost, differs=True),
    "@in": lambda expr, operands: membership(*operands, lists=len(expr.candidates) == 1),
    "_[_]": _index(containers.item),
    "_[?_]": _index(containers.item_if_any),
    "_?._": _index(containers.item_if_any),
    "or": lambda _, operands: alternative(*operands, unwraps=False),
    "orValue": lambda _, operands: alternative(*operands, unwraps=True),
    "@not_strictly_false": lambda _, operands: lambda activation: is_not_strictly_false(activation, operands[0]),
}
"""Functions that evaluate their operands themselves, or take values of any type."""
