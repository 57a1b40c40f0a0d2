"""The inference clusters, in memory: what Objects apply to them, and the status that it gets there."""

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
_BUILT_IN_NAMESPACES: Final = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})

_CONTROL_GATEWAYS: Final = ipaddress.ip_network("192.0.2.0/24")
_INFERENCE_GATEWAYS: Final = (ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_network("198.18.0.0/15"))
"""Addresses that are reserved for documentation, then for benchmarks when those are used up."""


@dataclass(frozen=True, slots=True)
class Remote:
    """An object on an inference cluster.

    Attributes:
        cluster: The cluster.
        applied: The manifest, as it was applied.
        obj: The live object, with status.
        applied_by: The Object that applied it.
        orphaned: Whether its Object was deleted and left it behind on purpose.
    """

    cluster: str
    applied: Manifest
    obj: Manifest
    applied_by: Ref
    orphaned: bool = False


RemoteKey: TypeAlias = tuple[str, Ref]
"""A cluster and an object on it."""


class Addresses:
    """Assigns each gateway an address, in the order in which they ask, and for good."""

    def __init__(self) -> None:
        self._assigned: dict[RemoteKey, str] = {}

    def of(self, cluster: str, obj: Object) -> str:
        """The address of a gateway."""
        key = (cluster, ref_of(obj))
        if key not in self._assigned:
            networks: Iterable[Any] = (_CONTROL_GATEWAYS,) if cluster == CONTROL else _INFERENCE_GATEWAYS
            taken = set(self._assigned.values())
            free = (str(host) for network in networks for host in network.hosts() if str(host) not in taken)
            self._assigned[key] = next(free)
        return self._assigned[key]


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
        return [self._objects_like((cluster, ref))[ref] for cluster, ref in sorted(found)]

    def get(self, key: RemoteKey) -> Remote | None:
        """One object; None when it is not there."""
        return self._objects_like(key).get(key[1])

    def missing_namespace(self, cluster: str, obj: Object) -> str:
        """The namespace that an object needs and the cluster does not have; empty when it has it."""
        namespace = unstructured.namespace_of(obj)
        if not namespace or namespace in _BUILT_IN_NAMESPACES or namespace in SERVING_STACK_NAMESPACES:
            return ""
        return "" if self.get((cluster, Ref("", "Namespace", "", namespace))) else namespace

    def apply(self, cluster: str, manifest: Object, applied_by: Ref, now: datetime) -> Remote:
        """Apply a manifest, and let the cluster's controllers work on the object for one step."""
        key = (cluster, ref_of(manifest))
        body = dict(manifest)
        live = self.get(key)
        if live is None:
            remote = Remote(cluster, body, self._new_object(key, body, now), applied_by)
            status = workloads.initial_status(remote.obj, self._cluster_state(cluster, now))
        elif live.applied != body:
            remote = replace(live, applied=body, obj=_updated(live, body), applied_by=applied_by, orphaned=False)
            status = dict(unstructured.mapping(live.obj, "status"))
        else:
            remote = replace(live, applied_by=applied_by, orphaned=False)
            status = workloads.settled_status(remote.obj, self._cluster_state(cluster, now))
        remote = replace(remote, obj={**remote.obj, **({"status": status} if status else {})})
        if live is None or (live.obj, live.orphaned) != (remote.obj, remote.orphaned):
            self._record_change(key, applied_by, "(created)" if live is None else "(changed)")
        self._objects_like(key)[key[1]] = remote
        return remote

    def orphan(self, key: RemoteKey) -> None:
        """Keep an object although its Object is deleted."""
        live = self.get(key)
        if live is not None and not live.orphaned:
            self._objects_like(key)[key[1]] = replace(live, orphaned=True)

    def remove(self, key: RemoteKey, applied_by: Ref) -> None:
        """Delete an object."""
        if self._objects_like(key).pop(key[1], None) is not None:
            self._record_change(key, applied_by, "(deleted)")

    def _objects_like(self, key: RemoteKey) -> dict[Ref, Remote]:
        return self._objects.setdefault((key[0], key[1].kind), {})

    def _new_object(self, key: RemoteKey, body: Mapping[str, Any], now: datetime) -> Manifest:
        cluster, ref = key
        identity = (cluster, *astuple(ref))
        uid = str(uuid.uuid5(_UIDS, "\0".join(identity)))
        added = {"uid": uid, "generation": 1, "creationTimestamp": timestamp(now)}
        return {**body, "metadata": {**unstructured.mapping(body, "metadata"), **added}}

    def _cluster_state(self, cluster: str, now: datetime) -> ClusterState:
        return ClusterState(
            now,
            find=lambda kind: [remote.obj for remote in self._objects.get((cluster, kind), {}).values()],
            address=lambda obj: self.addresses.of(cluster, obj),
        )

    def _record_change(self, key: RemoteKey, applied_by: Ref, change: str) -> None:
        self.revision += 1
        self.changes.append(Change(key[1], f"{applied_by} on cluster {key[0]}", (change,)))


def remote_manifest(manifest: Object) -> Manifest:
    """The manifest of an Object with the namespace that it lands in, which is `default` when it names none."""
    default = (
        "default"
        if is_namespaced(unstructured.text(manifest, "apiVersion"), unstructured.text(manifest, "kind"))
        else ""
    )
    return in_namespace(manifest, default)


def _updated(live: Remote, body: Mapping[str, Any]) -> Manifest:
    """The object after another manifest was applied: a generation more if more than its metadata changed."""
    meta = {key: live.obj["metadata"][key] for key in ("uid", "generation", "creationTimestamp")}
    if any(live.applied.get(key) != body.get(key) for key in {*live.applied, *body} - {"metadata", "status"}):
        meta["generation"] += 1
    status = {"status": live.obj["status"]} if "status" in live.obj else {}
    return {**body, "metadata": {**unstructured.mapping(body, "metadata"), **meta}, **status}
