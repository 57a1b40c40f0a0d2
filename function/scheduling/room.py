"""Making room: which replicas of an old revision go first when their successors fit nowhere.

A place is made for one successor after the other, on the cluster where that takes the fewest serving
replicas away. What is being deleted already, or is leaving, makes its room without costing anything.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from function.scheduling.capacity import Ledger
from function.scheduling.fleet import Cluster, Replica
from function.scheduling.placing import Fit, Placer
from function.scheduling.quorum import Quorum, answers


@dataclass(frozen=True, slots=True)
class Room:
    """Where a place can be made.

    Attributes:
        clusters: Those that may take new replicas, by name.
        placer: Finds the pools.
        closed: Clusters and pools that take none.
    """

    clusters: Mapping[str, Cluster]
    placer: Placer
    closed: Container[tuple[str, str]] = ()

    def fit(self, ledger: Ledger, cluster: Cluster) -> Fit | None:
        """Find a place on a cluster."""
        return self.placer.fit(cluster.pools or (), ledger.free(cluster, self.closed))


def make_room(
    room: Room, ledger: Ledger, going: Sequence[Replica], old: Iterable[Replica], places: int, needed: Quorum
) -> tuple[Replica, ...]:
    """Choose the replicas that go.

    Args:
        room: Where a place can be made.
        ledger: The nodes that are taken now.
        going: Replicas that will be gone without anything being done.
        old: Replicas that may be taken away; one that does not say whether it serves is not.
        places: How many successors want a place.
        needed: The deployment's quorum, which holds replicas back.

    Returns:
        The replicas, in the order in which they were chosen; fewer than would do where no more may go.
    """
    left = sorted(
        (replica for replica in old if not replica.readiness_unknown),
        key=lambda one: (not one.draining, answers(one), one.available, one.cluster, -one.index, one.name),
    )
    trial, chosen = ledger.without(going), list[Replica]()
    for _ in range(places):
        waiting = _first(room, trial, (replica.cluster for replica in (*going, *chosen)))
        if waiting is not None:
            trial.charge(waiting[0], waiting[1].engines)
            continue
        ways = [way for name in sorted({one.cluster for one in left}) if (way := _way(room, trial, name, left, needed))]
        if not ways:
            break
        victims, fit = min(ways, key=lambda way: _cost(way[0]))
        trial = trial.without(victims)
        trial.charge(victims[0].cluster, fit.engines)
        needed = needed.without(victims)
        left = [one for one in left if one not in victims]
        chosen += victims
    return tuple(chosen)


def _first(room: Room, ledger: Ledger, names: Iterable[str]) -> tuple[str, Fit] | None:
    """Find the first of some clusters that has a place."""
    for name in sorted(set(names) & room.clusters.keys()):
        fit = room.fit(ledger, room.clusters[name])
        if fit is not None:
            return name, fit
    return None


def _way(
    room: Room, ledger: Ledger, name: str, left: Iterable[Replica], needed: Quorum
) -> tuple[tuple[Replica, ...], Fit] | None:
    """Find the replicas of a cluster without which there is a place on it; None when too many would have to go."""
    cluster = room.clusters.get(name)
    if cluster is None:
        return None
    for victims in _growing([one for one in left if one.cluster == name]):
        if not needed.allows(victims):
            continue
        fit = room.fit(ledger.without(victims), cluster)
        if fit is not None:
            return victims, fit
    return None


def _growing(replicas: Sequence[Replica]) -> Iterator[tuple[Replica, ...]]:
    """Each replica alone, in order, then the first two, the first three, and so on."""
    yield from ((replica,) for replica in replicas)
    yield from (tuple(replicas[:count]) for count in range(2, len(replicas) + 1))


def _cost(victims: Sequence[Replica]) -> tuple[int, int, int]:
    fresh = [victim for victim in victims if not victim.draining]
    return (sum(map(answers, fresh)), len(fresh), len(victims))
