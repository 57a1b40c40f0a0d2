"""What pods claim on some nodes, whether or not any of these is free."""

from __future__ import annotations

from collections.abc import Iterable

from function.scheduling.allocation import Allocation, NodeDevices, allocate
from function.scheduling.packing import CycleBudget
from function.scheduling.request import MemberSpec, SchedulingRequest
from function.scheduling.selector_validation import find_invalid_selectors


def claimed_devices(request: SchedulingRequest, nodes: Iterable[NodeDevices]) -> dict[tuple[str, str], frozenset[str]]:
    """Find the DeviceClasses, and the drivers, of what the pods of each member claim on nodes of any kind.

    Args:
        request: The deployment.
        nodes: What nodes of each kind have.

    Returns:
        The names by engine and role; nothing where a selector does not compile.
    """
    if find_invalid_selectors(request):
        return {}
    kinds, budget = list(nodes), CycleBudget()
    return {
        (engine.name, member.role): frozenset(name for devices in kinds for name in _names(member, devices, budget))
        for engine in request.engines
        for member in engine.members
    }


def _names(member: MemberSpec, devices: NodeDevices, budget: CycleBudget) -> Iterable[str]:
    found = allocate(member.requests, devices, budget, member.constraints)
    classes = {claimed.device_class for claimed in found.requests} if isinstance(found, Allocation) else set()
    drivers = (device.driver for device in devices if device.device_class in classes)
    return filter(None, (*classes, *drivers))
