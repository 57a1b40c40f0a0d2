"""The server around the function: transport, refusals, certificates, start."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from function import fn
from function.fn import V1, V1BETA1
from function.server import FunctionServer, Settings, StartError
from tests.support.observe import NOW
from tests.support.protocol import request
from tests.support.served import CLASS, caller, channel, get, local, served


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
        settings = local(max_receive_mebibytes=1)
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
    server = FunctionServer(local(**changes))
    with pytest.raises(StartError, match=f"^{message}") as failed:
        asyncio.run(server.start())
    assert "\n" not in str(failed.value)
