"""Contests: who keeps a pool whose replicas take more nodes than it has.

Two deployments may have taken the last node at the same time, or a pool may have shrunk. Every
deployment looks at the same replicas in the same order, so all come to the same end without asking
each other: replicas that have served come first, then the older ones, and each that still fits is
kept. Of those left over, the ones that have never served yield; the others stay, and so does one that
does not say whether it serves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from function.scheduling.fleet import Cluster, Replica


def yielders(clusters: Mapping[str, Cluster], replicas: Iterable[Replica]) -> frozenset[Replica]:
    """Find the deployment's own replicas that yield.

    Args:
        clusters: By name; a cluster that has published no pools cannot be judged.
        replicas: All replicas of all deployments. Those being deleted have given up already.
    """
    present = [replica for replica in replicas if not replica.terminating]
    mine = {(one.cluster, pool) for one in present if _may_yield(one) for pool, _ in one.charges}
    nodes = {
        (cluster.name, pool.name): max(pool.nodes, 0)
        for name in sorted({cluster for cluster, _ in mine})
        if (cluster := clusters.get(name)) is not None
        for pool in cluster.pools or ()
        if (cluster.name, pool.name) in mine
    }
    return frozenset(
        replica for place, room in nodes.items() for replica in _left_over(place, room, present) if _may_yield(replica)
    )


def _may_yield(replica: Replica) -> bool:
    return replica.own and not replica.served and not replica.unsure


def _left_over(place: tuple[str, str], room: int, replicas: Iterable[Replica]) -> Iterable[Replica]:
    """Say which replicas of a pool find no room in it, taking them by their rank."""
    cluster, pool = place
    for replica in sorted((one for one in replicas if one.cluster == cluster), key=_rank):
        takes: Counter[str] = Counter()
        for name, nodes in replica.charges:
            takes[name] += nodes
        if not takes[pool]:
            continue
        if takes[pool] <= room:
            room -= takes[pool]
        else:
            yield replica


def _rank(replica: Replica) -> tuple[bool, str, str, str]:
    return (not replica.served, replica.created, replica.namespace, replica.name)
