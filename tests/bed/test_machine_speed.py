"""How long the bed waits grows with how slow the machine is, and ends."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from tests.e2e.bed import machine_speed, processes
from tests.e2e.bed.machine_speed import MachineSpeed, measure_slowness, raise_limits
from tests.e2e.bed.processes import BedError, EndedError, Processes


def test_a_slow_machine_is_given_more_time_and_keeps_it() -> None:
    slow = MachineSpeed(measure=iter([2.0, 1.0, 1000.0]).__next__)
    quick = MachineSpeed()
    assert slow.look() == 2
    assert (slow.timeout(60), slow.scaled(10)) == (2 * quick.timeout(60), 20)
    assert slow.look() == 1
    assert slow.timeout(60) == 2 * quick.timeout(60), "it may become slow again"
    assert slow.look() == slow.slowness == 4, "no machine is slow without end"
    assert [slow.timeout(seconds) for seconds in (60, 300, 600)] == [720, 1200, 1800], "nor is a wait long without end"


def test_no_machine_counts_as_quicker_than_the_one_for_which_limits_were_chosen() -> None:
    assert measure_slowness() >= 1


def test_what_is_awaited_on_a_machine_that_has_become_slow_is_awaited_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MACHINE_SPEED", MachineSpeed(measure=lambda: 4.0))
    began = time.monotonic()
    with pytest.raises(BedError, match="in vain: it comes"):
        Processes(tmp_path).until("it comes", lambda: False, 0.1)
    assert time.monotonic() - began > MachineSpeed(4).timeout(0.1)


def test_that_a_program_has_ended_is_said_rather_than_that_it_does_not_answer(tmp_path: Path) -> None:
    running = Processes(tmp_path)
    server = running.start("server", ("sh", "-c", "echo out of memory; exit 3"))
    server.process.wait(10)

    def ask() -> bool:
        raise ConnectionRefusedError

    with pytest.raises(EndedError, match=r"server ended with status 3(.|\n)*out of memory"):
        running.until("it answers", ask)


def test_what_was_awaited_in_vain_comes_with_the_end_of_every_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "MACHINE_SPEED", MachineSpeed(measure=lambda: 1.0))
    (tmp_path / "server.log").write_text("one\ntwo\nthree\nfour\n")
    with pytest.raises(BedError) as raised:
        Processes(tmp_path).until("it comes", lambda: False, 0)
    assert raised.value.__notes__ == [f"the end of {tmp_path / 'server.log'}:\n    two\n    three\n    four"]


def test_a_process_may_open_as_many_files_as_the_system_permits_and_little_room_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(machine_speed, "_INOTIFY_LIMIT", tmp_path / "limit")
    try:
        (tmp_path / "limit").write_text("8192\n")
        raise_limits()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= before[0]
        (tmp_path / "limit").write_text("1\n")
        (limitation,) = (limit for limit in raise_limits() if "inotify" in limit)
        assert "of 1 inotify instances are in use (sysctl fs.inotify.max_user_instances)" in limitation
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
