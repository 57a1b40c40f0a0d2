"""The disruption budget: how many replicas are available, and how many of these may be deleted.

A replica is available when every service has had the time to notice that it takes requests. Its revision makes no
difference, since the promise is one to clients. While fewer are available than `min_available`, no replica is deleted
that may answer requests, available or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from function.scheduling.fleet import ScheduledReplica
from function.scheduling.request import SchedulingRequest


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """How many replicas of a deployment may be disrupted, as a PodDisruptionBudget says of pods.

    Attributes:
        available: How many replicas are available.
        min_available: How many have to stay available.
    """

    available: int
    min_available: int

    @property
    def disruptions_allowed(self) -> int:
        """How many available replicas may go; negative while fewer are available than have to be."""
        return self.available - self.min_available

    def allows(self, deletions: Collection[ScheduledReplica]) -> bool:
        """Tell whether these replicas may go together. Those that cannot answer requests always may."""
        disrupted = sum(replica.available for replica in deletions)
        return not any(map(may_answer, deletions)) or disrupted <= self.disruptions_allowed

    def after(self, deletions: Iterable[ScheduledReplica]) -> DisruptionBudget:
        """The budget when these replicas are gone."""
        return DisruptionBudget(self.available - sum(replica.available for replica in deletions), self.min_available)


def disruption_budget(replicas: Iterable[ScheduledReplica], request: SchedulingRequest) -> DisruptionBudget:
    """Count a deployment's available replicas.

    Args:
        replicas: All of them, of whatever revision, that are not being deleted.
        request: The deployment.
    """
    min_available = max(request.replicas - request.rollout.max_unavailable, 0)
    return DisruptionBudget(sum(replica.available for replica in replicas), min_available)


def may_answer(replica: ScheduledReplica) -> bool:
    """Tell whether a replica may answer requests; one that has served and says nothing now may."""
    return replica.reachable and (replica.serving or (replica.readiness_unknown and replica.ever_ready))


def deletion_cost(replica: ScheduledReplica) -> tuple[bool, bool, bool]:
    """Rank replicas by what requests would miss without them, the least first."""
    return (replica.available, may_answer(replica) and not replica.draining, may_answer(replica))
