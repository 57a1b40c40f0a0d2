"""From a tree to something that runs: each part becomes a closure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from function.selectors import containers
from function.selectors.ast import CARRIED, Call, Elements, Entries, Literal, Loop, Name, Node, Select
from function.selectors.error import SelectorError
from function.selectors.evaluation import (
    Constant,
    Frame,
    Run,
    alternative,
    charged,
    conditional,
    equality,
    is_not_false,
    membership,
    named,
    settle,
)
from function.selectors.growth import ELEMENT, ENTRY
from function.selectors.library import CONVERSIONS, FUNCTIONS, Overload, refuse
from function.selectors.loops import bound, growing, looped
from function.selectors.quantity import QuantityError, QuantityLimitError
from function.selectors.quantity_value import Amount
from function.selectors.semver import Semver, SemverError
from function.selectors.values import (
    SPENT,
    Budget,
    BudgetError,
    CelMap,
    EvaluationError,
    Missing,
    Present,
    bulk_of,
    check_sought,
    type_of,
)
from function.selectors.work import Stage, Work


def program(tree: Node, text: str) -> Run:
    """Make something that runs of a tree whose types are known.

    Raises:
        SelectorError: A conversion of a constant fails.
    """
    return _Planner(text).plan(tree)


class _Planner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._work = Work(Stage.PLAN, text)

    def plan(self, node: Node) -> Run:
        self._work.step()
        match node:
            case Literal(value=value):
                return Constant(value)
            case Name(name=name):
                return named(name)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case Elements():
                return self._elements(node)
            case Entries():
                return self._entries(node)
            case Loop():
                return bound(node, self.plan) if node.binds else looped(node, self.plan)
        raise TypeError(f"{node} cannot run")

    def _select(self, node: Select) -> Run:
        operand, name = _held(node.operand, self.plan(node.operand)), node.name
        if node.test:
            return lambda frame: containers.has(operand(frame), name)
        return charged(lambda frame: containers.field(operand(frame), name))

    def _call(self, node: Call) -> Run:
        runs = [self.plan(argument) for argument in node.arguments]
        own = _OWN.get(node.function)
        if own is not None:
            return own(node, runs)
        if node.function == "_+_" and _grows(node):
            return growing(runs[1])
        overloads = node.candidates if len(node.candidates) == 1 else _forms(node)
        run = _applied(node.function, overloads, runs)
        if node.function in CONVERSIONS and len(runs) == 1 and isinstance(runs[0], Constant):
            return self._constant(run, node)
        return run

    def _elements(self, node: Elements) -> Run:
        runs, optional = [self.plan(element) for element in node.elements], node.optional
        if not optional and all(isinstance(run, Constant) for run in runs):
            return Constant([run(Frame({})) for run in runs])

        def run(frame: Frame) -> list[Any]:
            frame.budget.spend(10)
            frame.budget.make(len(runs), ELEMENT)
            if not optional:
                return [run(frame) for run in runs]
            values = ((place, run(frame)) for place, run in enumerate(runs))
            kept = ((place, value) for place, value in values if _counts(value, place in optional))
            return [_unwrapped(value, place in optional) for place, value in kept]

        return run

    def _entries(self, node: Entries) -> Run:
        keys, values = [self.plan(key) for key in node.keys], [self.plan(value) for value in node.values]
        optional = node.optional

        def run(frame: Frame) -> CelMap:
            frame.budget.spend(30)
            frame.budget.make(len(keys), ENTRY)
            made = CelMap(())
            for place, (key, value) in enumerate(zip(keys, values, strict=True)):
                found, content = key(frame), value(frame)
                check_sought(found)
                if _counts(content, place in optional):
                    made.put(found, _unwrapped(content, place in optional))
            return made

        if all(isinstance(part, Constant) for part in (*keys, *values)):
            return self._constant(run, node)
        return run

    def _constant(self, run: Run, node: Node) -> Run:
        """Evaluate what needs no device before there is one, as Kubernetes does."""
        try:
            return Constant(run(Frame({}, Budget(SPENT))))
        except EvaluationError as error:
            raise SelectorError(str(error), self._text, node.at) from None


def _counts(value: Any, optional: bool) -> bool:  # noqa: FBT001 - whether the entry is optional
    """Tell whether an entry is there."""
    if optional and not isinstance(value, Present | Missing):
        raise EvaluationError(f"only an optional can be left out, not {type_of(value).noun}")
    return not (optional and isinstance(value, Missing))


def _unwrapped(value: Any, optional: bool) -> Any:  # noqa: FBT001 - whether the entry is optional
    return value.value if optional else value


def _forms(node: Call) -> Sequence[Overload]:
    """List the overloads of a function in the form in which it is called."""
    return tuple(one for one in FUNCTIONS[node.function] if one.method == node.method)


def _applied(name: str, overloads: Sequence[Overload], runs: Sequence[Run]) -> Run:
    """Run a call: the first overload that takes the values."""

    def run(frame: Frame) -> Any:
        values = [run(frame) for run in runs]
        for overload in overloads:
            if overload.call is not None and overload.takes(values):
                return _called(overload, overload.call, values, frame.budget)
        raise refuse(name, values)

    return run


def _called(overload: Overload, call: Callable[..., Any], values: list[Any], budget: Budget) -> Any:
    """Call an overload, after it is counted what it goes over and what it makes."""
    for place in overload.linear:
        budget.pass_over(bulk_of(values[place]))
    exact = overload.growth.exact
    try:
        if exact is not None:
            budget.make(exact(*values), overload.growth.unit)
        result = call(*values, budget) if overload.budgeted else call(*values)
    except QuantityLimitError as error:
        raise BudgetError(str(error)) from None
    except (QuantityError, SemverError) as error:
        raise EvaluationError(str(error)) from None
    budget.spend(overload.price.actual(values, result))
    return result


def _grows(node: Call) -> bool:
    """Tell whether a call only appends to the list that a loop carries along."""
    left, right = node.arguments
    return isinstance(left, Name) and left.name == CARRIED and isinstance(right, Elements)


def _reading(read: Callable[[Any, Any], Any]) -> Callable[[Call, Sequence[Run]], Run]:
    def make(node: Call, runs: Sequence[Run]) -> Run:
        container, key = _held(node.arguments[0], runs[0]), runs[1]
        return charged(lambda frame: read(container(frame), key(frame)))

    return make


def _held(node: Node, run: Run) -> Run:
    """Run what something is read from.

    As Kubernetes has it, nothing can be read from an optional quantity or version, and no domain
    from an optional that the device does not have; unless it was itself read just before.
    """
    if isinstance(node, Select) or (isinstance(node, Call) and node.function in ("_[_]", "_[?_]", "_?._")):
        return run

    def held(frame: Frame) -> Any:
        value = run(frame)
        if isinstance(value, Present) and isinstance(value.value, Amount | Semver):
            raise EvaluationError(f"{type_of(value.value).noun} has no fields")
        return Present(value.value.bare()) if isinstance(value, Present) and isinstance(value.value, CelMap) else value

    return held


_OWN: Final[Mapping[str, Callable[[Call, Sequence[Run]], Run]]] = {
    "_&&_": lambda _, runs: lambda frame: settle(frame, runs, absorbing=False),
    "_||_": lambda _, runs: lambda frame: settle(frame, runs, absorbing=True),
    "_?_:_": lambda _, runs: conditional(*runs),
    "_==_": lambda node, runs: equality(runs, node.candidates[0].price, differs=False),
    "_!=_": lambda node, runs: equality(runs, node.candidates[0].price, differs=True),
    "@in": lambda node, runs: membership(*runs, lists=len(node.candidates) == 1),
    "_[_]": _reading(containers.item),
    "_[?_]": _reading(containers.item_if_any),
    "_?._": _reading(containers.item_if_any),
    "or": lambda _, runs: alternative(*runs, unwraps=False),
    "orValue": lambda _, runs: alternative(*runs, unwraps=True),
    "@not_strictly_false": lambda _, runs: lambda frame: is_not_false(frame, runs[0]),
}
"""What is not run as a call: it evaluates its operands itself, or takes values of any type."""
