"""Scaling down: which replicas go when there are too many.

First those that are not serving, then those on clusters that are not ready or have no gateway
address, then those on clusters with a taint that is not tolerated. Among equals the one goes that
requests would miss least; after that the cluster with the most replicas gives one up, and then the
last by cluster name and index. Whoever the quorum needs stays, and the next goes in its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from function.scheduling.fleet import NO_EXECUTE, NO_SCHEDULE, Cluster, Replica
from function.scheduling.plan import DeletionReason
from function.scheduling.quorum import Quorum, merit
from function.scheduling.workload import SchedulingRequest


def choose_leavers(
    replicas: Iterable[Replica],
    clusters: Mapping[str, Cluster],
    wanted: SchedulingRequest,
    most: int,
    needed: Quorum,
) -> tuple[tuple[Replica, DeletionReason], ...]:
    """Choose the replicas that are too many.

    Args:
        replicas: The deployment's replicas.
        clusters: By name, at least those that the replicas are on.
        wanted: Says which taints are tolerated.
        most: How many of the replicas may stay.
        needed: The deployment's quorum, which holds more of them where it has to.

    Returns:
        The replicas in the order in which they were singled out, with what did so.
    """
    staying = list(replicas)
    ordered = sorted(staying, key=lambda replica: (replica.cluster, replica.index, replica.namespace, replica.name))
    place = {replica: number for number, replica in enumerate(ordered)}
    load = Counter(replica.cluster for replica in staying)
    why = {replica: _weakness(replica, clusters[replica.cluster], wanted) for replica in staying}
    leaving: list[tuple[Replica, DeletionReason]] = []
    while len(staying) > most:
        able = [replica for replica in staying if needed.allows([replica])]
        if not able:
            break
        first = min(
            able,
            key=lambda one: (
                _ORDER.index(why[one]),
                merit(one),
                -load[one.cluster],
                -place[one],
            ),
        )
        staying.remove(first)
        needed = needed.without([first])
        load[first.cluster] -= 1
        leaving.append((first, why[first]))
    return tuple(leaving)


_ORDER = tuple(DeletionReason)


def _weakness(replica: Replica, cluster: Cluster, wanted: SchedulingRequest) -> DeletionReason:
    """Find the first thing that speaks for letting this replica go."""
    if not replica.serving or replica.draining:
        return DeletionReason.NOT_SERVING
    if not cluster.ready or not cluster.gateway_address:
        return DeletionReason.DEGRADED_CLUSTER
    if wanted.untolerated(cluster.taints, NO_SCHEDULE, NO_EXECUTE):
        return DeletionReason.TAINTED_CLUSTER
    return DeletionReason.SURPLUS
