"""Replicas and endpoints of a deployment that Crossplane has lost track of.

Crossplane knows what it has composed by references in the composite. Where these got lost it neither
observes nor deletes what is there: it would run on for good, uncounted, and an endpoint would lead to
it. So what is the deployment's and not observed is taken up again, under the name that it has; whether it
is still wanted is decided afterwards, and what is not leaves in steps as ever.

Where its name is another's meanwhile, a replica is taken up under the next free number of its cluster, and
an endpoint under its own name. What is being deleted is not taken up, nor what the deployment has never
written: neither would become ours by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

from function.composition import Object, Observation, owned, ownership, unstructured
from function.deployment.own_replicas import ENDPOINT, REPLICA, read_listed, replica_key


def untracked(observation: Observation, replicas: Iterable[Object], endpoints: Iterable[Object]) -> dict[str, Object]:
    """Find what is the deployment's and not among its children, by composition resource name.

    Args:
        observation: The deployment with its observed children.
        replicas: All ModelReplicas.
        endpoints: ModelEndpoints among which its own are.
    """
    found = dict(_replicas(observation, replicas))
    homes = {
        unstructured.name_of(one): key for key, one in {**found, **observation.children}.items() if _is_replica(key)
    }
    return {**found, **dict(_endpoints(observation, endpoints, homes))}


def _replicas(observation: Observation, listed: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    used = set(filter(_is_replica, observation.children))
    known = {unstructured.name_of(observation.children[key]) for key in used}
    displaced: list[tuple[str, Object]] = []
    ours = [(one, obj) for one, obj in read_listed(listed) if one.is_of(observation)]
    for one, thing in sorted(ours, key=lambda pair: pair[0].order):
        if one.replica.name in known:
            continue
        if one.replica.terminating:
            used.add(one.key)
        elif not owned.is_ours(thing, observation.composite):
            continue
        elif one.key in used:
            displaced.append((one.replica.cluster, thing))
        else:
            used.add(one.key)
            yield one.key, thing
    for cluster, thing in displaced:
        key = next(key for number in count() if (key := replica_key(cluster, number)) not in used)
        used.add(key)
        yield key, thing


def _endpoints(
    observation: Observation, listed: Iterable[Object], homes: dict[str, str]
) -> Iterator[tuple[str, Object]]:
    used = {key for key in observation.children if key.startswith(ENDPOINT)}
    known = {unstructured.name_of(observation.children[key]) for key in used}
    for obj in sorted(listed, key=unstructured.name_of):
        name = unstructured.name_of(obj)
        going = unstructured.text(obj, "metadata", "deletionTimestamp")
        ours = ownership.controls(observation.composite, obj) and owned.is_ours(obj, observation.composite)
        if not ours or going or not name or name in known:
            continue
        key = next((key for key in _endpoint_keys(obj, homes.get(name, "")) if key not in used), "")
        if key:
            used.add(key)
            yield key, obj


def _endpoint_keys(obj: Object, home: str) -> Iterator[str]:
    """The composition resource names that an endpoint may have, the likeliest first."""
    if home:
        yield ENDPOINT + home.removeprefix(REPLICA)
    said = ownership.resource_name(obj)
    if said.startswith(ENDPOINT):
        yield said
    yield ENDPOINT + unstructured.name_of(obj)


def _is_replica(key: str) -> bool:
    return key.startswith(REPLICA)
