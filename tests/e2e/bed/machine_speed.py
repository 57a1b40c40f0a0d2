"""How slow the machine is, and how long things may take therefore."""

from __future__ import annotations

import os
import resource
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PATIENCE: Final = 3
"""How many times longer anything may take than it does when all is well."""

_MOST: Final = 4.0
"""No machine counts as slower than this many times: a wait has to end at some time."""

_LONGEST: Final = 1200
"""No wait becomes longer than this because the machine is slow."""

_CORES: Final = 2
_WORK: Final = "".join(f"{number * number:x}" for number in range(30_000)).encode() * 48
_WORK_SECONDS: Final = 0.42
"""How long the work takes on two free cores of the machine for which limits were chosen."""

_FILES: Final = 65_536
_INOTIFY_LIMIT: Final = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_NEEDED: Final = 64


def measure_slowness() -> float:
    """Do a fixed piece of work on two cores, and tell how many times longer it took than it should; 1 at least."""
    with ThreadPoolExecutor(_CORES) as workers:
        started = time.perf_counter()
        list(workers.map(zlib.compress, [_WORK] * _CORES))
        return max(1.0, (time.perf_counter() - started) / _WORK_SECONDS)


@dataclass(slots=True)
class MachineSpeed:
    """How slow the machine has been seen to be.

    Attributes:
        slowness: How many times slower than the machine for which limits were chosen, at the worst.
        measure: Measures it.
    """

    slowness: float = 1.0
    measure: Callable[[], float] = measure_slowness

    def look(self) -> float:
        """Measure, and tell how slow the machine is now."""
        now = min(_MOST, self.measure())
        self.slowness = max(self.slowness, now)
        return now

    def timeout(self, seconds: float) -> float:
        """How long to wait for something that takes so many seconds when all is well."""
        enough = seconds * _PATIENCE
        return max(enough, min(enough * self.slowness, _LONGEST))

    def scaled(self, seconds: float) -> float:
        """How long something may take here that may take so many seconds where limits were chosen."""
        return seconds * self.slowness


MACHINE_SPEED: Final = MachineSpeed()
"""That of this machine."""


def raise_limits() -> list[str]:
    """Allow this process and its children as many open files as may be, and say which limits are narrow even so."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    limitations = []
    if files < _FILES // 16:
        limitations.append(f"a process may open {files} files only (ulimit -n)")
    try:
        limit = int(_INOTIFY_LIMIT.read_text())
    except (OSError, ValueError):
        return limitations
    used = _inotify_instances()
    if limit - used < _INOTIFY_NEEDED:
        limitations.append(f"{used} of {limit} inotify instances are in use (sysctl fs.inotify.max_user_instances)")
    return limitations


def _inotify_instances() -> int:
    """How many there are of this user's, as far as can be seen."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if folder.stat().st_uid == os.geteuid():
                found += sum(str(entry.readlink()) == "anon_inode:inotify" for entry in folder.iterdir())
        except OSError:
            continue  # a process that has ended, or may not be looked at
    return found
