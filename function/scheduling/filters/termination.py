"""Clusters that are on their way out."""

from __future__ import annotations

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import Terminating
from function.scheduling.request import SchedulingRequest


class ClusterTermination:
    """Keeps out clusters that are being deleted."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> Terminating | None:  # noqa: ARG002
        """Look for a deletion timestamp."""
        return Terminating() if cluster.terminating else None
