"""How far replicas run what a deployment asks for now, in words and in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.composition import Manifest, unstructured
from function.deployment.own_replicas import OwnReplica
from function.deployment.state import DeploymentState
from function.scheduling import RolloutProgress

_LISTED: Final = 5


def progress(state: DeploymentState) -> tuple[str, str]:
    """The reason and the message of the condition Progressing."""
    desired, plan = state.desired, state.plan
    own = [*state.kept, *(state.own[replica] for replica, _ in plan.deletions)]
    old = [replica for replica in own if replica.replica.revision != desired.revision]
    new = [replica for replica in own if replica.replica.revision == desired.revision]
    running = len(new) + len(plan.placed)
    serving = sum(replica.serves is True for replica in new)
    counted = f"{running} of {desired.replicas} replicas run revision {desired.revision}, {serving} of them serve"
    reason = plan.progress.value
    match plan.progress:
        case RolloutProgress.COMPLETE:
            return reason, f"{state.scheduled} of {state.scheduled} replicas run revision {desired.revision}"
        case RolloutProgress.DEADLINE_EXCEEDED:
            seconds = int(desired.deadline.total_seconds())
            failures = listing(map(_failure_message, new), "; ")
            return reason, f"{counted}; none has served within {seconds} s: {failures}{_stay(old)}"
        case RolloutProgress.NO_ROOM_TO_SURGE:
            why = plan.diagnosis.message(state.scheduled, desired.replicas).partition(", ")[2]
            least = desired.replicas - desired.request.rollout.max_unavailable
            return reason, f"{counted}{_stay(old)}, since at least {least} have to serve; no room for another: {why}"
        case _:
            return reason, f"{counted}{_stay(old)}"


def counts(state: DeploymentState) -> list[Manifest]:
    """How many replicas run and serve each revision, by its name."""
    found: dict[str, Manifest] = {}
    for kept in state.kept:
        entry = found.setdefault(kept.replica.revision, {"name": kept.replica.revision, "replicas": 0, "serving": 0})
        entry["replicas"] += 1
        entry["serving"] += kept.serves is True
    for new in state.plan.placed:
        entry = found.setdefault(new.revision, {"name": new.revision, "replicas": 0, "serving": 0})
        entry["replicas"] += 1
    return [found[name] for name in sorted(found) if name]


def listing(parts: Iterable[str], between: str = ", ") -> str:
    """Join the first few of a list, and count the rest."""
    listed = list(parts)
    more = f"{between}and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return between.join(listed[:_LISTED]) + more


def _stay(old: list[OwnReplica]) -> str:
    if not old:
        return ""
    serving = sum(replica.serves is True for replica in old)
    return f"; {len(old)} of earlier revisions, {serving} of them serving"


def _failure_message(replica: OwnReplica) -> str:
    message = unstructured.text(unstructured.condition(replica.obj, "ModelReady"), "message")
    return f"{replica.replica.name} on {replica.replica.cluster}{f': {message}' if message else ''}"
