"""Stands in for a cloud's load balancer: a Service gets an address, where connections are passed on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Final

from function.composition import Object, unstructured
from tests.e2e.bed.api import Api
from tests.e2e.bed.servers import WAITING
from tests.e2e.bed.stand_in import set_status

_CHUNK: Final = 65536


@dataclass(slots=True)
class LoadBalancer:
    """The load balancer of a cluster, which has one address to give.

    Attributes:
        api: The cluster.
        address: The address that a Service gets.
        passes_on: Whether the address can be listened on.
    """

    api: Api
    address: str
    passes_on: bool
    _relays: list[Relay] = field(default_factory=list, init=False)

    def step(self) -> None:
        """Give the Service its address, and pass on what comes while there is such a Service."""
        found = [
            service
            for service in self.api.list("v1", "Service")
            if unstructured.text(service, "spec", "type") == "LoadBalancer"
            and "deletionTimestamp" not in service["metadata"]
        ]
        for service in found[:1]:
            set_status(self.api, service, {"loadBalancer": {"ingress": [{"ip": self.address, "ipMode": "VIP"}]}})
            if self.passes_on and not self._relays:
                self._relays = [Relay(self.address, *pair) for pair in _ports(service)]
        if not found:
            self.stop()

    def stop(self) -> None:
        """Pass on nothing more."""
        while self._relays:
            self._relays.pop().stop()


class Relay(ThreadingTCPServer):
    """Passes connections on from a port of an address to another port of it, or of another one.

    Attributes:
        target: Where they go.
        passed: How many there were.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = WAITING

    def __init__(self, address: str, port: int, target: int, to: str = "") -> None:
        super().__init__((address, port), _Passing)
        self.target = (to or address, target)
        self.passed = 0
        threading.Thread(target=self.serve_forever, name=f"relay-{port}", daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self.shutdown()
        self.server_close()


class _Passing(BaseRequestHandler):
    """One connection, until either side has ended it."""

    request: socket.socket

    def handle(self) -> None:
        assert isinstance(self.server, Relay)
        self.server.passed += 1
        with suppress(OSError), socket.create_connection(self.server.target) as backend:
            answers = threading.Thread(target=_copy, args=(backend, self.request), daemon=True)
            answers.start()
            _copy(self.request, backend)
            answers.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy what comes, and its end."""
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _ports(service: Object) -> Iterator[tuple[int, int]]:
    for item in unstructured.items(service, "spec", "ports"):
        yield unstructured.integer(item, "port"), unstructured.integer(item, "targetPort")
