"""Health and readiness of the server, as probes and gRPC see them."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from grpc_health.v1 import health_pb2, health_pb2_grpc

from function.composition import Composition, Observation
from function.fn import V1, V1BETA1
from function.server import THREADS
from tests.support.protocol import request
from tests.support.served import CLASS, MUTABLE, caller, channel, get, local, served, until
from tests.support.slow import KEY, Until, asks, composer, endpoint


def test_health_is_serving_once_started_and_not_while_draining() -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            stub = health_pb2_grpc.HealthStub(opened)
            for service in ("", V1, V1BETA1):
                answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            assert await asyncio.to_thread(get, server, "/readyz") == (200, "ok\n")
            server._serving = False
            await server._report()
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=V1))
            assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
            assert await asyncio.to_thread(get, server, "/readyz") == (503, "not serving\n")
            assert await asyncio.to_thread(get, server, "/healthz") == (200, "ok\n")

    asyncio.run(check())


def test_a_long_computation_does_not_hold_up_health_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_: Observation) -> Composition:
        ends = time.monotonic() + 2
        while time.monotonic() < ends:
            sum(range(1000))
        return Composition(ready=True)

    async def check() -> None:
        async with served() as server, channel(server) as opened:
            call = asyncio.ensure_future(caller(opened)(request(CLASS)))
            await asyncio.sleep(0.2)
            stub = health_pb2_grpc.HealthStub(opened)
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            assert not call.done()
            assert (await call).desired.composite.ready == fnv1.READY_TRUE

    monkeypatch.setattr("function.fn.compose", slow)
    asyncio.run(check())


def test_while_all_threads_are_at_work_it_is_alive_and_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            health = health_pb2_grpc.HealthStub(opened)
            monkeypatch.setitem(MUTABLE, KEY, composer(asks))
            composites = [endpoint(f"team-{n}") for n in range(THREADS + 1)]
            waiting = [asyncio.ensure_future(caller(opened)(request(composite))) for composite in composites]
            await until(lambda: not server._calls.accepts_calls)
            status, text = await asyncio.to_thread(get, server, "/readyz")
            assert (status, text) == (503, "all threads are busy, and calls have waited for seconds\n")
            assert await asyncio.to_thread(get, server, "/healthz") == (200, "ok\n")
            await asyncio.sleep(1.2)
            answer = await health.Check(health_pb2.HealthCheckRequest())
            assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
            _, text = await asyncio.to_thread(get, server, "/metrics")
            assert f"modelplane_threads_working {THREADS}.0" in text
            assert f"modelplane_calls_under_way {THREADS + 1}.0" in text
            for call in waiting:
                call.cancel()
            await until(lambda: server.busy_threads == 0)
            assert await asyncio.to_thread(get, server, "/readyz") == (200, "ok\n")

    monkeypatch.setattr("function.calls._SHORT_WAIT_SECONDS", 0.3)
    asyncio.run(check())


def test_a_process_whose_canary_is_not_answered_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with served() as server:
            assert await asyncio.to_thread(get, server, "/healthz") == (200, "ok\n")
            monkeypatch.setattr("function.fn.compose", broken)
            await asyncio.sleep(0.5)
            status, text = await asyncio.to_thread(get, server, "/healthz")
            assert status == 503
            assert text.startswith("the canary call has not been answered for ")
            monkeypatch.undo()
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(get, server, "/healthz") == (200, "ok\n")

    def broken(_: Observation) -> Composition:
        raise MemoryError

    monkeypatch.setattr("function.canary.INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr("function.canary.MAX_SILENCE_SECONDS", 0.3)
    asyncio.run(check())


def test_a_process_whose_event_loop_hangs_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with served() as server:

            def probed() -> tuple[int, str]:
                time.sleep(0.6)
                return get(server, "/healthz")

            with ThreadPoolExecutor() as others:
                probe = others.submit(probed)
                time.sleep(1)  # noqa: ASYNC251  # it blocks the loop, which is the point
            assert probe.result()[0] == 503

    monkeypatch.setattr("function.canary.MAX_SILENCE_SECONDS", 0.3)
    asyncio.run(check())


def test_a_process_whose_threads_all_hang_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    until_let = Until()

    async def check() -> None:
        settings = local(call_deadline=1)
        async with served(settings) as server, channel(server) as opened:
            monkeypatch.setitem(MUTABLE, KEY, composer(until_let))
            composites = [endpoint(f"team-{n}") for n in range(THREADS)]
            waiting = [asyncio.ensure_future(caller(opened)(request(composite))) for composite in composites]
            await until(lambda: server._calls.stuck)
            status, text = await asyncio.to_thread(get, server, "/healthz")
            assert (status, text) == (503, "every thread is at a call that does not end\n")
            until_let.open.set()
            await asyncio.gather(*waiting)

    monkeypatch.setattr("function.calls._STUCK_SECONDS", 0.3)
    asyncio.run(check())
