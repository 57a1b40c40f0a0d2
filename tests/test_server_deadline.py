"""Calls end in time: by the server's deadline, by the caller's, or when the caller gives up."""

import asyncio

import grpc
import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function.composition import Composition, Draft
from function.fn import V1
from tests.support.protocol import request
from tests.support.served import MUTABLE, caller, channel, get, local, served, until
from tests.support.slow import KEY, asks, composer, endpoint


def test_a_call_over_its_time_is_answered_with_a_condition_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        settings = local(call_deadline=1)
        async with served(settings) as server, channel(server) as opened:
            ready = {"type": "RoutingReady", "status": "True", "reason": "Ready", "message": "well"}
            answer = await caller(opened)(request(endpoint(status={"conditions": [ready]})))
            message = "the call took longer than 1 s; nothing is changed, and it is tried again"
            assert [(r.severity, r.message) for r in answer.results] == [(fnv1.SEVERITY_FATAL, message)]
            assert [(c.type, c.status, c.reason, c.message) for c in answer.conditions] == [
                ("RoutingReady", fnv1.STATUS_CONDITION_TRUE, "Ready", "well"),
                ("Held", fnv1.STATUS_CONDITION_TRUE, "DeadlineExceeded", message),
            ]
            assert not answer.desired.resources
            _, text = await asyncio.to_thread(get, server, "/metrics")
            assert 'modelplane_calls_total{kind="ModelEndpoint",outcome="ended"} 1.0' in text

    monkeypatch.setitem(MUTABLE, KEY, composer(asks))
    asyncio.run(check())


def test_a_caller_with_less_patience_gets_its_answer_before_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            answer = await caller(opened)(request(endpoint()), timeout=2)
            assert answer.results[0].message == (
                "the call took longer than 1 s; nothing is changed, and it is tried again"
            )

    monkeypatch.setitem(MUTABLE, KEY, composer(asks))
    asyncio.run(check())


def test_a_call_that_the_caller_gives_up_stops_working(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Draft] = []

    def counted(draft: Draft) -> Composition:
        try:
            return asks(draft)
        finally:
            ended.append(draft)

    async def check() -> None:
        async with served() as server, channel(server) as opened:
            call = caller(opened)(request(endpoint()))
            await until(lambda: server.busy_threads == 1)
            call.cancel()
            await until(lambda: server.busy_threads == 0)
            assert len(ended) == 1

    monkeypatch.setitem(MUTABLE, KEY, composer(counted))
    asyncio.run(check())


def test_a_request_that_never_comes_is_refused() -> None:
    async def check() -> None:
        async with served(local(call_deadline=1)) as server, channel(server) as opened:
            call = opened.stream_unary(f"/{V1}/RunFunction")()
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert refused.value.details() == (
                "calls take all the threads or memory that they may have; ask again in a few seconds"
            )

    asyncio.run(check())
