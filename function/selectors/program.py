"""From a tree to something that runs: each part becomes a closure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from function.selectors import containers
from function.selectors.error import SelectorError
from function.selectors.library import CONVERSIONS, FUNCTIONS, Overload, refuse
from function.selectors.price import Price
from function.selectors.quantity import QuantityError
from function.selectors.semver import SemverError
from function.selectors.tree import CARRIED, Call, Elements, Entries, Literal, Loop, Name, Node, Select
from function.selectors.values import (
    Budget,
    BudgetError,
    CelMap,
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
class _Constant:
    """Runs to a value that is known before there is a device."""

    value: Any

    def __call__(self, _: Frame) -> Any:
        return self.value


def program(tree: Node, text: str) -> Run:
    """Make something that runs of a tree whose types are known.

    Raises:
        SelectorError: A conversion of a constant fails.
    """
    return _Planner(text).plan(tree)


class _Planner:
    def __init__(self, text: str) -> None:
        self._text = text

    def plan(self, node: Node) -> Run:
        match node:
            case Literal(value=value):
                return _Constant(value)
            case Name(name=name):
                return _name(name)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case Elements():
                return self._elements(node)
            case Entries():
                return self._entries(node)
            case Loop():
                return _bind(node, self) if node.binds else _loop(node, self)
        raise TypeError(f"{node} cannot run")

    def _select(self, node: Select) -> Run:
        operand, name = self.plan(node.operand), node.name
        if node.test:
            return lambda frame: containers.has(operand(frame), name)
        return _charged(lambda frame: containers.field(operand(frame), name))

    def _call(self, node: Call) -> Run:
        runs = [self.plan(argument) for argument in node.arguments]
        own = _OWN.get(node.function)
        if own is not None:
            return own(node, runs)
        if node.function == "_+_" and _grows(node):
            return _growing(runs[1])
        overloads = node.candidates if len(node.candidates) == 1 else _forms(node)
        run = _applied(node.function, overloads, runs)
        if node.function in CONVERSIONS and len(runs) == 1 and isinstance(runs[0], _Constant):
            try:
                return _Constant(run(Frame({}, Budget(len(self._text) + 1))))
            except EvaluationError as error:
                raise SelectorError(str(error), self._text, node.at) from None
        return run

    def _elements(self, node: Elements) -> Run:
        runs, optional = [self.plan(element) for element in node.elements], node.optional
        if not optional and all(isinstance(run, _Constant) for run in runs):
            return _Constant([run(Frame({})) for run in runs])

        def run(frame: Frame) -> list[Any]:
            frame.budget.spend(10)
            if not optional:
                return [one(frame) for one in runs]
            values = ((place, one(frame)) for place, one in enumerate(runs))
            kept = ((place, value) for place, value in values if _counts(value, place in optional))
            return [_unwrapped(value, place in optional) for place, value in kept]

        return run

    def _entries(self, node: Entries) -> Run:
        keys, values = [self.plan(key) for key in node.keys], [self.plan(value) for value in node.values]
        optional = node.optional

        def run(frame: Frame) -> CelMap:
            frame.budget.spend(30)
            made = CelMap(())
            for place, (key, value) in enumerate(zip(keys, values, strict=True)):
                found, content = key(frame), value(frame)
                if _counts(content, place in optional):
                    made.put(found, _unwrapped(content, place in optional))
            return made

        return run


def _counts(value: Any, optional: bool) -> bool:  # noqa: FBT001 - whether the entry is optional
    """Tell whether an entry is there."""
    if optional and not isinstance(value, Present | Missing):
        raise EvaluationError(f"only an optional can be left out, not {type_of(value).noun}")
    return not (optional and isinstance(value, Missing))


def _unwrapped(value: Any, optional: bool) -> Any:  # noqa: FBT001 - whether the entry is optional
    return value.value if optional else value


def _charged(run: Run) -> Run:
    def charged(frame: Frame) -> Any:
        frame.budget.spend(1)
        return run(frame)

    return charged


def _name(name: str) -> Run:
    def run(frame: Frame) -> Any:
        frame.budget.spend(1)
        value = frame.names[name]
        if isinstance(value, EvaluationError):
            raise value
        return value() if isinstance(value, _Later) else value

    return run


def _forms(node: Call) -> Sequence[Overload]:
    """List the overloads of a function in the form in which it is called."""
    return tuple(one for one in FUNCTIONS[node.function] if one.method == node.method)


def _applied(name: str, overloads: Sequence[Overload], runs: Sequence[Run]) -> Run:
    """Run a call: the first overload that takes the values."""

    def run(frame: Frame) -> Any:
        values = [one(frame) for one in runs]
        for overload in overloads:
            if overload.call is not None and overload.takes(values):
                try:
                    result = overload.call(*values)
                except (QuantityError, SemverError) as error:
                    raise EvaluationError(str(error)) from None
                frame.budget.spend(overload.price.actual(values, result))
                return result
        raise refuse(name, values)

    return run


def _settle(frame: Frame, runs: Sequence[Run], *, absorbing: bool) -> bool:
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


def _is_not_false(frame: Frame, run: Run) -> bool:
    try:
        return run(frame) is not False
    except BudgetError:
        raise
    except EvaluationError:
        return True


def _conditional(condition: Run, yes: Run, no: Run) -> Run:
    def run(frame: Frame) -> Any:
        chosen = condition(frame)
        if type(chosen) is not bool:
            raise EvaluationError(f"the condition of ?: is {type_of(chosen).noun}, not a bool")
        return yes(frame) if chosen else no(frame)

    return run


def _equality(runs: Sequence[Run], price: Price, *, differs: bool) -> Run:
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


def _membership(item: Run, container: Run) -> Run:
    constants = container.value if isinstance(container, _Constant) and isinstance(container.value, list) else ()
    sought = bool(constants) and all(type_of(one).name in _PRIMITIVE for one in constants)

    def run(frame: Frame) -> bool:
        value, held = item(frame), container(frame)
        frame.budget.spend(len(held) if isinstance(held, list) else 1)
        if sought:
            check_sought(value)
        return contains(held, value, frame.budget)

    return run


def _alternative(optional: Run, other: Run, *, unwraps: bool) -> Run:
    """Run `or` and `orValue`, which evaluate their argument only where it is needed."""

    def run(frame: Frame) -> Any:
        value = optional(frame)
        if isinstance(value, Present):
            return value.value if unwraps else value
        if isinstance(value, Missing):
            return other(frame)
        raise EvaluationError(f"{type_of(value).noun} is no optional")

    return run


def _grows(node: Call) -> bool:
    """Tell whether a call only appends to the list that a loop carries along."""
    left, right = node.arguments
    return isinstance(left, Name) and left.name == CARRIED and isinstance(right, Elements)


def _growing(more: Run) -> Run:
    """Append in place: nothing else can see the list."""
    carried = _name(CARRIED)

    def run(frame: Frame) -> list[Any]:
        grown: list[Any] = carried(frame)
        frame.budget.spend(1)
        grown.extend(more(frame))
        return grown

    return run


def _loop(node: Loop, planner: _Planner) -> Run:
    over, start = planner.plan(node.over), planner.plan(node.start)
    goes_on, step, result = map(planner.plan, (node.goes_on, node.step, node.result))
    variables = node.variables

    def run(frame: Frame) -> Any:
        rounds = _rounds(over(frame), len(variables))
        hidden = frame.names
        carried = _attempt(frame, start)
        names = {**hidden, node.carried: list(carried) if isinstance(carried, list) else carried}
        frame.names = names
        try:
            for values in rounds:
                names.update(zip(variables, values, strict=True))
                if not _is_not_false(frame, goes_on):
                    break
                names[node.carried] = _attempt(frame, step)
            frame.names = {**hidden, node.carried: names[node.carried]}
            return result(frame)
        finally:
            frame.names = hidden

    return run


def _rounds(over: Any, variables: int) -> Iterator[tuple[Any, ...]]:
    """List the values of a loop's variables, round by round."""
    if isinstance(over, CelMap):
        return iter(list(over.items())) if variables > 1 else iter([(key,) for key in over])
    if isinstance(over, list):
        return iter(enumerate(over)) if variables > 1 else iter([(one,) for one in over])
    raise EvaluationError(f"{type_of(over).noun} cannot be looped over; only a list or map can")


