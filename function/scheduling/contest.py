"""Contests: who keeps a pool whose replicas take more nodes than it has.

Two deployments may have taken the last node at the same time, or a pool may have shrunk. Every
deployment looks at the same replicas in the same order, so all come to the same end without asking
each other: replicas that have served come first, then the older ones, and each that still fits is
kept. Of those left over, the ones that have never served yield; the others stay, and so does one that
does not say whether it serves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from function.scheduling.fleet import Cluster, Replica


def yielders(clusters: Mapping[str, Cluster], replicas: Iterable[Replica]) -> frozenset[Replica]:
    """Find the deployment's own replicas that yield.

    Args:
        clusters: By name; a cluster that has published no pools cannot be judged.
        replicas: All replicas of all deployments. Those being deleted have given up already.
    """
    present = [replica for replica in replicas if not replica.terminating]
    mine = {(replica.cluster, pool) for replica in present if _may_yield(replica) for pool, _ in replica.nodes_by_pool}
    takers: defaultdict[tuple[str, str], list[tuple[Replica, int]]] = defaultdict(list)
    for replica in sorted(present, key=_rank) if mine else ():
        for pool, nodes in _taken(replica).items():
            takers[replica.cluster, pool].append((replica, nodes))
    return frozenset(
        replica
        for name in sorted({cluster for cluster, _ in mine} & clusters.keys())
        for pool in clusters[name].pools or ()
        if (name, pool.name) in mine
        for replica in _left_over(takers[name, pool.name], max(pool.nodes, 0))
        if _may_yield(replica)
    )


def _may_yield(replica: Replica) -> bool:
    return replica.own and not replica.ever_ready and not replica.readiness_unknown


def _left_over(takers: Iterable[tuple[Replica, int]], room: int) -> Iterator[Replica]:
    """Say which replicas of a pool find no room in it, taking them by their rank."""
    for replica, nodes in takers:
        if nodes <= room:
            room -= nodes
        else:
            yield replica


def _taken(replica: Replica) -> Counter[str]:
    """The nodes that a replica takes, by pool."""
    taken: Counter[str] = Counter()
    for pool, nodes in replica.nodes_by_pool:
        taken[pool] += nodes
    return taken


def _rank(replica: Replica) -> tuple[bool, str, str, str]:
    return (not replica.ever_ready, replica.created, replica.namespace, replica.name)
