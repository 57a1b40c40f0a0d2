"""A bed that cannot be started for a reason that passes is started once more; for any other reason it is not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from tests.e2e.bed import bring_up
from tests.e2e.bed.machine_speed import MachineSpeed
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.processes import BedError, EndedError, Processes
from tests.e2e.bed.retries import Retry
from tests.e2e.binaries import Binaries

BED = cast("Bed", object())


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What is said; nothing is measured, and every folder is below one of the test's own."""
    lines: list[str] = []
    monkeypatch.setattr(bring_up, "log_line", lines.append)
    monkeypatch.setattr(bring_up, "MACHINE_SPEED", MachineSpeed(measure=lambda: 1.0))
    monkeypatch.setattr(bring_up, "retry", Retry())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lines


@pytest.mark.parametrize(
    "error",
    [
        BedError("kubectl apply failed: Get openapi/v2: net/http: request canceled (Client.Timeout exceeded)"),
        EndedError("crossplane ended with status 1: listen tcp :8080: bind: address already in use"),
        TimeoutError("timed out"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_after_what_passes_everything_is_stopped_and_started_once_more(
    monkeypatch: pytest.MonkeyPatch, logged: list[str], error: Exception
) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(bring_up, "_started", _starting(stopped, error))
    stack, bed = bring_up._brought_up(Binaries({}))
    assert bed is BED
    assert stopped == ["the first"], "what had been started was stopped"
    assert any("that may pass: everything is started once more" in line for line in logged)
    stack.close()


def test_what_does_not_pass_twice_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch, logged: list[str]) -> None:
    monkeypatch.setattr(bring_up, "_started", _starting([], TimeoutError("timed out"), TimeoutError("timed out again")))
    with pytest.raises(TimeoutError, match="timed out again"):
        bring_up._brought_up(Binaries({}))
    assert sum("could not be started" in line for line in logged) == 2


def test_what_is_wrong_is_raised_at_once_with_the_end_of_every_log(
    monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(bring_up, "_started", _starting(stopped, BedError("the definition is invalid")))
    with pytest.raises(BedError, match="the definition is invalid") as raised:
        bring_up._brought_up(Binaries({}))
    (note,) = raised.value.__notes__
    assert note.endswith("etcd.log:\n    its last words")
    assert stopped == ["the first"]
    assert not any("once more" in line for line in logged)


def _starting(stopped: list[str], *errors: Exception) -> Callable[..., Bed]:
    left = list(errors)

    def start(_binaries: Any, processes: Processes, stack: ExitStack) -> Bed:
        if not left:
            return BED
        (processes.folder / "etcd.log").write_text("its last words\n")
        stack.callback(stopped.append, "the first")
        raise left.pop(0)

    return start
