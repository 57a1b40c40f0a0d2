"""Small pieces of wording that reasons share."""

from __future__ import annotations

from typing import Final

_FEW: Final = 3


def plural(count: int, noun: str) -> str:
    """Say how many of something, e.g. `1 device` or `3 devices`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def few(keys: tuple[str, ...]) -> str:
    """List the first few of what may be many."""
    more = f" and {len(keys) - _FEW} more" if len(keys) > _FEW else ""
    return ", ".join(keys[:_FEW]) + more


def label_selector(labels: tuple[tuple[str, str], ...]) -> str:
    """Write labels as kubectl's selectors do."""
    return ",".join(f"{key}={value}" for key, value in labels)


def for_engine(engine: str) -> str:
    """Name an engine after what it needs; nothing when the deployment has only one."""
    return f" for engine {engine}" if engine else ""


def of_engine(engine: str) -> str:
    """Name the engine that a device request belongs to; nothing when the deployment has only one."""
    return f" of engine {engine}" if engine else ""
