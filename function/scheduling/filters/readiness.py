"""Clusters that cannot run anything now."""

from __future__ import annotations

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import NotReady
from function.scheduling.request import SchedulingRequest


class ClusterReadiness:
    """Keeps out clusters whose Ready condition is not True."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> NotReady | None:  # noqa: ARG002
        """Look at the Ready condition."""
        return None if cluster.ready else NotReady()
