"""The clusters that may take new replicas, and how they would."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from function.scheduling.capacity import NodeLedger
from function.scheduling.feasibility import Feasibility, Fit
from function.scheduling.fleet import Cluster


@dataclass(frozen=True, slots=True)
class EligibleClusters:
    """Clusters that have passed every filter.

    Attributes:
        clusters: The clusters, by name.
        feasibility: Finds the pools of a cluster that take the engines.
        backed_off: Clusters and pools that take no new replica for a while.
    """

    clusters: Mapping[str, Cluster]
    feasibility: Feasibility
    backed_off: Container[tuple[str, str]] = ()

    def fit(self, cluster: Cluster, ledger: NodeLedger) -> Fit | None:
        """Find pools for one more replica on a cluster."""
        return self.feasibility.fit(cluster.pools or (), ledger.free(cluster, self.backed_off))
