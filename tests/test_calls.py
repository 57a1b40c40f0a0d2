"""Calls on their way to an answer: what each may take of threads, memory and time."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from function import calls, deadline
from function.calls import Bounds, Calls, RefusedError, Room

HANG_SECONDS = 10
"""What hangs in a test hangs no longer."""


def owner_of(message: bytes) -> str:
    """The first word of a message is whose it is."""
    return message.split()[0].decode()


def read(message: bytes) -> Callable[[], Awaitable[bytes]]:
    async def received() -> bytes:
        return message

    return received


def started(
    answer: Callable[[bytes], bytes], *, seconds: float = HANG_SECONDS, size: int = 100, threads: int = 4
) -> Calls:
    return Calls(Bounds(seconds, size, threads), owner_of, answer)


async def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + HANG_SECONDS
    while not true():
        assert time.monotonic() < ends
        await asyncio.sleep(0.005)


def run(check: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(check, HANG_SECONDS * 3))


class Doors:
    """Answers that wait, each until it is let through, and that end when the call does."""

    def __init__(self) -> None:
        self.inside: list[bytes] = []
        self.ended: list[bytes] = []
        self._open: set[bytes] = set()

    def let(self, *messages: bytes) -> None:
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

        assert await started(answer).run(read(b"red 1"), None) == b"red 1"
        assert [thread.daemon for thread in found] == [True]

    run(check())


def test_an_error_of_the_answer_is_the_callers() -> None:
    def answer(_: bytes) -> bytes:
        raise KeyError("x")

    async def check() -> None:
        with pytest.raises(KeyError):
            await started(answer).run(read(b"red"), None)

    run(check())


def test_the_calls_of_one_owner_have_half_of_the_threads_and_others_the_rest() -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer)
        red = [asyncio.create_task(under_way.run(read(f"red {n}".encode()), None)) for n in range(6)]
        await until(lambda: len(doors.inside) == 2)
        doors.let(b"blue")
        assert await under_way.run(read(b"blue"), None) == b"BLUE"
        assert sorted(doors.inside) == [b"red 0", b"red 1"]
        doors.let(*(f"red {n}".encode() for n in range(6)))
        assert await asyncio.gather(*red) == [f"RED {n}".encode() for n in range(6)]

    run(check())


def test_owners_who_were_slow_have_half_of_the_threads_together() -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer)
        under_way._slow.update(dict.fromkeys(("red", "blue"), time.monotonic()))
        slow = [f"{owner} {n}".encode() for owner in ("red", "blue") for n in range(2)]
        tasks = [asyncio.create_task(under_way.run(read(message), None)) for message in slow]
        await until(lambda: len(doors.inside) == 2)
        doors.let(b"green")
        assert await under_way.run(read(b"green"), None) == b"GREEN"
        assert len(doors.inside) == 2
        doors.let(*slow)
        assert sorted(await asyncio.gather(*tasks)) == sorted(message.upper() for message in slow)

    run(check())


def test_owners_take_turns_for_a_thread() -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer, threads=1)
        names = [b"red 1", b"red 2", b"red 3", b"blue 1", b"green 1"]
        waiting = [asyncio.create_task(under_way.run(read(name), None)) for name in names]
        await until(lambda: under_way.going == 5 and len(doors.inside) == 1)
        doors.let(*names)
        await asyncio.gather(*waiting)
        assert doors.ended == [b"red 1", b"blue 1", b"green 1", b"red 2", b"red 3"]

    run(check())


def test_who_has_not_begun_in_as_long_as_a_call_may_work_is_refused_and_never_begins() -> None:
    async def check() -> None:
        stop = threading.Event()
        begun: list[bytes] = []

        def answer(message: bytes) -> bytes:
            begun.append(message)
            stop.wait(HANG_SECONDS)
            return message

        under_way = started(answer, seconds=0.2, threads=1)
        first = asyncio.create_task(under_way.run(read(b"red 1"), None))
        await until(lambda: begun == [b"red 1"])
        with pytest.raises(RefusedError, match="the calls of namespace red take all the threads or memory"):
            await under_way.run(read(b"red 2"), None)
        stop.set()
        assert await first == b"red 1"
        assert await under_way.run(read(b"red 3"), None) == b"red 3"
        assert begun == [b"red 1", b"red 3"]

    run(check())


def test_a_call_ends_when_its_time_is_up() -> None:
    async def check() -> None:
        doors = Doors()
        with pytest.raises(deadline.CallEndedError, match=r"longer than 0\.1 s"):
            await started(doors.answer, seconds=0.1).run(read(b"red"), None)
        assert not doors.inside

    run(check())


def test_a_call_ends_before_its_callers_patience_does() -> None:
    async def check() -> None:
        began = time.monotonic()
        with pytest.raises(deadline.CallEndedError, match="longer than"):
            await started(Doors().answer).run(read(b"red"), 0.5)
        assert time.monotonic() - began < 0.5

    run(check())


def test_a_call_that_is_given_up_stops_working() -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer)
        task = asyncio.create_task(under_way.run(read(b"red"), None))
        await until(lambda: doors.inside == [b"red"])
        task.cancel()
        await until(lambda: doors.ended == [b"red"])
        await until(lambda: (under_way.going, under_way.working) == (0, 0))

    run(check())


def test_a_call_that_is_given_up_while_it_waits_never_begins() -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer, threads=1)
        first = asyncio.create_task(under_way.run(read(b"red 1"), None))
        await until(lambda: doors.inside == [b"red 1"])
        second = asyncio.create_task(under_way.run(read(b"red 2"), None))
        await until(lambda: under_way.going == 2)
        second.cancel()
        doors.let(b"red 1", b"blue")
        assert await first == b"RED 1"
        assert await under_way.run(read(b"blue"), None) == b"BLUE"
        assert doors.ended == [b"red 1", b"blue"]

    run(check())


def test_all_calls_end_when_they_are_told_to() -> None:
    async def check() -> None:
        under_way = started(Doors().answer)
        tasks = [asyncio.create_task(under_way.run(read(name), None)) for name in (b"red", b"blue")]
        await until(lambda: under_way.working == 2)
        assert not await under_way.idle(0.05)
        under_way.end()
        assert await under_way.idle(HANG_SECONDS)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in found] == [deadline.CallEndedError] * 2

    run(check())


def test_a_request_is_not_read_while_those_in_memory_leave_no_room_for_the_largest() -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer, size=10)
        reading: list[int] = []

        async def reads() -> bytes:
            reading.append(1)
            return b"grey 67890"

        held = [asyncio.create_task(under_way.run(read(name), None)) for name in (b"red 567890", b"blue 67890")]
        await until(lambda: len(doors.inside) == 2)
        third = asyncio.create_task(under_way.run(reads, None))
        await asyncio.sleep(0.05)
        assert not reading
        doors.let(b"red 567890", b"blue 67890", b"grey 67890")
        assert await third == b"GREY 67890"
        await asyncio.gather(*held)

    run(check())


def test_the_calls_of_one_owner_may_have_all_of_the_memory_and_wait_for_it() -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer, size=10)
        names = [f"red {n}67".encode() for n in range(6)]
        waiting = [asyncio.create_task(under_way.run(read(name), None)) for name in names]
        await until(lambda: len(doors.inside) == 2)
        doors.let(*names)
        assert await asyncio.gather(*waiting) == [name.upper() for name in names]

    run(check())


def test_the_calls_of_an_owner_who_was_slow_have_half_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer, size=10)
        doors.let(b"red")
        await under_way.run(read(b"red"), None)
        first = asyncio.create_task(under_way.run(read(b"red 56"), None))
        await until(lambda: len(doors.inside) == 1)
        with pytest.raises(RefusedError, match="namespace red"):
            await under_way.run(read(b"red 78"), None)
        doors.let(b"red 56", b"blue 6", b"red 78")
        assert await under_way.run(read(b"blue 6"), None) == b"BLUE 6"
        await first
        await until(lambda: not under_way._held)
        assert await under_way.run(read(b"red 78"), None) == b"RED 78"
        monkeypatch.setattr(calls, "_SLOW_FOR_SECONDS", 0)
        assert not under_way._is_slow("red")

    monkeypatch.setattr(calls, "_SLOW_SHARE", 0)
    run(check())


def test_a_request_that_never_comes_is_refused_and_leaves_its_room() -> None:
    async def check() -> None:
        under_way = started(lambda message: message, seconds=0.1)

        async def never() -> bytes:
            await asyncio.sleep(HANG_SECONDS)
            return b""

        slow = [under_way.run(never, None) for _ in range(4)]
        assert [type(error) for error in await asyncio.gather(*slow, return_exceptions=True)] == [RefusedError] * 4
        assert await under_way.run(read(b"red"), None) == b"red"

    run(check())


def test_there_is_a_thread_while_one_is_free_or_nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        doors = Doors()
        under_way = started(doors.answer, threads=2)
        names = [b"red", b"blue", b"green"]
        waiting = [asyncio.create_task(under_way.run(read(name), None)) for name in names[:2]]
        await until(lambda: under_way.working == 2)
        assert under_way.has_a_thread
        waiting.append(asyncio.create_task(under_way.run(read(names[2]), None)))
        await until(lambda: not under_way.has_a_thread)
        doors.let(*names)
        await asyncio.gather(*waiting)
        await until(lambda: under_way.has_a_thread)

    monkeypatch.setattr(calls, "_SHORT_WAIT_SECONDS", 0.2)
    run(check())


def test_threads_are_stuck_when_each_is_at_a_call_whose_time_is_long_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        stop = threading.Event()

        def never_asks(message: bytes) -> bytes:
            stop.wait(HANG_SECONDS)
            return message

        under_way = started(never_asks, seconds=0.1, threads=2)
        first = asyncio.create_task(under_way.run(read(b"red"), None))
        await asyncio.sleep(0.3)
        assert not under_way.stuck
        second = asyncio.create_task(under_way.run(read(b"blue"), None))
        await until(lambda: under_way.working == 2)
        assert not under_way.stuck
        await until(lambda: under_way.stuck)
        stop.set()
        await asyncio.gather(first, second)
        await until(lambda: not under_way.stuck)

    monkeypatch.setattr(calls, "_STUCK_SECONDS", 0.1)
    run(check())


def test_room_is_taken_in_the_order_in_which_it_is_asked_for() -> None:
    async def check() -> None:
        room, found = Room(2), []

        async def take(name: str) -> None:
            await room.take(2)
            found.append(name)
            room.give(2)

        await room.take(2)
        tasks = [asyncio.create_task(take(name)) for name in "abcd"]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
        await asyncio.sleep(0)
        room.give(2)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert found == ["b", "d"]
        await room.take(2)

    run(check())


def test_room_that_is_given_to_who_has_just_gone_is_given_on() -> None:
    async def check() -> None:
        room = Room(1)
        await room.take(1)
        cancelled, next_call = asyncio.create_task(room.take(1)), asyncio.create_task(room.take(1))
        await asyncio.sleep(0)
        room.give(1)
        cancelled.cancel()
        await next_call

    run(check())
