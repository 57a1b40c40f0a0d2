"""Feasibility: which pools of a cluster can take a replica's engines.

An engine goes whole into one pool: all its members, all its copies. A pool is compatible with an engine
when devices of its nodes can be allocated to each member, and every member that could claim devices
somewhere on the cluster claims some here. Which pools are compatible depends only on their devices, and is
worked out once for all clusters that are alike. Of these a new replica goes where nodes are large enough for what its
pods request beside devices; a pool whose nodes are not still suits what runs there. Free nodes are looked at last.

A companion is not searched a pool for: every pool is compatible with it, and it goes where the first other engine does.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from function import deadline
from function.scheduling.allocation import Allocation, AllocationFailure, NodeDevices, PodRequests, allocate
from function.scheduling.fleet import Pool
from function.scheduling.node_size import NodeSizes, Verdicts
from function.scheduling.packing import CycleBudget, TooComplexError, pack
from function.scheduling.plan import EnginePlacement, MemberPlacement
from function.scheduling.reasons import (
    ConstraintUnmet,
    CountTooSmall,
    EnginesTooLarge,
    NodesTooSmall,
    NoDevice,
    NotEnoughNodes,
    SyntheticOnly,
    TooComplex,
)
from function.scheduling.request import EngineSpec, MemberSpec

Incompatibility: TypeAlias = NoDevice | CountTooSmall | ConstraintUnmet | SyntheticOnly | TooComplex
"""Why no pool of a cluster is compatible with an engine."""

Unfit: TypeAlias = Incompatibility | NodesTooSmall | NotEnoughNodes | EnginesTooLarge
"""Why the engines do not fit on a cluster."""

_Alike: TypeAlias = tuple[tuple[int, ...], Verdicts]


@dataclass(frozen=True, slots=True)
class CompatiblePools:
    """The pools of a cluster that are compatible with one engine, whether or not nodes are free.

    Attributes:
        nodes: How many nodes the engine takes.
        positions: Positions of the pools, in published order.
        members: For each of these pools, the members with what they claim there.
        reason: Why there is none; None when there is one.
    """

    nodes: int
    positions: tuple[int, ...]
    members: tuple[tuple[MemberPlacement, ...], ...]
    reason: Incompatibility | None

    def among(self, positions: Container[int]) -> CompatiblePools:
        """Leave out all but some positions."""
        left = [place for place, position in enumerate(self.positions) if position in positions]
        return replace(
            self,
            positions=tuple(self.positions[place] for place in left),
            members=tuple(self.members[place] for place in left),
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """A way to place all engines on a cluster.

    Attributes:
        engines: The engines with their pools.
        free_nodes: Nodes that stay free in those pools.
    """

    engines: tuple[EnginePlacement, ...]
    free_nodes: int


class Feasibility:
    """Finds pools for the engines of one deployment, caching what it has worked out."""

    def __init__(self, engines: tuple[EngineSpec, ...]) -> None:
        # Companions of nobody are engines that claim nothing, for which no pool is compatible.
        alone = all(engine.companion for engine in engines)
        self.engines = tuple(replace(engine, companion=False) for engine in engines) if alone else engines
        self._budget = CycleBudget()
        self._allocations: dict[Hashable, Allocation | AllocationFailure] = {}
        self._compatible: dict[tuple[int, ...], tuple[CompatiblePools, ...]] = {}
        self._sizes = NodeSizes(self.engines)
        self._suitable: dict[_Alike, tuple[CompatiblePools, ...]] = {}
        self._assignments: dict[Hashable, tuple[int, ...] | TooComplex | None] = {}
        self._shapes: dict[NodeDevices, int] = {}
        self._seen: dict[int, tuple[NodeDevices, int]] = {}

    def allocate(self, member: MemberSpec, devices: NodeDevices) -> Allocation | AllocationFailure:
        """Allocate the devices of a pool's nodes to a member's requests."""
        key = (member.requests, member.constraints, self._shape(devices))
        if key not in self._allocations:
            self._allocations[key] = allocate(member.requests, devices, self._budget, member.constraints)
        return self._allocations[key]

    def compatible_pools(self, pools: Sequence[Pool]) -> tuple[CompatiblePools, ...]:
        """Work out for each engine which pools are compatible with it, whether or not nodes are free."""
        return self._compatible_pools(self._shapes_of(pools), pools)

    def fit(self, pools: Sequence[Pool], free: Sequence[int]) -> Fit | None:
        """Find pools for all engines; the first way in first-fit order.

        Args:
            pools: A cluster's pools in published order.
            free: The free nodes of each.
        """
        alike = self._alike(pools)
        assignment = self._assign(alike, pools, free)
        if assignment is None or isinstance(assignment, TooComplex):
            return None
        compatible = self._compatible_pools(alike[0], pools)
        positions = iter(assignment)
        engines = tuple(
            _place(engine, engine_pools, pools, assignment[0] if engine.companion else next(positions))
            for engine, engine_pools in zip(self.engines, compatible, strict=True)
        )
        left = sum(free[position] for position in set(assignment)) - sum(
            engine_pools.nodes for engine_pools in compatible
        )
        return Fit(engines, left)

    def _searching(self, suitable: Iterable[CompatiblePools]) -> list[CompatiblePools]:
        """The pools for engines that a pool is searched for."""
        return [found for engine, found in zip(self.engines, suitable, strict=True) if not engine.companion]

    def _suitable_pools(self, alike: _Alike, pools: Sequence[Pool]) -> tuple[CompatiblePools, ...]:
        """Those of the compatible pools of each engine whose nodes are large enough."""
        shapes, verdicts = alike
        if not verdicts:
            return self._compatible_pools(shapes, pools)
        if alike not in self._suitable:
            large = [{at for at, each in enumerate(verdicts) if each[place]} for place in range(len(self.engines))]
            compatible = self._compatible_pools(shapes, pools)
            self._suitable[alike] = tuple(found.among(those) for found, those in zip(compatible, large, strict=True))
        return self._suitable[alike]

    def _compatible_pools(self, shapes: tuple[int, ...], pools: Sequence[Pool]) -> tuple[CompatiblePools, ...]:
        if shapes not in self._compatible:
            self._compatible[shapes] = tuple(
                find_compatible_pools(
                    engine,
                    [[self.allocate(member, pool.devices) for member in engine.members] for pool in pools],
                )
                for engine in self.engines
            )
        return self._compatible[shapes]

    def _assign(self, alike: _Alike, pools: Sequence[Pool], free: Sequence[int]) -> tuple[int, ...] | TooComplex | None:
        """Find the position of a pool for each engine that is no companion."""
        key = (alike, tuple(free))
        if key not in self._assignments:
            deadline.check()
            compatible = self._searching(self._suitable_pools(alike, pools))
            nodes, choices = (
                [engine_pools.nodes for engine_pools in compatible],
                [engine_pools.positions for engine_pools in compatible],
            )
            try:
                self._assignments[key] = pack(nodes, choices, free, self._budget)
            except TooComplexError:
                self._assignments[key] = TooComplex(engines=len(self.engines), places=len(pools))
        return self._assignments[key]

    def reason(self, pools: Sequence[Pool], free: Sequence[int]) -> Unfit:
        """Say why there is no fit.

        It is the first engine without a compatible pool, else the first without large enough nodes, or without room.
        """
        alike = self._alike(pools)
        compatible, suitable = self._compatible_pools(alike[0], pools), self._suitable_pools(alike, pools)
        names = [engine.name if len(self.engines) > 1 else "" for engine in self.engines]
        searching = [place for place, engine in enumerate(self.engines) if not engine.companion]
        for place in searching:
            reason = compatible[place].reason
            if reason is not None:
                return replace(reason, engine=names[place])
        for place in searching:
            if not suitable[place].positions:
                found = self._sizes.reason(place, [pools[position] for position in compatible[place].positions])
                return replace(found, engine=names[place])
        for place in searching:
            roomiest = max(suitable[place].positions, key=lambda position: (free[position], -position))
            if free[roomiest] < suitable[place].nodes:
                return NotEnoughNodes(pools[roomiest].name, suitable[place].nodes, free[roomiest], names[place])
        assignment = self._assign(alike, pools, free)
        if isinstance(assignment, TooComplex):
            return assignment
        positions = {position for place in searching for position in suitable[place].positions}
        needed = sum(suitable[place].nodes for place in searching)
        return EnginesTooLarge(needed, sum(max(free[position], 0) for position in positions))

    def _alike(self, pools: Sequence[Pool]) -> _Alike:
        """What decides which pools are suitable: the same for clusters that are alike."""
        return self._shapes_of(pools), self._sizes.verdicts(pools)

    def _shapes_of(self, pools: Iterable[Pool]) -> tuple[int, ...]:
        return tuple([self._shape(pool.devices) for pool in pools])

    def _shape(self, devices: NodeDevices) -> int:
        """Number a device list; equal lists have one number. Looks at a list's content once."""
        seen = self._seen.get(id(devices))
        if seen is None:
            number = self._shapes.setdefault(devices, len(self._shapes))
            seen = self._seen[id(devices)] = (devices, number)
        return seen[1]


