"""The processes of a bed: started with a log file each, and stopped by their ids, whatever happens."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar

_PATIENCE: Final = 3
"""How many times longer things may take than on the machine for which the limits were chosen."""

_POLL_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 10
_LAST_LINES: Final = 12

_SETPRIV: Final = shutil.which("setpriv")
_MORTAL: Final = (_SETPRIV, "--pdeathsig", "TERM") if _SETPRIV else ()
"""Ends a process when we end without having stopped it, where the system can."""

_GO: Final = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
"""Has programs in Go collect garbage less often, which else takes them a fifth of their time."""

T = TypeVar("T")


class BedError(Exception):
    """Something on the bed did not come about; the message says what was awaited and where to look."""


@dataclass(slots=True)
class Voice:
    """Says on standard error what goes on.

    Attributes:
        write: Writes a line; replaced under pytest, which captures standard error.
    """

    write: Callable[[str], object] = sys.stderr.write

    def __call__(self, text: str) -> None:
        """Say one line."""
        self.write(f"bed: {text}\n")


say: Final = Voice()


@dataclass(frozen=True, slots=True)
class Running:
    """A process that was started.

    Attributes:
        name: What it is.
        log: What it writes.
        process: The process, a session of its own so that a Ctrl-C reaches it only through us.
        since: When it was started, by `time.time`.
    """

    name: str
    log: Path
    process: subprocess.Popen[bytes]
    since: float = field(default_factory=time.time)

    def check(self) -> None:
        """Raise when it has ended by itself.

        Raises:
            BedError: With its last words.
        """
        status = self.process.poll()
        if status is not None:
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
            raise BedError(f"{self.name} ended with status {status}; the end of {self.log}:\n{last}")

    def ask_to_end(self) -> None:
        """Ask it to end."""
        if self.process.poll() is None:
            self.process.terminate()

    def end(self) -> None:
        """Wait until it has ended as it was asked to, and end it if it does not."""
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Processes:
    """Everything that was started.

    Attributes:
        folder: Where the logs are.
        running: What runs, in the order in which it was started.
        explain: Says how things are, when something is awaited in vain.
    """

    folder: Path
    running: list[Running] = field(default_factory=list)
    explain: Callable[[], str] = str

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Running:
        """Start a process.

        Args:
            name: What it is, which names its log.
            command: The command.
            env: Variables of its own.
        """
        log = self.folder / f"{name}.log"
        environment = {**_GO, **os.environ, **(env or {})}
        with log.open("ab") as file:
            process = subprocess.Popen(  # noqa: S603  # fixed words
                [*_MORTAL, *(str(word) for word in command)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
            )
        started = Running(name, log, process)
        self.running.append(started)
        return started

    def check(self) -> None:
        """Raise when any has ended by itself."""
        for one in self.running:
            one.check()

    def stop(self, one: Running) -> None:
        """Stop one that is not needed any more."""
        self.running.remove(one)
        one.ask_to_end()
        one.end()

    def stop_all(self) -> None:
        """Stop everything at once, but for the first, etcd, which the others need to the end."""
        first, others = self.running[:1], self.running[1:]
        for group in (others, first):
            for one in group:
                one.ask_to_end()
            for one in group:
                one.end()
        self.running.clear()

    def until(self, what: str, ask: Callable[[], T | None], seconds: float = 60) -> T:
        """Wait until something is so.

        Args:
            what: What is awaited, for the message.
            ask: Gives what is looked for; None or False while it is not so.
            seconds: How long to wait; on a slow machine it may be longer.

        Raises:
            BedError: When it does not come about in time, or a process ends.
        """
        limit = seconds * _PATIENCE
        end = time.monotonic() + limit
        while True:
            found = ask()
            if found:
                return found
            self.check()
            if time.monotonic() > end:
                raise BedError(f"waited {limit:.0f} s in vain: {what} (logs in {self.folder})\n{self.explain()}")
            time.sleep(_POLL_SECONDS)


_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens URLs without a proxy, whatever the environment says: what the bed asks is on loopback."""


def answers(url: str) -> bool:
    """Tell whether a process answers a URL with HTTP's OK."""
    try:
        with _DIRECT.open(url, timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


_given: set[int] = set()
"""Ports that were given: between that and the moment at which a program listens on one, it looks free."""


def free_ports(number: int) -> list[int]:
    """Find ports of the loopback device that nobody listens on, and that were not given before."""
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < number:
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            if port not in _given:
                found.append(port)
        _given.update(found)
    return found
