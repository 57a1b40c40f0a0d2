"""The gRPC server: transport, health, reflection and draining around the composition function.

Requests are taken as bytes, received only when there is room for them, and parsed on a thread, so that
a request of fifty megabytes does not hold up the health answer of the event loop.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from function import fn
from function.calls import CallLimits, CallRefusedError, Calls
from function.canary import Canary
from function.clock import ControlPlaneClock
from function.composers import COMPOSERS
from function.listener import ProbeServer
from function.telemetry import Metrics, log_call

MEBIBYTE = 1024 * 1024

GRACE_SECONDS = 25
"""How long calls that are under way may take to end when the server is told to stop: longer than one may work."""

ENDING_SECONDS = 3
"""How long those may take that are then told to end."""

_SENDING_SECONDS: Final = 1
"""How long answers that are made may take to be sent."""

LAST_SECONDS = 10
"""How much longer than the grace the process is there after it was told to stop, whatever it hangs in."""

THREADS: Final = 4
"""How many calls are worked on at once. Python works on one at a time, so more would make each slower and none faster;
fewer would let two tenants' slow calls keep out everybody else's."""

_ALL_CALLS: Final = 1000
"""How many calls may be under way; more are refused. One that is not read yet takes a tenth of a megabyte."""

_REPORT_SECONDS: Final = 1
"""How often health over gRPC is brought up to date."""

_UNREAD_STAYS_AWAY: Final = ("grpc.http2.bdp_probe", 0)
"""Without it, gRPC takes in megabytes of every call that nobody has read yet."""

_GARBAGE_THRESHOLD = 500_000
"""How many more objects than now there may be before Python looks for cycles among them: a call for a thousand
clusters makes some hundred thousand, none of them in cycles, and looking costs as much as answering."""


def tune_garbage_collection() -> None:
    """Collect garbage rarely, and never among the objects that live as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)


