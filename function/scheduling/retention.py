"""Retention: existing replicas keep their place, and drift from it is reported.

A replica stays on its cluster as long as that exists. Where labels, taints or a pool's devices have changed
since it was placed, the difference is reported with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from function.scheduling.drift import (
    DrainBlocked,
    Drift,
    NoLongerPermitted,
    NoLongerSelected,
    PlacementDrifted,
    PoolGone,
    PoolNoLongerMatches,
    PoolNotAssigned,
)
from function.scheduling.feasibility import Feasibility
from function.scheduling.filters.cluster_selector import not_selected
from function.scheduling.fleet import NO_EXECUTE, Cluster, Pool, ScheduledReplica
from function.scheduling.plan import Kept
from function.scheduling.reasons import TooComplex
from function.scheduling.request import SchedulingRequest


def keep(
    replica: ScheduledReplica,
    cluster: Cluster,
    request: SchedulingRequest,
    feasibility: Feasibility,
    *,
    no_place_elsewhere: bool = True,
) -> Kept:
    """Keep a replica on its cluster, and tell how its place differs from what is asked for now.

    Args:
        replica: The replica.
        cluster: Its cluster.
        request: The deployment.
        feasibility: Knows which pools are compatible with the engines.
        no_place_elsewhere: Whether one that is asked to leave has no successor elsewhere.
    """
    leave = request.untolerated(cluster.taints, NO_EXECUTE)
    details: list[Drift] = []
    missing = not_selected(cluster, request)
    if missing is not None:
        details.append(NoLongerSelected(missing.labels, missing.expressions))
    denied = request.denied.get(cluster.name)
    if denied is not None:
        details.append(NoLongerPermitted(denied))
    if cluster.pools is not None:
        details.extend(_pool_drift(replica, cluster.pools, request, feasibility))
    return Kept(
        replica,
        drift=PlacementDrifted(tuple(details)) if details else None,
        drain=DrainBlocked(min(taint.key for taint in leave)) if leave and no_place_elsewhere else None,
        draining=bool(leave) and not no_place_elsewhere,
    )


def _pool_drift(
    replica: ScheduledReplica, pools: Sequence[Pool], request: SchedulingRequest, feasibility: Feasibility
) -> list[Drift]:
    """Compare the replica's pools with what is published, and its current engines with their pools."""
    published = {pool.name: position for position, pool in enumerate(pools)}
    assigned = {pool for pool, _ in replica.nodes_by_pool} | {pool for _, pool in replica.pool_assignments if pool}
    gone: list[Drift] = [PoolGone(pool) for pool in sorted(assigned - published.keys())]
    gone += [PoolNotAssigned(engine) for engine, pool in replica.pool_assignments if not pool]
    if gone or replica.revision != request.revision:
        return gone
    pool_assignments = dict(replica.pool_assignments)
    drift: list[Drift] = []
    for engine, engine_pools in zip(request.engines, feasibility.compatible_pools(pools), strict=True):
        pool = pool_assignments.get(engine.name)
        if pool is not None and published[pool] not in engine_pools.positions:
            alone = feasibility.compatible_pools([pools[published[pool]]])[request.engines.index(engine)]
            if alone.reason is not None and not isinstance(alone.reason, TooComplex):
                drift.append(PoolNoLongerMatches(engine.name, pool, alone.reason))
    return drift
