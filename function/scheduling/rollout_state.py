"""A deployment's replicas during a rollout or a drain: those that may stay, and those with a successor to come.

A replica is to be replaced when it runs another revision than is asked for, or when its cluster asks it
to leave. It goes when enough others are available, which is also what scaling down comes to in the middle
of a rollout; so a rollout is started before it is needed, and broken off without a trace. Whatever the
reason, nothing goes that the disruption budget of all replicas protects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from function.scheduling.deletion_ranking import rank_for_deletion
from function.scheduling.disruption_budget import DisruptionBudget, disruption_budget
from function.scheduling.fleet import NO_EXECUTE, Cluster, ScheduledReplica
from function.scheduling.plan import DeletionReason
from function.scheduling.request import SchedulingRequest


@dataclass(frozen=True, slots=True)
class RolloutState:
    """The replicas of a deployment that are there, less those that are evicted.

    Attributes:
        request: The deployment.
        budget: What may happen to those that stay.
        updated: Those that may stay: they run what is asked for, or nothing is replaced for now.
        outdated: Those that run another revision and are to be replaced.
        draining: Those whose cluster asks them to leave, whatever they run.
        deletions: Those of all three that go now, with what singled them out.
    """

    request: SchedulingRequest
    budget: DisruptionBudget
    updated: tuple[ScheduledReplica, ...]
    outdated: tuple[ScheduledReplica, ...] = ()
    draining: tuple[ScheduledReplica, ...] = ()
    deletions: tuple[tuple[ScheduledReplica, DeletionReason], ...] = ()

    @property
    def staying(self) -> tuple[ScheduledReplica, ...]:
        """All that do not go now."""
        return (*self.updated, *self.outdated, *self.draining)

    @property
    def deadline_exceeded(self) -> bool:
        """Whether what is asked for now has been given its time and has never served."""
        newest = [replica for replica in self.updated if replica.revision == self.request.revision]
        return bool(newest) and all(replica.deadline_exceeded for replica in newest)

    @property
    def rolling_out(self) -> bool:
        """Whether replicas of another revision are to be replaced, and may be."""
        return bool(self.outdated) and not self.deadline_exceeded

    @property
    def to_create(self) -> int:
        """How many replicas are to be created, if there is room.

        Missing ones always are. Successors come beyond the number that is asked for: of outdated replicas at
        most so many as may surge, of draining ones all, since their cluster has to be left.
        """
        total, replicas = len(self.staying), self.request.replicas
        surge = self.request.rollout.max_surge if self.rolling_out else 0
        short = max(replicas - len(self.updated), 0)
        return max(min(short, replicas + max(surge, len(self.draining)) - total), min(short, replicas - total), 0)


def rollout_state(
    replicas: Iterable[ScheduledReplica], clusters: Mapping[str, Cluster], request: SchedulingRequest
) -> RolloutState:
    """Tell which replicas may stay, which are to be replaced, and which go.

    Args:
        replicas: The deployment's replicas, none of which is being deleted.
        clusters: By name, at least those that the replicas are on.
        request: The deployment. Where it may place nothing, nothing is replaced.
    """
    replaces = request.fill and bool(request.engines)
    present = tuple(replicas)
    updated, outdated, draining = list[ScheduledReplica](), list[ScheduledReplica](), list[ScheduledReplica]()
    for replica in present:
        if replaces and _is_drained(clusters[replica.cluster], request):
            draining.append(replica)
        elif replaces and not request.rollout.paused and replica.revision != request.revision:
            outdated.append(replica)
        else:
            updated.append(replica)
    keep = request.replicas
    if request.rollout.paused and any(replica.revision != request.revision for replica in updated):
        keep += request.rollout.max_surge
    budget = disruption_budget(present, request)
    deletions = rank_for_deletion(updated, clusters, request, keep, budget)
    gone = {replica for replica, _ in deletions}
    updated = [replica for replica in updated if replica not in gone]
    needed = max(request.replicas - sum(replica.available for replica in updated), 0)
    deletions += rank_for_deletion((*outdated, *draining), clusters, request, needed, budget.after(gone))
    gone |= {replica for replica, _ in deletions}
    return RolloutState(
        request,
        budget.after(gone),
        tuple(updated),
        tuple(replica for replica in outdated if replica not in gone),
        tuple(replica for replica in draining if replica not in gone),
        deletions,
    )


def _is_drained(cluster: Cluster, request: SchedulingRequest) -> bool:
    return bool(request.untolerated(cluster.taints, NO_EXECUTE))
