"""Which selectors of a deployment cannot be used: they do not compile, or cost too much together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from function.scheduling.plan import InvalidSelector
from function.scheduling.request import SchedulingRequest
from function.selectors import COST_LIMIT, SelectorError, compile_selector

_MAX_BYTES: Final = 2**16
"""Bytes that all selectors of a deployment may have together, equal ones counted once.

Ordinary ones have a hundred each. So all are compiled within a second, and stay compiled from call to call.
"""
_TOO_LONG: Final = (
    "all selectors of the deployment up to this one have {total:,} bytes; {limit:,} are allowed together. Shorten them"
)
_TOO_COSTLY: Final = (
    "all selectors of the deployment up to this one may cost {total}; together they are allowed the {limit} "
    "of a single one. Loop over less"
)

_Location: TypeAlias = tuple[str, int, str, str, int]
"""Engine, member's position and role, request, and the selector's position."""


def find_invalid_selectors(request: SchedulingRequest) -> tuple[InvalidSelector, ...]:
    """Find the selectors that do not compile, or that cost too much beside those before them."""
    invalid: list[InvalidSelector] = []
    costs: dict[str, int] = {}
    seen: set[str] = set()
    length = 0
    for location, text in _selectors(request):
        length += 0 if text in seen else len(text.encode(errors="replace"))
        seen.add(text)
        if length > _MAX_BYTES:
            invalid.append(InvalidSelector(*location, _TOO_LONG.format(total=length, limit=_MAX_BYTES)))
            continue
        try:
            costs[text] = compile_selector(text).cost
        except SelectorError as error:
            invalid.append(InvalidSelector(*location, str(error), error.excerpt))
            continue
        total = sum(costs.values())
        if total > COST_LIMIT:
            invalid.append(InvalidSelector(*location, _TOO_COSTLY.format(total=total, limit=COST_LIMIT)))
    return tuple(invalid)


def _selectors(request: SchedulingRequest) -> Iterator[tuple[_Location, str]]:
    for engine in request.engines:
        for position, member in enumerate(engine.members):
            for device in member.requests:
                for index, text in enumerate(device.selectors):
                    yield (engine.name, position, member.role, device.name, index), text
