"""Filters: which clusters may take a new replica at all, whatever nodes are free.

`docs/recipes/filter.md` says how to add one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.scheduling.filters.cluster_selector import ClusterSelector
from function.scheduling.filters.gateway import ReachableGateway
from function.scheduling.filters.node_pools import PublishedNodePools
from function.scheduling.filters.permissions import ClusterPermissions
from function.scheduling.filters.protocol import Filter
from function.scheduling.filters.readiness import ClusterReadiness
from function.scheduling.filters.taints import TaintToleration
from function.scheduling.filters.termination import ClusterTermination
from function.scheduling.fleet import Cluster
from function.scheduling.reasons import UnschedulableReason
from function.scheduling.request import SchedulingRequest

__all__ = ["FILTERS", "Filter", "first_reason"]

FILTERS: Final[tuple[Filter, ...]] = (
    ClusterSelector(),
    ClusterPermissions(),
    ClusterTermination(),
    ClusterReadiness(),
    ReachableGateway(),
    TaintToleration(),
    PublishedNodePools(),
)
"""All filters in their order: the first that keeps a cluster out gives the reason."""


def first_reason(
    cluster: Cluster, request: SchedulingRequest, filters: Iterable[Filter] = FILTERS
) -> UnschedulableReason | None:
    """Find the first reason for which a cluster takes no new replica; None when it passes every filter."""
    for check in filters:
        reason = check.filter(cluster, request)
        if reason is not None:
            return reason
    return None
