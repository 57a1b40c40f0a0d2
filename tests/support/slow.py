"""Composers that take long, in one way or another, for tests of who bounds them. Their kind is ModelEndpoint."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from function import deadline, server
from function.composers import COMPOSERS
from function.composition import Composer, Composition, Draft
from function.main import serve

KEY = ("modelplane.ai/v1alpha1", "ModelEndpoint")
LONGEST_SECONDS = 30
"""What never ends ends after this."""


def slow(_: Draft) -> Composition:
    """Answer after a while."""
    time.sleep(2)
    return Composition(ready=True)


def asks(_: Draft) -> Composition:
    """Work for ever, and ask for the time."""
    ends = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < ends:
        deadline.check()
        sum(range(1000))
    return Composition(ready=True)


def hangs(_: Draft) -> Composition:
    """Work for ever, and ask nobody."""
    ends = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < ends:
        sum(range(1000))
    return Composition(ready=True)


def composer(compose: Callable[[Draft], Composition]) -> Composer:
    return replace(COMPOSERS[KEY], compose=compose)


def endpoint(namespace: str = "ml-team", **others: Any) -> dict[str, Any]:
    """A composite that is answered in that way."""
    return {"apiVersion": KEY[0], "kind": KEY[1], "metadata": {"name": "slow", "namespace": namespace}, **others}


async def wedged(_: server.FunctionServer) -> None:
    """Stop in a way that does not end."""
    time.sleep(LONGEST_SECONDS)  # noqa: ASYNC251  # it blocks the loop, which is the point


class Until:
    """A composer that waits, whatever the time, until it is let through."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def __call__(self, _: Draft) -> Composition:
        self.open.wait(LONGEST_SECONDS)
        return Composition(ready=True)


if __name__ == "__main__":
    way, grace, *arguments = sys.argv[1:]
    if way == "wedged":
        server.LAST_SECONDS = 1
        server.FunctionServer.stop = wedged  # type: ignore[method-assign,assignment]  # as a test does
    COMPOSERS[KEY] = composer({"wedged": slow, "slow": slow, "asks": asks, "hangs": hangs}[way])  # type: ignore[index]  # as a test does
    _settings = server.Settings
    server.Settings = lambda **options: _settings(**options, grace=float(grace))  # type: ignore[assignment,misc]  # likewise
    sys.exit(serve(arguments))
