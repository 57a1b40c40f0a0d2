"""What was checked, what came out, and how long it took: a table at the end of the run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest


@dataclass(slots=True, eq=False)
class Journal:
    """A row for each check.

    Attributes:
        rows: Check, result, seconds.
        began: When the run began, by `time.monotonic`.
        failed: Whether something has failed while it was torn down.
        planned: How many checks there are.
        current: The check that goes on.
    """

    rows: list[tuple[str, str, float]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    failed: bool = False
    planned: int = 0
    current: str = ""

    @contextmanager
    def of_teardown(self) -> Iterator[None]:
        """Note a failure of a fixture's end: pytest may count it only after everything else has ended, too."""
        try:
            yield
        except BaseException:
            self.failed = True
            raise

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the checks."""
        self.planned = len(session.items)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note which check goes on."""
        self.current = _sentence(nodeid)

    def progress(self) -> str:
        """Say how far the run is."""
        tried = sum(result != "done" for _, result, _ in self.rows)
        return f"{tried} of {self.planned} checks; at: {self.current}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the result of a test, and of a step before or after it that failed or was skipped."""
        if "/bed/" not in report.nodeid or (report.when != "call" and report.passed):
            return
        self.rows.append((_sentence(report.nodeid), report.outcome, report.duration))

    def note(self, name: str, seconds: float) -> None:
        """Note a step that is no test."""
        self.rows.append((name, "done", seconds))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, with the whole run as its last line."""
        if not self.rows:
            return
        terminalreporter.section("the bed")
        rows = [*self.rows, ("in all", "", time.monotonic() - self.began)]
        width = max(len(name) for name, _, _ in rows)
        terminalreporter.write_line(f"{'check':{width}}  {'result':7}  seconds")
        for name, result, seconds in rows:
            terminalreporter.write_line(f"{name:{width}}  {result:7}  {seconds:7.1f}")


def _sentence(nodeid: str) -> str:
    return nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
