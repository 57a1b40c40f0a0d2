"""Node pools of inference clusters: as declared, and as published to the scheduler."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api import patterns
from function.api.base import Integer, Limits, Model, Rule, Text, between, immutable, items, length, matches
from function.api.clouds import CLOUDS
from function.api.clouds.pool_rules import places
from function.api.devices import PublishedDevice
from function.api.labels import SYSTEM_POOL
from function.api.references import ObjectName

FabricType: TypeAlias = Literal["None", "EFA", "InfiniBand"]
Zone: TypeAlias = Annotated[Text, length(1, 63)]

POOLS: Limits = items(1, 8, keys=("name",))
"""How lists of pools are bounded."""

_SAME_CLASS = immutable("the class of a node pool", "add a pool with another name and remove this one")
_ZONES = f"Zones to place nodes in; required on {places(CLOUDS, 'zones_required')}."
_CAPACITY_BLOCK = f"Reserved capacity to use, on {places(CLOUDS, 'capacity_blocks')}."
_FABRICS = (
    f"Kind of the network. EFA exists on {places(CLOUDS, 'efa')}; "
    f"InfiniBand has an effect on {places(CLOUDS, 'infiniband')}."
)
_FABRIC_TO_JOIN = f"Which InfiniBand fabric to join, on {places(CLOUDS, 'infiniband_fabric')}."
_NOT_SYSTEM = Rule(
    f"self != '{SYSTEM_POOL}'", f"the pool name {SYSTEM_POOL} is reserved for the pool that Modelplane adds"
)


class InfiniBand(Model):
    """An InfiniBand fabric."""

    fabric: Annotated[Text, length(1, 63)]
    """The cloud's id of the fabric."""


class Fabric(Model):
    """The fast network between the nodes of a pool."""

    RULES = (
        Rule(
            "!has(self.infiniband) || self.type == 'InfiniBand'",
            "fabric.infiniband may be set only with fabric.type InfiniBand",
        ),
    )

    type: Annotated[FabricType, Field(description=_FABRICS)] = "None"

    infiniband: Annotated[InfiniBand | None, Field(description=_FABRIC_TO_JOIN)] = None


class CapacityBlock(Model):
    """Reserved capacity."""

    capacity_reservation_id: Annotated[Text, length(4, 64), matches(patterns.CAPACITY_RESERVATION)]
    """Id of the reservation."""


class NodePool(Model):
    """A pool of equal nodes with accelerators."""

    RULES = (
        Rule(
            "!has(self.minNodeCount) || self.minNodeCount <= self.nodeCount",
            "minNodeCount must not be greater than nodeCount",
        ),
        Rule(
            "!has(self.maxNodeCount) || self.nodeCount <= self.maxNodeCount",
            "nodeCount must not be greater than maxNodeCount",
        ),
    )

    name: Annotated[Text, length(1, 40), matches(patterns.DNS_LABEL), _NOT_SYSTEM]
    """Name of the pool; nodes carry it as label `modelplane.ai/pool`."""

    class_name: Annotated[ObjectName, _SAME_CLASS]
    """The InferenceClass of the nodes."""

    node_count: Annotated[Integer, between(0, 1000)] = 1
    """Nodes to start with; the size of a pool without maxNodeCount."""

    min_node_count: Annotated[Integer, between(0, 1000)] | None = None
    """The fewest nodes of a pool that scales."""

    max_node_count: Annotated[Integer, between(1, 1000)] | None = None
    """The most nodes of a pool that scales; without it the size is fixed."""

    zones: Annotated[tuple[Zone, ...], items(None, 8, type="atomic"), Field(description=_ZONES)] = ()

    capacity_block: Annotated[CapacityBlock | None, Field(description=_CAPACITY_BLOCK)] = None

    fabric: Fabric | None = None
    """The fast network between the nodes."""

    @property
    def most_nodes(self) -> int:
        """How many nodes the pool can have."""
        return self.node_count if self.max_node_count is None else self.max_node_count


class PublishedTaint(Model):
    """A taint of a pool's nodes."""

    key: Annotated[Text, length(None, 317)]
    """Key of the taint."""

    value: Annotated[Text, length(None, 253)] = ""
    """Value of the taint."""

    effect: Annotated[Text, length(None, 32)]
    """What the taint does to pods that do not tolerate it."""


class PublishedReserve(Model):
    """What of a node is not for the pods of models."""

    cpu: Annotated[Text, length(None, 32)] = ""
    """Processors."""

    memory: Annotated[Text, length(None, 32)] = ""
    """Memory."""


class PublishedNode(Model):
    """What one node of a pool has beside devices."""

    cpu: Annotated[Text, length(None, 32)] = ""
    """Processors of a node."""

    memory: Annotated[Text, length(None, 32)] = ""
    """Memory of a node."""

    reserved: PublishedReserve = Field(default_factory=PublishedReserve)
    """What of it kubelet, system and daemon sets keep, as the class says or by default."""

    taints: Annotated[tuple[PublishedTaint, ...], items(None, 64, type="atomic")] = ()
    """Taints that the nodes carry."""


class PublishedPool(Model):
    """A pool as the scheduler sees it."""

    name: Annotated[Text, length(None, 63)]
    """Name of the pool."""

    class_name: Annotated[Text, length(None, 253)] = ""
    """The InferenceClass of the nodes."""

    nodes: Integer | None = None
    """How many nodes the pool can have."""

    committed_nodes: Integer | None = None
    """Nodes that placed replicas take."""

    free_nodes: Integer | None = None
    """Nodes that are left."""

    node: PublishedNode = Field(default_factory=PublishedNode)
    """What one node offers beside devices."""

    devices: Annotated[tuple[PublishedDevice, ...], items(None, 16, keys=("name",))] = ()
    """Devices of a node, as copied from the class."""
