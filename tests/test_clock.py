"""A server goes by the control plane's time when its own clock is ahead of it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.clock import ControlPlaneClock
from function.composition import Manifest, Observation, timestamps
from tests.support.observe import NOW

START = NOW - timedelta(hours=9)


class Machine:
    """A server on a machine, of which the time can be set and the seconds since it started cannot."""

    def __init__(self) -> None:
        self.passed = 1000.0
        self.clock = ControlPlaneClock(lambda: self.passed)

    def answer_time(self, own: datetime, *written: datetime | str) -> datetime:
        """The time by which it answers a request about an object that was written at these times."""
        return self.clock.of(Observation(written_object(*written), own))

    def wait(self, seconds: float) -> None:
        self.passed += seconds


def written_object(*written: datetime | str) -> Manifest:
    times = [time if isinstance(time, str) else timestamps.text_of(time) for time in written]
    return {"metadata": {"managedFields": [{"time": time} for time in times]}}


def after(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_clock_that_is_ahead_goes_by_what_was_written_last_and_what_has_passed_since() -> None:
    server = Machine()
    assert server.answer_time(after(3600), START, NOW) == NOW
    server.wait(89.9)
    assert server.answer_time(after(3689), START) == after(89)


def test_a_clock_that_is_behind_goes_by_itself() -> None:
    server = Machine()
    assert server.answer_time(after(-60), NOW) == after(-60)


def test_a_clock_that_jumps_is_not_followed_forwards_and_is_right_again_when_it_is_back() -> None:
    server = Machine()
    assert server.answer_time(NOW, NOW) == NOW
    server.wait(30)
    assert server.answer_time(after(3630), NOW) == after(30)
    server.wait(30)
    assert server.answer_time(after(60), NOW) == after(60)


def test_whatever_is_written_later_brings_a_server_closer_to_the_time() -> None:
    server = Machine()
    assert server.answer_time(after(60), START) == START
    assert server.answer_time(after(60), NOW) == NOW
    assert server.answer_time(after(60), START) == NOW


def test_children_count_as_the_composite_does() -> None:
    clock = ControlPlaneClock(lambda: 0.0)
    children = {"a": written_object(NOW), "b": written_object(START), "c": {}}
    assert clock.of(Observation(written_object(START), after(60), children)) == NOW


@pytest.mark.parametrize("written", [(), ("soon",), ("",), ("9999-12-31T23:59:59Z",)])
def test_without_a_time_that_was_written_a_server_goes_by_its_own(written: tuple[str, ...]) -> None:
    assert Machine().answer_time(NOW, *written) == NOW


def test_a_time_that_somebody_made_up_makes_no_clock_later_than_it_is() -> None:
    server = Machine()
    assert server.answer_time(NOW, "2999-01-01T00:00:00Z") == NOW


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(-100_000, 100_000), st.integers(0, 600)), min_size=1))
def test_no_server_is_ever_ahead_of_the_control_plane_or_of_itself(questions: list[tuple[int, int, int]]) -> None:
    server, true = Machine(), NOW
    for waits, ahead, age in questions:
        server.wait(waits)
        true += timedelta(seconds=waits)
        own = true + timedelta(seconds=ahead)
        assert server.answer_time(own, true - timedelta(seconds=age)) <= min(own, true)
