"""Logs every minute how far a run is and how slow the machine, so that a long run is seen to go on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final, Self

from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.progress_log import log_line

_SECONDS: Final = 60


class Heartbeat(threading.Thread):
    """Logs it while a context lasts."""

    def __init__(self, status: Callable[[], str], seconds: float = _SECONDS) -> None:
        super().__init__(name="progress", daemon=True)
        self._status, self._seconds = status, seconds
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        """Begin."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Log it until the end."""
        while not self._ended.wait(self._seconds):
            log_line(
                f"{self._status()} (machine {MACHINE_SPEED.look():.1f} times slower, load {os.getloadavg()[0]:.1f})"
            )
