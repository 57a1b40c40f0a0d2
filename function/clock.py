"""The clock that waits are measured by: never ahead of the control plane's.

Several servers answer for one control plane, and their clocks may differ or jump. A wait that one of them starts
and another ends would be shortened by the difference, and waits are there so that no request is cut off. So the
API server's time counts. It records the time of every change; the newest time that a server has ever seen, plus
what has passed since by a monotonic clock, is a time that the API server has already reached. A server whose
clock is ahead of that uses it. A server whose clock is behind uses its own and waits longer, so no time stamp that
somebody makes up shortens a wait.
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
    """The time of the control plane, as far as its requests tell. Thread-safe."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        """Start without any record.

        Args:
            steady: A monotonic clock, in seconds.
        """
        self._steady = steady
        self._lock = Lock()
        self._lead: float | None = None

    def of(self, observation: Observation) -> datetime:
        """Tell the time to answer a request by: the observation's own `now`, or earlier.

        Without any record of the API server, as in files, it is the observation's own.
        """
        # A later time than our own proves nothing about our clock, and anybody may have written it.
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
    """List when the API server last wrote the composite and each of its children."""
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
