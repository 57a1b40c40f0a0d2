"""Capacity: how many nodes of each pool are taken, and how many are free.

Nodes are counted whole. Every replica is charged as it was placed, whether it is ours, someone
else's, or being deleted: its nodes are free only when it is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from function.scheduling.fleet import Cluster, Pool, Replica
from function.scheduling.plan import EnginePlacement, Overcommit


class Ledger:
    """Nodes that replicas take, by cluster and pool.

    A trial is what differs from a ledger that no one charges meanwhile, so that it costs as much as it changes.
    """

    def __init__(self, replicas: Iterable[Replica]) -> None:
        self._base: Counter[tuple[str, str]] | None = None
        self._taken: Counter[tuple[str, str]] = Counter()
        for replica in replicas:
            for pool, nodes in replica.nodes_by_pool:
                self._taken[replica.cluster, pool] += nodes

    def free(self, cluster: Cluster, closed: Container[tuple[str, str]] = ()) -> tuple[int, ...]:
        """Count the free nodes of each published pool; negative where more is taken than there is.

        Args:
            cluster: The cluster.
            closed: Clusters and pools of which no node counts as free.
        """
        return tuple(self._free(cluster.name, pool, closed) for pool in cluster.pools or ())

    def without(self, replicas: Iterable[Replica]) -> Ledger:
        """The nodes that are taken when these replicas are gone."""
        trial = Ledger(())
        if self._base is None:
            trial._base = self._taken
        else:
            trial._base, trial._taken = self._base, self._taken.copy()
        for replica in replicas:
            for pool, nodes in replica.nodes_by_pool:
                trial._taken[replica.cluster, pool] -= nodes
        return trial

    def _free(self, cluster: str, pool: Pool, closed: Container[tuple[str, str]]) -> int:
        where = (cluster, pool.name)
        taken = self._taken[where] + (self._base[where] if self._base is not None else 0)
        left = max(pool.nodes, 0) - taken
        return min(left, 0) if where in closed else left

    def charge(self, cluster: str, engines: Iterable[EnginePlacement]) -> None:
        """Take the nodes of a new replica."""
        for engine in engines:
            self._taken[cluster, engine.pool] += engine.nodes


def overcommitted(
    clusters: Iterable[Cluster],
    replicas: Iterable[Replica],
    used: Iterable[Replica],
) -> tuple[Overcommit, ...]:
    """Find pools whose replicas take more nodes than there are.

    Args:
        clusters: The clusters to look at; one that has published no pools cannot be judged.
        replicas: All replicas. Those being deleted are not held against a pool.
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
        Overcommit(cluster.name, pool.name, max(pool.nodes, 0), charged)
        for cluster in clusters
        for pool in cluster.pools or ()
        if (cluster.name, pool.name) in ours and (charged := taken[cluster.name, pool.name]) > max(pool.nodes, 0)
    )
