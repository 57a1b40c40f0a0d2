"""Preemption within a deployment: outdated replicas are deleted first when their successors fit nowhere.

Victims are selected for one successor after the other, on the cluster where the fewest serving replicas
have to go. Nodes of replicas that are being deleted already, or that leave for another reason, come free at no cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from function.scheduling.capacity import NodeLedger
from function.scheduling.disruption_budget import DisruptionBudget, may_answer
from function.scheduling.eligible import EligibleClusters
from function.scheduling.feasibility import Fit
from function.scheduling.fleet import ScheduledReplica


def select_victims(
    eligible: EligibleClusters,
    ledger: NodeLedger,
    leaving: Sequence[ScheduledReplica],
    outdated: Iterable[ScheduledReplica],
    successors: int,
    budget: DisruptionBudget,
) -> tuple[ScheduledReplica, ...]:
    """Select the replicas to preempt.

    Args:
        eligible: The clusters that may take successors.
        ledger: The nodes that are taken now.
        leaving: Replicas that will release their nodes anyway.
        outdated: Replicas that may be preempted; those whose readiness is unknown are not.
        successors: How many successors need room.
        budget: Says which replicas may go.

    Returns:
        The victims, in the order in which they were selected; too few where the budget allows no more.
    """
    candidates = sorted(
        (replica for replica in outdated if not replica.readiness_unknown),
        key=lambda replica: (
            not replica.draining,
            may_answer(replica),
            replica.available,
            replica.cluster,
            -replica.index,
            replica.name,
        ),
    )
    trial, selected = ledger.released(leaving), list[ScheduledReplica]()
    for _ in range(successors):
        freed = _first_fit(eligible, trial, (replica.cluster for replica in (*leaving, *selected)))
        if freed is not None:
            name, fit = freed
            trial.reserve(name, fit.engines)
            continue
        names = sorted({replica.cluster for replica in candidates})
        options = [
            option for name in names if (option := _victims_on(eligible, trial, name, candidates, budget)) is not None
        ]
        if not options:
            break
        victims, fit = min(options, key=lambda option: _cost(option[0]))
        trial = trial.released(victims)
        trial.reserve(victims[0].cluster, fit.engines)
        budget = budget.after(victims)
        candidates = [replica for replica in candidates if replica not in victims]
        selected += victims
    return tuple(selected)


def _first_fit(eligible: EligibleClusters, ledger: NodeLedger, names: Iterable[str]) -> tuple[str, Fit] | None:
    """Find the first of some clusters that has room."""
    for name in sorted(set(names) & eligible.clusters.keys()):
        fit = eligible.fit(eligible.clusters[name], ledger)
        if fit is not None:
            return name, fit
    return None


def _victims_on(
    eligible: EligibleClusters,
    ledger: NodeLedger,
    name: str,
    candidates: Iterable[ScheduledReplica],
    budget: DisruptionBudget,
) -> tuple[tuple[ScheduledReplica, ...], Fit] | None:
    """Find the replicas of a cluster without which it has room; None when too many would have to go."""
    cluster = eligible.clusters.get(name)
    if cluster is None:
        return None
    for victims in _victim_sets([replica for replica in candidates if replica.cluster == name]):
        if not budget.allows(victims):
            continue
        fit = eligible.fit(cluster, ledger.released(victims))
        if fit is not None:
            return victims, fit
    return None


def _victim_sets(replicas: Sequence[ScheduledReplica]) -> Iterator[tuple[ScheduledReplica, ...]]:
    """Sets of victims to try: each replica alone, in order, then the first two, the first three, and so on."""
    yield from ((replica,) for replica in replicas)
    yield from (tuple(replicas[:count]) for count in range(2, len(replicas) + 1))


def _cost(victims: Sequence[ScheduledReplica]) -> tuple[int, int, int]:
    fresh = [victim for victim in victims if not victim.draining]
    return (sum(map(may_answer, fresh)), len(fresh), len(victims))
