"""Evaluation of operators that do not simply evaluate all of their operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from function.selectors.cost_model import CallCost
from function.selectors.values import (
    NUMBERS,
    BudgetError,
    EvaluationBudget,
    EvaluationError,
    Missing,
    Present,
    check_lookup_key,
    contains,
    equal,
    type_of,
)


@dataclass(slots=True)
class Activation:
    """The state of one evaluation: the values of variables, and its budget."""

    variables: dict[str, Any]
    budget: EvaluationBudget = field(default_factory=lambda: EvaluationBudget(0))


Interpretable: TypeAlias = Callable[[Activation], Any]

_PRIMITIVE: Final = frozenset({"bool", "int", "uint", "double", "string"})


@dataclass(frozen=True, slots=True)
class Constant:
    """An interpretable whose value is known at compile time."""

    value: Any

    def __call__(self, _: Activation) -> Any:
        """Give the value."""
        return self.value


def with_step_cost(evaluate: Interpretable) -> Interpretable:
    """Charge one cost unit before evaluating."""

    def stepped(activation: Activation) -> Any:
        activation.budget.charge(1)
        return evaluate(activation)

    return stepped


class LazyValue:
    """The value of a bound variable, evaluated when it is first read."""

    __slots__ = ("_activation", "_interpretable", "_names", "_value")

    def __init__(self, evaluate: Interpretable, activation: Activation) -> None:
        self._interpretable, self._activation, self._names = evaluate, activation, activation.variables
        self._value: Any = self

    def __call__(self) -> Any:
        """Give the value.

        Raises:
            EvaluationError: It has none.
        """
        if self._value is self:
            current, self._activation.variables = self._activation.variables, self._names
            self._value = evaluate_to_value(self._activation, self._interpretable)
            self._activation.variables = current
        if isinstance(self._value, EvaluationError):
            raise self._value
        return self._value


def resolve_variable(name: str) -> Interpretable:
    """Resolve a variable; an error that it is bound to is raised here."""

    def evaluate(activation: Activation) -> Any:
        activation.budget.charge(1)
        value = activation.variables[name]
        if isinstance(value, EvaluationError):
            raise value
        return value() if isinstance(value, LazyValue) else value

    return evaluate


def short_circuit(activation: Activation, operands: Sequence[Interpretable], *, deciding: bool) -> bool:
    """Evaluate operands until one decides the result; errors are raised only if none does.

    Args:
        activation: The evaluation.
        operands: Evaluated one after the other.
        deciding: The result that decides: false for a conjunction, true for a disjunction.

    Raises:
        EvaluationError: Nothing decided, and something failed or was no boolean.
    """
    activation.budget.count_steps(len(operands))
    first_error: EvaluationError | None = None
    for evaluate in operands:
        try:
            value = evaluate(activation)
        except BudgetError:
            raise
        except EvaluationError as error:
            first_error = first_error or error
            continue
        if type(value) is not bool:
            first_error = first_error or EvaluationError(f"{type_of(value).noun} stands where a bool must")
        elif value == deciding:
            return deciding
    if first_error is not None:
        raise first_error
    return not deciding


def is_not_strictly_false(activation: Activation, evaluate: Interpretable) -> bool:
    """Evaluate `@not_strictly_false`: true for anything but false, errors included."""
    try:
        return evaluate(activation) is not False
    except BudgetError:
        raise
    except EvaluationError:
        return True


def evaluate_to_value(activation: Activation, evaluate: Interpretable) -> Any:
    """Evaluate to a value or to an error, which is raised only where it is read."""
    try:
        return evaluate(activation)
    except BudgetError:
        raise
    except EvaluationError as error:
        return error


def conditional(condition: Interpretable, if_true: Interpretable, if_false: Interpretable) -> Interpretable:
    """Interpret `?:`, which evaluates only one branch."""

    def evaluate(activation: Activation) -> Any:
        chosen = condition(activation)
        if type(chosen) is not bool:
            raise EvaluationError(f"the condition of ?: is {type_of(chosen).noun}, not a bool")
        return if_true(activation) if chosen else if_false(activation)

    return evaluate


def equality(operands: Sequence[Interpretable], cost: CallCost, *, differs: bool) -> Interpretable:
    """Interpret `==`, or `!=`, which is true of values that cannot be compared."""
    left, right = operands

    def evaluate(activation: Activation) -> bool:
        values = (left(activation), right(activation))
        activation.budget.charge(cost.actual(values, None))
        try:
            return equal(*values, activation.budget) != differs
        except BudgetError:
            raise
        except EvaluationError:
            if differs:
                return True
            raise

    return evaluate


def membership(item: Interpretable, container: Interpretable, *, lists: bool) -> Interpretable:
    """Interpret `in`; `lists` tells whether the container is known to be a list."""
    if lists and isinstance(container, Constant) and isinstance(container.value, list):
        constants: list[Any] = container.value
        if not constants:
            return Constant(value=False)
        if all(type_of(constant).name in _PRIMITIVE for constant in constants):
            return _membership_in_constants(item, constants)

    def evaluate(activation: Activation) -> bool:
        value, held = item(activation), container(activation)
        activation.budget.charge(len(held) if isinstance(held, list) else 1)
        return contains(held, value, activation.budget)

    return evaluate


def _membership_in_constants(item: Interpretable, constants: list[Any]) -> Interpretable:
    """Look for a value among constants; unlike `==`, an integer equals only the double that it is exactly."""
    numbers = [constant for constant in constants if type_of(constant).name in NUMBERS]
    whole = {int(number) for number in numbers if not isinstance(number, float) or number.is_integer()}
    doubles = {float(number) for number in numbers}
    others = {(type(constant), constant) for constant in constants if type_of(constant).name not in NUMBERS}

    def evaluate(activation: Activation) -> bool:
        value = item(activation)
        check_lookup_key(value)
        if isinstance(value, float):
            return value in doubles
        if type_of(value).name in NUMBERS:
            return int(value) in whole
        return isinstance(value, bool | str) and (type(value), value) in others

    return evaluate


def alternative(optional: Interpretable, other: Interpretable, *, unwraps: bool) -> Interpretable:
    """Interpret `or` and `orValue`, which evaluate their argument only when needed.

    As Kubernetes has it, what is no optional is its own value.
    """

    def evaluate(activation: Activation) -> Any:
        value = optional(activation)
        if isinstance(value, Present):
            return value.value if unwraps else value
        return other(activation) if isinstance(value, Missing) else value

    return evaluate
