"""Scaling down: which replicas are deleted when there are too many.

A replica goes before another by the first of these in which they differ:

1. it does not serve, or drains already,
2. its cluster is not ready or has no gateway address,
3. its cluster has a taint that is not tolerated,
4. it has the lower `deletion_cost`: fewer requests would miss it,
5. its cluster has more replicas of the deployment,
6. its cluster's name, and then its index, comes last.

A replica that the disruption budget protects stays, and the next one is deleted instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from function.scheduling.disruption_budget import DisruptionBudget, deletion_cost
from function.scheduling.fleet import NO_EXECUTE, NO_SCHEDULE, Cluster, ScheduledReplica
from function.scheduling.plan import DeletionReason
from function.scheduling.request import SchedulingRequest


def rank_for_deletion(
    replicas: Iterable[ScheduledReplica],
    clusters: Mapping[str, Cluster],
    request: SchedulingRequest,
    keep: int,
    budget: DisruptionBudget,
) -> tuple[tuple[ScheduledReplica, DeletionReason], ...]:
    """Choose the replicas that are too many.

    Args:
        replicas: The deployment's replicas.
        clusters: By name, at least those that the replicas are on.
        request: Says which taints are tolerated.
        keep: How many of the replicas may stay.
        budget: Keeps more of them where it has to.

    Returns:
        The replicas in the order in which they are deleted, with what singled them out.
    """
    staying = list(replicas)
    ordered = sorted(staying, key=lambda replica: (replica.cluster, replica.index, replica.namespace, replica.name))
    position = {replica: number for number, replica in enumerate(ordered)}
    load = Counter(replica.cluster for replica in staying)
    reasons = {replica: _reason(replica, clusters[replica.cluster], request) for replica in staying}
    deletions: list[tuple[ScheduledReplica, DeletionReason]] = []
    while len(staying) > keep:
        allowed = [replica for replica in staying if budget.allows([replica])]
        if not allowed:
            break
        first = min(
            allowed,
            key=lambda replica: (
                _ORDER.index(reasons[replica]),
                deletion_cost(replica),
                -load[replica.cluster],
                -position[replica],
            ),
        )
        staying.remove(first)
        budget = budget.after([first])
        load[first.cluster] -= 1
        deletions.append((first, reasons[first]))
    return tuple(deletions)


_ORDER = tuple(DeletionReason)


def _reason(replica: ScheduledReplica, cluster: Cluster, request: SchedulingRequest) -> DeletionReason:
    """Find the first reason to delete this replica rather than another."""
    if not replica.serving or replica.draining:
        return DeletionReason.NOT_SERVING
    if not cluster.ready or not cluster.gateway_address:
        return DeletionReason.DEGRADED_CLUSTER
    if request.untolerated(cluster.taints, NO_SCHEDULE, NO_EXECUTE):
        return DeletionReason.TAINTED_CLUSTER
    return DeletionReason.SURPLUS
