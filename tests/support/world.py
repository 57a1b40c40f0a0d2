"""A fleet over time, for simulation: deployments that plan by what they see, and replicas that come, serve and go.

Time goes in ticks of fifteen seconds. What a plan says is done as the composers do it: a replica
without an endpoint goes at once, one with an endpoint drains first. What a deployment sees of others
may be some ticks old, and so is what a service knows of endpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from function.scheduling import (
    Backoff,
    Cluster,
    ClusterTaint,
    DeletionReason,
    Fleet,
    Plan,
    Pool,
    RolloutStrategy,
    ScheduledReplica,
    SchedulingRequest,
    schedule,
)
from tests.support.fleets import cluster, engine, pool

GRACE = 6
"""Ticks that an endpoint drains, or is Ready before its replica counts as available."""
DEADLINE = 30
"""Ticks after which a replica that has never served is tried elsewhere."""
BACKOFF = 8
"""Ticks that a deployment backs off from a pool after an eviction."""
NOTICE = 4
"""Ticks within which a service notices a change of its endpoints."""

DRAIN = ClusterTaint("maintenance", effect="NoExecute")


@dataclass(eq=False)
class Unit:
    """A replica in the world."""

    owner: str
    name: str
    cluster: str
    index: int
    revision: str
    nodes_by_pool: tuple[tuple[str, int], ...]
    born: int
    serves_at: int | None
    ever_ready: bool = False
    serving_since: int | None = None
    draining_since: int | None = None
    gone_at: int | None = None

    def seen(self, now: int, *, own: bool) -> ScheduledReplica:
        """What is observed of it."""
        ready = self.serving_since is not None and self.draining_since is None
        return ScheduledReplica(
            "ml",
            self.name,
            ("ml", self.owner),
            self.cluster,
            self.index,
            self.revision,
            nodes_by_pool=self.nodes_by_pool,
            pool_assignments=tuple(("engine", name) for name, _ in self.nodes_by_pool),
            serving=self.serving_since is not None,
            ever_ready=self.ever_ready,
            available=ready and now - (self.serving_since or 0) >= GRACE,
            deadline_exceeded=not self.ever_ready and now - self.born >= DEADLINE,
            created=f"{self.born:06}",
            terminating=self.gone_at is not None,
            draining=self.draining_since is not None,
            own=own,
        )

    @property
    def takes_requests(self) -> bool:
        """Whether services send it something."""
        return self.serving_since is not None and self.draining_since is None and self.gone_at is None


@dataclass
class Deployment:
    """A deployment in the world."""

    name: str
    request: SchedulingRequest
    backoff: dict[tuple[str, str], int] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)


@dataclass
class World:
    """All of it.

    Attributes:
        random: Decides everything that is left to chance.
        clusters: The clusters, by name.
        bad: Pools on which nothing ever serves.
    """

    random: Random
    clusters: dict[str, Cluster]
    bad: frozenset[tuple[str, str]] = frozenset()
    deployments: dict[str, Deployment] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    now: int = 0
    snapshots: list[list[tuple[str, ScheduledReplica]]] = field(default_factory=list)
    changed: int = 0
    staleness: int = 2
    broken: list[str] = field(default_factory=list)

    # ------------------------------------------------------------------ what happens

    def tick(self) -> None:
        """Let a tick go by: replicas start and end, and every deployment plans, in any order, some twice."""
        self.now += 1
        self.units = [unit for unit in self.units if unit.gone_at is None or unit.gone_at > self.now]
        for unit in self.units:
            starts = unit.gone_at is None and unit.serving_since is None and unit.serves_at is not None
            if starts and (unit.serves_at or 0) <= self.now and self._has_nodes(unit):
                unit.serving_since, unit.ever_ready, unit.serves_at = self.now, True, None
                self.changed = self.now
        names = sorted(self.deployments)
        for name in self.random.choices(names, k=len(names)) + self.random.sample(names, len(names)):
            self.plan(self.deployments[name])
        self.snapshots.append([(unit.owner, unit.seen(self.now, own=False)) for unit in self.units])
        self.snapshots = self.snapshots[-self.staleness - 1 :]

    def plan(self, deployment: Deployment) -> None:
        """Let a deployment plan, and do what it says."""
        seen = [replica.seen(self.now, own=True) for replica in self._own(deployment)]
        old = self.snapshots[-1 - self.random.randrange(len(self.snapshots))] if self.snapshots else []
        others = [replica for owner, replica in old if owner != deployment.name]
        backoff = tuple(Backoff(*place) for place, until in sorted(deployment.backoff.items()) if until > self.now)
        fleet = Fleet(tuple(self.clusters.values()), (*seen, *others))
        deployment.plan = schedule(fleet, replace(deployment.request, backoff=backoff))
        self._obey(deployment, deployment.plan)

    def break_unit(self, unit: Unit) -> None:
        """Have a replica stop serving for a while."""
        unit.serving_since, unit.serves_at = None, self.now + self.random.randint(1, 4)

    # ------------------------------------------------------------------ what there is

    def own(self, name: str) -> list[Unit]:
        """The replicas of a deployment that are not being deleted."""
        return [unit for unit in self.units if unit.owner == name and unit.gone_at is None]

    def answering(self, name: str) -> int:
        """How many replicas of a deployment take requests."""
        return sum(replica.takes_requests for replica in self.own(name))

    def overcommitted(self, *, served: bool = False) -> set[tuple[str, str]]:
        """Pools whose replicas take more nodes than there are; of those that have served alone, if so asked."""
        taken: dict[tuple[str, str], int] = {}
        for unit in self.units:
            if unit.gone_at is None and (unit.ever_ready or not served):
                for name, nodes in unit.nodes_by_pool:
                    taken[unit.cluster, name] = taken.get((unit.cluster, name), 0) + nodes
        return {place for place, nodes in taken.items() if nodes > self.nodes(*place)}

    def nodes(self, name: str, pool_name: str) -> int:
        """How many nodes a pool has."""
        found = self.clusters.get(name)
        return next((each.nodes for each in (found.pools or () if found else ()) if each.name == pool_name), 0)

    def _has_nodes(self, unit: Unit) -> bool:
        """Whether the nodes that a replica takes are there: those of others that have served are not."""
        return all(
            nodes + self._running(unit, name) <= self.nodes(unit.cluster, name) for name, nodes in unit.nodes_by_pool
        )

    def _running(self, unit: Unit, name: str) -> int:
        others = (
            other for other in self.units if other is not unit and other.cluster == unit.cluster and other.ever_ready
        )
        return sum(nodes for other in others for pool_name, nodes in other.nodes_by_pool if pool_name == name)

    def _own(self, deployment: Deployment) -> Iterator[Unit]:
        return (unit for unit in self.units if unit.owner == deployment.name)

    # ------------------------------------------------------------------ how a plan is done

    def _obey(self, deployment: Deployment, plan: Plan) -> None:
        units = {
            (replica.cluster, replica.index): replica for replica in self._own(deployment) if replica.gone_at is None
        }
        for kept in plan.kept:
            units[kept.replica.cluster, kept.replica.index].draining_since = None
        for replica, reason in plan.deletions:
            unit = units[replica.cluster, replica.index]
            if reason in {DeletionReason.EVICTED, DeletionReason.DEADLINE_EXCEEDED}:
                wait = BACKOFF if reason is DeletionReason.EVICTED else DEADLINE
                deployment.backoff.update({(unit.cluster, name): self.now + wait for name, _ in unit.nodes_by_pool})
            self._leave(unit)
        for replica in plan.lost:
            self._drop(units[replica.cluster, replica.index], expected=True)
        for placement in plan.placed:
            nodes_by_pool = tuple((engine.pool, engine.nodes) for engine in placement.engines)
            self._make(deployment, placement.cluster, placement.index, nodes_by_pool)

    def _make(self, deployment: Deployment, on: str, index: int, nodes_by_pool: tuple[tuple[str, int], ...]) -> None:
        never = any((on, name) in self.bad for name, _ in nodes_by_pool)
        starts = None if never else self.now + self.random.randint(1, 5)
        name = f"{deployment.name}-{on}-{index}-{self.now}"
        if any(unit.owner == deployment.name and (unit.cluster, unit.index) == (on, index) for unit in self.units):
            self.broken.append(f"{name} takes an index that is in use")
        self.units.append(
            Unit(deployment.name, name, on, index, deployment.request.revision, nodes_by_pool, self.now, starts)
        )
        self.changed = self.now

    def _leave(self, unit: Unit) -> None:
        if not unit.ever_ready:
            self._drop(unit, expected=True)
        elif unit.draining_since is None:
            unit.draining_since = self.now
            self.changed = self.now
        elif self.now - unit.draining_since >= GRACE:
            self._drop(unit, expected=self.now - unit.draining_since > NOTICE)

    def _drop(self, unit: Unit, *, expected: bool) -> None:
        if not expected:
            self.broken.append(f"{unit.name} is dropped while a service may still send to it")
        unit.gone_at = self.now + self.random.randint(1, 3)
        self.changed = self.now


def a_world(random: Random, *, roomy: bool = False, bad: bool = False) -> World:
    """A world of a few clusters and deployments."""
    names = "abcd"[: random.randint(2, 4)]
    most = 40 if roomy else 3
    clusters = {
        name: cluster(
            name, *_pools(random, most if roomy else random.randint(1, most)), region=random.choice(["", "r"])
        )
        for name in names
    }
    places = [(name, pool.name) for name, place in clusters.items() for pool in place.pools or ()]
    world = World(random, clusters, frozenset(random.sample(places, 1)) if bad else frozenset())
    for name in ("red", "green", "blue")[: random.randint(1, 3)]:
        replicas = random.randint(0, 3)
        rollout = RolloutStrategy(random.randint(1, 2), random.choice([0, 1, 1, 2]))
        request = SchedulingRequest("ml", name, replicas, "r1", (engine(copies=random.randint(1, 2)),), rollout=rollout)
        world.deployments[name] = Deployment(name, request)
    return world


def _pools(random: Random, most: int) -> Iterable[Pool]:
    return [pool(name, most) for name in random.choice([("p",), ("p", "q")])]
