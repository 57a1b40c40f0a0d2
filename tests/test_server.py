"""The server around the function: transport, health, refusals, metrics, draining."""

import asyncio
import http.client
import json
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
import trustme
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from function import fn
from function.composers import COMPOSERS
from function.composition import Composer, Composition, Draft, Observation
from function.fn import V1, V1BETA1
from function.server import THREADS, FunctionServer, Settings, StartError
from tests.support.observe import NOW
from tests.support.protocol import request
from tests.support.slow import KEY, Until, asks, composer, endpoint

CLASS = {
    "apiVersion": "modelplane.ai/v1alpha1",
    "kind": "InferenceClass",
    "metadata": {"name": "c"},
    "spec": {"devices": [{"name": "gpu", "driver": "d", "deviceClassName": "d"}]},
}
ENGINE = {
    "name": "vllm",
    "members": [
        {
            "nodeSelector": {"devices": [{"name": "gpu", "selectors": [{"cel": "true"}]}]},
            "template": {"spec": {"containers": [{"name": "engine", "image": "vllm"}]}},
        }
    ],
}
LOCAL = Settings(address="127.0.0.1:0", insecure=True, metrics_address="127.0.0.1:0", grace=1)


MUTABLE = cast("dict[tuple[str, str], Composer]", COMPOSERS)


async def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not true():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


@asynccontextmanager
async def served(settings: Settings = LOCAL) -> AsyncIterator[FunctionServer]:
    server = FunctionServer(settings, clock=lambda: NOW)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def channel(server: FunctionServer) -> AsyncIterator[grpc.aio.Channel]:
    options = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}", options=options) as opened:
        yield opened


def caller(opened: grpc.aio.Channel, service: str = V1) -> Any:
    return opened.unary_unary(
        f"/{service}/RunFunction",
        request_serializer=fnv1.RunFunctionRequest.SerializeToString,
        response_deserializer=fnv1.RunFunctionResponse.FromString,
    )


def get(server: FunctionServer, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=5)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("service", [V1, V1BETA1])
def test_both_protocols_give_the_functions_answer(service: str) -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            assert await caller(opened, service)(request(CLASS, tag="t")) == fn.run(request(CLASS, tag="t"), NOW)

    asyncio.run(check())


