"""Small servers with OpenAI's API, as providers outside have: with http, or with https and a path of their own.

Each says what it was asked, and has pages of its own that nobody outside should see.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

from function.composition import Manifest
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.servers import HttpServer

MODEL: Final = "tiny"
SECONDS_A_TOKEN: Final = 0.1
"""Seconds from one token of an answer to the next."""
_THINKING: Final = 0.05
"""Seconds from a request with a body to the first byte of its answer.

No engine answers at once, and Traefik cuts some of the answers that begin while it is still busy with the request: Go's
server does not read a request over HTTP/1.1 any further once its answer begins (https://github.com/golang/go/issues/40747).
"""

_MOST_TOKENS: Final = 10_000
_OWN_PAGES: Final = ("/metrics", "/health")


@dataclass(frozen=True, slots=True)
class Provider:
    """A server.

    Attributes:
        name: Its name.
        address: The address that it listens on.
        port: The port.
        root: What stands before every path of the API.
        certificate: A folder with the files of a TLS Secret; None to answer http.
    """

    name: str
    address: str
    port: int
    root: str = ""
    certificate: Path | None = None

    def start(self) -> HttpServer:
        """Answer requests until the server that is given is shut down."""
        server = HttpServer((self.address, self.port), _handler(self))
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate / "tls.crt", self.certificate / "tls.key")
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, name=self.name, daemon=True).start()
        return server

    def answer(self, path: str, request_body: Manifest) -> Manifest | None:
        """What is answered to a path below the root; None when there is no such path."""
        if path == "/v1/models":
            return {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
        if path == "/v1/chat/completions" and request_body.get("model") == MODEL:
            message = {"role": "assistant", "content": "word " * _tokens(request_body)}
            return {"object": "chat.completion", "choices": [{"index": 0, "message": message}]}
        return {"object": "page"} if path in _OWN_PAGES else None

    def events(self, request_body: Manifest) -> Iterator[str]:
        """An answer word by word, each with the time at which it is sent."""
        for number in range(_tokens(request_body)):
            delta = {"content": f"word {number} "}
            chunk = {"object": "chat.completion.chunk", "sent": time.time(), "choices": [{"index": 0, "delta": delta}]}
            yield f"data: {json.dumps(chunk)}\n\n"
            time.sleep(SECONDS_A_TOKEN)
        yield "data: [DONE]\n\n"


def _tokens(request_body: Manifest) -> int:
    return min(int(request_body.get("max_tokens", 1)), _MOST_TOKENS)


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:  # the name that the base class calls
            self._reply({})

        def do_POST(self) -> None:
            request_body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            time.sleep(MACHINE_SPEED.scaled(_THINKING))
            self._reply(request_body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def _reply(self, request_body: Manifest) -> None:
            path = self.path.partition("?")[0].removeprefix(provider.root)
            found = provider.answer(path, request_body) if self.path.startswith(provider.root) else None
            if found is not None and request_body.get("stream"):
                self._stream(request_body)
                return
            headers = {key.lower(): value for key, value in self.headers.items()}
            answer = {**(found or {}), "route": provider.name, "received": self.path, "headers": headers}
            data = json.dumps(answer).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, request_body: Manifest) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in provider.events(request_body):
                data = event.encode()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")

    return Handler
