"""The way of a call to its answer: bounded in memory, in waiting and in time, and shared fairly.

Answers are worked out by Python, one at a time however many threads there are, so threads are few and
exist for fairness alone. What a call goes through, in this order:

1. Room for its request. A request's size is known only once it is read, so room for the largest is
   taken before and what was too much is given back after. What has no room is not read.
2. A thread. Calls of one owner (the namespace of what is composed; the cluster's own objects are one
   more) have half of the threads at most. Owners who have lately been slow have that half together, and
   each of them half of the room. Owners take turns, and who has not begun after as long as a call may
   work is refused. So nobody's slow calls take everything, and nobody waits for ever; whoever calls asks
   again.
3. Its time. `deadline.within` bounds the work by what is allowed and by what the caller's patience
   leaves, and ends it when the caller has gone.

The threads are ours and daemons: one that never ends holds up neither the others nor the end of the process.
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
"""How much of the caller's time the work may take; the rest brings the answer, which says so, back to it."""

_SHORT_WAIT_SECONDS: Final = 5
"""Who has waited no longer than this for a thread is in a short queue."""

_SLOW_SHARE: Final = 0.5
"""A call is slow that works for longer than this share of what it may."""

_SLOW_FOR_SECONDS: Final = 300
"""How long an owner is known for a slow call."""

_STUCK_SECONDS: Final = 30
"""A call that works so much longer than it may does not ask for the time, and will not end."""


class RefusedError(Exception):
    """A call is not begun; the message says why. Whoever calls may ask again.

    Attributes:
        cause: The same in a word.
    """

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Bounds:
    """What calls may take together.

    Attributes:
        seconds: How long one may work, and how long it may wait before it begins.
        request_bytes: The largest request; all that are read and not answered have twice as much.
        threads: How many are worked on at once.
    """

    seconds: float
    request_bytes: int
    threads: int

    @property
    def threads_of_one(self) -> int:
        """How many threads the calls of one owner may have."""
        return max(1, self.threads // 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    owner: str
    size: int
    work: Callable[[], bytes]
    answer: Future[bytes] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Calls:
    """All calls that there are."""

    def __init__(self, bounds: Bounds, owner_of: Callable[[bytes], str], answer: Callable[[bytes], bytes]) -> None:
        """Start the threads.

        Args:
            bounds: What calls may take.
            owner_of: Tells at once whose a request is.
            answer: Works out the answer to a request, on one of the threads.
        """
        self._bounds = bounds
        self._owner_of = owner_of
        self._answer = answer
        self._room = Room(2 * bounds.request_bytes)
        self._slow: dict[str, float] = {}
        self._workers = Workers(bounds.threads, bounds.threads_of_one, self._is_slow)
        self._held: Counter[str] = Counter()
        self._going: set[threading.Event] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, read: Callable[[], Awaitable[bytes]], left: float | None) -> bytes:
        """Answer one call.

        Args:
            read: Receives the request. It is given up when that takes too long.
            left: How many seconds the caller will wait; None for ever.

        Raises:
            RefusedError: The call cannot begin.
        """
        ends = time.monotonic() + (left * _ANSWER_SHARE if left is not None else float("inf"))
        cancelled = threading.Event()
        self._going.add(cancelled)
        self._idle.clear()
        try:
            begins = asyncio.get_running_loop().time() + self._bounds.seconds
            message = await self._received(read, begins)
            return await self._worked(message, begins, ends, cancelled)
        finally:
            cancelled.set()
            self._going.discard(cancelled)
            if not self._going:
                self._idle.set()

    async def idle(self, within: float) -> bool:
        """Wait for so many seconds until nothing is under way, and tell whether that is so."""
        try:
            async with asyncio.timeout(within):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def end(self) -> None:
        """End all that are worked on, as soon as they ask for the time."""
        for cancelled in tuple(self._going):
            cancelled.set()

    def close(self) -> None:
        """Let the threads go that have nothing to do."""
        self._workers.close()

    @property
    def going(self) -> int:
        """How many calls have come and are not answered."""
        return len(self._going)

    @property
    def working(self) -> int:
        """How many threads are at work."""
        return self._workers.working()

    @property
    def has_a_thread(self) -> bool:
        """Whether a call that comes now will be begun soon: a thread is free, or the queue is short."""
        return self.working < self._bounds.threads or self._workers.waited() <= _SHORT_WAIT_SECONDS

    @property
    def stuck(self) -> bool:
        """Whether no thread will ever be free again: each has a call that does not end though its time is long up."""
        return self._workers.working(longer_than=self._bounds.seconds + _STUCK_SECONDS) == self._bounds.threads

    async def _received(self, read: Callable[[], Awaitable[bytes]], begins: float) -> bytes:
        """Read a request once there is room, of which it keeps as much as it needs."""
        size = 0
        try:
            async with asyncio.timeout_at(begins):
                await self._room.take(self._bounds.request_bytes)
                try:
                    message = await read()
                    size = len(message)
                finally:
                    self._room.give(self._bounds.request_bytes - size)
        except TimeoutError as error:
            raise self._busy() from error
        return message

    async def _worked(self, message: bytes, begins: float, ends: float, cancelled: threading.Event) -> bytes:
        """Have a request answered on a thread."""
        owner = self._owner_of(message)

        def work() -> bytes:
            began = time.monotonic()
            left = min(self._bounds.seconds, ends - began)
            try:
                with deadline.within(math.floor(left) if left > 1 else round(left, 1), cancelled):
                    return self._answer(message)
            finally:
                if time.monotonic() - began > self._bounds.seconds * _SLOW_SHARE:
                    self._slow[owner] = time.monotonic()

        loop = asyncio.get_running_loop()
        job = _Job(owner, len(message), work)
        if self._is_slow(owner) and self._held[owner] + job.size > self._bounds.request_bytes:
            self._room.give(job.size)
            raise self._busy(job.owner)
        self._held[job.owner] += job.size
        job.answer.add_done_callback(lambda _: self._on(loop, job))
        answer = asyncio.wrap_future(job.answer)
        self._workers.add(job)
        try:
            await asyncio.wait({answer}, timeout=begins - loop.time())
            if not answer.done() and job.answer.cancel():
                raise self._busy(job.owner)
            return await answer
        finally:
            job.answer.cancel()  # when nobody waits for it any more and it is not begun

    def _on(self, loop: asyncio.AbstractEventLoop, job: _Job) -> None:
        """Give back what a call held. Its thread may find that the server is no more."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._left, job)

    def _left(self, job: _Job) -> None:
        self._room.give(job.size)
        self._held[job.owner] -= job.size
        if not self._held[job.owner]:
            del self._held[job.owner]

    def _is_slow(self, owner: str) -> bool:
        """Tell whether an owner has lately been slow, and forget who has not."""
        before = time.monotonic() - _SLOW_FOR_SECONDS
        for known, since in tuple(self._slow.items()):
            if since < before:
                self._slow.pop(known, None)
        return owner in self._slow

    def _busy(self, owner: str = "") -> RefusedError:
        whose = f"the calls of namespace {owner}" if owner else "calls"
        message = f"{whose} take all the threads or memory that they may have; ask again in a few seconds"
        return RefusedError("busy", message)


class Room:
    """An amount of something that is taken and given back on one event loop, first come first served."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, amount: int) -> None:
        """Wait until there is so much, and take it."""
        if not self._waiting and amount <= self._free:
            self._free -= amount
            return
        ticket = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, ticket))
        try:
            await ticket
        except asyncio.CancelledError:
            self.give(0 if ticket.cancelled() else amount)
            raise

    def give(self, amount: int) -> None:
        """Give back so much, and let in whoever has waited longest."""
        self._free += amount
        while self._waiting:
            wanted, ticket = self._waiting[0]
            if not ticket.cancelled():
                if wanted > self._free:
                    return
                self._free -= wanted
                ticket.set_result(None)
            self._waiting.popleft()


