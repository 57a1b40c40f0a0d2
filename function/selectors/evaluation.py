"""How the parts of a selector run that evaluate their operands themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from function.selectors.cost_model import Price
from function.selectors.values import (
    NUMBERS,
    Budget,
    BudgetError,
    EvaluationError,
    Missing,
    Present,
    check_sought,
    contains,
    equal,
    type_of,
)


@dataclass(slots=True)
class Frame:
    """One evaluation: the device, the values of names, and what it may cost."""

    names: dict[str, Any]
    budget: Budget = field(default_factory=lambda: Budget(0))


Run: TypeAlias = Callable[[Frame], Any]

_PRIMITIVE: Final = frozenset({"bool", "int", "uint", "double", "string"})


@dataclass(frozen=True, slots=True)
class Constant:
    """Runs to a value that is known before there is a device."""

    value: Any

    def __call__(self, _: Frame) -> Any:
        """Give the value."""
        return self.value


def charged(run: Run) -> Run:
    """Charge for a step."""

    def stepped(frame: Frame) -> Any:
        frame.budget.spend(1)
        return run(frame)

    return stepped


class Later:
    """The value of a name, evaluated when it is first read."""

    __slots__ = ("_frame", "_names", "_run", "_value")

    def __init__(self, run: Run, frame: Frame) -> None:
        self._run, self._frame, self._names = run, frame, frame.names
        self._value: Any = self

    def __call__(self) -> Any:
        """Give the value.

        Raises:
            EvaluationError: It has none.
        """
        if self._value is self:
            current, self._frame.names = self._frame.names, self._names
            self._value = attempt(self._frame, self._run)
            self._frame.names = current
        if isinstance(self._value, EvaluationError):
            raise self._value
        return self._value


def named(name: str) -> Run:
    """Run a name; an error that it stands for counts here."""

    def run(frame: Frame) -> Any:
        frame.budget.spend(1)
        value = frame.names[name]
        if isinstance(value, EvaluationError):
            raise value
        return value() if isinstance(value, Later) else value

    return run


def settle(frame: Frame, runs: Sequence[Run], *, absorbing: bool) -> bool:
    """Evaluate until one result decides; errors count only if none does.

    Args:
        frame: The evaluation.
        runs: What to evaluate, one after the other.
        absorbing: The result that decides: false for a conjunction, true for a disjunction.

    Raises:
        EvaluationError: Nothing decided, and something failed or was no boolean.
    """
    frame.budget.work(len(runs))
    trouble: EvaluationError | None = None
    for run in runs:
        try:
            value = run(frame)
        except BudgetError:
            raise
        except EvaluationError as error:
            trouble = trouble or error
            continue
        if type(value) is not bool:
            trouble = trouble or EvaluationError(f"{type_of(value).noun} stands where a bool must")
        elif value == absorbing:
            return absorbing
    if trouble is not None:
        raise trouble
    return not absorbing


def is_not_false(frame: Frame, run: Run) -> bool:
    """Tell whether something is anything but false, an error included."""
    try:
        return run(frame) is not False
    except BudgetError:
        raise
    except EvaluationError:
        return True


def attempt(frame: Frame, run: Run) -> Any:
    """Evaluate; an error is a value that counts only where it is read."""
    try:
        return run(frame)
    except BudgetError:
        raise
    except EvaluationError as error:
        return error


def conditional(condition: Run, yes: Run, no: Run) -> Run:
    """Run `?:`, of which only one branch is evaluated."""

    def run(frame: Frame) -> Any:
        chosen = condition(frame)
        if type(chosen) is not bool:
            raise EvaluationError(f"the condition of ?: is {type_of(chosen).noun}, not a bool")
        return yes(frame) if chosen else no(frame)

    return run


def equality(runs: Sequence[Run], price: Price, *, differs: bool) -> Run:
    """Run `==`, or `!=`, which is true of values that cannot be compared."""
    left, right = runs

    def run(frame: Frame) -> bool:
        values = (left(frame), right(frame))
        frame.budget.spend(price.actual(values, None))
        try:
            return equal(*values, frame.budget) != differs
        except BudgetError:
            raise
        except EvaluationError:
            if differs:
                return True
            raise

    return run


def membership(item: Run, container: Run, *, lists: bool) -> Run:
    """Run `in`; it is told whether the container is known to be a list."""
    if lists and isinstance(container, Constant) and isinstance(container.value, list):
        constants: list[Any] = container.value
        if not constants:
            return Constant(value=False)
        if all(type_of(constant).name in _PRIMITIVE for constant in constants):
            return _among(item, constants)

    def run(frame: Frame) -> bool:
        value, held = item(frame), container(frame)
        frame.budget.spend(len(held) if isinstance(held, list) else 1)
        return contains(held, value, frame.budget)

    return run


def _among(item: Run, constants: list[Any]) -> Run:
    """Look for a value among constants; unlike `==`, an integer equals only the double that it is exactly."""
    numbers = [constant for constant in constants if type_of(constant).name in NUMBERS]
    whole = {int(number) for number in numbers if not isinstance(number, float) or number.is_integer()}
    doubles = {float(number) for number in numbers}
    others = {(type(constant), constant) for constant in constants if type_of(constant).name not in NUMBERS}

    def run(frame: Frame) -> bool:
        value = item(frame)
        check_sought(value)
        if isinstance(value, float):
            return value in doubles
        if type_of(value).name in NUMBERS:
            return int(value) in whole
        return isinstance(value, bool | str) and (type(value), value) in others

    return run


def alternative(optional: Run, other: Run, *, unwraps: bool) -> Run:
    """Run `or` and `orValue`, which evaluate their argument only where it is needed.

    As Kubernetes has it, what is no optional is its own value.
    """

    def run(frame: Frame) -> Any:
        value = optional(frame)
        if isinstance(value, Present):
            return value.value if unwraps else value
        return other(frame) if isinstance(value, Missing) else value

    return run
