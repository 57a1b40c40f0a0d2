"""The scheduling cycle: filter clusters, score those with room, reserve nodes, preempt, and diagnose what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from function.scheduling.candidate_queue import CandidateQueue
from function.scheduling.capacity import NodeLedger
from function.scheduling.diagnosis import Diagnosis
from function.scheduling.eligible import EligibleClusters
from function.scheduling.feasibility import Feasibility
from function.scheduling.filters import FILTERS, Filter, first_reason
from function.scheduling.fleet import Cluster, ScheduledReplica
from function.scheduling.plan import Kept, ReplicaPlacement
from function.scheduling.preemption import select_victims
from function.scheduling.reasons import BackedOff, UnschedulableReason
from function.scheduling.request import SchedulingRequest
from function.scheduling.retention import keep
from function.scheduling.rollout_state import RolloutState
from function.scheduling.scorers import SCORERS, Scorer


class SchedulingCycle:
    """One plan for one deployment, and the nodes that it takes. Nodes of new replicas are reserved at once."""

    def __init__(
        self,
        clusters: Mapping[str, Cluster],
        request: SchedulingRequest,
        replicas: Iterable[ScheduledReplica],
        *,
        filters: Sequence[Filter] = FILTERS,
        scorers: Sequence[Scorer] = SCORERS,
    ) -> None:
        """Begin a cycle.

        Args:
            clusters: All clusters, by name.
            request: The deployment.
            replicas: All replicas of all deployments.
            filters: Say which clusters may take new replicas.
            scorers: Order the clusters that have room.
        """
        all_replicas = tuple(replicas)
        self.clusters = clusters
        self.request = request
        self.filters = filters
        self.scorers = scorers
        self.feasibility = Feasibility(request.engines)
        self.ledger = NodeLedger(all_replicas)
        self.used = _indices(replica for replica in all_replicas if replica.own)

    @property
    def backed_off(self) -> frozenset[tuple[str, str]]:
        """Clusters and pools that take no new replica of the deployment for a while."""
        return frozenset((backoff.cluster, backoff.pool) for backoff in self.request.backoff)

    def to_create(self, rollout: RolloutState) -> int:
        """Say how many replicas are to be placed now, if there is room."""
        if not self.request.places:
            return 0
        limit = self.request.max_new
        return rollout.to_create if limit is None else min(rollout.to_create, limit)

    def place(self, rollout: RolloutState) -> tuple[ReplicaPlacement, ...]:
        """Place as many replicas as are missing, or as many as find room."""
        count = self.to_create(rollout)
        return tuple(self._place(count, rollout.staying, self.backed_off)) if count else ()

    def reschedule(self, rollout: RolloutState) -> tuple[tuple[ScheduledReplica, ReplicaPlacement], ...]:
        """Find another place for the first replica that has exceeded its deadline; nothing when there is none."""
        late = [
            replica
            for replica in rollout.updated
            if replica.deadline_exceeded and replica.revision == self.request.revision
        ]
        if not self.request.places or not late or self.request.max_new == 0:
            return ()
        first = late[0]
        tried = {(replica.cluster, pool) for replica in late for pool, _ in replica.nodes_by_pool}
        others = [replica for replica in rollout.staying if replica != first]
        return tuple((first, placement) for placement in self._place(1, others, self.backed_off | tried))

    def preempt(
        self, rollout: RolloutState, terminating: Sequence[ScheduledReplica], placed: int
    ) -> tuple[ScheduledReplica, ...]:
        """Choose the outdated replicas that go because their successors find no room."""
        missing = self.to_create(rollout) - placed
        if not (rollout.rolling_out and missing > 0):
            return ()
        eligible = self._eligible_excluding(self.backed_off)
        leaving = (*terminating, *(replica for replica, _ in rollout.deletions))
        return select_victims(eligible, self.ledger, leaving, rollout.outdated, missing, rollout.budget)

    def keep(self, rollout: RolloutState, staying: Iterable[ScheduledReplica], placed: int) -> tuple[Kept, ...]:
        """Keep what stays, and tell how each replica's place differs from what is asked for now."""
        no_place_elsewhere = len(rollout.updated) + placed < self.request.replicas or not self.request.places
        return tuple(
            keep(
                replica,
                self.clusters[replica.cluster],
                self.request,
                self.feasibility,
                no_place_elsewhere=no_place_elsewhere,
            )
            for replica in staying
        )

    def diagnose(self) -> Diagnosis:
        """Say for every cluster why it takes no further replica."""
        return Diagnosis(tuple((name, self._diagnose(cluster)) for name, cluster in self.clusters.items()))

    def _diagnose(self, cluster: Cluster) -> UnschedulableReason:
        filtered = self._filtered[cluster.name]
        if filtered is not None:
            return filtered
        pools, free = cluster.pools or (), self.ledger.free(cluster)
        fit = self.feasibility.fit(pools, free)
        if fit is None:
            return self.feasibility.reason(pools, free)
        taken = {engine.pool for engine in fit.engines}
        return next(
            BackedOff(backoff.pool, backoff.until)
            for backoff in self.request.backoff
            if backoff.cluster == cluster.name and backoff.pool in taken
        )

    @cached_property
    def _filtered(self) -> dict[str, UnschedulableReason | None]:
        """What the filters say of each cluster, each asked once."""
        return {name: first_reason(cluster, self.request, self.filters) for name, cluster in self.clusters.items()}

    @cached_property
    def _eligible(self) -> dict[str, Cluster]:
        """The clusters that pass every filter."""
        return {name: self.clusters[name] for name, reason in self._filtered.items() if reason is None}

    def _eligible_excluding(self, excluded: frozenset[tuple[str, str]]) -> EligibleClusters:
        return EligibleClusters(self._eligible, self.feasibility, excluded)

    def _place(
        self, count: int, present: Iterable[ScheduledReplica], excluded: frozenset[tuple[str, str]]
    ) -> Iterator[ReplicaPlacement]:
        occupied = [self.clusters[replica.cluster] for replica in present]
        queue = CandidateQueue(self._eligible_excluding(excluded), self.ledger, occupied, self.scorers)
        for _ in range(count):
            chosen = queue.take()
            if chosen is None:
                return
            taken = self.used[chosen.cluster.name]
            index = next(number for number in range(len(taken) + 1) if number not in taken)
            taken.add(index)
            yield ReplicaPlacement(chosen.cluster.name, index, self.request.revision, chosen.fit.engines)


def _indices(own: Iterable[ScheduledReplica]) -> defaultdict[str, set[int]]:
    """Collect the indices in use on each cluster, those of terminating replicas included."""
    used: defaultdict[str, set[int]] = defaultdict(set)
    for replica in own:
        used[replica.cluster].add(replica.index)
    return used
