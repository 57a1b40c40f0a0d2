"""Placing: which pools of a cluster take a replica's engines.

An engine goes whole into one pool: all its members, all its copies. A pool suits an engine when
each member matches, and every member that could claim devices somewhere on the cluster claims
some here. What a cluster could offer depends only on its pools' devices, and is worked out once
for all clusters that are alike; free nodes are looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from function import deadline
from function.scheduling.fleet import Pool
from function.scheduling.matching import Devices, Match, Mismatch, Requests, match
from function.scheduling.packing import Effort, TooComplexError, pack
from function.scheduling.plan import EnginePlacement, MemberPlacement
from function.scheduling.reasons import (
    CountTooSmall,
    EnginesTooLarge,
    NoDevice,
    NotEnoughNodes,
    SyntheticOnly,
    TooComplex,
)
from function.scheduling.workload import Engine

Misfit: TypeAlias = NoDevice | CountTooSmall | SyntheticOnly | TooComplex


@dataclass(frozen=True, slots=True)
class EngineOffer:
    """What pools of some kinds offer to one engine.

    Attributes:
        nodes: How many nodes it takes.
        pools: Positions of the pools that suit it, in published order.
        members: For each of these pools, the members with what they claim there.
        misfit: Why none suits it; None when one does.
    """

    nodes: int
    pools: tuple[int, ...]
    members: tuple[tuple[MemberPlacement, ...], ...]
    misfit: Misfit | None


Offer: TypeAlias = tuple[EngineOffer, ...]
"""What pools of some kinds offer to each engine."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A way to place all engines.

    Attributes:
        engines: The engines with their pools.
        left: Free nodes that remain in those pools.
    """

    engines: tuple[EnginePlacement, ...]
    left: int


class Placer:
    """Places the engines of one deployment, remembering what it has worked out."""

    def __init__(self, engines: tuple[Engine, ...]) -> None:
        self.engines = engines
        self._effort = Effort()
        self._matches: dict[tuple[Requests, int], Match | Mismatch] = {}
        self._offers: dict[tuple[int, ...], Offer] = {}
        self._assignments: dict[Hashable, tuple[int, ...] | TooComplex | None] = {}
        self._kinds: dict[Devices, int] = {}
        self._seen: dict[int, tuple[Devices, int]] = {}

    def match(self, requests: Requests, devices: Devices) -> Match | Mismatch:
        """Match a member's requests against the devices of a pool's nodes."""
        key = (requests, self._kind(devices))
        if key not in self._matches:
            self._matches[key] = match(requests, devices, self._effort)
        return self._matches[key]

    def offer(self, pools: Sequence[Pool]) -> Offer:
        """Work out which pools suit which engines, whether or not nodes are free."""
        kinds = tuple(self._kind(pool.devices) for pool in pools)
        if kinds not in self._offers:
            self._offers[kinds] = tuple(
                offer_to(engine, [[self.match(m.requests, pool.devices) for m in engine.members] for pool in pools])
                for engine in self.engines
            )
        return self._offers[kinds]

    def fit(self, pools: Sequence[Pool], free: Sequence[int]) -> Fit | None:
        """Find pools for all engines; the first way in first-fit order.

        Args:
            pools: A cluster's pools in published order.
            free: The free nodes of each.
        """
        offer, assignment = self.offer(pools), self._assign(pools, free)
        if assignment is None or isinstance(assignment, TooComplex):
            return None
        engines = tuple(
            EnginePlacement(engine.name, pools[place].name, one.nodes, one.members[one.pools.index(place)])
            for engine, one, place in zip(self.engines, offer, assignment, strict=True)
        )
        left = sum(free[place] for place in set(assignment)) - sum(one.nodes for one in offer)
        return Fit(engines, left)

    def _assign(self, pools: Sequence[Pool], free: Sequence[int]) -> tuple[int, ...] | TooComplex | None:
        """Find the position of a pool for each engine."""
        key = (tuple(self._kind(pool.devices) for pool in pools), tuple(free))
        if key not in self._assignments:
            deadline.check()
            offer = self.offer(pools)
            nodes, choices = [one.nodes for one in offer], [one.pools for one in offer]
            try:
                self._assignments[key] = pack(nodes, choices, free, self._effort)
            except TooComplexError:
                self._assignments[key] = TooComplex(engines=len(self.engines), places=len(pools))
        return self._assignments[key]

    def why_not(self, pools: Sequence[Pool], free: Sequence[int]) -> Misfit | NotEnoughNodes | EnginesTooLarge:
        """Say why there is no fit: the first engine that nothing suits, else the first without room."""
        offer = self.offer(pools)
        named = [
            (engine.name if len(self.engines) > 1 else "", one) for engine, one in zip(self.engines, offer, strict=True)
        ]
        for name, one in named:
            if one.misfit is not None:
                return replace(one.misfit, engine=name)
        for name, one in named:
            roomiest = max(one.pools, key=lambda place: (free[place], -place))
            if free[roomiest] < one.nodes:
                return NotEnoughNodes(pools[roomiest].name, one.nodes, free[roomiest], name)
        assignment = self._assign(pools, free)
        if isinstance(assignment, TooComplex):
            return assignment
        suiting = {place for _, one in named for place in one.pools}
        return EnginesTooLarge(sum(one.nodes for _, one in named), sum(max(free[place], 0) for place in suiting))

    def _kind(self, devices: Devices) -> int:
        """Number a device list; equal lists have one number. Looks at a list's content once."""
        seen = self._seen.get(id(devices))
        if seen is None:
            number = self._kinds.setdefault(devices, len(self._kinds))
            seen = self._seen[id(devices)] = (devices, number)
        return seen[1]


