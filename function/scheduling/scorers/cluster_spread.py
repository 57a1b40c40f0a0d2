"""Replicas on as many clusters as possible."""

from __future__ import annotations

from function.scheduling.scorers.protocol import Candidate, Scorer, Spread


class ClusterSpread(Scorer):
    """Prefers the cluster with the fewest replicas of the deployment."""

    def score(self, candidate: Candidate, spread: Spread) -> float:
        """Count the cluster's replicas."""
        return -spread.on_cluster(candidate.cluster)
