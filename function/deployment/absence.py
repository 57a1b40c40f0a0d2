"""Clusters that are not found any more although replicas are on them.

A cluster cannot be deleted while replicas are placed on it, so one that is missing from a list that has
others is a doubt for a while: the list may be short, or somebody has taken off the guard and the finalizers
by force. Its replicas go on serving, and are removed after `MISSING_TIMEOUT`. When it was first missing is remembered
in the status.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from function.composition import Manifest, Observation, timestamps, unstructured

MISSING_TIMEOUT: Final = timedelta(minutes=10)
"""How long a cluster may be missing; longer than any list is short of what exists."""

_AHEAD: Final = timedelta(days=1)
"""How far clocks may be ahead of each other."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A cluster that is missing.

    Attributes:
        cluster: Its name.
        since: When it was first found missing.
    """

    cluster: str
    since: datetime

    @property
    def expires_at(self) -> datetime:
        """When it counts as gone."""
        return self.since + MISSING_TIMEOUT

    def has_expired(self, now: datetime) -> bool:
        """Whether it counts as gone."""
        return now >= self.expires_at

    def entry(self) -> Manifest:
        """What the status remembers of it."""
        return {"cluster": self.cluster, "since": timestamps.text_of(self.since)}


def absences(observation: Observation, missing: Iterable[str]) -> tuple[Absence, ...]:
    """Tell since when clusters are missing, by name.

    Args:
        observation: The deployment. What its status says of a far future began now; of a nearer one it may be that
            another server's clock is ahead, and to begin anew could end the wait too early.
        missing: The clusters.
    """
    entries = unstructured.items(observation.status, "missing")
    known = {
        unstructured.text(entry, "cluster"): timestamps.time_of(unstructured.text(entry, "since")) for entry in entries
    }
    now = observation.latest
    begun = {name: since for name, since in known.items() if since is not None and since <= now + _AHEAD}
    return tuple(Absence(name, begun.get(name, now)) for name in sorted(set(missing)))
