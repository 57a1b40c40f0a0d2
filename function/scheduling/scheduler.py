"""The scheduler: from the fleet and what is asked for to a plan.

It keeps running replicas, deletes surplus ones, places missing ones and replaces outdated ones, so that
enough are available at every step. It is stateless: each plan is made from what is observed, and the same
observation gives the same plan. The order of clusters and replicas in the arguments makes no difference;
the order of a cluster's pools, and of a pool's devices, does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from function.scheduling.cycle import SchedulingCycle
from function.scheduling.diagnosis import Diagnosis
from function.scheduling.filters import FILTERS, Filter
from function.scheduling.fleet import Fleet, ScheduledReplica
from function.scheduling.overcommit import overcommitted_pools, select_evictions
from function.scheduling.plan import DeletionReason, Kept, Plan, ReplicaPlacement, RolloutProgress
from function.scheduling.request import SchedulingRequest
from function.scheduling.rollout_state import RolloutState, rollout_state
from function.scheduling.scorers import SCORERS, Scorer
from function.scheduling.selector_validation import find_invalid_selectors


def schedule(
    fleet: Fleet,
    request: SchedulingRequest,
    *,
    filters: Sequence[Filter] = FILTERS,
    scorers: Sequence[Scorer] = SCORERS,
) -> Plan:
    """Plan a deployment's replicas.

    Args:
        fleet: All clusters, whatever their labels, and all replicas of all deployments; those of
            this deployment are marked as its own.
        request: The deployment.
        filters: Say which clusters may take new replicas.
        scorers: Order the clusters that have room.

    Returns:
        The plan. Nothing in the arguments makes this raise.
    """
    own = sorted((replica for replica in fleet.replicas if replica.own), key=_identity)
    terminating = tuple(replica for replica in own if replica.terminating)
    present = [replica for replica in own if not replica.terminating]
    held = request.hold_reason
    invalid = find_invalid_selectors(request)
    clusters = {cluster.name: cluster for cluster in sorted(fleet.clusters, key=lambda cluster: cluster.name)}
    doubt = bool(own) and not clusters
    if invalid or doubt:
        kept = tuple(Kept(replica) for replica in present)
        return Plan(kept=kept, terminating=terminating, invalid=invalid, held=held, doubt=doubt)

    lost = tuple(replica for replica in present if replica.cluster not in clusters)
    alive = [replica for replica in present if replica.cluster in clusters]
    evicted = select_evictions(clusters, fleet.replicas) & set(alive) if held is None else frozenset()
    rollout = rollout_state((replica for replica in alive if replica not in evicted), clusters, request)
    cycle = SchedulingCycle(clusters, request, fleet.replicas, filters=filters, scorers=scorers)
    placed = cycle.place(rollout)
    short = len(placed) < cycle.to_create(rollout)
    rescheduled = cycle.reschedule(rollout)
    preempted = cycle.preempt(rollout, terminating, len(placed))
    deletions = (
        *rollout.deletions,
        *((replica, DeletionReason.EVICTED) for replica in alive if replica in evicted),
        *((replica, DeletionReason.DEADLINE_EXCEEDED) for replica, _ in rescheduled),
        *((replica, DeletionReason.PREEMPTED) for replica in preempted),
    )
    deleted = {replica for replica, _ in deletions}
    staying = [replica for replica in alive if replica not in deleted]
    return Plan(
        kept=cycle.keep(rollout, staying, len(placed)),
        placed=_in_order((*placed, *(placement for _, placement in rescheduled))),
        deletions=deletions,
        lost=lost,
        terminating=terminating,
        diagnosis=cycle.diagnose() if short else Diagnosis(),
        overcommitted=overcommitted_pools(clusters.values(), fleet.replicas, staying),
        held=held,
        progress=_progress(rollout, alive, short=short, preempts=bool(preempted)),
    )


def _progress(
    rollout: RolloutState, alive: Iterable[ScheduledReplica], *, short: bool, preempts: bool
) -> RolloutProgress:
    """Say how far the rollout to the current revision has come."""
    if rollout.deadline_exceeded:
        return RolloutProgress.DEADLINE_EXCEEDED
    if all(replica.revision == rollout.request.revision for replica in alive):
        return RolloutProgress.COMPLETE
    if rollout.request.hold_reason is not None:
        return RolloutProgress.HELD
    if rollout.request.rollout.paused:
        return RolloutProgress.PAUSED
    starting = any(not replica.available for replica in rollout.updated)
    waits = short and not preempts and not starting and not rollout.deletions
    return RolloutProgress.NO_ROOM_TO_SURGE if waits else RolloutProgress.ROLLING_OUT


def _in_order(placed: Iterable[ReplicaPlacement]) -> tuple[ReplicaPlacement, ...]:
    return tuple(sorted(placed, key=lambda placement: (placement.cluster, placement.index)))


def _identity(replica: ScheduledReplica) -> tuple[str, int, str, str]:
    return (replica.cluster, replica.index, replica.namespace, replica.name)
