"""The state of a rollout or a drain: replicas that are updated, outdated or draining, and how many to create.

A replica is replaced when it is outdated, or when its cluster has a `NoExecute` taint that is not tolerated.
It is deleted once enough others are available, which is also how a deployment is scaled down in the middle
of a rollout; so nothing has to be remembered of a rollout, and one that is called off leaves no trace.
Whatever the reason, no replica is deleted that the disruption budget protects.
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
        budget: How many of those that stay may still be disrupted.
        updated: Those that may stay: they run the current revision, or nothing is replaced for now.
        outdated: Those that run another revision and are to be replaced.
        draining: Those whose cluster asks them to leave, whatever they run.
        deletions: Those of all three that are deleted now, with the reason for choosing them.
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
        """Whether every replica of the current revision has exceeded its deadline without ever having served."""
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
    present = tuple(replicas)
    updated, outdated, draining = list[ScheduledReplica](), list[ScheduledReplica](), list[ScheduledReplica]()
    for replica in present:
        if request.places and _is_draining(clusters[replica.cluster], request):
            draining.append(replica)
        elif request.places and not request.rollout.paused and replica.revision != request.revision:
            outdated.append(replica)
        else:
            updated.append(replica)
    keep = request.replicas
    if request.rollout.paused and any(replica.revision != request.revision for replica in updated):
        keep += request.rollout.max_surge
    budget = disruption_budget(present, request)
    deletions = rank_for_deletion(updated, clusters, request, keep, budget)
    deleted = {replica for replica, _ in deletions}
    updated = [replica for replica in updated if replica not in deleted]
    needed = max(request.replicas - sum(replica.available for replica in updated), 0)
    deletions += rank_for_deletion((*outdated, *draining), clusters, request, needed, budget.after(deleted))
    deleted |= {replica for replica, _ in deletions}
    return RolloutState(
        request,
        budget.after(deleted),
        tuple(updated),
        tuple(replica for replica in outdated if replica not in deleted),
        tuple(replica for replica in draining if replica not in deleted),
        deletions,
    )


def _is_draining(cluster: Cluster, request: SchedulingRequest) -> bool:
    return bool(request.untolerated(cluster.taints, NO_EXECUTE))
