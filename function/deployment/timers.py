"""Time in a deployment: since when replicas are available, their deadlines, and which pools are backed off from.

The scheduler has no clock. What it needs to know of time is worked out here, and so is when the answer
will change by time alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from function.composition import Manifest, Object, Observation, owned, timestamps, unstructured
from function.deployment import draining
from function.deployment.desired_state import DesiredState
from function.deployment.endpoints import is_draining, may_have_lost_endpoint
from function.deployment.own_replicas import OwnReplica
from function.scheduling import Backoff, DeletionReason, Plan

EVICTION_BACKOFF: Final = timedelta(minutes=2)
"""How long no replica is placed on a pool from which one was evicted."""

MAX_BACKOFF: Final = timedelta(days=1)
"""The longest that no replica is placed on a pool on which replicas have never served."""

_MAX_DOUBLINGS: Final = 10
_MAX_ENTRIES: Final = 256


def with_timers(observation: Observation, desired: DesiredState, replica: OwnReplica) -> OwnReplica:
    """Say of a replica whether it is available, and whether it has exceeded its deadline.

    A replica with an endpoint has served, even if its own status does not say so any more. One without an endpoint
    is not reachable, unless Crossplane may have lost track of its endpoint.
    """
    now = observation.now
    has_endpoint = replica.endpoint_key in observation.children
    served = replica.replica.ever_ready or has_endpoint
    reachable = (
        has_endpoint or replica.key in observation.untracked or may_have_lost_endpoint(replica, desired.namespace)
    )
    replica = replace(replica, replica=replace(replica.replica, ever_ready=served, reachable=reachable))
    available_at, deadline = _available_at(observation, replica), _deadline_of(desired, replica)
    found = replace(
        replica.replica,
        available=available_at is not None and available_at <= now,
        deadline_exceeded=deadline is not None and deadline <= now and replica.serves is False,
    )
    return replace(replica, replica=found)


def deadlines(observation: Observation, desired: DesiredState, own: Iterable[OwnReplica]) -> Iterator[datetime]:
    """The future times at which replicas become available or exceed their deadline, or a back-off ends."""
    times = [time for replica in own for time in (_available_at(observation, replica), _deadline_of(desired, replica))]
    times += [until for _, until in _active_backoffs(observation, desired)]
    return (time for time in times if time is not None and time > observation.now)


def backoffs(observation: Observation, desired: DesiredState) -> tuple[Backoff, ...]:
    """The pools that take no replica of the deployment for now."""
    return tuple(
        Backoff(entry["cluster"], entry["pool"], timestamps.text_of(until))
        for entry, until in _active_backoffs(observation, desired)
        if until > observation.now
    )


def recorded_backoffs(observation: Observation, desired: DesiredState, plan: Plan) -> list[Manifest]:
    """What is to be remembered of pools that replicas have left without having served.

    All is forgotten when every replica serves, and when something else is to run.
    """
    left = [
        (replica, reason)
        for replica, reason in plan.deletions
        if reason in {DeletionReason.EVICTED, DeletionReason.DEADLINE_EXCEEDED} and not replica.draining
    ]
    if not left and all(kept.replica.ever_ready for kept in plan.kept):
        return []
    known = {(entry["cluster"], entry["pool"]): dict(entry) for entry, _ in _active_backoffs(observation, desired)}
    for replica, reason in left:
        for pool in sorted({pool for pool, _ in replica.nodes_by_pool}):
            place = (replica.cluster, pool)
            attempts = unstructured.integer(known.get(place), "attempts") + 1
            until = observation.latest + _backoff_duration(desired, reason, attempts)
            known[place] = {
                "cluster": replica.cluster,
                "pool": pool,
                "until": timestamps.text_of(until),
                "attempts": attempts,
            }
    return [known[place] for place in sorted(known)][:_MAX_ENTRIES]


def _backoff_duration(desired: DesiredState, reason: DeletionReason, attempts: int) -> timedelta:
    """How long no replica is placed on a pool; twice as long after every time that a replica has never served there."""
    if reason is DeletionReason.EVICTED:
        return EVICTION_BACKOFF
    doublings: int = 2 ** min(attempts - 1, _MAX_DOUBLINGS)
    return min(desired.deadline * doublings, MAX_BACKOFF)


def _available_at(observation: Observation, replica: OwnReplica) -> datetime | None:
    """When every service has noticed that a replica serves; None while it does not.

    An endpoint may be older than its replica: it is kept when a replica of the same name had it before. And it
    may have been ready all the time while it was marked as draining: then it counts from when it was unmarked.
    """
    endpoint = observation.children.get(replica.endpoint_key)
    ready = unstructured.condition(endpoint, "Ready")
    if replica.serves is not True or ready.get("status") != "True" or is_draining(endpoint):
        return None
    since = timestamps.time_of(unstructured.text(ready, "lastTransitionTime"))
    began = timestamps.time_of(unstructured.text(replica.obj, "status", "servingSince")) or timestamps.time_of(
        replica.replica.created
    )
    written = owned.changed(endpoint, observation.composite)
    return max(since, began or since, written or since) + draining.GRACE if since else None


def _deadline_of(desired: DesiredState, replica: OwnReplica) -> datetime | None:
    """When a replica that has never served has had its time; None when it has served."""
    created = timestamps.time_of(replica.replica.created)
    return None if replica.replica.ever_ready or created is None else created + desired.deadline


def _active_backoffs(observation: Observation, desired: DesiredState) -> Iterator[tuple[Object, datetime]]:
    """What is remembered of pools, as far as it is about what is wanted now and can be read."""
    status = observation.status
    if unstructured.text(status, "revision", "name") != desired.revision:
        return
    for entry in unstructured.items(status, "avoid"):
        until = timestamps.time_of(unstructured.text(entry, "until"))
        if until is not None and unstructured.text(entry, "cluster") and unstructured.text(entry, "pool"):
            yield entry, until
