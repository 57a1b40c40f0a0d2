"""What the server says about its calls: metrics and log lines."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import fn
from function.telemetry import configure_logs
from tests.support.protocol import request
from tests.support.served import CLASS, caller, channel, get, served

ENGINE = {
    "name": "vllm",
    "members": [
        {
            "nodeSelector": {"devices": [{"name": "gpu", "selectors": [{"cel": "true"}]}]},
            "template": {"spec": {"containers": [{"name": "engine", "image": "vllm"}]}},
        }
    ],
}


def test_metrics_count_calls_by_kind_and_outcome() -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            await caller(opened)(request(CLASS))
            await caller(opened)(request({"apiVersion": "example.com/v1", "kind": "Unheard"}))
            status, text = await asyncio.to_thread(get, server, "/metrics")
            assert status == 200
            assert 'modelplane_calls_total{kind="InferenceClass",outcome="ready"} 1.0' in text
            assert 'modelplane_calls_total{kind="unknown",outcome="fatal"} 1.0' in text
            assert 'modelplane_request_bytes_count{kind="InferenceClass"} 1.0' in text
            assert 'modelplane_response_bytes_count{kind="InferenceClass"} 1.0' in text
            assert 'modelplane_call_seconds_count{kind="InferenceClass"} 1.0' in text
            assert 'modelplane_selector_cache_entries{cache="verdicts"}' in text
            assert (await asyncio.to_thread(get, server, "/else"))[0] == 404

    asyncio.run(check())


def test_scheduling_outcomes_are_counted_by_reason() -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            deployment = {
                "apiVersion": "modelplane.ai/v1alpha1",
                "kind": "ModelDeployment",
                "metadata": {"name": "chat", "namespace": "ml-team"},
                "spec": {"replicas": 1, "engines": [ENGINE]},
            }
            await caller(opened)(request(deployment, required={"clusters": [], "replicas": []}))
            _, text = await asyncio.to_thread(get, server, "/metrics")
            assert 'modelplane_scheduling_total{reason="NoClusters"} 1.0' in text

    asyncio.run(check())


def test_an_answer_that_is_too_large_is_counted_as_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            answer = await caller(opened)(request(CLASS))
            assert answer.results[0].severity == fnv1.SEVERITY_FATAL
            _, text = await asyncio.to_thread(get, server, "/metrics")
            assert 'modelplane_calls_total{kind="InferenceClass",outcome="fatal"} 1.0' in text

    monkeypatch.setattr(fn, "MAX_ANSWER_BYTES", 10)
    asyncio.run(check())


@contextmanager
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[list[dict[str, Any]]]:
    """The log lines that are written meanwhile, once it ends."""
    lines: list[dict[str, Any]] = []
    configure_logs(debug=False)
    try:
        yield lines
    finally:
        structlog.reset_defaults()
    lines += map(json.loads, capsys.readouterr().err.splitlines())


def test_a_log_line_has_tag_kind_name_and_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            await caller(opened)(request({**CLASS, "kind": "Unheard"}, tag="t"))

    with logs(capsys) as lines:
        asyncio.run(check())
    failed = next(line for line in lines if line["event"] == "composing failed")
    assert {key: failed[key] for key in ("tag", "kind", "name", "outcome", "level")} == {
        "tag": "t",
        "kind": "Unheard",
        "name": "c",
        "outcome": "fatal",
        "level": "error",
    }
