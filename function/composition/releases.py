"""What a Release says of what its chart has put on a cluster.

provider-helm calls a Release Ready when Helm has deployed exactly what it asks for. It looks, finds that
this is not so, changes it, and looks again only when it polls: until then a Release whose values or version
were changed is `Ready=False`, with the reason `Unavailable`, while Helm says `deployed`. Nothing in
that is about what runs. (provider-helm 1.3, `Observe` and `Update` of its Release controller.)

A Release that Helm could not change is another matter: Helm says `failed`. One that somebody has uninstalled
has the reason `Creating` until it is there again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from function.composition import timestamps, unstructured
from function.composition.unstructured import Object

API_VERSION: Final = "helm.m.crossplane.io/v1beta1"
KIND: Final = "Release"

POLL: Final = timedelta(seconds=30)
"""How often provider-helm looks at a Release, as it is installed with Modelplane."""

PATIENCE: Final = timedelta(minutes=15)
"""How long a change may take: longer than provider-helm waits by itself between two looks, which is ten minutes."""

_KEPT: Final = frozenset({"deployed", "pending-upgrade", "pending-rollback"})
"""What Helm says while something is deployed, whatever is to take its place."""


def changing_until(release: Object | None, now: datetime) -> datetime | None:
    """Tell until when a Release that is not Ready counts as only being changed; None when it does not."""
    until = _limit(release)
    return until if until is not None and now < until else None


def failure(release: Object | None, now: datetime) -> str:
    """Say what went wrong with a Release that is not Ready; empty when nothing is known to have."""
    if unstructured.text(release, "kind") != KIND or unstructured.is_true(release, "Ready"):
        return ""
    if _state(release) == "failed":
        description = unstructured.text(release, "status", "atProvider", "releaseDescription")
        return f"Helm says that it failed{f': {description}' if description else ''}"
    until = _limit(release)
    minutes = int(PATIENCE.total_seconds()) // 60
    return f"a change is not done after {minutes} minutes" if until is not None and now >= until else ""


def _limit(release: Object | None) -> datetime | None:
    """When a change must be done by; None when what is deployed is not said to be changed."""
    ready = unstructured.condition(release, "Ready")
    if unstructured.text(release, "kind") != KIND or _state(release) not in _KEPT:
        return None
    if ready.get("status") != "False" or ready.get("reason") != "Unavailable":
        return None
    since = timestamps.time_of(unstructured.text(ready, "lastTransitionTime"))
    return None if since is None else since + PATIENCE


def _state(release: Object | None) -> str:
    return unstructured.text(release, "status", "atProvider", "state")
