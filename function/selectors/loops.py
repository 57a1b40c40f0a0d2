"""How loops run, into which macros are spelt out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from function.selectors.ast import CARRIED, Loop, Node
from function.selectors.evaluation import Frame, Later, Run, attempt, is_not_false, named
from function.selectors.values import CelMap, EvaluationError, type_of


def growing(more: Run) -> Run:
    """Append in place: nothing else can see the list."""
    carried = named(CARRIED)

    def run(frame: Frame) -> list[Any]:
        grown: list[Any] = carried(frame)
        frame.budget.spend(1)
        grown.extend(more(frame))
        frame.budget.make(len(grown), 0)
        return grown

    return run


def looped(node: Loop, plan: Callable[[Node], Run]) -> Run:
    """Run a loop, round by round."""
    over, start = plan(node.over), plan(node.start)
    goes_on, step, result = map(plan, (node.goes_on, node.step, node.result))
    variables = node.variables

    def run(frame: Frame) -> Any:
        rounds = _rounds(over(frame), len(variables))
        hidden = frame.names
        carried = attempt(frame, start)
        names = {**hidden, node.carried: _copied(carried)}
        frame.names = names
        try:
            for values in rounds:
                names.update(zip(variables, values, strict=True))
                if not is_not_false(frame, goes_on):
                    break
                names[node.carried] = attempt(frame, step)
            frame.names = {**hidden, node.carried: names[node.carried]}
            return result(frame)
        finally:
            frame.names = hidden

    return run


def _copied(carried: Any) -> Any:
    """Copy a list or map that grows while it is carried along."""
    if isinstance(carried, list):
        return list(carried)
    return CelMap(carried.items()) if isinstance(carried, CelMap) else carried


def _rounds(over: Any, variables: int) -> Iterator[tuple[Any, ...]]:
    """List the values of a loop's variables, round by round."""
    if isinstance(over, CelMap):
        return over.items() if variables > 1 else ((key,) for key in over)
    if isinstance(over, list):
        return iter(enumerate(over)) if variables > 1 else ((one,) for one in over)
    raise EvaluationError(f"{type_of(over).noun} cannot be looped over; only a list or map can")


def bound(node: Loop, plan: Callable[[Node], Run]) -> Run:
    """Run what only names a value."""
    start, result = plan(node.start), plan(node.result)

    def run(frame: Frame) -> Any:
        hidden = frame.names
        frame.names = {**hidden, node.carried: Later(start, frame)}
        try:
            return result(frame)
        finally:
            frame.names = hidden

    return run
