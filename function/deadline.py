"""The deadline and cancellation of a call.

The server runs each call inside `within`; long-running loops call `check`. Outside of `within`, as in a
preview or a test, there is no deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class CallEndedError(Exception):
    """The call ends without an answer: its deadline has passed, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class _Call:
    seconds: float
    ends: float
    cancelled: threading.Event


_CALL: ContextVar[_Call | None] = ContextVar("call", default=None)


@contextmanager
def within(seconds: float, cancelled: threading.Event | None = None) -> Iterator[None]:
    """Limit the work inside.

    Args:
        seconds: How long it may take.
        cancelled: Set by any thread to cancel the call.
    """
    token = _CALL.set(_Call(seconds, time.monotonic() + seconds, cancelled or threading.Event()))
    try:
        yield
    finally:
        _CALL.reset(token)


def check() -> None:
    """End the call when it has to end. Costs well under a microsecond.

    Raises:
        CallEndedError: The deadline has passed, or the call was cancelled.
    """
    call = _CALL.get()
    if call is None:
        return
    if call.cancelled.is_set():
        raise CallEndedError("the call was cancelled")
    if time.monotonic() > call.ends:
        raise CallEndedError(f"the call took longer than {call.seconds:g} s")