class Workers:
    """Daemon threads, for which owners take turns."""

    def __init__(self, threads: int, of_one: int, is_slow: Callable[[str], bool] = lambda _: False) -> None:
        """Start the threads.

        Args:
            threads: How many.
            of_one: How many may work for one owner at once, and for all slow ones together.
            is_slow: Tells whether an owner is one.
        """
        self._of_one = of_one
        self._is_slow = is_slow
        self._changed = threading.Condition()
        self._queues: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._busy: dict[_Job, float] = {}
        self._closed = False
        for number in range(threads):
            threading.Thread(target=self._serve, name=f"call-{number}", daemon=True).start()

    def add(self, job: _Job) -> None:
        """Have a job done when it is its turn."""
        with self._changed:
            self._queues.setdefault(job.owner, deque()).append(job)
            self._changed.notify()

    def close(self) -> None:
        """Take no more jobs; threads end when they have nothing to do."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def working(self, longer_than: float = -1) -> int:
        """How many threads have been at one job for longer than so many seconds."""
        now = time.monotonic()
        with self._changed:
            return sum(now - since > longer_than for since in self._busy.values())

    def waited(self) -> float:
        """How long the job has waited that has waited longest, in seconds; those of slow owners wait for each other."""
        now = time.monotonic()
        with self._changed:
            queues = [queue for owner, queue in self._queues.items() if not self._is_slow(owner)]
            waiting = [job.since for queue in queues for job in queue if not job.answer.cancelled()]
        return now - min(waiting, default=now)

    def _serve(self) -> None:
        while self._do_one():
            pass

    def _do_one(self) -> bool:
        """Do the next job, of which nothing is left in a variable while there is no other."""
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
        """Wait for a job whose turn it is; None when there will be none."""
        with self._changed:
            while (job := self._take()) is None:
                if self._closed:
                    return None
                self._changed.wait()
            self._busy[job] = time.monotonic()
            return job

    def _take(self) -> _Job | None:
        """Take the first job of the first owner who may have another thread, who then is the last."""
        taken = Counter(job.owner for job in self._busy)
        slow = sum(count for owner, count in taken.items() if self._is_slow(owner))
        for owner, queue in tuple(self._queues.items()):
            while queue and queue[0].answer.cancelled():
                queue.popleft()
            if queue and taken[owner] < self._of_one and (slow < self._of_one or not self._is_slow(owner)):
                job = queue.popleft()
                self._queues.move_to_end(owner)
                if job.answer.set_running_or_notify_cancel():
                    return job
            if not queue:
                del self._queues[owner]
        return None
