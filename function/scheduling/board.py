"""The board: what is free for one deployment, and what is done with it in one plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from function.scheduling.capacity import Ledger
from function.scheduling.choosing import Candidates
from function.scheduling.fleet import NO_EXECUTE, NO_SCHEDULE, Cluster, Replica
from function.scheduling.placing import Placer
from function.scheduling.plan import Kept, Placement
from function.scheduling.reasons import (
    BackedOff,
    NoGateway,
    NoNodePools,
    NotReady,
    NotSelected,
    PoolsUnknown,
    Tainted,
    Terminating,
    UnschedulableReason,
)
from function.scheduling.retention import keep, missing_labels
from function.scheduling.room import Room, make_room
from function.scheduling.team import Team
from function.scheduling.workload import SchedulingRequest


class Board:
    """The clusters with what is taken on them, for one deployment. What is placed is charged at once."""

    def __init__(self, clusters: Mapping[str, Cluster], wanted: SchedulingRequest, replicas: Iterable[Replica]) -> None:
        """Set up the board.

        Args:
            clusters: All clusters, by name.
            wanted: The deployment.
            replicas: All replicas of all deployments.
        """
        everyone = tuple(replicas)
        self.clusters = clusters
        self.wanted = wanted
        self.placer = Placer(wanted.engines)
        self.ledger = Ledger(everyone)
        self.used = _indices(replica for replica in everyone if replica.own)

    @property
    def closed(self) -> frozenset[tuple[str, str]]:
        """Pools that take no new replica of the deployment."""
        return frozenset((backoff.cluster, backoff.pool) for backoff in self.wanted.backoff)

    @property
    def places(self) -> bool:
        """Whether anything may be placed."""
        return self.wanted.fill and bool(self.wanted.engines)

    def most(self, team: Team) -> int:
        """Say how many replicas are to be placed now, if there is room."""
        if not self.places:
            return 0
        return team.lacking if self.wanted.most_new is None else min(team.lacking, self.wanted.most_new)

    def place(self, team: Team) -> tuple[Placement, ...]:
        """Place as many replicas as are lacking, or as many as find room."""
        most = self.most(team)
        return tuple(self._take(most, team.staying, self.closed)) if most else ()

    def retry(self, team: Team) -> tuple[tuple[Replica, Placement], ...]:
        """Find another place for the first replica that is stuck; nothing when there is none."""
        stuck = [
            replica
            for replica in team.current
            if replica.deadline_exceeded and replica.revision == self.wanted.revision
        ]
        if not self.places or not stuck or self.wanted.most_new == 0:
            return ()
        first = stuck[0]
        closed = self.closed | {(replica.cluster, pool) for replica in stuck for pool, _ in replica.nodes_by_pool}
        others = [replica for replica in team.staying if replica != first]
        return tuple((first, placement) for placement in self._take(1, others, closed))

    def make_room(self, team: Team, terminating: Sequence[Replica], placed: int) -> tuple[Replica, ...]:
        """Choose the replicas of an old revision that go because their successors find no place."""
        missing = self.most(team) - placed
        if not (team.rolls and missing > 0):
            return ()
        room = Room({cluster.name: cluster for cluster in self._open}, self.placer, self.closed)
        going = (*terminating, *(one for one, _ in team.leaving))
        return make_room(room, self.ledger, going, team.old, missing, team.quorum)

    def keep(self, team: Team, staying: Iterable[Replica], placed: int) -> tuple[Kept, ...]:
        """Keep what stays, and tell how each replica's place differs from what is asked for now."""
        nowhere = len(team.current) + placed < self.wanted.replicas or not self.places
        return tuple(
            keep(replica, self.clusters[replica.cluster], self.wanted, self.placer, nowhere_to_go=nowhere)
            for replica in staying
        )

    def rejections(self) -> tuple[tuple[str, UnschedulableReason], ...]:
        """Say for every cluster why it takes no further replica."""
        return tuple((name, self._rejection(cluster)) for name, cluster in self.clusters.items())

    def _rejection(self, cluster: Cluster) -> UnschedulableReason:
        closed = _closed(cluster, self.wanted)
        if closed is not None:
            return closed
        pools, free = cluster.pools or (), self.ledger.free(cluster)
        fit = self.placer.fit(pools, free)
        if fit is None:
            return self.placer.why_not(pools, free)
        taken = {engine.pool for engine in fit.engines}
        return next(
            BackedOff(backoff.pool, backoff.until)
            for backoff in self.wanted.backoff
            if backoff.cluster == cluster.name and backoff.pool in taken
        )

    @cached_property
    def _open(self) -> list[Cluster]:
        """The clusters that nothing keeps closed to new replicas, whatever is free."""
        return [cluster for cluster in self.clusters.values() if _closed(cluster, self.wanted) is None]

    def _take(
        self, most: int, inhabitants: Iterable[Replica], closed: frozenset[tuple[str, str]]
    ) -> Iterable[Placement]:
        homes = [self.clusters[replica.cluster] for replica in inhabitants]
        candidates = Candidates(self._open, self.placer, self.ledger, homes, closed)
        for _ in range(most):
            chosen = candidates.take()
            if chosen is None:
                return
            taken = self.used[chosen.cluster.name]
            index = next(number for number in range(len(taken) + 1) if number not in taken)
            taken.add(index)
            yield Placement(chosen.cluster.name, index, self.wanted.revision, chosen.fit.engines)


def _indices(own: Iterable[Replica]) -> defaultdict[str, set[int]]:
    """Collect the indices in use on each cluster, those of terminating replicas included."""
    used: defaultdict[str, set[int]] = defaultdict(set)
    for replica in own:
        used[replica.cluster].add(replica.index)
    return used


def _closed(cluster: Cluster, wanted: SchedulingRequest) -> UnschedulableReason | None:
    """Find what keeps every new replica of the deployment out, whatever is free."""
    missing = missing_labels(cluster, wanted)
    if missing:
        return NotSelected(missing)
    barred = wanted.barred.get(cluster.name)
    if barred is not None:
        return barred
    if cluster.terminating:
        return Terminating()
    if not cluster.ready:
        return NotReady()
    if not cluster.gateway_address:
        return NoGateway()
    taints = wanted.untolerated(cluster.taints, NO_SCHEDULE, NO_EXECUTE)
    if taints:
        first = min(taints, key=lambda taint: (taint.key, taint.effect))
        return Tainted(first.key, first.effect)
    if cluster.pools is None:
        return PoolsUnknown()
    if not cluster.pools:
        return NoNodePools()
    return None
