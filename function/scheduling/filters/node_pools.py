"""Clusters without node pools, or of whose node pools nothing is known."""

from __future__ import annotations

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import NoNodePools, PoolsUnknown
from function.scheduling.request import SchedulingRequest


class PublishedNodePools:
    """Keeps out clusters that have published no node pools."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> PoolsUnknown | NoNodePools | None:  # noqa: ARG002
        """Tell a cluster without pools from one that has published nothing."""
        if cluster.pools is None:
            return PoolsUnknown()
        return None if cluster.pools else NoNodePools()