def _place(engine: EngineSpec, compatible: CompatiblePools, pools: Sequence[Pool], position: int) -> EnginePlacement:
    members = compatible.members[compatible.positions.index(position)]
    return EnginePlacement(engine.name, pools[position].name, compatible.nodes, members)


def find_compatible_pools(
    engine: EngineSpec, found: Sequence[Sequence[Allocation | AllocationFailure]]
) -> CompatiblePools:
    """Work out which pools are compatible with an engine.

    Args:
        engine: The engine.
        found: For each pool, what can be allocated to each member.
    """
    if engine.companion:
        nothing = tuple(MemberPlacement(member.role, ()) for member in engine.members)
        return CompatiblePools(0, tuple(range(len(found))), (nothing,) * len(found), None)
    can_claim = [any(_claims_devices(pool[position]) for pool in found) for position in range(len(engine.members))]
    nodes = engine.copies * sum(member.pods for member, can in zip(engine.members, can_claim, strict=True) if can)
    positions: list[int] = []
    members: list[tuple[MemberPlacement, ...]] = []
    for position, pool in enumerate(found):
        allocations = [allocation for allocation in pool if isinstance(allocation, Allocation)]
        if len(allocations) < len(pool) or not any(can_claim):
            continue
        if all(allocation.claims_devices or not can for allocation, can in zip(allocations, can_claim, strict=True)):
            positions.append(position)
            members.append(
                tuple(
                    MemberPlacement(member.role, allocation.requests, allocation.constraints)
                    for member, allocation in zip(engine.members, allocations, strict=True)
                ),
            )
    return CompatiblePools(nodes, tuple(positions), tuple(members), None if positions else _reason(engine, found))


