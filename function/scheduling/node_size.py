"""Which nodes are large enough for the pods of an engine, whatever devices they have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from function.scheduling.fleet import NO_RESOURCES, NodeResources, Pool
from function.scheduling.reasons import NodesTooSmall
from function.scheduling.request import EngineSpec

Verdicts: TypeAlias = tuple[tuple[bool, ...], ...]
"""For each pool, for each engine, whether its nodes are large enough; empty where no pod asks for anything."""


class NodeSizes:
    """Compares what the pods of one deployment request with nodes, each size of a node once.

    A pod has its node to itself. So a node that has the most of each resource that any pod of an engine requests is
    large enough for all of them. Companions go where the first other engine does.
    """

    def __init__(self, engines: Sequence[EngineSpec]) -> None:
        """Begin.

        Args:
            engines: The engines.
        """
        self._needed = [_most(member.node for member in engine.members) for engine in engines]
        companions = [needed for engine, needed in zip(engines, self._needed, strict=True) if engine.companion]
        first = next((place for place, engine in enumerate(engines) if not engine.companion), None)
        if first is not None:
            self._needed[first] = _most([self._needed[first], *companions])
        self._asked = any(needed != NO_RESOURCES for needed in self._needed)
        self._known: dict[NodeResources, tuple[bool, ...]] = {}

    def verdicts(self, pools: Iterable[Pool]) -> Verdicts:
        """Say of each pool for which engines its nodes are large enough."""
        return tuple([self._verdict(pool.node) for pool in pools]) if self._asked else ()

    def _verdict(self, node: NodeResources) -> tuple[bool, ...]:
        if node not in self._known:
            self._known[node] = tuple([not _lacking(needed, node) for needed in self._needed])
        return self._known[node]

    def reason(self, engine: int, pools: Iterable[Pool]) -> NodesTooSmall:
        """Say what nodes lack for an engine, of the pool that comes closest.

        Args:
            engine: The engine's position.
            pools: Pools none of which is large enough.
        """
        needed = self._needed[engine]
        worst = [(pool, min(_lacking(needed, pool.node))) for pool in pools]
        closest, (_, resource) = max(worst, key=lambda pair: pair[1][0])
        return NodesTooSmall(closest.name, resource, getattr(needed, resource), getattr(closest.node, resource))


def _most(requests: Iterable[NodeResources]) -> NodeResources:
    """The most that is requested of each resource."""
    found = [NO_RESOURCES, *requests]
    return NodeResources(max(each.cpu for each in found), max(each.memory for each in found))


def _lacking(needed: NodeResources, node: NodeResources) -> list[tuple[float, str]]:
    """The resources of which a node has too little, each with the part of what is needed that it has."""
    return [
        (there / asked, name)
        for name in ("cpu", "memory")
        if 0 < (there := getattr(node, name)) < (asked := getattr(needed, name))
    ]
