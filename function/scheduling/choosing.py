"""Choosing: which cluster takes the next replica.

Replicas spread: first over regions, then over the clusters of a region. Between equals the
cluster with the most free nodes left wins, then the first by name.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from function.scheduling.capacity import Ledger
from function.scheduling.fleet import Cluster, Pool
from function.scheduling.placing import Fit, Placer

Region: TypeAlias = tuple[str, str]


def region_of(cluster: Cluster) -> Region:
    """Identify a cluster's region; one without the label is a region by itself."""
    return (cluster.region, "") if cluster.region else ("", cluster.name)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The cluster that takes the next replica, and how."""

    cluster: Cluster
    fit: Fit


class Candidates:
    """Clusters with room, ordered by how much they are wanted.

    Taking from a cluster changes the order only within its region and that region's own place,
    so each region keeps a heap of its clusters, and one heap holds the best of every region.
    """

    def __init__(
        self,
        clusters: Iterable[Cluster],
        placer: Placer,
        ledger: Ledger,
        inhabited: Iterable[Cluster],
        closed: Container[tuple[str, str]] = (),
    ) -> None:
        """Line up clusters.

        Args:
            clusters: Those that may take replicas, each once.
            placer: Finds the pools.
            ledger: Knows the free nodes; charged with what is taken.
            inhabited: The cluster of each replica that the deployment already has.
            closed: Clusters and pools that take none.
        """
        self._closed = closed
        self._placer = placer
        self._ledger = ledger
        self._load: Counter[str] = Counter()
        self._crowd: Counter[Region] = Counter()
        for cluster in inhabited:
            self._load[cluster.name] += 1
            self._crowd[region_of(cluster)] += 1
        self._ready: dict[str, Chosen] = {}
        self._within: defaultdict[Region, list[tuple[int, int, str]]] = defaultdict(list)
        for cluster in clusters:
            self._line_up(cluster)
        self._regions = [self._rank(region) for region in self._within]
        heapq.heapify(self._regions)

    def take(self) -> Chosen | None:
        """Choose a cluster for one replica and charge it; None when no cluster has room."""
        if not self._regions:
            return None
        region = self._regions[0][-1]
        _, _, name = heapq.heappop(self._within[region])
        chosen = self._ready[name]
        self._ledger.charge(name, chosen.fit.engines)
        self._load[name] += 1
        self._crowd[region] += 1
        self._line_up(chosen.cluster)
        if self._within[region]:
            heapq.heapreplace(self._regions, self._rank(region))
        else:
            heapq.heappop(self._regions)
        return chosen

    def _line_up(self, cluster: Cluster) -> None:
        """Put a cluster into its region's heap, if it has room for one more replica."""
        pools: tuple[Pool, ...] = cluster.pools or ()
        fit = self._placer.fit(pools, self._ledger.free(cluster, self._closed))
        if fit is not None:
            self._ready[cluster.name] = Chosen(cluster, fit)
            entry = (self._load[cluster.name], -fit.left, cluster.name)
            heapq.heappush(self._within[region_of(cluster)], entry)

    def _rank(self, region: Region) -> tuple[int, tuple[int, int, str], Region]:
        return (self._crowd[region], self._within[region][0], region)
