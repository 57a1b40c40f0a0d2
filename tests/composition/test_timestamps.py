"""Moments are written as Kubernetes writes them, and read whatever somebody wrote."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition.timestamps import text_of, time_of


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001  # hypothesis wants it so
@settings(deadline=None)
def test_a_time_is_written_so_that_it_can_be_read(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    assert time_of(text_of(moment.replace(tzinfo=UTC))) == whole
    assert time_of(text_of(whole).removesuffix("Z")) == whole


@given(st.text(max_size=40) | st.datetimes(timezones=st.timezones()).map(str))
@settings(deadline=None)
def test_reading_a_time_never_raises(text: str) -> None:
    found = time_of(text)
    assert found is None or found.utcoffset() == timedelta()


def test_a_time_that_is_read_can_be_followed_by_a_deadline() -> None:
    assert time_of("9999-12-31T23:59:59Z") is None
    latest = time_of("9998-12-31T23:59:59Z")
    assert latest is not None
    assert latest + timedelta(days=7) > latest
