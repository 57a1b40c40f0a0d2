"""The bed has a network of its own, where the system permits one."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.bed.plane import ADDRESSES, OUTSIDE, Bed
from tests.e2e.shipped import ROOT


def test_the_bed_reaches_its_own_addresses_and_nothing_outside(bed: Bed) -> None:
    if not bed.isolated:
        pytest.skip("NOT CHECKED: the system permits no network of the bed's own")
    assert {name for _, name in socket.if_nameindex()} == {"lo"}
    for address in (*ADDRESSES.values(), *OUTSIDE):
        socket.create_server((address, 0)).close()
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("203.0.113.9", 80), 1)
    ours = Path("/proc/self/ns/net").readlink()
    assert {Path(f"/proc/{running.process.pid}/ns/net").readlink() for running in bed.processes.running} == {ours}


def test_where_no_network_can_be_had_it_is_said_and_nothing_changes() -> None:
    code = (
        "import os; from tests.e2e.bed.isolation import isolate; before = os.readlink('/proc/self/ns/net'); "
        "print(isolate(['nowhere']), before == os.readlink('/proc/self/ns/net'))"
    )
    done = subprocess.run(  # noqa: S603  # ourselves
        (sys.executable, "-c", code), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
    assert "NOT ISOLATED" in done.stderr
