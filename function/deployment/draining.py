"""Graceful deletion of a replica: it drains first, so that no request is cut off.

Its endpoint is marked as draining, and services send it nothing new. The replica goes on running, with an
annotation that says since when. `GRACE` after the endpoint was marked, replica and endpoint are deleted
together. A replica that never had an endpoint has nothing to wait for.

The servers that answer may have clocks that differ. So the wait begins when the API server has marked the
endpoint, by its own clock, which it writes beside what we own. The annotations are for people, and for what
has no such record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from function.api import labels
from function.composition import Object, Observation, owned, timestamps, unstructured
from function.deployment.endpoints import is_draining

GRACE: Final = timedelta(seconds=90)
"""Longer than a service takes to notice that an endpoint is draining."""


@dataclass(frozen=True, slots=True)
class Drain:
    """A replica or endpoint that is on its way out.

    Attributes:
        recorded: When it began to leave, by the clock of whoever noticed. Never corrected: that would mark it again.
        since: When its endpoint was marked, and now at the latest.
    """

    recorded: datetime
    since: datetime

    @property
    def completes_at(self) -> datetime:
        """When it may go."""
        return self.since + GRACE

    def is_complete(self, now: datetime) -> bool:
        """Whether it may go."""
        return now >= self.completes_at

    @property
    def annotation(self) -> dict[str, str]:
        """The annotation that remembers it."""
        return {labels.DRAINING_SINCE: timestamps.text_of(self.recorded)}


def drain_of(observation: Observation, endpoint: Object | None, replica: Object | None = None) -> Drain:
    """Tell since when a replica is leaving.

    Args:
        observation: The deployment. It begins to leave now, if it has not yet.
        endpoint: Its endpoint. While that is not marked, no service has stopped sending requests.
        replica: The replica, unless it is gone. The earlier annotation of both counts.
    """
    now = observation.now
    if not is_draining(endpoint):
        return Drain(now, now)
    notes = [unstructured.annotations(obj).get(labels.DRAINING_SINCE, "") for obj in (replica, endpoint)]
    known = [moment for moment in map(timestamps.time_of, notes) if moment is not None]
    marked = owned.changed(endpoint, observation.composite)
    if marked is None:
        recorded = min([*known, now])
        return Drain(recorded, recorded)
    return Drain(min(known, default=now), min(marked, now))
