"""Allocation: which devices of a pool's nodes meet a member's requests, as DRA's structured allocator would find them.

Each request is met by one entry of the node's devices, which must cover its whole count.
Requests of one member share a node, so they share its devices. A synthetic device is used up
like any other, but pods do not claim it. The search over requests and devices is complete as long
as there are steps left for it; of several answers it takes the first in first-fit order, and one
in which pods claim something before one in which they do not.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from function import deadline
from function.scheduling.constraints import Choices, MatchAttribute, claimed_constraints, split_choices
from function.scheduling.packing import CycleBudget, TooComplexError, pack
from function.scheduling.plan import ResolvedRequest
from function.scheduling.reasons import ConstraintUnmet, CountTooSmall, NoDevice, TooComplex
from function.scheduling.request import DeviceRequirement
from function.selectors import (
    NO_SUCH_KEY,
    Claim,
    Device,
    EvaluationOutcome,
    EvaluationResult,
    Selector,
    SelectorError,
    compile_selector,
)

NodeDevices: TypeAlias = tuple[Device, ...]
PodRequests: TypeAlias = tuple[DeviceRequirement, ...]

_CLOSE: Final = 0.75
"""How much alike a key and one that devices have must be, from 0 to 1, to be taken for the same word."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """A pool's nodes meet all requests; these are the ones that pods claim, and what their devices have in common."""

    requests: tuple[ResolvedRequest, ...] = ()
    constraints: tuple[MatchAttribute, ...] = ()

    @property
    def claims_devices(self) -> bool:
        """Whether pods claim anything."""
        return bool(self.requests)


AllocationFailure: TypeAlias = NoDevice | CountTooSmall | ConstraintUnmet | TooComplex


def allocate(
    requests: PodRequests,
    devices: NodeDevices,
    budget: CycleBudget | None = None,
    constraints: tuple[MatchAttribute, ...] = (),
) -> Allocation | AllocationFailure:
    """Allocate the devices of one node to requests.

    Args:
        requests: What one pod needs; every selector must compile.
        devices: What one node has, in published order.
        budget: What evaluating and searching may cost; by default that of one cycle.
        constraints: What the devices that the pod claims must have in common.

    Returns:
        The allocation, or what the first request that finds nothing was missing.
    """
    budget = budget or CycleBudget()
    try:
        return _allocate(requests, devices, budget, constraints)
    except TooComplexError:
        return TooComplex(requests=len(requests), places=len(devices))


def _allocate(
    requests: PodRequests, devices: NodeDevices, budget: CycleBudget, constraints: tuple[MatchAttribute, ...]
) -> Allocation | AllocationFailure:
    choices: list[tuple[int, ...]] = []
    for request in requests:
        deadline.check()
        passing = _passing(request, devices, budget)
        if isinstance(passing, NoDevice):
            return passing
        largest = max(devices[position].count for position in passing)
        if largest < request.count:
            return CountTooSmall(request.name, request.count, largest)
        choices.append(passing)
    assignment = _assign_constrained(requests, devices, tuple(choices), budget, constraints)
    if assignment is None:
        return _unmet(requests, devices, tuple(choices), budget, constraints)
    resolved = tuple(
        ResolvedRequest(request.name, devices[position].device_class, request.count, request.selectors)
        for request, position in zip(requests, assignment, strict=True)
        if devices[position].claim is Claim.DRA
    )
    return Allocation(resolved, claimed_constraints(constraints, {request.name for request in resolved}))


def _passing(request: DeviceRequirement, devices: NodeDevices, budget: CycleBudget) -> tuple[int, ...] | NoDevice:
    """Find the devices that would do for a request by itself, or say why there is none."""
    if not request.selectors:
        wanted = _implied_class(request, devices)
        claimable = [(position, device) for position, device in enumerate(devices) if _is_claimable(device)]
        passing = tuple(position for position, device in claimable if device.device_class == wanted)
        return passing or NoDevice(request.name, unnamed=tuple(sorted({device.name for _, device in claimable})))
    verdicts = [_check_selectors(request, device, budget) for device in devices]
    return tuple(position for position, verdict in enumerate(verdicts) if verdict is None) or _no_device(
        request, devices, verdicts
    )


def _implied_class(request: DeviceRequirement, devices: NodeDevices) -> str:
    """The DeviceClass that a request without selectors means; empty when the node has none that it could mean.

    A request of DRA names a DeviceClass, and without selectors any device of it will do. Here the request's own name
    says which: that of the device that is named like it. Any other class would be a guess, and a model for one vendor's
    accelerators would end on another's.
    """
    named = (device.device_class for device in devices if device.name == request.name and _is_claimable(device))
    return next(named, "")


def _is_claimable(device: Device) -> bool:
    return device.claim is Claim.DRA and bool(device.device_class)


@dataclass(frozen=True, slots=True)
class _FailedSelector:
    """The selector that a device did not pass; None for a device that cannot be claimed at all."""

    selector: int
    verdict: EvaluationResult


def _check_selectors(request: DeviceRequirement, device: Device, budget: CycleBudget) -> _FailedSelector | None:
    """Find the first selector that is not true of a device; None when all are."""
    for index, text in enumerate(request.selectors):
        selector = _compile(text)
        budget.spend_cost(selector.cost)
        verdict = selector.evaluate(device)
        budget.spend_work(verdict.steps)
        if not verdict:
            return _FailedSelector(index, verdict)
    if device.claim is Claim.DRA and not device.device_class:
        return _FailedSelector(max(len(request.selectors) - 1, 0), _NO_CLASS)
    return None


_NO_CLASS = EvaluationResult.failed("the device has no device class to claim it through")


