"""Retention: what becomes of replicas that exist.

A replica stays wherever it is as long as its cluster exists. What has changed around it, a
label, a taint, a pool's devices, is reported with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from function.scheduling.drift import (
    Barred,
    DrainBlocked,
    Drift,
    NoLongerSelected,
    NotPinned,
    PlacementDrifted,
    PoolGone,
    PoolNoLongerMatches,
)
from function.scheduling.fleet import NO_EXECUTE, Cluster, Pool, Replica
from function.scheduling.placing import Placer
from function.scheduling.plan import Kept
from function.scheduling.reasons import TooComplex
from function.scheduling.workload import SchedulingRequest


def keep(
    replica: Replica, cluster: Cluster, wanted: SchedulingRequest, placer: Placer, *, nowhere_to_go: bool = True
) -> Kept:
    """Keep a replica on its cluster, and tell how its place differs from what is asked for now.

    Args:
        replica: The replica.
        cluster: Its cluster.
        wanted: The deployment.
        placer: Knows what pools offer.
        nowhere_to_go: Whether one that is asked to leave has no successor elsewhere.
    """
    leave = wanted.untolerated(cluster.taints, NO_EXECUTE)
    details: list[Drift] = []
    missing = missing_labels(cluster, wanted)
    if missing:
        details.append(NoLongerSelected(missing))
    barred = wanted.barred.get(cluster.name)
    if barred is not None:
        details.append(Barred(barred))
    if cluster.pools is not None:
        details.extend(_pool_drift(replica, cluster.pools, wanted, placer))
    return Kept(
        replica,
        drift=PlacementDrifted(tuple(details)) if details else None,
        drain=DrainBlocked(min(taint.key for taint in leave)) if leave and nowhere_to_go else None,
        draining=bool(leave) and not nowhere_to_go,
    )


def missing_labels(cluster: Cluster, wanted: SchedulingRequest) -> tuple[tuple[str, str], ...]:
    """Find the labels that are asked for and that the cluster does not have."""
    has = set(cluster.labels)
    return tuple(label for label in sorted(wanted.match_labels) if label not in has)


def _pool_drift(replica: Replica, pools: Sequence[Pool], wanted: SchedulingRequest, placer: Placer) -> list[Drift]:
    """Compare the replica's pools with what is published, and its current engines with their pools."""
    published = {pool.name: place for place, pool in enumerate(pools)}
    pinned = {pool for pool, _ in replica.nodes_by_pool} | {pool for _, pool in replica.pool_assignments if pool}
    gone: list[Drift] = [PoolGone(pool) for pool in sorted(pinned - published.keys())]
    gone += [NotPinned(engine) for engine, pool in replica.pool_assignments if not pool]
    if gone or replica.revision != wanted.revision:
        return gone
    pool_assignments = dict(replica.pool_assignments)
    drift: list[Drift] = []
    for engine, offer in zip(wanted.engines, placer.offer(pools), strict=True):
        pool = pool_assignments.get(engine.name)
        if pool is not None and published[pool] not in offer.pools:
            alone = placer.offer([pools[published[pool]]])[wanted.engines.index(engine)]
            if alone.misfit is not None and not isinstance(alone.misfit, TooComplex):
                drift.append(PoolNoLongerMatches(engine.name, pool, alone.misfit))
    return drift
