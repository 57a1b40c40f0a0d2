"""The server as a process: how soon it serves, what it takes idle, and what a large request makes of that."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from bench import cases, fleet, wire
from function import fn

_WAIT: Final = 30
_CLUSTERS, _REPLICAS = 1_500, 4_500


@dataclass(frozen=True, slots=True)
class FunctionServer:
    """What a server took.

    Attributes:
        start_seconds: From its start until it serves.
        idle_mebibytes: Resident memory then.
        request_megabytes: Size of the large request.
        peak_mebibytes: The most resident memory while it answered that.
    """

    start_seconds: float
    idle_mebibytes: float
    request_megabytes: float
    peak_mebibytes: float


def measure() -> FunctionServer:
    """Start a server, look at it, and send it a request of about fifty megabytes."""
    request = _large()
    with _serving() as (process, port, seconds):
        idle = _memory(process.pid, "VmRSS")
        _send(port, request)
        return FunctionServer(seconds, idle, len(request) / 1e6, _memory(process.pid, "VmHWM"))


def _large() -> bytes:
    order = random.Random(0)  # noqa: S311  # an order, no secret
    others = list(fleet.others(_REPLICAS, _CLUSTERS))
    required = {
        "clusters": [wire.encode(cluster, order) for cluster in fleet.clusters(_CLUSTERS, fleet.taken(others))],
        "replicas": [wire.encode(other, order) for other in others],
    }
    return wire.request(fleet.deployment(10), {}, required, order)


@contextmanager
def _serving() -> Iterator[tuple[subprocess.Popen[bytes], int, float]]:
    port, metrics = _free_ports()
    command = [str(Path(sys.executable).with_name("function")), "--insecure", "--address", f"127.0.0.1:{port}"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, "--metrics-address", f"127.0.0.1:{metrics}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _is_ready(metrics):
            if process.poll() is not None or time.monotonic() - began > _WAIT:
                raise RuntimeError("the server does not serve")
            time.sleep(0.01)
        yield process, port, time.monotonic() - began
    finally:
        process.terminate()
        process.wait(_WAIT)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _send(port: int, request: bytes) -> None:
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        answer = channel.unary_unary(f"/{fn.V1}/RunFunction")(request, timeout=_WAIT)
    cases.check(answer, placed=10)


def _memory(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))
