"""The inference clusters, in memory: what Objects put on them, and what it becomes there."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from function.api.labels import SERVING_STACK_NAMESPACES
from function.composition import Manifest, Object, unstructured
from function.preview import workloads
from function.preview.gateway_api import ClusterState
from function.preview.kinds import Ref, in_namespace, is_namespaced, ref_of
from function.preview.store import Change, timestamp

CONTROL: Final = ""
"""The name of the control cluster, which is no inference cluster."""

_UIDS: Final = uuid.UUID("d86f3f4a-5a3d-5b0e-9b9b-6f2f2d2f7c55")
_THERE_ALREADY: Final = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})

_FRONT_DOORS: Final = ipaddress.ip_network("192.0.2.0/24")
_GATEWAYS: Final = (ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_network("198.18.0.0/15"))
"""Addresses that are reserved for documentation, then for benchmarks when those are used up."""


@dataclass(frozen=True, slots=True)
class Remote:
    """An object on an inference cluster.

    Attributes:
        cluster: The cluster.
        applied: The manifest, as it was applied.
        thing: The object as it is there, with status.
        by: The Object that applied it.
        kept: Whether its Object went and left it behind on purpose.
    """

    cluster: str
    applied: Manifest
    thing: Manifest
    by: Ref
    kept: bool = False


Place: TypeAlias = tuple[str, Ref]
"""A cluster and an object on it."""


class Addresses:
    """Gives each gateway an address, in the order in which they ask, for good."""

    def __init__(self) -> None:
        self._given: dict[Place, str] = {}

    def of(self, cluster: str, obj: Object) -> str:
        """The address of a gateway."""
        place = (cluster, ref_of(obj))
        if place not in self._given:
            networks: Iterable[Any] = (_FRONT_DOORS,) if cluster == CONTROL else _GATEWAYS
            taken = set(self._given.values())
            free = (str(host) for network in networks for host in network.hosts() if str(host) not in taken)
            self._given[place] = next(free)
        return self._given[place]


class Clusters:
    """All inference clusters.

    Attributes:
        revision: Counts changes.
        changes: What changed since the list was last emptied.
        addresses: Where gateways, those of the control cluster too, get their addresses.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.changes: list[Change] = []
        self.addresses = Addresses()
        self._objects: dict[tuple[str, str], dict[Ref, Remote]] = {}
        """By cluster and kind."""

    def everything(self) -> list[Remote]:
        """All objects, by cluster and identity."""
        found = [(cluster, ref) for (cluster, _), obj in self._objects.items() for ref in obj]
        return [self._of((cluster, ref))[ref] for cluster, ref in sorted(found)]

    def get(self, place: Place) -> Remote | None:
        """One object; None when it is not there."""
        return self._of(place).get(place[1])

    def lacks_namespace(self, cluster: str, obj: Object) -> str:
        """The namespace that an object needs and the cluster does not have; empty when it has it."""
        namespace = unstructured.namespace_of(obj)
        if not namespace or namespace in _THERE_ALREADY or namespace in SERVING_STACK_NAMESPACES:
            return ""
        return "" if self.get((cluster, Ref("", "Namespace", "", namespace))) else namespace

    def apply(self, cluster: str, wanted: Object, by: Ref, now: datetime) -> Remote:
        """Apply a manifest, and let the cluster's controllers work on the object for one step."""
        place = (cluster, ref_of(wanted))
        body = dict(wanted)
        there = self.get(place)
        if there is None:
            remote = Remote(cluster, body, self._created(place, body, now), by)
            status = workloads.begun(remote.thing, self._cluster_state(cluster, now))
        elif there.applied != body:
            remote = replace(there, applied=body, thing=_changed(there, body), by=by, kept=False)
            status = dict(unstructured.mapping(there.thing, "status"))
        else:
            remote = replace(there, by=by, kept=False)
            status = workloads.settled(remote.thing, self._cluster_state(cluster, now))
        remote = replace(remote, thing={**remote.thing, **({"status": status} if status else {})})
        if there is None or (there.thing, there.kept) != (remote.thing, remote.kept):
            self._changed(place, by, "(created)" if there is None else "(changed)")
        self._of(place)[place[1]] = remote
        return remote

    def leave(self, place: Place) -> None:
        """Note that an object stays although its Object goes."""
        there = self.get(place)
        if there is not None and not there.kept:
            self._of(place)[place[1]] = replace(there, kept=True)

    def remove(self, place: Place, by: Ref) -> None:
        """Delete an object."""
        if self._of(place).pop(place[1], None) is not None:
            self._changed(place, by, "(deleted)")

    def _of(self, place: Place) -> dict[Ref, Remote]:
        return self._objects.setdefault((place[0], place[1].kind), {})

    def _created(self, place: Place, body: Mapping[str, Any], now: datetime) -> Manifest:
        cluster, ref = place
        identity = (cluster, *astuple(ref))
        uid = str(uuid.uuid5(_UIDS, "\0".join(identity)))
        added = {"uid": uid, "generation": 1, "creationTimestamp": timestamp(now)}
        return {**body, "metadata": {**unstructured.mapping(body, "metadata"), **added}}

    def _cluster_state(self, cluster: str, now: datetime) -> ClusterState:
        return ClusterState(
            now,
            find=lambda kind: [remote.thing for remote in self._objects.get((cluster, kind), {}).values()],
            address=lambda obj: self.addresses.of(cluster, obj),
        )

    def _changed(self, place: Place, by: Ref, what: str) -> None:
        self.revision += 1
        self.changes.append(Change(place[1], f"{by} on cluster {place[0]}", (what,)))


def remote_manifest(wanted: Object) -> Manifest:
    """The manifest of an Object with the namespace that it lands in, which is `default` when it names none."""
    default = (
        "default" if is_namespaced(unstructured.text(wanted, "apiVersion"), unstructured.text(wanted, "kind")) else ""
    )
    return in_namespace(wanted, default)


def _changed(there: Remote, body: Mapping[str, Any]) -> Manifest:
    """The object after another manifest was applied: a generation more if more than its metadata changed."""
    meta = {key: there.thing["metadata"][key] for key in ("uid", "generation", "creationTimestamp")}
    if any(there.applied.get(key) != body.get(key) for key in {*there.applied, *body} - {"metadata", "status"}):
        meta["generation"] += 1
    status = {"status": there.thing["status"]} if "status" in there.thing else {}
    return {**body, "metadata": {**unstructured.mapping(body, "metadata"), **meta}, **status}
