"""Parts of the serving stack that no pool of a cluster needs: NVIDIA's DRA driver, where no pod claims its devices.

That a part is not needed only keeps it from being installed: a stack keeps what it has installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from function.api.serving_stack import Component
from function.composition import Object, unstructured
from function.fleet.published_pools import Pools

NVIDIA_DRIVER: Final[Component] = "nvidiaDraDriver"

_DRIVER: Final = "gpu.nvidia.com"
_DEVICE_CLASSES: Final = frozenset({_DRIVER, "mig.nvidia.com", "vfio.gpu.nvidia.com"})
"""DeviceClasses that the driver's chart brings."""


def unneeded_parts(pools: Pools, stack: Object | None) -> list[Component]:
    """Give the parts that no pool needs; while a class is of no use, those that were not needed before.

    A new stack waits for such a class before it has what only this class may need.

    Args:
        pools: What the cluster publishes about its pools.
        stack: The ServingStack as observed; None before it is there.
    """
    needed = any(map(_claims_nvidia, _devices(pools)))
    unsure = bool(pools.faults) and stack is not None
    return [] if needed or (unsure and not _was_unneeded(stack)) else [NVIDIA_DRIVER]


def _was_unneeded(stack: Object | None) -> bool:
    before = unstructured.dig(stack, "spec", "unneeded")
    return isinstance(before, list | tuple) and NVIDIA_DRIVER in before


def _devices(pools: Pools) -> list[Mapping[str, Any]]:
    return [device for pool in pools.published for device in unstructured.items(pool, "devices")]


def _claims_nvidia(device: Mapping[str, Any]) -> bool:
    named = unstructured.text(device, "driver") == _DRIVER
    claimed = unstructured.text(device, "deviceClassName") in _DEVICE_CLASSES
    return device.get("claim") != "Synthetic" and (named or claimed)