def _claims_devices(found: Allocation | AllocationFailure) -> bool:
    return isinstance(found, Allocation) and found.claims_devices


def _reason(engine: EngineSpec, found: Sequence[Sequence[Allocation | AllocationFailure]]) -> Incompatibility:
    """Pick the reason of the pool that came closest; add up devices over pools that failed alike."""
    firsts = [
        next(
            ((position, failure) for position, failure in enumerate(pool) if not isinstance(failure, Allocation)), None
        )
        for pool in found
    ]
    if None in firsts or not firsts:
        return SyntheticOnly()
    failed = [first for first in firsts if first is not None]
    undecided = [failure for _, failure in failed if isinstance(failure, TooComplex)]
    if undecided:
        return max(undecided, key=lambda failure: (failure.requests, failure.places))
    unmet = [failure for _, failure in failed if isinstance(failure, ConstraintUnmet)]
    if unmet:
        return unmet[0]
    small = [failure for _, failure in failed if isinstance(failure, CountTooSmall)]
    if small:
        return max(small, key=lambda failure: (failure.shared, failure.available - failure.needed))
    ranked = [
        ((position, _position(engine.members[position].requests, failure.request), failure.selector), failure)
        for position, failure in failed
        if isinstance(failure, NoDevice)
    ]
    furthest = max(rank for rank, _ in ranked)
    alike = [failure for rank, failure in ranked if rank == furthest]
    return replace(
        alike[0],
        false=sum(failure.false for failure in alike),
        errors=sum(failure.errors for failure in alike),
        error=min((failure.error for failure in alike if failure.error), default=""),
    )


def _position(requests: PodRequests, name: str) -> int:
    return next((position for position, request in enumerate(requests) if request.name == name), 0)