def _attempt(frame: Frame, run: Run) -> Any:
    """Evaluate; an error is a value that counts only where it is read."""
    try:
        return run(frame)
    except BudgetError:
        raise
    except EvaluationError as error:
        return error


class _Later:
    """The value of a name, evaluated when it is first read."""

    __slots__ = ("_frame", "_names", "_run", "_value")

    def __init__(self, run: Run, frame: Frame) -> None:
        self._run, self._frame, self._names = run, frame, frame.names
        self._value: Any = self

    def __call__(self) -> Any:
        if self._value is self:
            current, self._frame.names = self._frame.names, self._names
            self._value = _attempt(self._frame, self._run)
            self._frame.names = current
        if isinstance(self._value, EvaluationError):
            raise self._value
        return self._value


def _bind(node: Loop, planner: _Planner) -> Run:
    start, result = planner.plan(node.start), planner.plan(node.result)

    def run(frame: Frame) -> Any:
        frame.budget.spend(10)
        hidden = frame.names
        frame.names = {**hidden, node.carried: _Later(start, frame)}
        try:
            return result(frame)
        finally:
            frame.names = hidden

    return run


def _reading(read: Callable[[Any, Any], Any]) -> Callable[[Call, Sequence[Run]], Run]:
    return lambda _, runs: _charged(lambda frame: read(runs[0](frame), runs[1](frame)))


_OWN: Final[Mapping[str, Callable[[Call, Sequence[Run]], Run]]] = {
    "_&&_": lambda _, runs: lambda frame: _settle(frame, runs, absorbing=False),
    "_||_": lambda _, runs: lambda frame: _settle(frame, runs, absorbing=True),
    "_?_:_": lambda _, runs: _conditional(*runs),
    "_==_": lambda node, runs: _equality(runs, node.candidates[0].price, differs=False),
    "_!=_": lambda node, runs: _equality(runs, node.candidates[0].price, differs=True),
    "@in": lambda _, runs: _membership(*runs),
    "_[_]": _reading(containers.item),
    "_[?_]": _reading(containers.item_if_any),
    "_?._": _reading(containers.item_if_any),
    "or": lambda _, runs: _alternative(*runs, unwraps=False),
    "orValue": lambda _, runs: _alternative(*runs, unwraps=True),
    "@not_strictly_false": lambda _, runs: lambda frame: _is_not_false(frame, runs[0]),
}
"""What is not run as a call: it evaluates its operands itself, or takes values of any type."""
