"""What the platform team of a cluster lets others do there."""

from __future__ import annotations

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import Denied
from function.scheduling.request import SchedulingRequest


class ClusterPermissions:
    """Keeps out clusters that permit neither the deployment's namespace nor what its pods ask for."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> Denied | None:
        """Look up what the cluster denies the deployment."""
        return request.denied.get(cluster.name)
