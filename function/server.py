"""The gRPC server: transport, health, reflection and draining around the composition function.

Requests are taken as bytes and parsed in a worker thread, so that a request of fifty
megabytes does not hold up the health answer of the event loop, and one over the limit is
refused with a message that names the flag.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from function import fn
from function.clock import ControlPlaneClock
from function.composers import COMPOSERS
from function.telemetry import Listener, Metrics, log_call

MEBIBYTE = 1024 * 1024
GRACE_SECONDS = 20
"""How long calls that are under way may take to end when the server is told to stop."""


_GARBAGE_THRESHOLD = 500_000
"""How many more objects than now there may be before Python looks for cycles among them: a call for a thousand
clusters makes some hundred thousand, none of them in cycles, and looking costs as much as answering."""


def tune_garbage_collection() -> None:
    """Have Python look for cycles seldom, and never among what is there for as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)


class StartError(Exception):
    """The server cannot start; the message is the one line that the user reads."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve.

    Attributes:
        address: Host and port of the function.
        tls_certs_dir: Folder with tls.crt, tls.key and ca.crt; callers need a certificate of that CA.
        insecure: Serve without TLS, for development.
        max_receive_mebibytes: The largest request.
        metrics_address: Host and port of metrics and probes.
    """

    address: str = "0.0.0.0:9443"
    tls_certs_dir: str = ""
    insecure: bool = False
    max_receive_mebibytes: int = 256
    metrics_address: str = "0.0.0.0:8080"


class Server:
    """The function, served.

    Attributes:
        metrics: What it counts.
        port: The port that the function listens on, once started.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.metrics = Metrics()
        self.port = 0
        self._settings = settings
        self._clock = clock
        self._control_plane = ControlPlaneClock()
        self._ready = False
        self._log = structlog.get_logger()
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._listener: Listener | None = None

    @property
    def metrics_port(self) -> int:
        """The port that metrics and probes are on, once started."""
        return self._listener.port if self._listener else 0

    async def start(self) -> None:
        """Listen, and report SERVING.

        Raises:
            StartError: When that is not possible, saying why.
        """
        credentials = _credentials(self._settings)
        self._listener = self._listen()
        # The size is checked by the handler, whose refusal says which flag raises it.
        server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
        handler: Any = grpc.unary_unary_rpc_method_handler(self._run)  # no (de)serializers: bytes in, bytes out
        for service in (fn.V1, fn.V1BETA1):
            server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"RunFunction": handler})])
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((fn.V1, fn.V1BETA1, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        try:
            if credentials is None:
                self.port = server.add_insecure_port(self._settings.address)
            else:
                self.port = server.add_secure_port(self._settings.address, credentials)
        except RuntimeError as error:
            self._listener.stop()
            raise StartError(f"cannot listen on {self._settings.address}: {error}") from error
        await server.start()
        self._server = server
        self._listener.start()
        await self._report(serving=True)
        self._log.info("serving", port=self.port, metrics_port=self.metrics_port, insecure=credentials is None)

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Report NOT_SERVING, let calls under way end, and stop."""
        await self._report(serving=False)
        if self._server is not None:
            await self._server.stop(grace)
        if self._listener is not None:
            self._listener.stop()
        self._log.info("stopped")

    async def run_until_told_to_stop(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain."""
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, told.set)
        await self.start()
        tune_garbage_collection()
        await told.wait()
        await self.stop()

    async def _report(self, *, serving: bool) -> None:
        self._ready = serving
        serving_status = health_pb2.HealthCheckResponse.SERVING
        status = serving_status if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in ("", fn.V1, fn.V1BETA1):
            await self._health.set(service, status)

    def _listen(self) -> Listener:
        host, _, port = self._settings.metrics_address.rpartition(":")
        try:
            return Listener(host.strip("[]"), int(port), self.metrics, lambda: self._ready)
        except (OSError, ValueError, OverflowError) as error:
            raise StartError(f"cannot listen on {self._settings.metrics_address} for metrics: {error}") from error

    async def _run(self, message: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        """Answer one RunFunction call."""
        limit = self._settings.max_receive_mebibytes
        if len(message) > limit * MEBIBYTE:
            size = len(message) / MEBIBYTE
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the request has {size:.1f} MiB and the limit is {limit} MiB: raise --max-recv-message-size",
            )
        return await asyncio.to_thread(self._answer, message)

    def _answer(self, message: bytes) -> bytes:
        started = time.perf_counter()
        # Files are rendered by functions without TLS.
        answered = fn.answer(
            message, self._clock(), remembers=not self._settings.insecure, clock=self._control_plane.of
        )
        seconds = time.perf_counter() - started
        seen, composition = answered.observation, answered.composition
        kind = seen.kind if (seen.api_version, seen.kind) in COMPOSERS else "unknown"
        sizes = {"received": len(message), "sent": len(answered.response)}
        self.metrics.record(composition, kind, seconds=seconds, **sizes)
        log_call(self._log, seen, composition, seconds)
        return answered.response


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """Load the certificates; None to serve without TLS."""
    if settings.insecure:
        return None
    if not settings.tls_certs_dir:
        raise StartError(
            "no certificates: give --tls-certs-dir (or TLS_SERVER_CERTS_DIR), or --insecure to serve without"
        )
    folder = Path(settings.tls_certs_dir)
    try:
        key, certificate, authority = ((folder / name).read_bytes() for name in ("tls.key", "tls.crt", "ca.crt"))
    except OSError as error:
        raise StartError(f"cannot read certificates: {error.strerror}: {error.filename}") from error
    return grpc.ssl_server_credentials([(key, certificate)], root_certificates=authority, require_client_auth=True)
