"""The canary: a small call of our own, asked again and again, that shows whether an answer is possible at all.

It is a real request, and goes the way that every call goes: from the event loop to a thread, decoded,
composed, encoded and back. The thread is one of its own, so that it says nothing about how busy the
others are.
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
"""How often it is asked."""

MAX_SILENCE_SECONDS: Final = 60
"""A process whose canary has not been answered for so long answers nobody."""

_SECONDS: Final = 20
"""How long its answer may take before it is asked anew."""

_CLASS: Final[dict[str, Any]] = {
    "apiVersion": INFERENCE_CLASS.api_version,
    "kind": INFERENCE_CLASS.kind,
    "metadata": {"name": "canary"},
    "spec": {"devices": [{"name": "gpu", "driver": "gpu.example.com", "deviceClassName": "gpu.example.com"}]},
}


class Canary:
    """Asks, and knows when it was last answered."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._message = fn.request(_CLASS)
        self._clock = clock
        self._calls = Calls(CallLimits(_SECONDS, len(self._message), threads=1), fn.owner, self._answer)
        self._answered = time.monotonic()
        self._log = structlog.get_logger()

    async def ask(self) -> None:
        """Ask once. An answer that is none, or a wrong one, is written to the log."""
        try:
            await self._calls.run(self._read, None)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
            cause = "not begun" if isinstance(error, CallRefusedError) else f"{type(error).__name__}: {error}"
            self._log.error("the canary call was not answered", reason=cause)
        else:
            self._answered = time.monotonic()

    async def keep_asking(self) -> None:
        """Ask again and again."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self.ask()

    def silent(self) -> str:
        """Say for how long there has been no answer, when that is too long."""
        seconds = time.monotonic() - self._answered
        return f"the canary call has not been answered for {seconds:.0f} s" if seconds > MAX_SILENCE_SECONDS else ""

    def close(self) -> None:
        """Ask no more."""
        self._calls.close()

    async def _read(self) -> bytes:
        return self._message

    def _answer(self, message: bytes) -> bytes:
        answered = fn.answer(message, self._clock())
        if answered.composition.fatal:
            raise RuntimeError(answered.composition.fatal)
        return answered.response
