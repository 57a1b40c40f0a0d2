"""Scorers: which of the clusters that have room takes the next replica.

`docs/recipes/filter.md` says how to add one.
"""

from __future__ import annotations

from typing import Final

from function.scheduling.scorers.cluster_spread import ClusterSpread
from function.scheduling.scorers.free_nodes import FreeNodes
from function.scheduling.scorers.protocol import Candidate, Scorer, Spread
from function.scheduling.scorers.region_spread import RegionSpread

__all__ = ["SCORERS", "Candidate", "Scorer", "Spread"]

# A cluster is better than another by the first of these in which they differ:
#   1. its region has fewer replicas of the deployment,
#   2. it has fewer of them itself,
#   3. more nodes stay free in the pools that take the replica,
#   4. its name comes first.
SCORERS: Final[tuple[Scorer, ...]] = (
    RegionSpread(),
    ClusterSpread(),
    FreeNodes(),
)
"""All scorers in their order; the name comes after them."""