def test_a_request_over_the_limit_is_refused_unread_and_the_log_and_a_metric_name_the_flag(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def check() -> None:
        settings = Settings(**{**_fields(LOCAL), "max_receive_mebibytes": 1})
        async with served(settings) as server, channel(server) as opened:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await caller(opened)(request({**CLASS, "data": "x" * 1_100_000}))
            assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert refused.value.details() == "SERVER: Received message larger than max (1100212 vs. 1048576)"
            _, text = await asyncio.to_thread(get, server, "/metrics")
            assert 'modelplane_calls_refused_total{cause="size"} 1.0' in text
            answer = await caller(opened)(request(CLASS))
            assert answer.desired.composite.ready == fnv1.READY_TRUE

    asyncio.run(check())
    assert "one over 1 MiB is refused; --max-recv-message-size raises that" in capsys.readouterr().out


def test_a_request_of_many_megabytes_is_answered() -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            answer = await caller(opened)(request({**CLASS, "data": "x" * 20_000_000}))
            assert answer.desired.composite.ready == fnv1.READY_TRUE

    asyncio.run(check())


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


def test_reflection_lists_both_protocols_and_health() -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            stub = reflection_pb2_grpc.ServerReflectionStub(opened)

            async def asked() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
                yield reflection_pb2.ServerReflectionRequest(list_services="")

            answers = [answer async for answer in stub.ServerReflectionInfo(asked())]
            names = {service.name for service in answers[0].list_services_response.service}
            assert {V1, V1BETA1, "grpc.health.v1.Health"} <= names

    asyncio.run(check())


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


def test_a_call_over_its_time_is_answered_with_a_condition_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        settings = Settings(**{**_fields(LOCAL), "call_deadline": 1})
        async with served(settings) as server, channel(server) as opened:
            said = {"type": "RoutingReady", "status": "True", "reason": "Ready", "message": "well"}
            answer = await caller(opened)(request(endpoint(status={"conditions": [said]})))
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


def test_while_all_threads_are_at_work_it_is_alive_and_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            health = health_pb2_grpc.HealthStub(opened)
            monkeypatch.setitem(MUTABLE, KEY, composer(asks))
            classes = [endpoint(f"team-{n}") for n in range(THREADS + 1)]
            waiting = [asyncio.ensure_future(caller(opened)(request(class_))) for class_ in classes]
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
            for one in waiting:
                one.cancel()
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


def test_a_request_that_never_comes_is_refused() -> None:
    async def check() -> None:
        async with served(Settings(**{**_fields(LOCAL), "call_deadline": 1})) as server, channel(server) as opened:
            call = opened.stream_unary(f"/{V1}/RunFunction")()
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert refused.value.details() == (
                "calls take all the threads or memory that they may have; ask again in a few seconds"
            )

    asyncio.run(check())


def test_a_process_whose_threads_all_hang_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    until_let = Until()

    async def check() -> None:
        settings = Settings(**{**_fields(LOCAL), "call_deadline": 1})
        async with served(settings) as server, channel(server) as opened:
            monkeypatch.setitem(MUTABLE, KEY, composer(until_let))
            classes = [endpoint(f"team-{n}") for n in range(THREADS)]
            waiting = [asyncio.ensure_future(caller(opened)(request(class_))) for class_ in classes]
            await until(lambda: server._calls.stuck)
            status, text = await asyncio.to_thread(get, server, "/healthz")
            assert (status, text) == (503, "every thread is at a call that does not end\n")
            until_let.open.set()
            await asyncio.gather(*waiting)

    monkeypatch.setattr("function.calls._STUCK_SECONDS", 0.3)
    asyncio.run(check())


def test_a_caller_without_a_certificate_of_the_same_authority_is_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    mine, theirs = authority.issue_cert("localhost"), trustme.CA().issue_cert("localhost")
    (tmp_path / "tls.key").write_bytes(mine.private_key_pem.bytes())
    (tmp_path / "tls.crt").write_bytes(b"".join(blob.bytes() for blob in mine.cert_chain_pems))
    (tmp_path / "ca.crt").write_bytes(authority.cert_pem.bytes())
    settings = Settings(address="127.0.0.1:0", tls_certs_dir=str(tmp_path), metrics_address="127.0.0.1:0")

    async def call(port: int, certificate: trustme.LeafCert) -> fnv1.RunFunctionResponse:
        credentials = grpc.ssl_channel_credentials(
            authority.cert_pem.bytes(),
            certificate.private_key_pem.bytes(),
            b"".join(blob.bytes() for blob in certificate.cert_chain_pems),
        )
        async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as opened:
            answer: fnv1.RunFunctionResponse = await caller(opened)(request(CLASS), timeout=10)
            return answer

    async def check() -> None:
        async with served(settings) as server:
            assert (await call(server.port, mine)).desired.composite.ready == fnv1.READY_TRUE
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(server.port, theirs)
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE

    asyncio.run(check())


def _fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in Settings.__slots__}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"insecure": False}, "no certificates"),
        (
            {"insecure": False, "tls_certs_dir": "/nowhere"},
            "cannot read certificates: No such file or directory: /nowhere",
        ),
        ({"address": "not an address"}, "cannot listen on not an address"),
        ({"metrics_address": "127.0.0.1:x"}, "cannot listen on 127.0.0.1:x for metrics"),
        ({"metrics_address": "127.0.0.1:99999"}, "cannot listen on 127.0.0.1:99999 for metrics"),
    ],
)
def test_a_failed_start_says_why_in_one_line(changes: dict[str, Any], message: str) -> None:
    server = FunctionServer(Settings(**{**_fields(LOCAL), **changes}))
    with pytest.raises(StartError, match=f"^{message}") as failed:
        asyncio.run(server.start())
    assert "\n" not in str(failed.value)


def test_a_log_line_has_tag_kind_name_and_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    async def check() -> None:
        async with served() as server, channel(server) as opened:
            await caller(opened)(request({**CLASS, "kind": "Unheard"}, tag="t"))

    from function.telemetry import configure_logs  # noqa: PLC0415  # after capsys has replaced the streams

    configure_logs(debug=False)
    asyncio.run(check())
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    failed = next(line for line in lines if line["event"] == "composing failed")
    assert {key: failed[key] for key in ("tag", "kind", "name", "outcome", "level")} == {
        "tag": "t",
        "kind": "Unheard",
        "name": "c",
        "outcome": "fatal",
        "level": "error",
    }
