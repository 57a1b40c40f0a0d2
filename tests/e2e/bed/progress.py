"""Says every minute how far a run is, and how slow the machine: a run that takes long is seen to go on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final, Self

from tests.e2e.bed.pace import PACE
from tests.e2e.bed.voice import say

_SECONDS: Final = 60


class Progress(threading.Thread):
    """Says it while a context lasts."""

    def __init__(self, far: Callable[[], str], seconds: float = _SECONDS) -> None:
        super().__init__(name="progress", daemon=True)
        self._far, self._seconds = far, seconds
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
        """Say it until the end."""
        while not self._ended.wait(self._seconds):
            say(f"{self._far()} (machine {PACE.look():.1f} times slower, load {os.getloadavg()[0]:.1f})")
