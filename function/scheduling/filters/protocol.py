"""What a filter is."""

from __future__ import annotations

from typing import Protocol

from function.scheduling.fleet import Cluster
from function.scheduling.reasons import UnschedulableReason
from function.scheduling.request import SchedulingRequest


class Filter(Protocol):
    """Keeps clusters out that may take no new replica of a deployment, whatever is free on them."""

    def filter(self, cluster: Cluster, request: SchedulingRequest) -> UnschedulableReason | None:
        """Look at a cluster.

        Args:
            cluster: The cluster.
            request: What is asked for.

        Returns:
            Why the cluster takes no new replica; None when nothing here speaks against it.
        """
