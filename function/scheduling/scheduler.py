"""The scheduler: from the fleet and what is wanted to a plan.

It keeps what runs, takes away what is too many, and places what is missing. The order in which
clusters and replicas are given makes no difference; the order of a cluster's pools and of a
pool's devices is theirs, and does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from function.scheduling.capacity import Ledger, overcommitted
from function.scheduling.choosing import Candidates
from function.scheduling.fleet import NO_EXECUTE, NO_SCHEDULE, Cluster, Fleet, Replica
from function.scheduling.placing import Placer
from function.scheduling.plan import InvalidSelector, Kept, Placement, Plan
from function.scheduling.reasons import (
    NoGateway,
    NoNodePools,
    NotReady,
    NotSelected,
    PoolsUnknown,
    Rejection,
    Tainted,
    Terminating,
)
from function.scheduling.retention import keep, missing_labels
from function.scheduling.scaling import choose_leavers
from function.scheduling.workload import Wanted
from function.selectors import SelectorError, compile_selector


def schedule(fleet: Fleet, wanted: Wanted) -> Plan:
    """Plan a deployment's replicas.

    Args:
        fleet: All clusters, whatever their labels, and all replicas of all deployments; those of
            this deployment are marked as its own.
        wanted: The deployment.

    Returns:
        The plan. Nothing in the arguments makes this raise.
    """
    own = sorted((replica for replica in fleet.replicas if replica.own), key=_identity)
    terminating = tuple(replica for replica in own if replica.terminating)
    present = [replica for replica in own if not replica.terminating]
    held = None if wanted.fill else wanted.hold_reason
    invalid = _invalid_selectors(wanted)
    clusters = {cluster.name: cluster for cluster in sorted(fleet.clusters, key=lambda one: one.name)}
    doubt = bool(own) and not clusters
    if invalid or doubt:
        kept = tuple(Kept(replica) for replica in present)
        return Plan(kept=kept, terminating=terminating, invalid=invalid, held=held, doubt=doubt)

    lost = tuple(replica for replica in present if replica.cluster not in clusters)
    alive = [replica for replica in present if replica.cluster in clusters]
    leaving = choose_leavers(alive, clusters, wanted)
    gone = {replica for replica, _ in leaving}
    staying = [replica for replica in alive if replica not in gone]

    placer = Placer(wanted.engines)
    placed: tuple[Placement, ...] = ()
    rejections: tuple[tuple[str, Rejection], ...] = ()
    missing = wanted.replicas - len(staying)
    if wanted.fill and wanted.engines and missing > 0:
        ledger = Ledger(fleet.replicas)
        used = _indices(own)
        placed = _place(missing, clusters, wanted, placer, ledger, staying, used)
        if len(placed) < missing:
            rejections = _rejections(clusters.values(), wanted, placer, ledger)
    return Plan(
        kept=tuple(keep(replica, clusters[replica.cluster], wanted, placer) for replica in staying),
        placed=placed,
        leaving=leaving,
        lost=lost,
        terminating=terminating,
        rejections=rejections,
        overcommitted=overcommitted(clusters.values(), fleet.replicas, staying),
        held=held,
    )


def _identity(replica: Replica) -> tuple[str, int, str, str]:
    return (replica.cluster, replica.index, replica.namespace, replica.name)


def _invalid_selectors(wanted: Wanted) -> tuple[InvalidSelector, ...]:
    """Find the selectors that do not compile."""
    invalid: list[InvalidSelector] = []
    for engine in wanted.engines:
        for position, member in enumerate(engine.members):
            for request in member.requests:
                for index, text in enumerate(request.selectors):
                    try:
                        compile_selector(text)
                    except SelectorError as error:
                        where = (engine.name, position, member.role, request.name, index)
                        invalid.append(InvalidSelector(*where, str(error), error.excerpt))
    return tuple(invalid)


def _indices(own: Iterable[Replica]) -> defaultdict[str, set[int]]:
    """Collect the indices in use on each cluster, those of terminating replicas included."""
    used: defaultdict[str, set[int]] = defaultdict(set)
    for replica in own:
        used[replica.cluster].add(replica.index)
    return used


def _place(
    missing: int,
    clusters: Mapping[str, Cluster],
    wanted: Wanted,
    placer: Placer,
    ledger: Ledger,
    staying: Sequence[Replica],
    used: defaultdict[str, set[int]],
) -> tuple[Placement, ...]:
    """Place as many replicas as are missing, or as many as find room."""
    open_clusters = [cluster for cluster in clusters.values() if _closed(cluster, wanted) is None]
    candidates = Candidates(open_clusters, placer, ledger, [clusters[replica.cluster] for replica in staying])
    placed: list[Placement] = []
    while len(placed) < missing and (chosen := candidates.take()):
        taken = used[chosen.cluster.name]
        index = next(number for number in range(len(taken) + 1) if number not in taken)
        taken.add(index)
        placed.append(Placement(chosen.cluster.name, index, wanted.revision, chosen.fit.engines))
    return tuple(sorted(placed, key=lambda one: (one.cluster, one.index)))


def _closed(cluster: Cluster, wanted: Wanted) -> Rejection | None:
    """Find what keeps every new replica of the deployment out, whatever is free."""
    missing = missing_labels(cluster, wanted)
    if missing:
        return NotSelected(missing)
    if cluster.terminating:
        return Terminating()
    if not cluster.ready:
        return NotReady()
    if not cluster.gateway_address:
        return NoGateway()
    taints = wanted.untolerated(cluster.taints, NO_SCHEDULE, NO_EXECUTE)
    if taints:
        first = min(taints, key=lambda taint: (taint.key, taint.effect))
        return Tainted(first.key, first.effect)
    if cluster.pools is None:
        return PoolsUnknown()
    if not cluster.pools:
        return NoNodePools()
    return None


def _rejections(
    clusters: Iterable[Cluster],
    wanted: Wanted,
    placer: Placer,
    ledger: Ledger,
) -> tuple[tuple[str, Rejection], ...]:
    """Say for every cluster why it takes no further replica."""
    return tuple(
        (
            cluster.name,
            _closed(cluster, wanted) or placer.why_not(cluster.pools or (), ledger.free(cluster)),
        )
        for cluster in clusters
    )
