"""A server that runs in the test's own process, and how to call it."""

import asyncio
import http.client
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import grpc
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function.composers import COMPOSERS
from function.composition import Composer
from function.fn import V1
from function.server import FunctionServer, Settings
from tests.support.observe import NOW

CLASS = {
    "apiVersion": "modelplane.ai/v1alpha1",
    "kind": "InferenceClass",
    "metadata": {"name": "c"},
    "spec": {"devices": [{"name": "gpu", "driver": "d", "deviceClassName": "d"}]},
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


def local(**changes: Any) -> Settings:
    """The settings of a server of this machine, with some changed."""
    return Settings(**{**{name: getattr(LOCAL, name) for name in Settings.__slots__}, **changes})
