"""What failed first is said first and once, and what cannot be checked any more is not tried.

A step of the whole bed that fails would fail every check after it: the run ends there. A step that some checks need
is tried once, and those checks are skipped. What failed is said at once, and again above everything at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

_WIDE: Final = frozenset({"session", "package", "module"})
"""The scopes of steps that several checks need."""


@dataclass(slots=True, eq=False)
class Failures:
    """Ends a run, or skips checks, when a step has failed; a plugin of pytest.

    Attributes:
        essential: The fixtures without which nothing can be checked.
        fatal: The errors after which nothing can be checked, wherever they come up.
        tell: Says a line while the tests run.
        tails: Gives the end of every log.
        broken: The fixtures that have failed.
        first: What failed first, and why, or that the run was told to stop; empty while nothing has.
        planned: How many checks there are.
        done: Which have been tried.
        current: What is tried.
    """

    essential: Collection[str]
    fatal: tuple[type[BaseException], ...]
    tell: Callable[[str], object]
    tails: Callable[[], str] = str
    broken: set[str] = field(default_factory=set)
    first: str = ""
    planned: int = 0
    done: set[str] = field(default_factory=set)
    current: str = ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count what is to be checked."""
        self.planned = len(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip what needs a step that has failed."""
        needs = self.broken.intersection(getattr(item, "fixturenames", ()))
        if needs:
            pytest.skip(f"NOT CHECKED: {', '.join(sorted(needs))} has failed before")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Note which step has failed."""
        try:
            return (yield)
        except pytest.skip.Exception:
            raise
        except (Exception, pytest.fail.Exception) as error:
            if fixturedef.scope in _WIDE:
                self.broken.add(fixturedef.argname)
            if fixturedef.argname in self.essential:
                if not getattr(error, "__notes__", None):
                    error.add_note(self.tails())
                self._end(request.session, f"{fixturedef.argname} has failed, which everything else needs")
            raise

    def pytest_exception_interact(self, node: pytest.Item, call: pytest.CallInfo[Any]) -> None:
        """End the run after an error that would come up in every check from now on."""
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, self.fatal):
            self._end(node.session, str(error).partition("\n")[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say what has failed: the first with all that is known."""
        if report.when == "call" or not report.passed:
            self.done.add(report.nodeid)
        if not report.failed:
            return
        where = report.nodeid if report.when == "call" else f"{report.when} of {report.nodeid}"
        if self.first:
            self.tell(f"FAILED: {where}")
            return
        self.first = f"{where}\n{_why(report)}"
        self.tell(f"FAILED, as the first: {self.first}")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note what is tried."""
        self.current = nodeid

    def pytest_keyboard_interrupt(self) -> None:
        """Say at what a run was told to stop: nothing is wrong with that, and everything after it is not checked."""
        self.tell(f"told to stop, at {self.current}")
        self.first = self.first or f"nothing: the run was told to stop, at {self.current}"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """Say above everything else what failed first, and how much was not checked."""
        if self.first:
            terminalreporter.section("what failed first")
            terminalreporter.write_line(self.first)
        left = self.planned - len(self.done)
        if left:
            terminalreporter.section("NOT CHECKED")
            terminalreporter.write_line(f"{left} of {self.planned} checks were not tried")
        return (yield)

    def _end(self, session: pytest.Session, reason: str) -> None:
        if not session.shouldfail:
            session.shouldfail = f"the run ends here: {reason}"


def _why(report: pytest.TestReport) -> str:
    """The error with its notes; the way to it is shown at the end."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message) if crash else report.longreprtext
