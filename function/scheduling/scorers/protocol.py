"""What a scorer is, and what it sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from function.scheduling.feasibility import Fit
from function.scheduling.fleet import Cluster


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster that has room for the next replica, and how it would take it."""

    cluster: Cluster
    fit: Fit


class Spread:
    """How many replicas the deployment has on each cluster and in each region, those placed just now included."""

    def __init__(self, clusters: Iterable[Cluster]) -> None:
        """Count replicas.

        Args:
            clusters: The cluster of each replica that the deployment already has.
        """
        self._by_cluster: Counter[str] = Counter()
        self._by_region: Counter[tuple[str, str]] = Counter()
        for cluster in clusters:
            self.add(cluster)

    def add(self, cluster: Cluster) -> None:
        """Count one more replica on a cluster."""
        self._by_cluster[cluster.name] += 1
        self._by_region[cluster.topology_domain] += 1

    def on_cluster(self, cluster: Cluster) -> int:
        """The replicas on a cluster."""
        return self._by_cluster[cluster.name]

    def in_region(self, cluster: Cluster) -> int:
        """The replicas in a cluster's region."""
        return self._by_region[cluster.topology_domain]


class Scorer(Protocol):
    """Ranks the clusters that could take the next replica: the highest score is best.

    Attributes:
        per_region: Whether all clusters of a region have the same score, which changes when any of them takes a
            replica. Any other score may only change when the cluster itself takes one.
    """

    per_region: ClassVar[bool] = False

    def score(self, candidate: Candidate, spread: Spread) -> float:
        """Score a cluster.

        Args:
            candidate: The cluster, and which pools it would give.
            spread: Where the deployment's replicas are.
        """
