"""How a replica leaves: in steps, so that nobody's request is cut off.

First its endpoint is marked as draining, and services send it nothing new. The replica goes on
running, with an annotation that says since when. After `GRACE` the replica and its endpoint go
together. A replica that never had an endpoint has nothing to wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from function.api import labels
from function.composition import Object, manifest, moments

GRACE: Final = timedelta(seconds=90)
"""Longer than a service takes to notice that an endpoint is draining."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A replica or endpoint that is on its way out.

    Attributes:
        since: When it began to drain.
    """

    since: datetime

    @property
    def ends(self) -> datetime:
        """When it may go."""
        return self.since + GRACE

    def is_over(self, now: datetime) -> bool:
        """Whether it may go."""
        return now >= self.ends

    @property
    def annotation(self) -> dict[str, str]:
        """The annotation that remembers it."""
        return {labels.DRAINING_SINCE: moments.text_of(self.since)}


def departure_of(now: datetime, *things: Object | None) -> Departure:
    """Tell since when a replica is leaving.

    Args:
        now: When it begins to leave, if it has not yet.
        *things: The replica and its endpoint, whose annotations remember it; the earlier counts.
    """
    notes = [manifest.annotations(thing).get(labels.DRAINING_SINCE, "") for thing in things]
    known = [moment for moment in map(moments.time_of, notes) if moment is not None]
    return Departure(min([*known, now]))
