"""The canary: a small call of our own, made at intervals, that shows whether the server can answer at all.

It is a real request and takes the path of every call: from the event loop to a thread, decoded, composed,
encoded and back. It has a thread of its own, so it is independent of how busy the others are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import structlog

from function import fn
from function.api.kinds import INFERENCE_CLASS
from function.calls import CallLimits, CallRefusedError, Calls

INTERVAL_SECONDS: Final = 5
"""How often the call is made."""

MAX_SILENCE_SECONDS: Final = 60
"""A server whose canary has not been answered for so long is considered dead."""

_SECONDS: Final = 20
"""How long an answer may take."""

_CLASS: Final[dict[str, Any]] = {
    "apiVersion": INFERENCE_CLASS.api_version,
    "kind": INFERENCE_CLASS.kind,
    "metadata": {"name": "canary"},
    "spec": {"devices": [{"name": "gpu", "driver": "gpu.example.com", "deviceClassName": "gpu.example.com"}]},
}


class Canary:
    """Makes the calls, and knows when one was last answered."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._message = fn.request(_CLASS)
        self._clock = clock
        self._calls = Calls(CallLimits(_SECONDS, len(self._message), threads=1), fn.owner, self._answer)
        self._answered = time.monotonic()
        self._log = structlog.get_logger()

    async def ask(self) -> None:
        """Make one call. A failure is logged."""
        try:
            await self._calls.run(self._read, None)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
            cause = "not begun" if isinstance(error, CallRefusedError) else f"{type(error).__name__}: {error}"
            self._log.error("the canary call was not answered", reason=cause)
        else:
            self._answered = time.monotonic()

    async def keep_asking(self) -> None:
        """Make a call at every interval."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self.ask()

    def silent(self) -> str:
        """Say for how long no call has been answered, when that is too long; empty otherwise."""
        seconds = time.monotonic() - self._answered
        return f"the canary call has not been answered for {seconds:.0f} s" if seconds > MAX_SILENCE_SECONDS else ""

    def close(self) -> None:
        """Stop the thread."""
        self._calls.close()

    async def _read(self) -> bytes:
        return self._message

    def _answer(self, message: bytes) -> bytes:
        answered = fn.answer(message, self._clock())
        if answered.composition.fatal:
            raise RuntimeError(answered.composition.fatal)
        return answered.response
