"""Replicas and endpoints of a deployment that Crossplane has lost track of.

Crossplane knows what it has composed by references in the composite. When these are lost it neither
observes nor deletes what is there: replicas would run on uncounted, with endpoints that lead to them.
So what belongs to the deployment and is not observed is adopted, under the name that it has; whether it
is still wanted is decided afterwards, and what is not drains as usual.

Where its name has been taken meanwhile, a replica is adopted under the next free number of its cluster, and
an endpoint under its own name. What is being deleted is not adopted, nor what the deployment has never
written: neither would become ours by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from function.composition import Object, Observation, owned, ownership, unstructured
from function.deployment.own_replicas import ENDPOINT, REPLICA, read_listed, replica_key


def adoptable(observation: Observation, replicas: Iterable[Object], endpoints: Iterable[Object]) -> dict[str, Object]:
    """Find what is the deployment's and not among its children, by composition resource name.

    Args:
        observation: The deployment with its observed children.
        replicas: All ModelReplicas.
        endpoints: ModelEndpoints among which its own are.
    """
    found = dict(_replicas(observation, replicas))
    replica_keys = {
        unstructured.name_of(obj): key for key, obj in {**found, **observation.children}.items() if _is_replica(key)
    }
    return {**found, **dict(_endpoints(observation, endpoints, replica_keys))}


def _replicas(observation: Observation, listed: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    used = set(filter(_is_replica, observation.children))
    known = {unstructured.name_of(observation.children[key]) for key in used}
    displaced: list[tuple[str, Object]] = []
    ours = [(entry, obj) for entry, obj in read_listed(listed) if entry.is_of(observation)]
    for entry, obj in sorted(ours, key=lambda pair: pair[0].order):
        if entry.replica.name in known:
            continue
        if entry.replica.terminating:
            used.add(entry.key)
        elif not owned.is_ours(obj, observation.composite):
            continue
        elif entry.key in used:
            displaced.append((entry.replica.cluster, obj))
        else:
            used.add(entry.key)
            yield entry.key, obj
    for cluster, obj in displaced:
        key = next(key for number in count() if (key := replica_key(cluster, number)) not in used)
        used.add(key)
        yield key, obj


def _endpoints(
    observation: Observation, listed: Iterable[Object], replica_keys: dict[str, str]
) -> Iterator[tuple[str, Object]]:
    used = {key for key in observation.children if key.startswith(ENDPOINT)}
    known = {unstructured.name_of(observation.children[key]) for key in used}
    for obj in sorted(listed, key=unstructured.name_of):
        name = unstructured.name_of(obj)
        going = unstructured.text(obj, "metadata", "deletionTimestamp")
        ours = ownership.controls(observation.composite, obj) and owned.is_ours(obj, observation.composite)
        if not ours or going or not name or name in known:
            continue
        key = next((key for key in _endpoint_keys(obj, replica_keys.get(name, "")) if key not in used), "")
        if key:
            used.add(key)
            yield key, obj


def _endpoint_keys(obj: Object, replica: str) -> Iterator[str]:
    """The composition resource names that an endpoint may have, the likeliest first."""
    if replica:
        yield ENDPOINT + replica.removeprefix(REPLICA)
    recorded = ownership.resource_name(obj)
    if recorded.startswith(ENDPOINT):
        yield recorded
    yield ENDPOINT + unstructured.name_of(obj)


def _is_replica(key: str) -> bool:
    return key.startswith(REPLICA)
