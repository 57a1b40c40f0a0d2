"""Calls on their way to an answer: what each may take of threads, memory and time."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from function import calls, deadline
from function.calls import CallLimits, CallRefusedError, Calls, WeightedSemaphore

HANG_SECONDS = 10
"""What hangs in a test hangs no longer."""


def owner_of(message: bytes) -> str:
    """The first word of a message is whose it is."""
    return message.split()[0].decode()


def read(message: bytes) -> Callable[[], Awaitable[bytes]]:
    async def received() -> bytes:
        return message

    return received


def new_calls(
    answer: Callable[[bytes], bytes], *, seconds: float = HANG_SECONDS, size: int = 100, threads: int = 4
) -> Calls:
    return Calls(CallLimits(seconds, size, threads), owner_of, answer)


async def eventually(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + HANG_SECONDS
    while not true():
        assert time.monotonic() < ends
        await asyncio.sleep(0.005)


def run(check: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(check, HANG_SECONDS * 3))


class Gate:
    """Answers that wait, each until it is let through, and that end when the call does."""

    def __init__(self) -> None:
        self.inside: list[bytes] = []
        self.ended: list[bytes] = []
        self._open: set[bytes] = set()

    def open(self, *messages: bytes) -> None:
        self._open.update(messages)

    def answer(self, message: bytes) -> bytes:
        self.inside.append(message)
        ends = time.monotonic() + HANG_SECONDS
        try:
            while message not in self._open and time.monotonic() < ends:
                deadline.check()
                time.sleep(0.002)
        finally:
            self.inside.remove(message)
            self.ended.append(message)
        return message.upper()


def test_a_call_is_answered_on_a_thread_that_does_not_hold_up_the_process() -> None:
    async def check() -> None:
        found: list[threading.Thread] = []

        def answer(message: bytes) -> bytes:
            found.append(threading.current_thread())
            return message

        assert await new_calls(answer).run(read(b"red 1"), None) == b"red 1"
        assert [thread.daemon for thread in found] == [True]

    run(check())


def test_an_error_of_the_answer_is_the_callers() -> None:
    def answer(_: bytes) -> bytes:
        raise KeyError("x")

    async def check() -> None:
        with pytest.raises(KeyError):
            await new_calls(answer).run(read(b"red"), None)

    run(check())


def test_the_calls_of_one_owner_have_half_of_the_threads_and_others_the_rest() -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer)
        red = [asyncio.create_task(running.run(read(f"red {n}".encode()), None)) for n in range(6)]
        await eventually(lambda: len(gate.inside) == 2)
        gate.open(b"blue")
        assert await running.run(read(b"blue"), None) == b"BLUE"
        assert sorted(gate.inside) == [b"red 0", b"red 1"]
        gate.open(*(f"red {n}".encode() for n in range(6)))
        assert await asyncio.gather(*red) == [f"RED {n}".encode() for n in range(6)]

    run(check())


def test_owners_who_were_slow_have_half_of_the_threads_together() -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer)
        running._slow.update(dict.fromkeys(("red", "blue"), time.monotonic()))
        slow = [f"{owner} {n}".encode() for owner in ("red", "blue") for n in range(2)]
        tasks = [asyncio.create_task(running.run(read(message), None)) for message in slow]
        await eventually(lambda: len(gate.inside) == 2)
        gate.open(b"green")
        assert await running.run(read(b"green"), None) == b"GREEN"
        assert len(gate.inside) == 2
        gate.open(*slow)
        assert sorted(await asyncio.gather(*tasks)) == sorted(message.upper() for message in slow)

    run(check())


def test_owners_take_turns_for_a_thread() -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer, threads=1)
        names = [b"red 1", b"red 2", b"red 3", b"blue 1", b"green 1"]
        waiting = [asyncio.create_task(running.run(read(name), None)) for name in names]
        await eventually(lambda: running.in_flight == 5 and len(gate.inside) == 1)
        gate.open(*names)
        await asyncio.gather(*waiting)
        assert gate.ended == [b"red 1", b"blue 1", b"green 1", b"red 2", b"red 3"]

    run(check())


def test_who_has_not_begun_in_as_long_as_a_call_may_work_is_refused_and_never_begins() -> None:
    async def check() -> None:
        stop = threading.Event()
        begun: list[bytes] = []

        def answer(message: bytes) -> bytes:
            begun.append(message)
            stop.wait(HANG_SECONDS)
            return message

        running = new_calls(answer, seconds=0.2, threads=1)
        first = asyncio.create_task(running.run(read(b"red 1"), None))
        await eventually(lambda: begun == [b"red 1"])
        with pytest.raises(CallRefusedError, match="the calls of namespace red take all the threads or memory"):
            await running.run(read(b"red 2"), None)
        stop.set()
        assert await first == b"red 1"
        assert await running.run(read(b"red 3"), None) == b"red 3"
        assert begun == [b"red 1", b"red 3"]

    run(check())


def test_a_call_ends_when_its_time_is_up() -> None:
    async def check() -> None:
        gate = Gate()
        with pytest.raises(deadline.CallEndedError, match=r"longer than 0\.1 s"):
            await new_calls(gate.answer, seconds=0.1).run(read(b"red"), None)
        assert not gate.inside

    run(check())


def test_a_call_ends_before_its_callers_patience_does() -> None:
    async def check() -> None:
        began = time.monotonic()
        with pytest.raises(deadline.CallEndedError, match="longer than"):
            await new_calls(Gate().answer).run(read(b"red"), 0.5)
        assert time.monotonic() - began < 0.5

    run(check())


def test_a_call_that_is_given_up_stops_working() -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer)
        task = asyncio.create_task(running.run(read(b"red"), None))
        await eventually(lambda: gate.inside == [b"red"])
        task.cancel()
        await eventually(lambda: gate.ended == [b"red"])
        await eventually(lambda: (running.in_flight, running.busy_threads) == (0, 0))

    run(check())


def test_a_call_that_is_given_up_while_it_waits_never_begins() -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer, threads=1)
        first = asyncio.create_task(running.run(read(b"red 1"), None))
        await eventually(lambda: gate.inside == [b"red 1"])
        second = asyncio.create_task(running.run(read(b"red 2"), None))
        await eventually(lambda: running.in_flight == 2)
        second.cancel()
        gate.open(b"red 1", b"blue")
        assert await first == b"RED 1"
        assert await running.run(read(b"blue"), None) == b"BLUE"
        assert gate.ended == [b"red 1", b"blue"]

    run(check())


def test_all_calls_end_when_they_are_told_to() -> None:
    async def check() -> None:
        running = new_calls(Gate().answer)
        tasks = [asyncio.create_task(running.run(read(name), None)) for name in (b"red", b"blue")]
        await eventually(lambda: running.busy_threads == 2)
        assert not await running.wait_until_idle(0.05)
        running.cancel_all()
        assert await running.wait_until_idle(HANG_SECONDS)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in found] == [deadline.CallEndedError] * 2

    run(check())


def test_a_request_is_not_read_while_those_in_memory_leave_no_room_for_the_largest() -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer, size=10)
        reading: list[int] = []

        async def reads() -> bytes:
            reading.append(1)
            return b"grey 67890"

        held = [asyncio.create_task(running.run(read(name), None)) for name in (b"red 567890", b"blue 67890")]
        await eventually(lambda: len(gate.inside) == 2)
        third = asyncio.create_task(running.run(reads, None))
        await asyncio.sleep(0.05)
        assert not reading
        gate.open(b"red 567890", b"blue 67890", b"grey 67890")
        assert await third == b"GREY 67890"
        await asyncio.gather(*held)

    run(check())


def test_the_calls_of_one_owner_may_have_all_of_the_memory_and_wait_for_it() -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer, size=10)
        names = [f"red {n}67".encode() for n in range(6)]
        waiting = [asyncio.create_task(running.run(read(name), None)) for name in names]
        await eventually(lambda: len(gate.inside) == 2)
        gate.open(*names)
        assert await asyncio.gather(*waiting) == [name.upper() for name in names]

    run(check())


def test_the_calls_of_an_owner_who_was_slow_have_half_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer, size=10)
        gate.open(b"red")
        await running.run(read(b"red"), None)
        first = asyncio.create_task(running.run(read(b"red 56"), None))
        await eventually(lambda: len(gate.inside) == 1)
        with pytest.raises(CallRefusedError, match="namespace red"):
            await running.run(read(b"red 78"), None)
        gate.open(b"red 56", b"blue 6", b"red 78")
        assert await running.run(read(b"blue 6"), None) == b"BLUE 6"
        await first
        await eventually(lambda: not running._reserved_by_owner)
        assert await running.run(read(b"red 78"), None) == b"RED 78"
        monkeypatch.setattr(calls, "_SLOW_FOR_SECONDS", 0)
        assert not running._is_slow("red")

    monkeypatch.setattr(calls, "_SLOW_SHARE", 0)
    run(check())


def test_a_request_that_never_comes_is_refused_and_releases_its_memory() -> None:
    async def check() -> None:
        running = new_calls(lambda message: message, seconds=0.1)

        async def never() -> bytes:
            await asyncio.sleep(HANG_SECONDS)
            return b""

        slow = [running.run(never, None) for _ in range(4)]
        assert [type(error) for error in await asyncio.gather(*slow, return_exceptions=True)] == [CallRefusedError] * 4
        assert await running.run(read(b"red"), None) == b"red"

    run(check())


def test_there_is_a_thread_while_one_is_free_or_nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        gate = Gate()
        running = new_calls(gate.answer, threads=2)
        names = [b"red", b"blue", b"green"]
        waiting = [asyncio.create_task(running.run(read(name), None)) for name in names[:2]]
        await eventually(lambda: running.busy_threads == 2)
        assert running.accepts_calls
        waiting.append(asyncio.create_task(running.run(read(names[2]), None)))
        await eventually(lambda: not running.accepts_calls)
        gate.open(*names)
        await asyncio.gather(*waiting)
        await eventually(lambda: running.accepts_calls)

    monkeypatch.setattr(calls, "_SHORT_WAIT_SECONDS", 0.2)
    run(check())


def test_threads_are_stuck_when_each_is_at_a_call_whose_time_is_long_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        stop = threading.Event()

        def never_asks(message: bytes) -> bytes:
            stop.wait(HANG_SECONDS)
            return message

        running = new_calls(never_asks, seconds=0.1, threads=2)
        first = asyncio.create_task(running.run(read(b"red"), None))
        await asyncio.sleep(0.3)
        assert not running.stuck
        second = asyncio.create_task(running.run(read(b"blue"), None))
        await eventually(lambda: running.busy_threads == 2)
        assert not running.stuck
        await eventually(lambda: running.stuck)
        stop.set()
        await asyncio.gather(first, second)
        await eventually(lambda: not running.stuck)

    monkeypatch.setattr(calls, "_STUCK_SECONDS", 0.1)
    run(check())


def test_memory_is_reserved_in_the_order_in_which_it_is_asked_for() -> None:
    async def check() -> None:
        memory, found = WeightedSemaphore(2), []

        async def take(name: str) -> None:
            await memory.acquire(2)
            found.append(name)
            memory.release(2)

        await memory.acquire(2)
        tasks = [asyncio.create_task(take(name)) for name in "abcd"]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
        await asyncio.sleep(0)
        memory.release(2)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert found == ["b", "d"]
        await memory.acquire(2)

    run(check())


def test_memory_that_is_reserved_for_a_call_that_has_just_gone_is_passed_on() -> None:
    async def check() -> None:
        memory = WeightedSemaphore(1)
        await memory.acquire(1)
        gone, next_one = asyncio.create_task(memory.acquire(1)), asyncio.create_task(memory.acquire(1))
        await asyncio.sleep(0)
        memory.release(1)
        gone.cancel()
        await next_one

    run(check())
