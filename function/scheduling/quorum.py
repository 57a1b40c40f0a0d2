"""The quorum: how many available replicas a deployment has, and which may go without breaking what is promised.

A replica is available when every service has had the time to notice that it takes requests. Revisions make no
difference: what is promised is promised to those who send requests. While fewer are available than are promised,
nothing that may answer requests goes, be it available itself or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from function.scheduling.fleet import Replica
from function.scheduling.workload import SchedulingRequest


@dataclass(frozen=True, slots=True)
class Quorum:
    """The available replicas of a deployment.

    Attributes:
        available: How many there are.
        least: How many have to stay.
    """

    available: int
    least: int

    def allows(self, leaving: Collection[Replica]) -> bool:
        """Tell whether these replicas may go together. Those that cannot answer always may."""
        return not any(map(answers, leaving)) or self.without(leaving).available >= self.least

    def without(self, leaving: Iterable[Replica]) -> Quorum:
        """The quorum when these replicas are gone."""
        return Quorum(self.available - sum(replica.available for replica in leaving), self.least)


def quorum(replicas: Iterable[Replica], wanted: SchedulingRequest) -> Quorum:
    """Count a deployment's available replicas.

    Args:
        replicas: All of them, of whatever revision, that are not being deleted.
        wanted: The deployment.
    """
    least = max(wanted.replicas - wanted.rollout.max_unavailable, 0)
    return Quorum(sum(replica.available for replica in replicas), least)


def answers(replica: Replica) -> bool:
    """Tell whether a replica may answer requests; one that has served and says nothing now may."""
    return replica.reachable and (replica.serving or (replica.readiness_unknown and replica.ever_ready))


def merit(replica: Replica) -> tuple[bool, bool, bool]:
    """Rank replicas by what requests would miss without them, the least first."""
    return (replica.available, answers(replica) and not replica.draining, answers(replica))
