"""Builders of observations, and one call of a composer on them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from function.composition import Composer, Composition, Draft, Manifest, Observation

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def observation(
    composite: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]] | None = None,
    required: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    now: datetime = NOW,
) -> Observation:
    found = {key: tuple(objects) for key, objects in (required or {}).items()}
    return Observation(composite=composite, now=now, children=children or {}, required=found)


def answer(
    composer: Composer,
    composite: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]] | None = None,
    required: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    now: datetime = NOW,
) -> Composition:
    return composer.compose(Draft(observation(composite, children, required, now), composer.vocabulary))


def with_condition(
    obj: Mapping[str, Any], kind: str, status: str = "True", reason: str = "", message: str = ""
) -> Manifest:
    """The object with a condition in its status, in place of one of that type."""
    status_block = dict(obj.get("status", {}))
    found = {"type": kind, "status": status, "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": reason or kind}
    if message:
        found["message"] = message
    others = [condition for condition in status_block.get("conditions", []) if condition["type"] != kind]
    status_block["conditions"] = [*others, found]
    return {**obj, "status": status_block}


def ready(obj: Mapping[str, Any]) -> Manifest:
    """The object, observed synced and ready."""
    return with_condition(with_condition(obj, "Synced"), "Ready", reason="Available")


def reasons(answered: Composition) -> dict[str, str]:
    """The answer's conditions, as type to status/reason."""
    return {c.type: f"{c.status.value}/{c.reason}" for c in answered.conditions}
