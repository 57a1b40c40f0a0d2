"""The labels that deployment and model cache ask for."""

from __future__ import annotations

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import NotSelected
from function.scheduling.request import SchedulingRequest


class ClusterSelector:
    """Keeps out clusters whose labels are not those that are asked for."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> NotSelected | None:
        """Compare the labels."""
        return not_selected(cluster, request)


def not_selected(cluster: Cluster, request: SchedulingRequest) -> NotSelected | None:
    """Find what the cluster's labels lack and do not meet; None when it is selected."""
    if not (request.match_labels or request.match_expressions):
        return None
    labels = dict(cluster.labels)
    missing = tuple((key, value) for key, value in sorted(request.match_labels) if labels.get(key) != value)
    unmet = tuple(requirement for requirement in request.match_expressions if not requirement.matches(labels))
    return NotSelected(missing, unmet) if missing or unmet else None
