"""Overcommit resolution: which replicas are evicted from a pool that has fewer nodes than its replicas take.

Two deployments may have taken the last node at the same time, or a pool may have shrunk. Every
deployment looks at the same replicas in the same order, so all reach the same decision without a
coordinator: replicas that have ever been ready come first, then the older ones, and each that still fits is
kept. Of the rest, those that have never served are evicted; the others stay, and so does one whose
readiness is unknown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from function.scheduling.fleet import Cluster, ScheduledReplica
from function.scheduling.plan import OvercommittedPool


def select_evictions(
    clusters: Mapping[str, Cluster], replicas: Iterable[ScheduledReplica]
) -> frozenset[ScheduledReplica]:
    """Select the deployment's own replicas that are evicted.

    Args:
        clusters: By name; a cluster that has published no pools cannot be judged.
        replicas: All replicas of all deployments. Those being deleted have given up already.
    """
    present = [replica for replica in replicas if not replica.terminating]
    candidates = [replica for replica in present if _may_be_evicted(replica)]
    candidate_pools = {(replica.cluster, pool) for replica in candidates for pool, _ in replica.nodes_by_pool}
    occupants: defaultdict[tuple[str, str], list[tuple[ScheduledReplica, int]]] = defaultdict(list)
    for replica in sorted(present, key=_rank) if candidate_pools else ():
        for pool, nodes in _taken(replica).items():
            occupants[replica.cluster, pool].append((replica, nodes))
    return frozenset(
        replica
        for name in sorted({cluster for cluster, _ in candidate_pools} & clusters.keys())
        for pool in clusters[name].pools or ()
        if (name, pool.name) in candidate_pools
        for replica in _without_room(occupants[name, pool.name], max(pool.nodes, 0))
        if _may_be_evicted(replica)
    )


def _may_be_evicted(replica: ScheduledReplica) -> bool:
    return replica.own and not replica.ever_ready and not replica.readiness_unknown


def _without_room(occupants: Iterable[tuple[ScheduledReplica, int]], free: int) -> Iterator[ScheduledReplica]:
    """Find the replicas of a pool that it has no room for, in the order of their rank."""
    for replica, nodes in occupants:
        if nodes <= free:
            free -= nodes
        else:
            yield replica


def _taken(replica: ScheduledReplica) -> Counter[str]:
    """The nodes that a replica takes, by pool."""
    taken: Counter[str] = Counter()
    for pool, nodes in replica.nodes_by_pool:
        taken[pool] += nodes
    return taken


def _rank(replica: ScheduledReplica) -> tuple[bool, str, str, str]:
    return (not replica.ever_ready, replica.created, replica.namespace, replica.name)


def overcommitted_pools(
    clusters: Iterable[Cluster],
    replicas: Iterable[ScheduledReplica],
    used: Iterable[ScheduledReplica],
) -> tuple[OvercommittedPool, ...]:
    """Find pools whose replicas take more nodes than there are.

    Args:
        clusters: The clusters to look at; one that has published no pools cannot be judged.
        replicas: All replicas. Those being deleted are not counted.
        used: Only pools that one of these replicas uses are looked at.

    Returns:
        The pools, by cluster and published order.
    """
    taken: Counter[tuple[str, str]] = Counter()
    for replica in replicas:
        if not replica.terminating:
            for pool, nodes in replica.nodes_by_pool:
                taken[replica.cluster, pool] += nodes
    ours = {(replica.cluster, pool) for replica in used for pool, _ in replica.nodes_by_pool}
    return tuple(
        OvercommittedPool(cluster.name, pool.name, max(pool.nodes, 0), reserved)
        for cluster in clusters
        for pool in cluster.pools or ()
        if (cluster.name, pool.name) in ours and (reserved := taken[cluster.name, pool.name]) > max(pool.nodes, 0)
    )