def offer_to(engine: Engine, found: Sequence[Sequence[Match | Mismatch]]) -> EngineOffer:
    """Work out which pools suit an engine.

    Args:
        engine: The engine.
        found: For each pool, what each member finds there.
    """
    can_claim = [any(_claims(pool[position]) for pool in found) for position in range(len(engine.members))]
    nodes = engine.copies * sum(member.pods for member, can in zip(engine.members, can_claim, strict=True) if can)
    suiting: list[int] = []
    members: list[tuple[MemberPlacement, ...]] = []
    for place, pool in enumerate(found):
        matches = [one for one in pool if isinstance(one, Match)]
        if len(matches) < len(pool) or not any(can_claim):
            continue
        if all(match.claims or not can for match, can in zip(matches, can_claim, strict=True)):
            suiting.append(place)
            members.append(
                tuple(
                    MemberPlacement(member.role, one.requests)
                    for member, one in zip(engine.members, matches, strict=True)
                ),
            )
    return EngineOffer(nodes, tuple(suiting), tuple(members), None if suiting else _misfit(engine, found))


def _claims(found: Match | Mismatch) -> bool:
    return isinstance(found, Match) and found.claims


def _misfit(engine: Engine, found: Sequence[Sequence[Match | Mismatch]]) -> Misfit:
    """Pick the reason of the pool that came closest; add up devices over pools that failed alike."""
    firsts = [
        next(((place, one) for place, one in enumerate(pool) if not isinstance(one, Match)), None) for pool in found
    ]
    if None in firsts or not firsts:
        return SyntheticOnly()
    failed = [first for first in firsts if first is not None]
    undecided = [one for _, one in failed if isinstance(one, TooComplex)]
    if undecided:
        return max(undecided, key=lambda one: (one.requests, one.places))
    small = [one for _, one in failed if isinstance(one, CountTooSmall)]
    if small:
        return max(small, key=lambda one: (one.shared, one.available - one.needed))
    ranked = [
        ((place, _position(engine.members[place].requests, one.request), one.selector), one)
        for place, one in failed
        if isinstance(one, NoDevice)
    ]
    furthest = max(rank for rank, _ in ranked)
    alike = [one for rank, one in ranked if rank == furthest]
    return replace(
        alike[0],
        false=sum(one.false for one in alike),
        errors=sum(one.errors for one in alike),
        error=min((one.error for one in alike if one.error), default=""),
    )


def _position(requests: Requests, name: str) -> int:
    return next((place for place, request in enumerate(requests) if request.name == name), 0)
