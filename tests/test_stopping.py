"""A server as a process of its own: what it takes of memory, and how it ends."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from grpc_health.v1 import health_pb2, health_pb2_grpc

from function.fn import V1
from function.packages.runtime import function_runtime
from function.server import ENDING_SECONDS, GRACE_SECONDS, LAST_SECONDS, Settings
from tests.support.protocol import request
from tests.support.slow import endpoint

LOCAL = ("--insecure", "--address=127.0.0.1:0", "--metrics-address=127.0.0.1:0")
WORKING_SECONDS = 0.7
"""A call that was sent so long ago is at work."""


class Process:
    """A server."""

    def __init__(self, popen: "subprocess.Popen[str]", port: str) -> None:
        self.popen = popen
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self._run = self.channel.unary_unary(
            f"/{V1}/RunFunction",
            request_serializer=fnv1.RunFunctionRequest.SerializeToString,
            response_deserializer=fnv1.RunFunctionResponse.FromString,
        )

    def call(self, composite: dict[str, Any], **options: Any) -> "Future[fnv1.RunFunctionResponse]":
        found: Future[fnv1.RunFunctionResponse] = self._run.future(request(composite), **options)
        return found

    def told_to_stop(self, within: float) -> tuple[float, str]:
        """Send SIGTERM; how many seconds it took to end, and what it wrote meanwhile."""
        began = time.monotonic()
        self.popen.send_signal(signal.SIGTERM)
        rest, _ = self.popen.communicate(timeout=within)
        return time.monotonic() - began, rest

    @property
    def resident_mebibytes(self) -> float:
        lines = Path(f"/proc/{self.popen.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


@contextmanager
def serving(way: str, *arguments: str, grace: float = 2) -> Iterator[Process]:
    command = [sys.executable, "-m", "tests.support.slow", way, str(grace), *LOCAL, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as popen:  # noqa: S603  # ours
        try:
            assert popen.stdout is not None
            started = popen.stdout.readline()
            port = re.search(r'"port": (\d+)', started)
            assert port is not None, started
            yield Process(popen, port[1])
        finally:
            popen.kill()


def test_a_call_under_way_is_answered_after_sigterm_and_new_ones_are_refused() -> None:
    with serving("slow", grace=10) as process:
        under_way = process.call(endpoint())
        time.sleep(WORKING_SECONDS)
        stopping = threading.Timer(0, lambda: process.popen.send_signal(signal.SIGTERM))
        stopping.start()
        time.sleep(0.5)
        with pytest.raises(grpc.RpcError) as refused:
            process.call(endpoint("other"), timeout=10).result()
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        assert under_way.result(timeout=10).desired.composite.ready == fnv1.READY_TRUE
        process.popen.communicate(timeout=10)
        assert process.popen.returncode == 0


def test_calls_that_take_longer_than_the_grace_are_ended_with_a_condition() -> None:
    with serving("asks") as process:
        calls = [process.call(endpoint(f"team-{n}")) for n in range(6)]
        time.sleep(WORKING_SECONDS)
        seconds, logs = process.told_to_stop(within=20)
        assert 1.5 < seconds < 2 + ENDING_SECONDS + 1
        assert process.popen.returncode == 0
        assert '"event": "calls under way are ended"' in logs
        for call in calls[:4]:
            held = {c.type: c.reason for c in call.result(timeout=1).conditions}
            assert held == {"Held": "DeadlineExceeded"}


def test_the_process_ends_though_threads_hang_and_says_so() -> None:
    with serving("hangs") as process:
        calls = [process.call(endpoint(f"team-{n}")) for n in range(6)]
        time.sleep(WORKING_SECONDS)
        seconds, logs = process.told_to_stop(within=30)
        assert not any(call.done() and not call.exception() for call in calls)
        assert seconds < 2 + LAST_SECONDS
        assert process.popen.returncode == 0
        assert '"event": "threads hang in calls that do not end; the process ends without them"' in logs
        assert "Fatal Python error" not in logs


def test_the_process_ends_though_stopping_itself_hangs_and_shows_where() -> None:
    with serving("wedged", grace=1) as process:
        seconds, logs = process.told_to_stop(within=20)
        assert 1.5 < seconds < 10
        assert process.popen.returncode == 1
        assert "in wedged" in logs


def test_a_caller_that_keeps_watching_health_does_not_hold_up_the_end() -> None:
    with serving("slow", grace=20) as process:
        watching = health_pb2_grpc.HealthStub(process.channel).Watch(health_pb2.HealthCheckRequest())
        next(watching)
        seconds, _ = process.told_to_stop(within=20)
        assert seconds < 10


def test_the_pod_is_given_longer_to_end_than_the_process_takes() -> None:
    pod = function_runtime()["spec"]["deploymentTemplate"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > GRACE_SECONDS + LAST_SECONDS
    assert LAST_SECONDS > ENDING_SECONDS
    assert Settings().call_deadline < GRACE_SECONDS


def test_requests_that_wait_to_be_read_take_no_memory() -> None:
    with serving("hangs", "--max-recv-message-size=8") as process:
        idle = process.resident_mebibytes
        calls = [process.call(endpoint(f"team-{n}", data="x" * 7_000_000), timeout=20) for n in range(60)]
        time.sleep(4)
        assert process.resident_mebibytes - idle < 120
        assert not any(call.done() for call in calls)
        answer = health_pb2_grpc.HealthStub(process.channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
