"""The processes of a bed: started with a log file each, and stopped by their ids, whatever happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.ports import free_ports, is_taken
from tests.e2e.bed.progress_log import log_line

_POLL_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 10
_LAST_LINES: Final = 12
_TAIL_LINES: Final = 3
_TAIL_WIDTH: Final = 240
_TAIL_BYTES: Final = 16_384
_ATTEMPTS: Final = 5
"""How often a program is started on other ports when those that it was given turn out to be taken."""

_SETPRIV: Final = shutil.which("setpriv")
_MORTAL: Final = (_SETPRIV, "--pdeathsig", "TERM") if _SETPRIV else ()
"""Ends a process when we end without having stopped it, where the system can."""

_GO: Final = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
"""Has programs in Go collect garbage less often, which else takes them a fifth of their time."""

T = TypeVar("T")


class BedError(Exception):
    """Something on the bed did not come about; the message says what was awaited and where to look."""


class EndedError(BedError):
    """A program of the bed has ended by itself: whatever is checked from now on would fail."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run.

    Attributes:
        words: The program and its arguments.
        env: Variables of its own.
    """

    words: Sequence[str | Path]
    env: Mapping[str, str] = field(default_factory=dict)


OnPorts: TypeAlias = Callable[[Sequence[int]], Command]
"""Says what to run on which ports."""


@dataclass(slots=True)
class Running:
    """A process that was started.

    Attributes:
        name: What it is.
        log: What it writes.
        process: The process, a session of its own so that a Ctrl-C reaches it only through us.
        ports: The ports that it was given.
        on_ports: Starts it on others; None when it has none of its own.
        moved: Told the ports when it was started on others; it may have been ready on those before for a moment.
        said_before: How much of the log is from before it was started.
        attempts: How often it was started.
        since: When it was started, by `time.time`.
    """

    name: str
    log: Path
    process: subprocess.Popen[bytes]
    ports: list[int] = field(default_factory=list)
    on_ports: OnPorts | None = None
    moved: Callable[[Sequence[int]], object] | None = None
    said_before: int = 0
    attempts: int = 1
    since: float = field(default_factory=time.time)

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self.process.poll() is not None

    @property
    def lacks_a_port(self) -> bool:
        """Whether it has ended because a port was taken, and may be started on others."""
        if not self.has_ended or self.on_ports is None or self.attempts >= _ATTEMPTS:
            return False
        with self.log.open("rb") as file:
            file.seek(self.said_before)
            return is_taken(file.read().decode(errors="replace"))

    def error(self) -> EndedError:
        """Say that it has ended, with its last words."""
        last = "\n".join(_last_lines(self.log, _LAST_LINES))
        return EndedError(f"{self.name} ended with status {self.process.poll()}; the end of {self.log}:\n{last}")

    def ask_to_end(self) -> None:
        """Ask it to end."""
        if not self.has_ended:
            self.process.terminate()

    def end(self) -> None:
        """Wait until it has ended as it was asked to, and end it if it does not."""
        try:
            self.process.wait(MACHINE_SPEED.scaled(_STOP_SECONDS))
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
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Running:
        """Start a process.

        Args:
            name: What it is, which names its log.
            command: The command.
            env: Variables of its own.
        """
        log, process = self._spawn(name, Command(command, env or {}))
        return self._start(Running(name, log, process))

    def start_on(
        self, name: str, ports: list[int], command: OnPorts, moved: Callable[[Sequence[int]], object] | None = None
    ) -> Running:
        """Start a process that listens on ports of its own: on others when one of them turns out to be taken.

        It is started again in `check`, so its ports are to be read where they are used, and not once.

        Args:
            name: What it is, which names its log.
            ports: The ports to begin with.
            command: Gives the command for ports.
            moved: Called with the ports when it was started on others.
        """
        written = self.folder / f"{name}.log"
        before = written.stat().st_size if written.exists() else 0
        log, process = self._spawn(name, command(ports))
        return self._start(Running(name, log, process, ports, command, moved, before))

    def _start(self, running: Running) -> Running:
        with self._lock:
            self.running.append(running)
        return running

    def _spawn(self, name: str, command: Command) -> tuple[Path, subprocess.Popen[bytes]]:
        log = self.folder / f"{name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(  # noqa: S603  # fixed words
                [*_MORTAL, *(str(word) for word in command.words)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**_GO, **os.environ, **command.env},
                cwd=self.folder,
                start_new_session=True,
            )
        return log, process

    def check(self) -> None:
        """Start again, on other ports, what has ended because a port was taken.

        Raises:
            EndedError: When any other process has ended by itself.
        """
        with self._lock:
            for running in self.running:
                if running.lacks_a_port:
                    self._move(running)
                elif running.has_ended:
                    raise running.error()

    def _move(self, running: Running) -> None:
        assert running.on_ports is not None
        taken, running.ports = running.ports, free_ports(len(running.ports))
        log_line(
            f"a port of {running.name} was taken, of {_listed(taken)}: it is started again on {_listed(running.ports)}"
        )
        running.said_before = running.log.stat().st_size
        _, running.process = self._spawn(running.name, running.on_ports(running.ports))
        running.attempts += 1
        running.since = time.time()
        if running.moved is not None:
            running.moved(running.ports)

    def stop(self, running: Running) -> None:
        """Stop one that is not needed any more."""
        with self._lock:
            self.running.remove(running)
        running.ask_to_end()
        running.end()

    def stop_all(self) -> None:
        """Stop everything at once, but for the first, etcd, which the others need to the end."""
        first, others = self.running[:1], self.running[1:]
        for group in (others, first):
            for running in group:
                running.ask_to_end()
            for running in group:
                running.end()
        self.running.clear()

    def tails(self) -> str:
        """The last lines of every log, the latest log last."""
        logs = sorted(self.folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
        lines = []
        for log in logs:
            lines += [f"the end of {log}:", *(f"    {line[:_TAIL_WIDTH]}" for line in _last_lines(log, _TAIL_LINES))]
        return "\n".join(lines)

    def until(self, what: str, ask: Callable[[], T | None], seconds: float = 60) -> T:
        """Wait until something is so.

        Args:
            what: What is awaited, for the message.
            ask: Gives what is looked for; None or False while it is not so.
            seconds: How long to wait; on a slow machine it may be longer.

        Raises:
            BedError: When it does not come about in time, or a process ends.
        """
        began = time.monotonic()
        while True:
            try:
                found = ask()
            except Exception:
                self.check()  # that a program has ended explains more than an answer that it does not give
                raise
            if found:
                return found
            self.check()
            self._go_on(what, time.monotonic() - began, seconds)
            time.sleep(_POLL_SECONDS)

    def _go_on(self, what: str, waited: float, seconds: float) -> None:
        """Raise when the time for something is over, by how slow the machine is now."""
        if waited < MACHINE_SPEED.timeout(seconds):
            return
        MACHINE_SPEED.look()
        if waited >= MACHINE_SPEED.timeout(seconds):
            error = BedError(f"waited {waited:.0f} s in vain: {what} (logs in {self.folder})\n{self.explain()}")
            error.add_note(self.tails())
            raise error


def _listed(ports: Sequence[int]) -> str:
    return ", ".join(map(str, ports))


def _last_lines(log: Path, number: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-number:]


_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens URLs without a proxy, whatever the environment says: what the bed asks is on loopback."""


def answers(url: str) -> bool:
    """Tell whether a process answers a URL with HTTP's OK."""
    try:
        with _DIRECT.open(url, timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False
