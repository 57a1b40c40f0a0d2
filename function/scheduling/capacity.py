"""Capacity: how many nodes of each pool are taken, and how many are free.

Nodes are counted whole. Every replica reserves the nodes that it was placed on, whether it is the deployment's own,
another's, or being deleted; they are released only when it is gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from function.scheduling.fleet import Cluster, Pool, ScheduledReplica
from function.scheduling.plan import EnginePlacement


class NodeLedger:
    """Nodes that replicas take, by cluster and pool.

    A trial keeps only what differs from the ledger that it came from, in which nothing is reserved meanwhile; so it
    costs as much as it changes.
    """

    def __init__(self, replicas: Iterable[ScheduledReplica]) -> None:
        self._base: Counter[tuple[str, str]] | None = None
        self._taken: Counter[tuple[str, str]] = Counter()
        for replica in replicas:
            for pool, nodes in replica.nodes_by_pool:
                self._taken[replica.cluster, pool] += nodes

    def free(self, cluster: Cluster, excluded: Container[tuple[str, str]] = ()) -> tuple[int, ...]:
        """Count the free nodes of each published pool; negative where more is taken than there is.

        Args:
            cluster: The cluster.
            excluded: Clusters and pools of which no node counts as free.
        """
        return tuple(self._free(cluster.name, pool, excluded) for pool in cluster.pools or ())

    def released(self, replicas: Iterable[ScheduledReplica]) -> NodeLedger:
        """The ledger once these replicas have released their nodes, as a trial; this one stays as it is."""
        trial = NodeLedger(())
        if self._base is None:
            trial._base = self._taken
        else:
            trial._base, trial._taken = self._base, self._taken.copy()
        for replica in replicas:
            for pool, nodes in replica.nodes_by_pool:
                trial._taken[replica.cluster, pool] -= nodes
        return trial

    def _free(self, cluster: str, pool: Pool, excluded: Container[tuple[str, str]]) -> int:
        key = (cluster, pool.name)
        taken = self._taken[key] + (self._base[key] if self._base is not None else 0)
        left = max(pool.nodes, 0) - taken
        return min(left, 0) if key in excluded else left

    def reserve(self, cluster: str, engines: Iterable[EnginePlacement]) -> None:
        """Reserve the nodes of a new replica."""
        for engine in engines:
            self._taken[cluster, engine.pool] += engine.nodes
