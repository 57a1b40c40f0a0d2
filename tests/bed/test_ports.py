"""Ports of the bed's programs: none that an outgoing connection may have, none twice, another when one is taken."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.bed import ports, processes
from tests.e2e.bed.processes import Command, EndedError, Processes

LISTENS = """\
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)
"""


def test_no_port_is_one_that_the_system_gives_to_outgoing_connections() -> None:
    first, last = ports.outgoing()
    assert [port for port in ports.free_ports(50) if first <= port <= last] == []


def test_ports_come_from_below_the_range_of_connections_or_above_it_when_there_is_no_room_below() -> None:
    assert ports.choices((32768, 60999)) == range(10240, 32768)
    assert ports.choices((9000, 50000)) == range(50001, 65536)
    assert ports.choices((10500, 65535)) == range(10240, 65536), "any, when there is no room at either side"


def test_a_port_is_given_once_and_only_when_it_is_free() -> None:
    found = [port for _ in range(20) for port in ports.free_ports(3, free=lambda port: port % 2 == 0)]
    assert len(set(found)) == len(found) == 60
    assert {port % 2 for port in found} == {0}


@pytest.mark.parametrize("address", ["127.0.0.1", ""])
def test_a_port_on_which_somebody_listens_is_not_free(address: str) -> None:
    with socket.create_server((address, 0)) as other:
        assert not ports.is_free(other.getsockname()[1])
    assert ports.is_free(ports.free_ports(1)[0])


def test_that_no_port_is_left_is_said() -> None:
    with pytest.raises(ports.NoPortError, match=r"no port is free among \d+ to \d+"):
        ports.free_ports(1, free=lambda _: False)


@pytest.mark.parametrize(
    "error",
    [
        "listen tcp 127.0.0.1:2380: bind: address already in use",
        "OSError: [Errno 98] Address already in use",
        "RuntimeError: Failed to bind to address 127.0.0.1:9443; set GRPC_VERBOSITY=debug to see more",
    ],
)
def test_that_a_port_is_taken_is_understood_however_a_program_says_it(error: str) -> None:
    assert ports.is_taken(error)
    assert not ports.is_taken("listen tcp 127.0.0.1:80: bind: permission denied")


def test_a_program_whose_port_is_taken_is_started_again_on_another(tmp_path: Path) -> None:
    running = Processes(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        told_ports: list[list[int]] = []
        server = running.start_on("server", [taken], _listening, lambda ports: told_ports.append([*ports]))
        running.until("it listens", lambda: server.ports != [taken] and _listens(server.ports[0]), 10)
    assert server.attempts == 2
    assert told_ports == [server.ports], "who leads others to it hears of it, even if it had seemed to be ready"
    running.check()
    running.stop_all()


def test_a_program_that_finds_no_port_is_not_started_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr(processes, "free_ports", lambda number: [taken] * number)
        running = Processes(tmp_path)
        server = running.start_on("server", [taken], _listening)
        with pytest.raises(EndedError, match=r"server ended with status 1(.|\n)*Address already in use"):
            running.until("it listens", lambda: False, 30)
    assert server.attempts == processes._ATTEMPTS
    running.stop_all()


def test_a_program_that_ends_for_another_reason_is_not_started_again(tmp_path: Path) -> None:
    running, checks = Processes(tmp_path), count()

    def command(_ports: Sequence[int]) -> Command:
        next(checks)
        return Command((sys.executable, "-c", "raise SystemExit('no such option')"))

    running.start_on("server", [1], command)
    with pytest.raises(EndedError, match="no such option"):
        running.until("it listens", lambda: False, 10)
    assert next(checks) == 1
    running.stop_all()


def test_that_a_port_was_taken_before_is_no_reason_to_start_a_program_again(tmp_path: Path) -> None:
    """Its log goes on from start to start."""
    (tmp_path / "server.log").write_text("Address already in use\n")
    running = Processes(tmp_path)
    server = running.start_on("server", [1], lambda _: Command((sys.executable, "-c", "raise SystemExit(3)")))
    assert server.process.wait(10) == 3
    assert not server.lacks_a_port
    running.stop_all()


def _listening(ports_: Sequence[int]) -> Command:
    return Command((sys.executable, "-c", LISTENS, str(ports_[0])))


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