_SWITCH_SECONDS: Final = 0.001
"""How soon a running thread yields to another one. With Python's default of five milliseconds, a small call beside two
long ones takes ten times as long."""


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
        call_deadline: How many seconds one call may work, and how many it may wait before.
        grace: How many seconds calls under way have when the server is told to stop.
    """

    address: str = "0.0.0.0:9443"
    tls_certs_dir: str = ""
    insecure: bool = False
    max_receive_mebibytes: int = 256
    metrics_address: str = "0.0.0.0:8080"
    call_deadline: int = 20
    grace: float = GRACE_SECONDS


class FunctionServer:
    """The function, served.

    Attributes:
        metrics: What it counts.
        port: The port that the function listens on, once started.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a server that is not listening yet.

        Args:
            settings: How it is set up.
            clock: The machine's wall clock.
            steady: A monotonic clock, in seconds.
        """
        most = settings.max_receive_mebibytes * MEBIBYTE
        self._calls = Calls(CallLimits(settings.call_deadline, most, THREADS), fn.owner, self._answer)
        self._canary = Canary(clock)
        self.metrics = Metrics(self._calls)
        self.port = 0
        self._settings = settings
        self._clock = clock
        self._control_plane = ControlPlaneClock(steady)
        self._serving = False
        self._log = structlog.get_logger()
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._listener: ProbeServer | None = None
        self._background_tasks: list[asyncio.Task[None]] = []

    @property
    def metrics_port(self) -> int:
        """The port that metrics and probes are on, once started."""
        return self._listener.port if self._listener else 0

    @property
    def busy_threads(self) -> int:
        """How many threads are at work on a call."""
        return self._calls.busy_threads

    async def start(self) -> None:
        """Listen, and report SERVING.

        Raises:
            StartError: When that is not possible, saying why.
        """
        credentials = _credentials(self._settings)
        self._listener = self._listen()
        server = self._transport()
        try:
            if credentials is None:
                self.port = server.add_insecure_port(self._settings.address)
            else:
                self.port = server.add_secure_port(self._settings.address, credentials)
        except RuntimeError as error:
            self._listener.stop()
            raise StartError(f"cannot listen on {self._settings.address}: {error}") from error
        await self._canary.ask()
        await server.start()
        self._server = server
        self._listener.start()
        self._serving = True
        await self._report()
        self._background_tasks = [
            asyncio.create_task(task) for task in (self._canary.keep_asking(), self._keep_reporting())
        ]
        self._log.info("serving", port=self.port, metrics_port=self.metrics_port, insecure=credentials is None)

    async def stop(self) -> None:
        """Report NOT_SERVING, let calls in flight finish, cancel those that do not, and stop."""
        self._serving = False
        await self._report()
        for task in self._background_tasks:
            task.cancel()
        if self._server is not None:
            refusing = asyncio.ensure_future(self._server.stop(self._settings.grace + ENDING_SECONDS))
            await self._end_calls()
            await self._server.stop(_SENDING_SECONDS)
            await refusing
        if self._listener is not None:
            self._listener.stop()
        self._calls.close()
        self._canary.close()
        if self.busy_threads:
            self._log.error(
                "threads hang in calls that do not end; the process ends without them", threads=self.busy_threads
            )
        self._log.info("stopped")

    async def run_until_told_to_stop(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain.

        From then on the process is there for the grace and `LAST_SECONDS` at most, even if it hangs in
        something that Python cannot interrupt; where it hung is then written to standard error.
        """
        stop_requested = asyncio.Event()
        loop = asyncio.get_running_loop()

        def request_stop(*_: object) -> None:
            faulthandler.dump_traceback_later(self._settings.grace + LAST_SECONDS, exit=True)
            loop.call_soon_threadsafe(stop_requested.set)

        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, request_stop)
        await self.start()
        tune_garbage_collection()
        sys.setswitchinterval(_SWITCH_SECONDS)
        await stop_requested.wait()
        await self.stop()

    async def _end_calls(self) -> None:
        """Wait for the calls in flight, and cancel those that take longer than the grace."""
        grace = self._settings.grace
        if await self._calls.wait_until_idle(grace):
            return
        self._log.warning("calls under way are ended", calls=self._calls.in_flight, grace=grace)
        self._calls.cancel_all()
        await self._calls.wait_until_idle(ENDING_SECONDS)

    async def _keep_reporting(self) -> None:
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            await self._report()

    async def _report(self) -> None:
        """Report over gRPC what the readiness probe reports."""
        known = health_pb2.HealthCheckResponse
        status = known.NOT_SERVING if self._why_not_ready() else known.SERVING
        for service in ("", fn.V1, fn.V1BETA1):
            await self._health.set(service, status)

    def _why_not_ready(self) -> str:
        """Say why calls should go to another server; empty when they need not."""
        if not self._serving:
            return "not serving"
        if not self._calls.accepts_calls:
            return "all threads are busy, and calls have waited for seconds"
        return self._why_not_live()

    def _why_not_live(self) -> str:
        """Say why this process cannot answer any more; empty when it can."""
        if self._calls.stuck:
            return "every thread is at a call that does not end"
        return self._canary.silent()

    def _listen(self) -> ProbeServer:
        host, _, port = self._settings.metrics_address.rpartition(":")
        probes = {"/healthz": self._why_not_live, "/readyz": self._why_not_ready}
        try:
            return ProbeServer(host.strip("[]"), int(port), self.metrics.text, probes)
        except (OSError, ValueError, OverflowError) as error:
            raise StartError(f"cannot listen on {self._settings.metrics_address} for metrics: {error}") from error

    def _transport(self) -> grpc.aio.Server:
        """Make the gRPC server.

        RunFunction is registered as a streaming call, which is the same on the wire as its single message, so that
        the handler decides when the message is read. gRPC refuses one over the limit as soon as it knows its size.
        """
        most = ("grpc.max_receive_message_length", self._settings.max_receive_mebibytes * MEBIBYTE)
        server = grpc.aio.server(options=[most, _UNREAD_STAYS_AWAY], maximum_concurrent_rpcs=_ALL_CALLS)
        handler: Any = grpc.stream_unary_rpc_method_handler(self._run)  # no (de)serializers: bytes in, bytes out
        for service in (fn.V1, fn.V1BETA1):
            server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"RunFunction": handler})])
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((fn.V1, fn.V1BETA1, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        return server

    async def _run(self, _: Any, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        """Answer one RunFunction call."""

        async def read() -> bytes:
            message = await context.read()
            if isinstance(message, bytes):
                return message
            limit = self._settings.max_receive_mebibytes
            raise CallRefusedError(
                "size",
                f"no request came: one over {limit} MiB is refused; --max-recv-message-size raises that",
            )

        try:
            return await self._calls.run(read, context.time_remaining())
        except CallRefusedError as refused:
            self.metrics.refused(refused.cause)
            self._log.warning("call refused", cause=refused.cause, reason=str(refused))
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(refused))
            raise  # as abort has done

    def _answer(self, message: bytes) -> bytes:
        started = time.perf_counter()
        # Files are rendered by functions without TLS.
        answered = fn.answer(
            message, self._clock(), use_cache=not self._settings.insecure, clock=self._control_plane.of
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
