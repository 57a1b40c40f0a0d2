"""Admission and execution of calls: bounded in memory, waiting time and work, and shared fairly.

Answers are computed by Python, one at a time however many threads there are. So threads are few, and are there
for fairness alone. A call passes these stages in order:

1. Memory. The size of a request is known only once it has been read, so memory for the largest is reserved
   before reading and what was not needed is released afterwards. Without memory nothing is read.
2. A thread. The calls of one owner (the namespace of the composite; cluster-scoped objects are one owner more)
   get at most half of the threads. Owners that have recently been slow share that half, and each of them gets
   half of the memory. Owners take turns, and a call that has not started after as long as a call may work is
   refused. So no owner's slow calls take everything, no call waits forever, and refused callers ask again.
3. Time. `deadline.within` limits the work to the deadline and to what the caller's own deadline leaves, and ends
   it when the caller has gone.

The threads are daemons of our own: one that never ends delays neither the others nor the exit of the process.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from function import deadline

_ANSWER_SHARE: Final = 0.9
"""The share of the caller's deadline that the work may take; the rest is for sending the answer back."""

_SHORT_WAIT_SECONDS: Final = 5
"""The queue for a thread is short when nobody in it has waited longer than this."""

_SLOW_SHARE: Final = 0.5
"""A call is slow when it works for longer than this share of its deadline."""

_SLOW_FOR_SECONDS: Final = 300
"""How long an owner counts as slow after a slow call."""

_STUCK_SECONDS: Final = 30
"""A call that works so long past its deadline does not check it, and will not end."""


class CallRefusedError(Exception):
    """A call was not started; the message says why. The caller may retry.

    Attributes:
        cause: The cause in one word, for metrics.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits on calls.

    Attributes:
        seconds: How long a call may work, and how long it may wait before it starts.
        request_bytes: The largest request; all unanswered requests together may have twice as much.
        threads: How many calls are worked on at once.
    """

    seconds: float
    request_bytes: int
    threads: int

    @property
    def max_threads_per_owner(self) -> int:
        """How many threads the calls of one owner may use."""
        return max(1, self.threads // 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    owner: str
    size: int
    work: Callable[[], bytes]
    answer: Future[bytes] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Calls:
    """Runs calls within their limits."""

    def __init__(self, limits: CallLimits, owner_of: Callable[[bytes], str], answer: Callable[[bytes], bytes]) -> None:
        """Start the threads.

        Args:
            limits: Limits on calls.
            owner_of: Reads the owner of a request; must be fast.
            answer: Computes the answer to a request, on one of the threads.
        """
        self._limits = limits
        self._owner_of = owner_of
        self._answer = answer
        self._memory = WeightedSemaphore(2 * limits.request_bytes)
        self._slow: dict[str, float] = {}
        self._pool = WorkerPool(limits.threads, limits.max_threads_per_owner, self._is_slow)
        self._reserved_by_owner: Counter[str] = Counter()
        self._in_flight: set[threading.Event] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, read: Callable[[], Awaitable[bytes]], remaining: float | None) -> bytes:
        """Answer one call.

        Args:
            read: Receives the request; cancelled when that takes too long.
            remaining: How many seconds the caller will wait; None for no limit.

        Raises:
            CallRefusedError: The call cannot start.
        """
        end_by = time.monotonic() + (remaining * _ANSWER_SHARE if remaining is not None else float("inf"))
        cancelled = threading.Event()
        self._in_flight.add(cancelled)
        self._idle.clear()
        try:
            start_by = asyncio.get_running_loop().time() + self._limits.seconds
            message = await self._read(read, start_by)
            return await self._work_on(message, start_by, end_by, cancelled)
        finally:
            cancelled.set()
            self._in_flight.discard(cancelled)
            if not self._in_flight:
                self._idle.set()

    async def wait_until_idle(self, within: float) -> bool:
        """Wait until no call is in flight, for so many seconds at most; tell whether that is so."""
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def cancel_all(self) -> None:
        """Cancel all calls in flight; each ends when it next checks its deadline."""
        for cancelled in tuple(self._in_flight):
            cancelled.set()

    def close(self) -> None:
        """Stop the idle threads."""
        self._pool.close()

    @property
    def in_flight(self) -> int:
        """How many calls have arrived and are not answered."""
        return len(self._in_flight)

    @property
    def busy_threads(self) -> int:
        """How many threads are working on a call."""
        return self._pool.busy_threads()

    @property
    def accepts_calls(self) -> bool:
        """Whether a call that arrives now will start soon: a thread is free, or the queue is short."""
        return self.busy_threads < self._limits.threads or self._pool.longest_wait() <= _SHORT_WAIT_SECONDS

    @property
    def stuck(self) -> bool:
        """Whether no thread will ever be free again: each has a call that will not end."""
        return self._pool.busy_threads(longer_than=self._limits.seconds + _STUCK_SECONDS) == self._limits.threads

    async def _read(self, read: Callable[[], Awaitable[bytes]], start_by: float) -> bytes:
        """Read a request once there is memory for it, and keep as much as it needs."""
        size = 0
        try:
            async with asyncio.timeout_at(start_by):
                await self._memory.acquire(self._limits.request_bytes)
                try:
                    message = await read()
                    size = len(message)
                finally:
                    self._memory.release(self._limits.request_bytes - size)
        except TimeoutError as error:
            raise self._busy() from error
        return message

    async def _work_on(self, message: bytes, start_by: float, end_by: float, cancelled: threading.Event) -> bytes:
        """Have a request answered on a thread."""
        owner = self._owner_of(message)

        def work() -> bytes:
            began = time.monotonic()
            remaining = min(self._limits.seconds, end_by - began)
            try:
                with deadline.within(math.floor(remaining) if remaining > 1 else round(remaining, 1), cancelled):
                    return self._answer(message)
            finally:
                if time.monotonic() - began > self._limits.seconds * _SLOW_SHARE:
                    self._slow[owner] = time.monotonic()

        loop = asyncio.get_running_loop()
        job = _Job(owner, len(message), work)
        if self._is_slow(owner) and self._reserved_by_owner[owner] + job.size > self._limits.request_bytes:
            self._memory.release(job.size)
            raise self._busy(job.owner)
        self._reserved_by_owner[job.owner] += job.size
        job.answer.add_done_callback(lambda _: self._on_done(loop, job))
        answer = asyncio.wrap_future(job.answer)
        self._pool.add(job)
        try:
            await asyncio.wait({answer}, timeout=start_by - loop.time())
            if not answer.done() and job.answer.cancel():
                raise self._busy(job.owner)
            return await answer
        finally:
            job.answer.cancel()  # when nobody waits for it any more and it has not started

    def _on_done(self, loop: asyncio.AbstractEventLoop, job: _Job) -> None:
        """Release what a call has reserved. Its thread may outlive the event loop."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._release, job)

    def _release(self, job: _Job) -> None:
        self._memory.release(job.size)
        self._reserved_by_owner[job.owner] -= job.size
        if not self._reserved_by_owner[job.owner]:
            del self._reserved_by_owner[job.owner]

    def _is_slow(self, owner: str) -> bool:
        """Tell whether an owner has recently been slow, and forget those that have not."""
        before = time.monotonic() - _SLOW_FOR_SECONDS
        for known, since in tuple(self._slow.items()):
            if since < before:
                self._slow.pop(known, None)
        return owner in self._slow

    def _busy(self, owner: str = "") -> CallRefusedError:
        whose = f"the calls of namespace {owner}" if owner else "calls"
        message = f"{whose} take all the threads or memory that they may have; ask again in a few seconds"
        return CallRefusedError("busy", message)


class WeightedSemaphore:
    """A semaphore of which several units can be acquired at once, first come first served, on one event loop."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def acquire(self, amount: int) -> None:
        """Wait until so many units are free, and take them."""
        if not self._waiting and amount <= self._free:
            self._free -= amount
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            self.release(0 if waiter.cancelled() else amount)
            raise

    def release(self, amount: int) -> None:
        """Give units back, and wake those who have waited longest."""
        self._free += amount
        while self._waiting:
            wanted, waiter = self._waiting[0]
            if not waiter.cancelled():
                if wanted > self._free:
                    return
                self._free -= wanted
                waiter.set_result(None)
            self._waiting.popleft()


