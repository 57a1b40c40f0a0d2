"""How long one call may work, and whether anybody still waits for its answer.

Whoever serves calls opens `within` around each; what may work for long asks `check` in its loops.
Outside of `within`, as in a preview or a test, nothing ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class CallEndedError(Exception):
    """The call ends without an answer of its own: its time is up, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class _Call:
    seconds: float
    ends: float
    cancelled: threading.Event


_CALL: ContextVar[_Call | None] = ContextVar("call", default=None)


@contextmanager
def within(seconds: float, cancelled: threading.Event | None = None) -> Iterator[None]:
    """Bound all that is worked inside.

    Args:
        seconds: How long it may take.
        cancelled: Set, from any thread, when nobody waits for the answer any more.
    """
    token = _CALL.set(_Call(seconds, time.monotonic() + seconds, cancelled or threading.Event()))
    try:
        yield
    finally:
        _CALL.reset(token)


def check() -> None:
    """Go on, or end the call. Costs well under a microsecond.

    Raises:
        CallEndedError: The call's time is up, or it was cancelled.
    """
    call = _CALL.get()
    if call is None:
        return
    if call.cancelled.is_set():
        raise CallEndedError("the call was cancelled")
    if time.monotonic() > call.ends:
        raise CallEndedError(f"the call took longer than {call.seconds:g} s")
