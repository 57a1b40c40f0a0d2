"""The node pools that an InferenceCluster publishes, read once: how many nodes, their shape and their devices.

Anyone may have written what is read here. What decides whether a pod fits (names, numbers, devices) is read
strictly. The shape of a node only sizes what pods request, so what cannot be read of it counts as not published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from function.composition import Object, unstructured
from function.composition.cache import ObjectCache
from function.inventory import strict
from function.inventory.reserve import NOTHING, Reserve, read_quantity, reserve, said_reserve
from function.selectors import Claim, Device, Value

Devices: TypeAlias = tuple[Device, ...]

_NODE_EFFECTS: Final = frozenset({"NoSchedule", "PreferNoSchedule", "NoExecute"})


@dataclass(frozen=True, slots=True)
class ObservedTaint:
    """A taint that every node of a pool carries."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class ObservedNode:
    """What a node has beside devices.

    Attributes:
        cpu: Processors; 0 if not published.
        memory: Bytes of memory; 0 if not published.
        taints: Its taints.
        reserved: What of it is not for pods of models: as its class says, with a careful default of what is left out.
        said_reserved: The same, as its class says alone.
    """

    cpu: Fraction = Fraction(0)
    memory: Fraction = Fraction(0)
    taints: tuple[ObservedTaint, ...] = ()
    reserved: Reserve = NOTHING
    said_reserved: Reserve = NOTHING

    @property
    def allocatable_cpu(self) -> Fraction:
        """Processors that pods of models can request."""
        return max(self.cpu - self.reserved.cpu, Fraction(0))

    @property
    def allocatable_memory(self) -> Fraction:
        """Bytes of memory that pods of models can request."""
        return max(self.memory - self.reserved.memory, Fraction(0))

    @property
    def largest_cpu(self) -> Fraction:
        """Processors that no pod can request more of: a default reserve may be too much."""
        return max(self.cpu - self.said_reserved.cpu, Fraction(0))

    @property
    def largest_memory(self) -> Fraction:
        """Bytes of memory that no pod can request more of."""
        return max(self.memory - self.said_reserved.memory, Fraction(0))


@dataclass(frozen=True, slots=True)
class ObservedPool:
    """A node pool as its cluster publishes it.

    Attributes:
        name: Its name within the cluster.
        class_name: The InferenceClass that describes its nodes; empty if not published.
        nodes: How many nodes it has, or may grow to.
        node: What each node has beside devices.
        devices: What devices each node has, in published order.
    """

    name: str
    class_name: str = ""
    nodes: int = 0
    node: ObservedNode = ObservedNode()
    devices: Devices = ()

    def claimable(self, device_class: str) -> int:
        """Count the devices of a node that pods claim through a DeviceClass."""
        return sum(
            device.count for device in self.devices if device.device_class == device_class and device.claim is Claim.DRA
        )


def read_pools(cluster: Object) -> tuple[ObservedPool, ...] | None:
    """Read what an InferenceCluster publishes of its pools, in published order; None while it publishes nothing.

    Raises:
        strict.UnreadableError: A field is not what it must be.
    """
    if unstructured.dig(cluster, "status", "gpuPools") is None:
        return None
    return tuple(_known_pool(item) for item in strict.objects(cluster, "status", "gpuPools"))


_POOLS: Final = ObjectCache()
"""Pools by how they are written: those of a fleet are much alike."""


def _known_pool(item: Object) -> ObservedPool:
    return _POOLS.get_or_compute(unstructured.content(item), lambda: _pool(item))


def _pool(item: Object) -> ObservedPool:
    name = strict.text(item, "name", "status.gpuPools", required=True)
    where = f"status.gpuPools[{name}]"
    return ObservedPool(
        name,
        nodes=strict.count(item, "nodes", where),
        devices=_devices(item, where),
        class_name=strict.text(item, "className", where),
        node=_node_shape(item),
    )


# ---------------------------------------------------------------------- nodes


def _node_shape(pool: Object) -> ObservedNode:
    node = unstructured.mapping(pool, "node")
    cpu = read_quantity(unstructured.text(node, "cpu")) or Fraction(0)
    memory = read_quantity(unstructured.text(node, "memory")) or Fraction(0)
    written = unstructured.mapping(node, "reserved")
    said = [unstructured.text(written, field) for field in ("cpu", "memory")]
    return ObservedNode(
        cpu=cpu,
        memory=memory,
        taints=tuple(_taints(unstructured.items(node, "taints"))),
        reserved=reserve(cpu, memory, *said),
        said_reserved=said_reserve(cpu, memory, *said),
    )


def _taints(items: Iterable[Object]) -> Iterable[ObservedTaint]:
    for item in items:
        taint = ObservedTaint(*(unstructured.text(item, field) for field in ("key", "value", "effect")))
        if taint.key and taint.effect in _NODE_EFFECTS:
            yield taint


# ---------------------------------------------------------------------- devices

_DEVICE_LISTS: Final = ObjectCache()
"""Lists of devices by what they say: a fleet has few, and equal ones become one."""


def _devices(pool: Object, where: str) -> Devices:
    devices = tuple(_device(item, where) for item in strict.objects(pool, "devices"))
    return _DEVICE_LISTS.get_or_compute(devices, lambda: devices)


def _device(item: Object, where: str) -> Device:
    name = strict.text(item, "name", f"{where}.devices", required=True)
    inside = f"{where}.devices[{name}]"
    claim = strict.text(item, "claim", inside) or Claim.DRA.value
    if claim not in {known.value for known in Claim}:
        raise strict.UnreadableError(f"{inside}.claim {claim} is not known")
    attributes = strict.mapping(item, "attributes")
    capacity = strict.mapping(item, "capacity")
    return Device(
        name,
        driver=strict.text(item, "driver", inside),
        device_class=strict.text(item, "deviceClassName", inside),
        claim=Claim(claim),
        count=strict.count(item, "count", inside),
        attributes=tuple((key, _value(attributes[key])) for key in sorted(attributes)),
        capacity=tuple((key, _capacity(capacity[key])) for key in sorted(capacity)),
    )


def _value(source: object) -> Value:
    """Read a typed value; one without a readable value makes selectors on the device fail."""
    fields = {key: value for key, value in source.items() if value is not None} if isinstance(source, Mapping) else {}
    match fields:
        case {"string": str(text), **rest} if not rest:
            return Value.string(text)
        case {"version": str(text), **rest} if not rest:
            return Value.version(text)
        case {"bool": bool(flag), **rest} if not rest:
            return Value.boolean(flag)
        case {"int": int(number), **rest} if not rest and not isinstance(number, bool):
            return Value.integer(number)
        case _:
            return Value.unreadable()


def _capacity(source: object) -> str:
    """Read a capacity; one that is no quantity makes selectors on the device fail."""
    value = unstructured.dig(source, "value")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
