"""Metrics and probes in plain HTTP, and who would take more than an answer from them."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from function import listener
from function.listener import MOST_CONNECTIONS, Listener


@contextmanager
def listening(reason: str = "") -> Iterator[Listener]:
    probes = {"/healthz": lambda: "", "/readyz": lambda: reason}
    opened = Listener("127.0.0.1", 0, lambda: b"metrics 1\n", probes)
    opened.start()
    try:
        yield opened
    finally:
        opened.stop()


def fetch(opened: Listener, method: str, path: str) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", opened.port, timeout=10)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), dict(reply.getheaders())
    finally:
        connection.close()


def raw(opened: Listener) -> socket.socket:
    return socket.create_connection(("127.0.0.1", opened.port), timeout=10)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_probe_that_fails_says_why() -> None:
    with listening("no thread") as opened:
        assert fetch(opened, "GET", "/healthz")[:2] == (200, "ok\n")
        assert fetch(opened, "GET", "/readyz")[:2] == (503, "no thread\n")
        assert fetch(opened, "GET", "/metrics?x=1")[:2] == (200, "metrics 1\n")
        assert fetch(opened, "GET", "/else")[:2] == (404, "there are /metrics, /healthz and /readyz\n")


def test_head_gets_what_get_does_but_the_body() -> None:
    with listening() as opened:
        status, body, headers = fetch(opened, "HEAD", "/metrics")
        assert (status, body, headers["Content-Length"]) == (200, "", "10")


@pytest.mark.parametrize("method", ["POST", "DELETE", "BREW"])
def test_other_methods_are_not_allowed(method: str) -> None:
    with listening() as opened:
        status, body, headers = fetch(opened, method, "/metrics")
        assert (status, body) == (405, "method not allowed; there are /metrics, /healthz and /readyz\n")
        assert headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\n", b"GET /"])
def test_a_connection_that_sends_no_whole_request_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "CONNECTION_SECONDS", 0.5)
    with listening() as opened, raw(opened) as connection:
        connection.sendall(sent)
        began = time.monotonic()
        assert is_closed(connection)
        assert time.monotonic() - began < 5


def test_a_connection_that_sends_a_little_now_and_then_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "CONNECTION_SECONDS", 0.5)
    with listening() as opened, raw(opened) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        began = time.monotonic()
        lasted = 0
        try:
            while time.monotonic() - began < 5:
                connection.sendall(b"a: b\r\n")
                time.sleep(0.05)
                lasted += 1
        except OSError:
            assert lasted > 0
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("sent", [b"GET /" + b"x" * 60_000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000])
def test_no_more_is_read_of_a_request_than_it_may_have(sent: bytes) -> None:
    with listening() as opened, raw(opened) as connection:
        try:
            connection.sendall(sent)
            answered = connection.recv(100)
        except ConnectionError:
            answered = b""
        assert b"200" not in answered
        assert fetch(opened, "GET", "/healthz")[0] == 200


def test_of_too_many_connections_the_oldest_is_cut_off_and_the_newest_is_answered() -> None:
    with listening() as opened:
        taken = [raw(opened) for _ in range(MOST_CONNECTIONS)]
        time.sleep(0.5)
        assert fetch(opened, "GET", "/healthz")[0] == 200
        assert is_closed(taken[0])
        taken[-1].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert taken[-1].recv(12) == b"HTTP/1.0 200"
        for connection in taken:
            connection.close()
        time.sleep(0.5)
        assert fetch(opened, "GET", "/healthz")[0] == 200
