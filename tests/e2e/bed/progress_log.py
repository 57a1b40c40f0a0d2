"""The log lines of a running bed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final


@dataclass(slots=True)
class ProgressLog:
    """Writes to standard error what goes on, and when.

    Attributes:
        write: Writes a line; replaced under pytest, which captures standard error.
        since: When this began, by `time.monotonic`.
    """

    write: Callable[[str], object] = sys.stderr.write
    since: float = field(default_factory=time.monotonic)

    def __call__(self, text: str) -> None:
        """Write a line, after the seconds that have passed."""
        self.write(f"bed {time.monotonic() - self.since:4.0f} s: {text}\n")


log_line: Final = ProgressLog()
