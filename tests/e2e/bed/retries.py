"""Retries: what keeps a tool or a server from answering may pass by itself, and a refusal does not.

A busy machine lets a client's time run out, or a webhook's, and the same question is answered a moment later. Whoever
is refused has an answer, however the refusal is worded, and is never asked twice.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from tests.e2e.bed.machine_speed import MACHINE_SPEED, MachineSpeed
from tests.e2e.bed.progress_log import log_line

_REFUSAL_WORDS: Final = (
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

_TRANSIENT_WORDS: Final = (
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
"""Words of transient errors. That kubectl has waited in vain for a condition is an answer."""

_REFUSED: Final = re.compile("|".join(_REFUSAL_WORDS))
_TRANSIENT: Final = re.compile("|".join(_TRANSIENT_WORDS))

_SECONDS: Final = 60
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_SHOWN: Final = 300

T = TypeVar("T")


def is_transient(error: object) -> bool:
    """Tell whether an error of a tool or a server will pass by itself."""
    text = str(error)
    return _TRANSIENT.search(text) is not None and _REFUSED.search(text) is None


class Retry:
    """Retries transient errors while it makes sense."""

    def __init__(self, speed: MachineSpeed = MACHINE_SPEED, sleep: Callable[[float], object] = time.sleep) -> None:
        self._speed, self._sleep = speed, sleep
        self._stopped = threading.Event()

    def begin(self) -> None:
        """Retry from now on."""
        self._stopped.clear()

    def end(self) -> None:
        """Try only once from now on: what would answer is being stopped."""
        self._stopped.set()

    def __call__(
        self,
        description: str,
        call: Callable[[], T],
        is_transient: Callable[[Exception], bool] = is_transient,
        seconds: float = _SECONDS,
        again: Callable[[], T] | None = None,
    ) -> T:
        """Call, and retry transient errors for a while, at least once.

        Args:
            description: What is called, for the log line about a retry.
            call: The call.
            is_transient: Tells whether an error will pass by itself.
            seconds: How long to retry; on a slow machine it may be longer.
            again: The call to repeat, when the first may have taken effect.
        """
        end = time.monotonic() + self._speed.timeout(seconds)
        pause, next_call, tries = _FIRST_PAUSE, call, 0
        while True:
            try:
                tries += 1
                return next_call()
            except Exception as error:
                late = tries > 1 and time.monotonic() + pause > end
                if self._stopped.is_set() or late or not is_transient(error):
                    raise
                if tries == 1:
                    log_line(f"asked again: {description}: {' '.join(str(error).split())[:_SHOWN]}")
            self._sleep(pause)
            pause, next_call = min(2 * pause, _LONGEST_PAUSE), again or call


retry: Final = Retry()
"""The retries of the whole bed."""
