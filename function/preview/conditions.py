"""Conditions as Crossplane and as Kubernetes' own controllers keep them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from function.composition import Manifest, Object, unstructured
from function.preview.store import timestamp

SYSTEM = frozenset({"Ready", "Synced", "Healthy", "UpToDate", "Responsive"})
"""Types that belong to Crossplane; a function's answer cannot set them."""


def condition(kind: str, status: str, reason: str, message: str = "", *, generation: int = 0) -> Manifest:
    """Build a condition without its time."""
    result: Manifest = {"type": kind, "status": status, "reason": reason}
    if message:
        result["message"] = message
    if generation:
        result["observedGeneration"] = generation
    return result


def set_crossplane_conditions(existing: Iterable[Object], conditions: Sequence[Object], now: datetime) -> list[Any]:
    """Set conditions as Crossplane does: one that says anything else gets a new time.

    A generation that only one of two conditions carries is not compared.
    """
    return _merge_conditions(existing, conditions, now, _is_same)


def set_kubernetes_conditions(existing: Iterable[Object], conditions: Sequence[Object], now: datetime) -> list[Any]:
    """Set conditions as Kubernetes' own controllers do: the time is that of the last change of status."""
    return _merge_conditions(existing, conditions, now, lambda old, new: old.get("status") == new.get("status"))


def _merge_conditions(
    existing: Iterable[Object], conditions: Sequence[Object], now: datetime, keeps_time: Any
) -> list[Any]:
    result = {unstructured.text(old, "type"): dict(old) for old in existing}
    for new in conditions:
        old = result.get(new["type"])
        if old is not None and keeps_time is _is_same and _is_same(old, new):
            continue
        since = old["lastTransitionTime"] if old is not None and keeps_time(old, new) else timestamp(now)
        result[new["type"]] = {**new, "lastTransitionTime": since}
    return list(result.values())


def _is_same(old: Object, new: Object) -> bool:
    if any(old.get(key) != new.get(key) for key in ("status", "reason", "message")):
        return False
    generations = (old.get("observedGeneration"), new.get("observedGeneration"))
    return not all(generations) or generations[0] == generations[1]
