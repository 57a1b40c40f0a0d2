"""The labels that deployment and model cache ask for."""

from __future__ import annotations

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import NotSelected
from function.scheduling.request import SchedulingRequest


class ClusterSelector:
    """Keeps out clusters that lack a label that is asked for."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> NotSelected | None:
        """Compare the labels."""
        missing = missing_labels(cluster, request)
        return NotSelected(missing) if missing else None


def missing_labels(cluster: Cluster, request: SchedulingRequest) -> tuple[tuple[str, str], ...]:
    """Find the labels that are asked for and that the cluster does not have."""
    if not request.match_labels:
        return ()
    labels = set(cluster.labels)
    return tuple(label for label in sorted(request.match_labels) if label not in labels)
