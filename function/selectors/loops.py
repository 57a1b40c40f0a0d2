"""The macros that go over a list's elements or a map's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from function.selectors.builder import Frame, Run, settle
from function.selectors.values import CelMap, EvaluationError, type_of

Loop: TypeAlias = Callable[[Frame, Any], Any]


def _elements(frame: Frame, range_: Any, slot: int, cost: int) -> Iterator[Any]:
    """Go over a range, setting the loop variable and counting steps."""
    if not isinstance(range_, list | CelMap):
        raise EvaluationError(f"{type_of(range_).noun} cannot be looped over; only a list or map can")
    for element in range_:
        frame.budget.spend(cost)
        frame.slots[slot] = element
        yield element


def _test(frame: Frame, run: Run) -> bool:
    """Evaluate a condition."""
    value = run(frame)
    if type(value) is not bool:
        raise EvaluationError(f"a loop's condition is {type_of(value).noun}, not a bool")
    return value


def _deciding(*, absorbing: bool) -> Callable[[Sequence[Run], int, int], Loop]:
    """Make the loop that one element decides: all, or exists."""

    def make(bodies: Sequence[Run], slot: int, cost: int) -> Loop:
        def loop(frame: Frame, range_: Any) -> bool:
            runs = (bodies[0] for _ in _elements(frame, range_, slot, cost))
            return settle(frame, runs, absorbing=absorbing)

        return loop

    return make


def _exists_one(bodies: Sequence[Run], slot: int, cost: int) -> Loop:
    def loop(frame: Frame, range_: Any) -> bool:
        return sum(_test(frame, bodies[0]) for _ in _elements(frame, range_, slot, cost)) == 1

    return loop


def _filter(bodies: Sequence[Run], slot: int, cost: int) -> Loop:
    def loop(frame: Frame, range_: Any) -> list[Any]:
        return [element for element in _elements(frame, range_, slot, cost) if _test(frame, bodies[0])]

    return loop


def _map(bodies: Sequence[Run], slot: int, cost: int) -> Loop:
    *conditions, result = bodies

    def loop(frame: Frame, range_: Any) -> list[Any]:
        return [
            result(frame)
            for _ in _elements(frame, range_, slot, cost)
            if all(_test(frame, condition) for condition in conditions)
        ]

    return loop


LOOPS: Final[Mapping[str, Callable[[Sequence[Run], int, int], Loop]]] = {
    "all": _deciding(absorbing=False),
    "exists": _deciding(absorbing=True),
    "exists_one": _exists_one,
    "filter": _filter,
    "map": _map,
}
"""How each macro runs, given its bodies, the slot of its variable, and the cost of one round."""
