"""Replicas where most room is left."""

from __future__ import annotations

from function.scheduling.scorers.protocol import Candidate, Scorer, Spread


class FreeNodes(Scorer):
    """Prefers the cluster with the most free nodes left in the pools that would take the replica."""

    def score(self, candidate: Candidate, spread: Spread) -> float:  # noqa: ARG002
        """Count the nodes that would be left."""
        return candidate.fit.free_nodes
