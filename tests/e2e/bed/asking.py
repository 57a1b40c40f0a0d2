"""Asking again: what keeps a tool or a server from answering may pass by itself, and a refusal does not.

A busy machine lets a client's time run out, or a webhook's, and the same question is answered a moment later. Whoever
is refused has an answer, however the refusal is worded, and is never asked twice.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from tests.e2e.bed.pace import PACE, Pace
from tests.e2e.bed.voice import say

_REFUSALS: Final = (
    "denied the request",
    "is forbidden",
    "Forbidden",
    "Unauthorized",
    "is invalid",
    "Invalid value",
    "unknown field",
    "strict decoding error",
    "already exists",
    r"NotFound\)",
    "no matches for kind",
    "doesn't have a resource type",
    "certificate verify failed",
    "failed to verify certificate",
    "no space left on device",
)
"""Words of a refusal: it stays one when a time-out is named beside it."""

_PASSING: Final = (
    "i/o timeout",
    "net/http: request canceled",
    r"Client\.Timeout",
    "TLS handshake timeout",
    "context deadline exceeded",
    "DeadlineExceeded",
    "etcdserver: (request timed out|leader changed|no leader|too many requests)",
    "connection refused",
    "connection reset by peer",
    "broken pipe",
    "unexpected EOF",
    r": EOF\b",
    "http2: (client connection lost|server sent GOAWAY)",
    "server closed idle connection",
    "(?i:too many requests)",
    "currently unable to handle the request",
    "unable to return a response in the time allotted",
    "request did not complete within",
    r"storage is \(re\)initializing",
    "did not end within",
    "(?i:timed out)(?! waiting for the condition)",
)
"""Words of what passes by itself. That kubectl has waited in vain for a condition is an answer."""

_REFUSED: Final = re.compile("|".join(_REFUSALS))
_PASSES: Final = re.compile("|".join(_PASSING))

_SECONDS: Final = 60
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_SHOWN: Final = 300

T = TypeVar("T")


def passes(said: object) -> bool:
    """Tell whether what a tool or a server says will pass by itself."""
    text = str(said)
    return _PASSES.search(text) is not None and _REFUSED.search(text) is None


class Asking:
    """Asks again while it makes sense."""

    def __init__(self, pace: Pace = PACE, sleep: Callable[[float], object] = time.sleep) -> None:
        self._pace, self._sleep = pace, sleep
        self._over = threading.Event()

    def begin(self) -> None:
        """Ask again from now on."""
        self._over.clear()

    def end(self) -> None:
        """Ask once only from now on: what would answer is being stopped."""
        self._over.set()

    def __call__(
        self,
        what: str,
        ask: Callable[[], T],
        passing: Callable[[Exception], bool] = passes,
        seconds: float = _SECONDS,
        again: Callable[[], T] | None = None,
    ) -> T:
        """Ask, and ask again for a while, but once at least, if what goes wrong will pass.

        Args:
            what: What is asked, to say so when it is asked again.
            ask: Asks.
            passing: Tells whether an error will pass by itself.
            seconds: How long to ask; on a slow machine it may be longer.
            again: Asks when it was asked before, and may have been done.
        """
        end = time.monotonic() + self._pace.patient(seconds)
        pause, next_ask, asked = _FIRST_PAUSE, ask, 0
        while True:
            try:
                asked += 1
                return next_ask()
            except Exception as error:
                late = asked > 1 and time.monotonic() + pause > end
                if self._over.is_set() or late or not passing(error):
                    raise
                if asked == 1:
                    say(f"asked again: {what}: {' '.join(str(error).split())[:_SHOWN]}")
            self._sleep(pause)
            pause, next_ask = min(2 * pause, _LONGEST_PAUSE), again or ask


ask_again: Final = Asking()
"""Asks for the whole bed."""
