"""The queue of clusters that could take the next replica, the best first."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from function.scheduling.capacity import NodeLedger
from function.scheduling.eligible import EligibleClusters
from function.scheduling.fleet import Cluster
from function.scheduling.scorers import SCORERS, Candidate, Scorer, Spread

_Rank: TypeAlias = tuple[float | str, ...]
"""Scores with their sign turned, since heaps give the least first, and then a cluster's name."""


class CandidateQueue:
    """Clusters with room, ordered by the scorers and then by name.

    Taking from a cluster changes its own scores and those of its region, so each region keeps a heap of its
    clusters, and one heap holds the best of every region.
    """

    def __init__(
        self,
        eligible: EligibleClusters,
        ledger: NodeLedger,
        occupied: Iterable[Cluster],
        scorers: Sequence[Scorer] = SCORERS,
    ) -> None:
        """Queue clusters.

        Args:
            eligible: The clusters that may take replicas, and how they do.
            ledger: Knows the free nodes, and has those reserved that are taken.
            occupied: The cluster of each replica that the deployment already has.
            scorers: Order the clusters.
        """
        self._eligible = eligible
        self._ledger = ledger
        self._scorers = tuple(scorers)
        self._own_scorers = tuple(scorer for scorer in self._scorers if not scorer.per_region)
        self._spread = Spread(occupied)
        self._candidates: dict[str, Candidate] = {}
        self._in_region: defaultdict[tuple[str, str], list[_Rank]] = defaultdict(list)
        for cluster in eligible.clusters.values():
            self._push(cluster)
        self._regions = [self._rank(region) for region in self._in_region]
        heapq.heapify(self._regions)

    def take(self) -> Candidate | None:
        """Choose a cluster for one replica and reserve its nodes; None when no cluster has room."""
        if not self._regions:
            return None
        region = self._regions[0][-1]
        name = heapq.heappop(self._in_region[region])[-1]
        chosen = self._candidates[str(name)]
        self._ledger.reserve(chosen.cluster.name, chosen.fit.engines)
        self._spread.add(chosen.cluster)
        self._push(chosen.cluster)
        if self._in_region[region]:
            heapq.heapreplace(self._regions, self._rank(region))
        else:
            heapq.heappop(self._regions)
        return chosen

    def _push(self, cluster: Cluster) -> None:
        """Put a cluster into its region's heap, if it has room for one more replica."""
        fit = self._eligible.fit(cluster, self._ledger)
        if fit is not None:
            candidate = self._candidates[cluster.name] = Candidate(cluster, fit)
            scores = [-scorer.score(candidate, self._spread) for scorer in self._own_scorers]
            rank: _Rank = (*scores, cluster.name)
            heapq.heappush(self._in_region[cluster.topology_domain], rank)

    def _rank(self, region: tuple[str, str]) -> tuple[_Rank, tuple[str, str]]:
        """Rank a region by its best cluster, under all scorers."""
        name = str(self._in_region[region][0][-1])
        best = self._candidates[name]
        return (*(-scorer.score(best, self._spread) for scorer in self._scorers), name), region