def _compile(text: str) -> Selector:
    """Compile a selector that is known to be valid."""
    try:
        return compile_selector(text)
    except SelectorError as error:
        message = f"allocate was given a selector that does not compile: {error}"
        raise ValueError(message) from error


def _assign(
    requests: PodRequests, devices: NodeDevices, choices: Sequence[Sequence[int]], budget: CycleBudget
) -> tuple[int, ...] | None:
    """Give each request a device, so that pods claim something if that can be.

    Raises:
        TooComplexError: It is not known whether that can be.
    """
    weights = [request.count for request in requests]
    counts = [device.count for device in devices]
    first = pack(weights, choices, counts, budget)
    if first is None or not requests or any(devices[position].claim is Claim.DRA for position in first):
        return first
    found = _answers(partial(pack, weights, restricted, counts, budget) for restricted in _restricted(devices, choices))
    return min(found, default=first)


def _assign_constrained(
    requests: PodRequests,
    devices: NodeDevices,
    choices: Choices,
    budget: CycleBudget,
    constraints: Sequence[MatchAttribute],
) -> tuple[int, ...] | None:
    """Give each request a device, so that constraints are met and pods claim something if that can be.

    Raises:
        TooComplexError: It is not known whether that can be.
    """
    if not constraints:
        return _assign(requests, devices, choices, budget)
    parts = split_choices([request.name for request in requests], choices, devices, constraints, budget)
    found = _answers(partial(_assign, requests, devices, part, budget) for part in parts)
    idle = {position for position, device in enumerate(devices) if device.claim is not Claim.DRA}
    return min(found, key=lambda answer: (idle.issuperset(answer), answer), default=None)


def _answers(attempts: Iterable[Callable[[], tuple[int, ...] | None]]) -> list[tuple[int, ...]]:
    """Gather what attempts find, until the deadline.

    Raises:
        TooComplexError: None finds anything, and of one it is not known whether it could.
    """
    found: list[tuple[int, ...]] = []
    given_up = False
    for attempt in attempts:
        deadline.check()
        try:
            answer = attempt()
        except TooComplexError:
            given_up = True
        else:
            found += [answer] if answer is not None else []
    if given_up and not found:
        raise TooComplexError
    return found


def _restricted(devices: NodeDevices, choices: Sequence[Sequence[int]]) -> Iterator[list[Sequence[int]]]:
    """Restrict one request after the other to devices that pods claim."""
    for index, positions in enumerate(choices):
        claimable = [position for position in positions if devices[position].claim is Claim.DRA]
        if claimable:
            yield [*choices[:index], claimable, *choices[index + 1 :]]


def _no_device(
    request: DeviceRequirement, devices: NodeDevices, verdicts: Sequence[_FailedSelector | None]
) -> NoDevice:
    """Report the selector that rejected the devices that passed most of them."""
    failed = [failure for failure in verdicts if failure is not None]
    furthest = max((failure.selector for failure in failed), default=0)
    last_verdicts = [failure.verdict for failure in failed if failure.selector == furthest]
    errors = [verdict.message for verdict in last_verdicts if verdict.outcome is EvaluationOutcome.ERROR]
    error = min(errors, default="")
    misspelt, meant = _misspelling(error, devices)
    return NoDevice(
        request.name,
        furthest,
        false=len(last_verdicts) - len(errors),
        errors=len(errors),
        error=error,
        misspelt=misspelt,
        meant=meant,
    )


def _misspelling(error: str, devices: NodeDevices) -> tuple[str, str]:
    """Find in an error a key that no device has, and the one that it is much like; empty where there is none."""
    key = error.removeprefix(NO_SUCH_KEY)
    known = {name.rpartition("/")[2] for device in devices for name, _ in (*device.attributes, *device.capacity)}
    if key == error or key in known:
        return "", ""
    close = difflib.get_close_matches(key, sorted(known), n=1, cutoff=_CLOSE)
    return (key, close[0]) if close else ("", "")


def _unmet(
    requests: PodRequests,
    devices: NodeDevices,
    choices: Choices,
    budget: CycleBudget,
    constraints: tuple[MatchAttribute, ...],
) -> CountTooSmall | ConstraintUnmet:
    """Report what is missing: devices for all requests together, or else the first constraint that is one too many.

    Raises:
        TooComplexError: It is not known which that is.
    """
    if not constraints or pack([each.count for each in requests], choices, [d.count for d in devices], budget) is None:
        return _first_unmet(requests, devices, choices, budget)

    def fails(end: int) -> bool:
        return _assign_constrained(requests, devices, choices, budget, constraints[:end]) is None

    # Where some cannot be met together, neither can they with more: halve until the first is left.
    end = bisect_left(range(len(constraints)), True, lo=1, key=fails)  # noqa: FBT003  # what is looked for
    unmet = constraints[end - 1]
    return ConstraintUnmet(unmet.attribute, unmet.requests or tuple(request.name for request in requests))


def _first_unmet(
    requests: PodRequests, devices: NodeDevices, choices: Sequence[Sequence[int]], budget: CycleBudget
) -> CountTooSmall:
    """Report the first request that cannot be met beside those before it.

    Raises:
        TooComplexError: It is not known which that is.
    """
    counts = [device.count for device in devices]

    def fails(end: int) -> bool:
        return pack([request.count for request in requests[:end]], choices[:end], counts, budget) is None

    # Where some cannot be met together, neither can they with more: halve until the first is left.
    end = bisect_left(range(len(requests)), True, lo=2, key=fails)  # noqa: FBT003  # what is looked for
    request = requests[end - 1]
    largest = max(counts[position] for position in choices[end - 1])
    return CountTooSmall(request.name, request.count, largest, shared=True)
