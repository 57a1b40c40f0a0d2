"""Clients: one sends a request every tenth of a second, one reads an answer that comes word by word."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.e2e.bed.machine_speed import MACHINE_SPEED

_SECONDS: Final = 0.1
_PATIENCE: Final = 10
_MOST: Final = 18_000
"""How many requests are sent at most: half an hour's."""

OK: Final = 200

SOME: Final = 10
"""How many requests are enough to see how they fare."""

GATEWAY_FOLLOWS: Final = 5
"""Seconds until requests go by a route that has changed: Traefik takes over a change up to two after the one before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request was answered.

    Attributes:
        at: When it was sent, by `time.time`.
        status: The HTTP status; 0 when there was no answer.
        backend: The replica or the provider that answered; empty when none did.
        message: What went wrong; empty when nothing did.
        body: What the answer says.
    """

    at: float
    status: int
    backend: str = ""
    message: str = ""
    body: dict[str, Any] = field(default_factory=dict, repr=False)


def ask(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Send one request, over a connection of its own."""
    parts, at = urlsplit(url), time.time()
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port or 80, timeout=MACHINE_SPEED.scaled(_PATIENCE)
    )
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return Answer(at, 0, message=repr(error))
    finally:
        connection.close()
    received = json.loads(text) if text.startswith("{") else {}
    return Answer(at, answer.status, received.get("route", ""), "" if answer.status == OK else text[:200], received)


class Traffic:
    """Requests in the background, while something else goes on. Use it as a context."""

    def __init__(self, url: str, *, sends: bool = True) -> None:
        self._sends = sends
        self.answers: list[Answer] = []
        self._url = url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    @property
    def failures(self) -> list[Answer]:
        """The requests that no replica has answered well."""
        return [answer for answer in self.answers if answer.status != OK]

    def since(self, moment: float) -> list[Answer]:
        """The requests that were sent after a moment, by `time.time`."""
        return [answer for answer in self.answers if answer.at > moment]

    def __enter__(self) -> Self:
        """Begin."""
        if self._sends:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End; the last request is answered."""
        self._ended.set()
        if self._sends:
            self._thread.join()

    def _run(self) -> None:
        while len(self.answers) < _MOST and not self._ended.wait(_SECONDS):
            self.answers.append(ask(self._url))


class Stream(threading.Thread):
    """A request whose answer comes word by word, read in the background.

    Attributes:
        words: When each word was sent and when it arrived, by `time.time`.
        ended: Whether the answer came to its end.
        message: What went wrong; empty when nothing did.
    """

    def __init__(self, url: str, words: int) -> None:
        super().__init__(name="stream", daemon=True)
        self._url, self._wanted = urlsplit(url), words
        self.words: list[tuple[float, float]] = []
        self.ended = False
        self.message = ""
        self.start()

    def run(self) -> None:
        """Read it."""
        request_body = {"model": "tiny", "stream": True, "max_tokens": self._wanted, "messages": []}
        connection = http.client.HTTPConnection(
            self._url.hostname or "", self._url.port or 80, timeout=MACHINE_SPEED.scaled(_PATIENCE)
        )
        try:
            connection.request("POST", self._url.path, json.dumps(request_body))
            answer = connection.getresponse()
            for line in answer:
                _, _, data = line.decode().strip().partition("data: ")
                if data == "[DONE]":
                    self.ended = True
                elif data:
                    self.words.append((json.loads(data)["sent"], time.time()))
            self.message = "" if self.ended else "the connection was closed before the answer's end"
        except (OSError, http.client.HTTPException) as error:
            self.message = repr(error)
        finally:
            connection.close()