class WorkerPool:
    """Daemon threads that owners take turns on."""

    def __init__(self, threads: int, max_per_owner: int, is_slow: Callable[[str], bool] = lambda _: False) -> None:
        """Start the threads.

        Args:
            threads: How many.
            max_per_owner: How many may work for one owner at once, and for all slow owners together.
            is_slow: Tells whether an owner is slow.
        """
        self._max_per_owner = max_per_owner
        self._is_slow = is_slow
        self._changed = threading.Condition()
        self._queues: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._busy: dict[_Job, float] = {}
        self._closed = False
        for number in range(threads):
            threading.Thread(target=self._serve, name=f"call-{number}", daemon=True).start()

    def add(self, job: _Job) -> None:
        """Queue a job."""
        with self._changed:
            self._queues.setdefault(job.owner, deque()).append(job)
            self._changed.notify()

    def close(self) -> None:
        """Accept no more jobs; threads end once they are idle."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def busy_threads(self, longer_than: float = -1) -> int:
        """How many threads have worked on one job for longer than so many seconds."""
        now = time.monotonic()
        with self._changed:
            return sum(now - since > longer_than for since in self._busy.values())

    def longest_wait(self) -> float:
        """How many seconds the oldest waiting job has waited; those of slow owners do not count."""
        now = time.monotonic()
        with self._changed:
            queues = [queue for owner, queue in self._queues.items() if not self._is_slow(owner)]
            waiting = [job.since for queue in queues for job in queue if not job.answer.cancelled()]
        return now - min(waiting, default=now)

    def _serve(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        """Run the next job, and keep no reference to it while waiting for another."""
        job = self._next()
        if job is None:
            return False
        try:
            job.answer.set_result(job.work())
        except BaseException as error:  # noqa: BLE001  # it is the caller's, whatever it is
            job.answer.set_exception(error)
        with self._changed:
            del self._busy[job]
            self._changed.notify_all()
        del job
        return True

    def _next(self) -> _Job | None:
        """Wait for the next job; None once the pool is closed."""
        with self._changed:
            while (job := self._take()) is None:
                if self._closed:
                    return None
                self._changed.wait()
            self._busy[job] = time.monotonic()
            return job

    def _take(self) -> _Job | None:
        """Take the first job of the first owner that may use another thread, and put that owner last."""
        taken = Counter(job.owner for job in self._busy)
        slow = sum(count for owner, count in taken.items() if self._is_slow(owner))
        for owner, queue in tuple(self._queues.items()):
            while queue and queue[0].answer.cancelled():
                queue.popleft()
            if (
                queue
                and taken[owner] < self._max_per_owner
                and (slow < self._max_per_owner or not self._is_slow(owner))
            ):
                job = queue.popleft()
                self._queues.move_to_end(owner)
                if job.answer.set_running_or_notify_cancel():
                    return job
            if not queue:
                del self._queues[owner]
        return None
