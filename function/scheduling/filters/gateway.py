"""Clusters whose replicas no request would reach."""

from __future__ import annotations

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import NoGateway
from function.scheduling.request import SchedulingRequest


class ReachableGateway:
    """Keeps out clusters whose gateway has no address yet."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> NoGateway | None:  # noqa: ARG002
        """Look at the address of the gateway."""
        return None if cluster.gateway_address else NoGateway()
