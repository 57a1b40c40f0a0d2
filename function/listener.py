"""Plain HTTP beside the function: /metrics, /healthz and /readyz.

The kubelet's probes cannot present a client certificate, so they come here, and so may anybody else who
reaches the pod. Connections are few, short and small: what is over a limit is closed.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client.exposition import CONTENT_TYPE_LATEST

MAX_CONNECTIONS: Final = 32
"""How many connections may be open at once. One more closes the oldest: a probe is answered within milliseconds, so it
is never the oldest, and a client that holds connections open blocks nobody."""

CONNECTION_SECONDS: Final = 5
"""How long a connection may last, whatever it does."""

_REQUEST_BYTES: Final = 16 * 1024
"""How much of a request is read."""

_PLAIN: Final = "text/plain; charset=utf-8"
_HERE: Final = "there are /metrics, /healthz and /readyz"

Probe = Callable[[], str]
"""Says why a probe fails; empty when it passes."""


class ProbeServer:
    """Serves metrics and probes over plain HTTP, from threads of its own.

    Attributes:
        port: The port that it listens on.
    """

    def __init__(self, host: str, port: int, metrics: Callable[[], bytes], probes: Mapping[str, Probe]) -> None:
        """Bind the port.

        Args:
            host: Where to listen.
            port: Where to listen; 0 for any port that is free.
            metrics: Writes the metrics.
            probes: Probes by path.
        """

        class Handler(_Handler):
            def answer(self, path: str) -> tuple[int, bytes, str]:
                if path == "/metrics":
                    return HTTPStatus.OK, metrics(), CONTENT_TYPE_LATEST
                if path not in probes:
                    return HTTPStatus.NOT_FOUND, f"{_HERE}\n".encode(), _PLAIN
                why = probes[path]()
                status = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
                return status, f"{why or 'ok'}\n".encode(), _PLAIN

        self._server = _Server((host, port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close the port; may be called before `start`."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        self._open: dict[Any, float] = {}
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection on a thread; of too many, the oldest is closed."""
        with self._lock:
            if len(self._open) >= MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                _cut_off(oldest)
            self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.pop(request, None)
            super().shutdown_request(request)

    def service_actions(self) -> None:
        """Close the connections that have been open too long; called several times a second."""
        oldest = time.monotonic() - CONNECTION_SECONDS
        with self._lock:
            for request, since in self._open.items():
                if since < oldest:
                    _cut_off(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: the client broke off."""


def _cut_off(request: socket.socket) -> None:
    """Shut a connection down for the thread that reads from it."""
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster


class _Handler(BaseHTTPRequestHandler):
    timeout = CONNECTION_SECONDS

    def setup(self) -> None:
        """Read no more than a request may have."""
        super().setup()
        self.rfile = _Bounded(self.rfile)

    def answer(self, path: str) -> tuple[int, bytes, str]:
        """Give status, body and content type for a path."""
        raise NotImplementedError

    def do_GET(self) -> None:  # the name is the base class's
        """Answer with a body."""
        self._reply(*self.answer(self.path.partition("?")[0]))

    def do_HEAD(self) -> None:  # the name is the base class's
        """Answer without a body."""
        self._reply(*self.answer(self.path.partition("?")[0]), body=False)

    def send_error(self, code: int, *_: object, **__: object) -> None:
        """Refuse, in a line of text that repeats nothing of what was sent."""
        known = code != HTTPStatus.NOT_IMPLEMENTED
        status = HTTPStatus(code) if known else HTTPStatus.METHOD_NOT_ALLOWED
        self.close_connection = True
        self._reply(status, f"{status.phrase.lower()}; {_HERE}\n".encode(), _PLAIN, allow=not known)

    def version_string(self) -> str:
        """Name no versions."""
        return "modelplane"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Log nothing: probes come every few seconds."""

    def _reply(self, status: int, text: bytes, content_type: str, *, body: bool = True, allow: bool = False) -> None:
        self.send_response(status)
        if allow:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if body:
            self.wfile.write(text)


class _Bounded(io.BufferedIOBase):
    """What is read of a request, which ends at the limit."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._left = _REQUEST_BYTES

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line, or what may still be read of it."""
        line: bytes = self._source.readline(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        """Read no more."""
        self._source.close()
        super().close()
