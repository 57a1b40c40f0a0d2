"""Stands in for cluster DNS and Services: a proxy on loopback that knows names, and where each leads.

Crossplane reaches a function by the name of its Service. A machine without pods has neither the
name nor the Service, but gRPC asks a proxy for names when there is one.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from typing import Final

from tests.e2e.bed.progress_log import log_line

_CHUNK: Final = 65536
_SECONDS: Final = 5


class Services:
    """Leads connections to the name of a Service, with its port, to a port of loopback."""

    def __init__(self) -> None:
        self._ports: dict[str, int] = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="services", daemon=True)

    @property
    def url(self) -> str:
        """Where the proxy is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Start it, and say that it is one."""
        log_line("stand-in: a proxy on loopback plays cluster DNS and Services")
        self._thread.start()

    def stop(self) -> None:
        """Stop it, with all connections."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._cut()

    def lead(self, name: str, port: int) -> None:
        """Lead a name to another port from now on; connections that are open are cut."""
        self._ports[name] = port
        self._cut()

    def connect(self, name: str) -> socket.socket | None:
        """Connect to what a name leads to; None when it leads nowhere, or nobody listens there."""
        port = self._ports.get(name)
        try:
            return None if port is None else socket.create_connection(("127.0.0.1", port), _SECONDS)
        except OSError:
            return None

    def join(self, first: socket.socket, second: socket.socket) -> None:
        """Copy between two connections until either ends."""
        with self._lock:
            self._open |= {first, second}
        back = threading.Thread(target=_copy, args=(second, first), daemon=True)
        back.start()
        _copy(first, second)
        back.join()
        with self._lock:
            self._open -= {first, second}

    def _cut(self) -> None:
        with self._lock:
            for cluster in self._open:
                _end(cluster)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], services: Services) -> None:
        super().__init__(address, _Handler)
        self.services = services


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer `CONNECT name:port`, and be the connection from then on."""
        words = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        backend = self.server.services.connect(words[1]) if words[:1] == ["CONNECT"] else None
        if backend is None:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with backend:
            backend.settimeout(None)
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.server.services.join(self.connection, backend)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    _end(source)
    _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
