"""Constraints: what the devices of a pod must have in common, as `matchAttribute` of a ResourceClaim says it.

The class of a pool says of a kind of device what is the same on every node and for every device of the kind. So a
constraint can be refuted here where two kinds publish different values. What is not published, such as the PCIe root
below which a device is, differs from device to device, and is left to the allocator of the node.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from function.scheduling.packing import CycleBudget, TooComplexError
from function.selectors import Claim, Device, Value, ValueKind

Choices: TypeAlias = tuple[tuple[int, ...], ...]
"""For each request the positions of the devices that may meet it."""


@dataclass(frozen=True, slots=True)
class MatchAttribute:
    """All devices of some requests have an attribute in common.

    Attributes:
        attribute: The attribute, with its domain.
        requests: The requests; empty for all of the pod.
    """

    attribute: str
    requests: tuple[str, ...] = ()

    def covers(self, request: str) -> bool:
        """Tell whether it is about the devices of a request."""
        return not self.requests or request in self.requests

    def among(self, claimed: Collection[str]) -> MatchAttribute | None:
        """What is left of it for the requests that pods claim; None when it was only about others."""
        named = tuple(name for name in self.requests if name in claimed)
        return None if self.requests and not named else replace(self, requests=named)


def claimed_constraints(constraints: Sequence[MatchAttribute], claimed: Collection[str]) -> tuple[MatchAttribute, ...]:
    """What is left of constraints for the requests that pods claim."""
    left = [constraint.among(claimed) for constraint in constraints] if claimed else []
    return tuple(constraint for constraint in left if constraint is not None)


def split_choices(
    names: Sequence[str],
    choices: Choices,
    devices: Sequence[Device],
    constraints: Sequence[MatchAttribute],
    budget: CycleBudget,
) -> Iterator[Choices]:
    """Split choices so that whatever is chosen of one part meets all constraints, and nothing that meets them is lost.

    Devices that publish no value may go with any other. So there is a part for each value that the attribute of a
    constraint has, with the devices that have this value or none.

    Args:
        names: The names of the requests.
        choices: For each request the devices that may meet it.
        devices: What one node has.
        constraints: What must be met.
        budget: What the search may cost.

    Raises:
        TooComplexError: There are too many parts.
    """
    if not constraints:
        yield choices
        return
    if budget.steps <= 0:
        raise TooComplexError
    budget.spend_steps(len(names))
    first, *rest = constraints
    covered = [first.covers(name) for name in names]
    published = {position: _published(devices[position], first.attribute) for position in range(len(devices))}
    among = {position for positions, is_in in zip(choices, covered, strict=True) if is_in for position in positions}
    values = dict.fromkeys(published[position] for position in sorted(among))
    known: list[Value | None] = [value for value in values if value is not None]
    for value in known or [None]:
        part = tuple(
            tuple(position for position in positions if not is_covered or published[position] in (value, None))
            for positions, is_covered in zip(choices, covered, strict=True)
        )
        if all(part):
            yield from split_choices(names, part, devices, rest, budget)


def _published(device: Device, attribute: str) -> Value | None:
    """The value that a device is known to have; None where none is known, or where no pod claims the device."""
    if device.claim is not Claim.DRA:
        return None
    domain, _, bare = attribute.partition("/")
    keys = (attribute, bare) if domain == device.driver else (attribute,)
    found = next((value for key, value in device.attributes if key in keys), None)
    return None if found is None or found.kind is ValueKind.UNREADABLE else found
