"""A deployment's replicas during a replacement: those that may stay, and those with a successor to come.

A replica is to be replaced when it runs another revision than is wanted, or when its cluster asks it
to leave. It goes when enough others have settled, which is also what scaling down comes to in the middle
of a replacement; so a replacement is made before it is needed, and broken off without a trace. Whatever the
reason, nothing goes that the quorum of all replicas needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from function.scheduling.fleet import NO_EXECUTE, Cluster, Replica
from function.scheduling.plan import DeletionReason
from function.scheduling.quorum import Quorum, quorum
from function.scheduling.scaling import choose_leavers
from function.scheduling.workload import SchedulingRequest


@dataclass(frozen=True, slots=True)
class Team:
    """The replicas of a deployment that are there, less those that leave for other reasons.

    Attributes:
        wanted: The deployment.
        quorum: What is available of those that stay.
        current: Those that may stay.
        old: Those that run another revision and are to be replaced.
        drained: Those whose cluster asks them to leave, whatever they run.
        leaving: Those of all three that leave now, with what singled them out.
    """

    wanted: SchedulingRequest
    quorum: Quorum
    current: tuple[Replica, ...]
    old: tuple[Replica, ...] = ()
    drained: tuple[Replica, ...] = ()
    leaving: tuple[tuple[Replica, DeletionReason], ...] = ()

    @property
    def staying(self) -> tuple[Replica, ...]:
        """All that do not leave now."""
        return (*self.current, *self.old, *self.drained)

    @property
    def failed(self) -> bool:
        """Whether what is wanted now has been given its time and has never served."""
        newest = [replica for replica in self.current if replica.revision == self.wanted.revision]
        return bool(newest) and all(one.deadline_exceeded for one in newest)

    @property
    def rolls(self) -> bool:
        """Whether replicas of another revision are to be replaced, and may be."""
        return bool(self.old) and not self.failed

    @property
    def lacking(self) -> int:
        """How many replicas are to be placed, if there is room.

        Missing ones always are. Successors come beyond the wanted number: of old revisions at most
        so many as may surge, of drained ones all, since their cluster has to be left.
        """
        total, replicas = len(self.staying), self.wanted.replicas
        surge = self.wanted.rollout.max_surge if self.rolls else 0
        short = max(replicas - len(self.current), 0)
        return max(min(short, replicas + max(surge, len(self.drained)) - total), min(short, replicas - total), 0)


def line_up(replicas: Iterable[Replica], clusters: Mapping[str, Cluster], wanted: SchedulingRequest) -> Team:
    """Tell who may stay, who is to be replaced, and who leaves.

    Args:
        replicas: The deployment's replicas, none of which is being deleted.
        clusters: By name, at least those that the replicas are on.
        wanted: The deployment. Where it may place nothing, nothing is replaced.
    """
    replaces = wanted.fill and bool(wanted.engines)
    present = tuple(replicas)
    current, old, drained = list[Replica](), list[Replica](), list[Replica]()
    for one in present:
        if replaces and _is_drained(clusters[one.cluster], wanted):
            drained.append(one)
        elif replaces and not wanted.rollout.paused and one.revision != wanted.revision:
            old.append(one)
        else:
            current.append(one)
    most = wanted.replicas
    if wanted.rollout.paused and any(replica.revision != wanted.revision for replica in current):
        most += wanted.rollout.max_surge
    available = quorum(present, wanted)
    leaving = choose_leavers(current, clusters, wanted, most, available)
    gone = {one for one, _ in leaving}
    current = [replica for replica in current if replica not in gone]
    needed = max(wanted.replicas - sum(replica.available for replica in current), 0)
    leaving += choose_leavers((*old, *drained), clusters, wanted, needed, available.without(gone))
    gone |= {one for one, _ in leaving}
    return Team(
        wanted,
        available.without(gone),
        tuple(current),
        tuple(replica for replica in old if replica not in gone),
        tuple(one for one in drained if one not in gone),
        leaving,
    )


def _is_drained(cluster: Cluster, wanted: SchedulingRequest) -> bool:
    return bool(wanted.untolerated(cluster.taints, NO_EXECUTE))
