"""Time in a deployment: since when replicas serve, how long they have tried, and which pools rest.

The scheduler knows no clock. What it needs to know of time is told here, and so is when an answer
will be another one by time alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from function.composition import Manifest, Object, Observation, owned, timestamps, unstructured
from function.deployment import draining
from function.deployment.demand import Demand
from function.deployment.endpoints import is_draining, may_have_lost_endpoint
from function.deployment.own_replicas import OwnReplica
from function.scheduling import Backoff, DeletionReason, Plan

YIELD: Final = timedelta(minutes=2)
"""How long a pool rests in which a replica had to make way for others."""

LONGEST_REST: Final = timedelta(days=1)
"""The longest that a pool rests in which replicas have never served."""

_MOST_DOUBLINGS: Final = 10
_MOST_ENTRIES: Final = 256


def timed(observation: Observation, demand: Demand, one: OwnReplica) -> OwnReplica:
    """Say of a replica whether it has settled, and whether it is stuck.

    One with an endpoint has served, even if its own status does not say so any more. One without is reached by
    nobody; but it may have one all the same where Crossplane has lost track of it, as one that has served had.
    """
    now = observation.now
    has_endpoint = one.endpoint_key in observation.children
    served = one.replica.ever_ready or has_endpoint
    reachable = has_endpoint or one.key in observation.untracked or may_have_lost_endpoint(one, demand.namespace)
    one = replace(one, replica=replace(one.replica, ever_ready=served, reachable=reachable))
    settles, expires = _settles(observation, one), _expires(demand, one)
    found = replace(
        one.replica,
        available=settles is not None and settles <= now,
        deadline_exceeded=expires is not None and expires <= now and one.serves is False,
    )
    return replace(one, replica=found)


def deadlines(observation: Observation, demand: Demand, own: Iterable[OwnReplica]) -> Iterator[datetime]:
    """The moments to come at which replicas settle, time out, or pools have rested."""
    moments_ = [moment for replica in own for moment in (_settles(observation, replica), _expires(demand, replica))]
    moments_ += [until for _, until in _resting(observation, demand)]
    return (moment for moment in moments_ if moment is not None and moment > observation.now)


def avoided(observation: Observation, demand: Demand) -> tuple[Backoff, ...]:
    """The pools that rest."""
    return tuple(
        Backoff(entry["cluster"], entry["pool"], timestamps.text_of(until))
        for entry, until in _resting(observation, demand)
        if until > observation.now
    )


def to_avoid(observation: Observation, demand: Demand, plan: Plan) -> list[Manifest]:
    """What is to be remembered of pools that replicas have left without having served.

    All is forgotten when every replica serves, and when something else is to run.
    """
    left = [
        (one, why)
        for one, why in plan.leaving
        if why in {DeletionReason.EVICTED, DeletionReason.DEADLINE_EXCEEDED} and not one.draining
    ]
    if not left and all(kept.replica.ever_ready for kept in plan.kept):
        return []
    known = {(entry["cluster"], entry["pool"]): dict(entry) for entry, _ in _resting(observation, demand)}
    for replica, why in left:
        for pool in sorted({pool for pool, _ in replica.nodes_by_pool}):
            place = (replica.cluster, pool)
            attempts = unstructured.integer(known.get(place), "attempts") + 1
            until = observation.latest + _rest(demand, why, attempts)
            known[place] = {
                "cluster": replica.cluster,
                "pool": pool,
                "until": timestamps.text_of(until),
                "attempts": attempts,
            }
    return [known[place] for place in sorted(known)][:_MOST_ENTRIES]


def _rest(demand: Demand, why: DeletionReason, attempts: int) -> timedelta:
    """How long a pool rests; twice as long after every time that a replica has never served there."""
    if why is DeletionReason.EVICTED:
        return YIELD
    doublings: int = 2 ** min(attempts - 1, _MOST_DOUBLINGS)
    return min(demand.deadline * doublings, LONGEST_REST)


def _settles(observation: Observation, replica: OwnReplica) -> datetime | None:
    """When every service has noticed that a replica serves; None while it does not.

    An endpoint may be older than its replica: it is kept when a replica of the same name had it before. And it
    may have been ready all the time while it was marked as draining: then it counts from when it was unmarked.
    """
    endpoint = observation.children.get(replica.endpoint_key)
    ready = unstructured.condition(endpoint, "Ready")
    if replica.serves is not True or ready.get("status") != "True" or is_draining(endpoint):
        return None
    since = timestamps.time_of(unstructured.text(ready, "lastTransitionTime"))
    began = timestamps.time_of(unstructured.text(replica.thing, "status", "servingSince")) or timestamps.time_of(
        replica.replica.created
    )
    written = owned.changed(endpoint, observation.composite)
    return max(since, began or since, written or since) + draining.GRACE if since else None


def _expires(demand: Demand, replica: OwnReplica) -> datetime | None:
    """When a replica that has never served has had its time; None when it has served."""
    created = timestamps.time_of(replica.replica.created)
    return None if replica.replica.ever_ready or created is None else created + demand.deadline


def _resting(observation: Observation, demand: Demand) -> Iterator[tuple[Object, datetime]]:
    """What is remembered of pools, as far as it is about what is wanted now and can be read."""
    status = observation.status
    if unstructured.text(status, "revision", "name") != demand.revision:
        return
    for entry in unstructured.items(status, "avoid"):
        until = timestamps.time_of(unstructured.text(entry, "until"))
        if until is not None and unstructured.text(entry, "cluster") and unstructured.text(entry, "pool"):
            yield entry, until
