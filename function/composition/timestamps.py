"""Moments as Kubernetes writes them: RFC 3339, in UTC and whole seconds."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, datetime


def text_of(moment: datetime) -> str:
    """Write a moment."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text: str) -> datetime | None:
    """Read a moment, in UTC; None when it is not one, or is one that no deadline can follow."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year < MAXYEAR else None
