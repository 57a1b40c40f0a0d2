"""Taints of clusters, and the deployment's tolerations."""

from __future__ import annotations

from function.scheduling.fleet import NO_EXECUTE, NO_SCHEDULE, Cluster
from function.scheduling.reasons import Tainted
from function.scheduling.request import SchedulingRequest


class TaintToleration:
    """Keeps out clusters with a taint that the deployment does not tolerate."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> Tainted | None:
        """Name the first such taint, whatever their order."""
        taints = request.untolerated(cluster.taints, NO_SCHEDULE, NO_EXECUTE)
        if not taints:
            return None
        first = min(taints, key=lambda taint: (taint.key, taint.effect))
        return Tainted(first.key, first.effect)
