"""The time by which a server waits: never later than it is for the control plane.

Several servers answer for one control plane, and their clocks may differ or jump. A wait that one of them begins
and another one ends would be shortened by the difference, and what waits here waits so that no request is cut
off. So the time that counts is the API server's. It writes beside every change when that was; the newest of what
a server has ever seen, and the time that has gone by since by a clock that cannot be set, is a time that the API
server has passed already. A server whose clock is ahead of it goes by that. One whose clock is behind goes by its
own and waits longer, so nothing that somebody writes into a time stamp makes a wait shorter than the server's own
clock would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

from function.composition import Object, Observation, timestamps, unstructured
from function.composition.cache import derive

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ControlPlaneClock:
    """The time of the control plane, as far as its requests tell. Threads may share it."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        """Begin to know nothing.

        Args:
            steady: Seconds since whenever, by a clock that is never set.
        """
        self._steady = steady
        self._lock = Lock()
        self._lead: float | None = None

    def of(self, observation: Observation) -> datetime:
        """Tell by which time a request is to be answered: the observation's own `now`, or earlier.

        Without any record of the API server, as in files, it is the observation's own.
        """
        # What is later than here tells nothing about a clock that is ahead, and anybody may have written it.
        newest = max((min(stamp, observation.now) for stamp in _stamps(observation)), default=None)
        passed = self._steady()
        with self._lock:
            if newest is not None:
                lead = (newest - _EPOCH).total_seconds() - passed
                self._lead = lead if self._lead is None else max(lead, self._lead)
            known = self._lead
        if known is None:
            return observation.now
        own = (observation.now - _EPOCH).total_seconds()
        return _EPOCH + timedelta(seconds=int(min(own, known + passed)))


def _stamps(observation: Observation) -> Iterator[datetime]:
    """When the API server has last written each of the objects that a request is about."""
    for child in (observation.composite, *observation.children.values()):
        found = derive(child, _newest)
        if found is not None:
            yield found


def _newest(obj: Object) -> datetime | None:
    written = (
        timestamps.time_of(unstructured.text(field, "time"))
        for field in unstructured.items(obj, "metadata", "managedFields")
    )
    return max((moment for moment in written if moment is not None), default=None)
