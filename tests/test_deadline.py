"""What ends a call."""

from __future__ import annotations

import threading

import pytest

from function import deadline


def test_outside_of_a_call_nothing_ends() -> None:
    deadline.check()


def test_a_call_within_its_time_goes_on() -> None:
    with deadline.within(60):
        deadline.check()


def test_a_call_over_its_time_ends_and_says_how_long_it_had() -> None:
    with deadline.within(-1), pytest.raises(deadline.CallEndedError, match="longer than -1 s"):
        deadline.check()


def test_a_cancelled_call_ends() -> None:
    cancelled = threading.Event()
    with deadline.within(60, cancelled):
        cancelled.set()
        with pytest.raises(deadline.CallEndedError, match="cancelled"):
            deadline.check()


def test_what_follows_a_call_is_not_bounded_by_it() -> None:
    with deadline.within(-1):
        pass
    deadline.check()
