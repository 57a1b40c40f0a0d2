"""Replicas in as many regions as possible."""

from __future__ import annotations

from typing import ClassVar

from function.scheduling.scorers.protocol import Candidate, Scorer, Spread


class RegionSpread(Scorer):
    """Prefers the region with the fewest replicas of the deployment."""

    per_region: ClassVar[bool] = True

    def score(self, candidate: Candidate, spread: Spread) -> float:
        """Count the region's replicas."""
        return -spread.in_region(candidate.cluster)
