"""The fleet as the scheduler sees it, read from InferenceClusters and ModelReplicas.

Anyone may have written what is read here, so reading never raises. A cluster that cannot be
read in full is named as a fault and stays in the fleet without node pools: replicas on it are
not lost, and nothing new goes there. A replica that cannot be read in full is named as well,
and takes the nodes that can be made out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from function.api import labels, urls
from function.composition import Object, readiness, unstructured
from function.composition.cache import ObjectCache, derive
from function.inventory.nodes import nodes_of_member
from function.inventory.permissions import Permissions, permissions_of
from function.scheduling import Cluster, Pool, Replica, Taint
from function.selectors import Claim, Device, Value

_LONGEST_NAME: Final = 63
_NAMELESS: Final = ""

Devices: TypeAlias = tuple[Device, ...]


class _UnreadableError(Exception):
    """A field is not what it must be; the text names it."""


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Clusters as read.

    Attributes:
        clusters: What the scheduler needs to know, by name.
        objects: The objects themselves, by name.
        permissions: What each of them allows, by name.
        faults: What could not be read, one sentence for each cluster, by name.
    """

    clusters: tuple[Cluster, ...]
    objects: Mapping[str, Object]
    permissions: Mapping[str, Permissions]
    faults: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether every object has a name, so that a cluster that is not among them does not exist."""
        return _NAMELESS not in self.faults


def read_clusters(found: Iterable[Object]) -> ClusterView:
    """Read InferenceClusters."""
    clusters: dict[str, Cluster] = {}
    objects: dict[str, Object] = {}
    permissions: dict[str, Permissions] = {}
    faults: dict[str, str] = {}
    for obj in found:
        name = unstructured.name_of(obj)
        if not name:
            faults[_NAMELESS] = "an InferenceCluster has no name"
            continue
        objects[name] = obj
        clusters[name], permissions[name], fault = derive(obj, _read_cluster)
        if fault:
            faults[name] = fault
    ordered = tuple(clusters[name] for name in sorted(clusters))
    return ClusterView(ordered, objects, permissions, faults)


def unseen_cluster(name: str) -> Cluster:
    """Stand in for a cluster of which only the name is known: nothing new goes there."""
    return Cluster(name, ready=False, pools=None)


def read_replica(obj: Object, cluster: str, index: int, *, own: bool) -> tuple[Replica, str]:
    """Read a ModelReplica.

    Args:
        obj: The ModelReplica.
        cluster: The cluster that it is on.
        index: Its number there.
        own: Whether it belongs to the deployment that is being scheduled.

    Returns:
        The replica, and what could not be read; empty when all could.
    """
    metadata = unstructured.mapping(obj, "metadata")
    namespace, said = unstructured.text(metadata, "namespace"), unstructured.mapping(metadata, "labels")
    members, fault = _members(obj)
    pool_assignments = (
        (unstructured.text(engine, "name"), unstructured.text(member, "nodePoolName")) for engine, member in members
    )
    serves = readiness.serves(obj)
    replica = Replica(
        namespace=namespace,
        name=unstructured.text(metadata, "name"),
        deployment=(namespace, unstructured.text(said, labels.DEPLOYMENT)),
        cluster=cluster,
        index=index,
        revision=unstructured.text(said, labels.REVISION),
        nodes_by_pool=tuple(filter(None, (nodes_of_member(engine, member) for engine, member in members))),
        pool_assignments=tuple(dict.fromkeys(pool_assignments)),
        serving=serves is True,
        readiness_unknown=serves is None,
        ever_ready=serves is True or bool(unstructured.text(obj, "status", "servingSince")),
        created=unstructured.text(metadata, "creationTimestamp"),
        terminating=bool(unstructured.text(metadata, "deletionTimestamp")),
        draining=isinstance(unstructured.dig(metadata, "annotations", labels.DRAINING_SINCE), str),
        own=own,
    )
    if not fault:
        return replica, ""
    who = f"ModelReplica {namespace}/{replica.name}"
    return replica, f"{who} cannot be read: {fault}; it is charged as far as it can be"


def _members(obj: Object) -> tuple[list[tuple[Object, Object]], str]:
    """Read the members of a ModelReplica, each with its engine, and what placement needs and cannot read."""
    try:
        _mapping(obj, "spec", required=True)
        engines = _objects(obj, "spec", "engines")
        found = [(engine, member) for engine in engines for member in _objects(engine, "members")]
    except _UnreadableError as error:
        engines = unstructured.items(obj, "spec", "engines")
        return [(engine, member) for engine in engines for member in unstructured.items(engine, "members")], str(error)
    fault = ""
    if not unstructured.text(obj, "spec", "clusterName"):
        fault = "spec.clusterName is not a text"
    elif not found:
        fault = "spec.engines has no members"
    elif not all(unstructured.text(member, "nodePoolName") for _, member in found):
        fault = "spec.engines has a member without nodePoolName"
    return found, fault


# ---------------------------------------------------------------------- clusters


def _dim_cluster(obj: Object, name: str) -> Cluster:
    """What can be said of a cluster that cannot be read in full."""
    return Cluster(
        name,
        labels=tuple(sorted(unstructured.labels(obj).items())),
        region=unstructured.labels(obj).get(labels.REGION, ""),
        ready=unstructured.is_true(obj, "Ready"),
        gateway_address=_readable_address(obj),
        pools=None,
        terminating=bool(unstructured.text(obj, "metadata", "deletionTimestamp")),
    )


def _read_cluster(obj: Object) -> tuple[Cluster, Permissions, str]:
    """Read an InferenceCluster and what it allows, and say what could not be read; empty when all could."""
    name, permissions = unstructured.name_of(obj), permissions_of(obj)
    try:
        return _cluster(obj, name), permissions, ""
    except _UnreadableError as error:
        return _dim_cluster(obj, name), permissions, f"InferenceCluster {name} cannot be read: {error}"


def _cluster(obj: Object, name: str) -> Cluster:
    if len(name) > _LONGEST_NAME:
        raise _UnreadableError(f"its name has more than {_LONGEST_NAME} characters")
    _mapping(obj, "spec", required=True)
    _mapping(obj, "status")
    _mapping(obj, "status", "gateway")
    address = unstructured.dig(obj, "status", "gateway", "address", default="")
    if address != "" and not _readable_address(obj):
        raise _UnreadableError("status.gateway.address is neither an IP address nor a host name")
    pools = None
    if unstructured.dig(obj, "status", "gpuPools") is not None:
        pools = tuple(_pool(item) for item in _objects(obj, "status", "gpuPools"))
    own = unstructured.labels(obj)
    ready = unstructured.condition(obj, "Ready")
    if not ready:
        _objects(obj, "status", "conditions")
    return Cluster(
        name,
        labels=tuple(sorted(own.items())),
        region=own.get(labels.REGION, ""),
        ready=ready.get("status") == "True",
        gateway_address=address,
        taints=tuple(_taint(item) for item in _objects(obj, "spec", "taints")),
        pools=pools,
        terminating=bool(unstructured.text(obj, "metadata", "deletionTimestamp")),
    )


def _readable_address(obj: Object) -> str:
    address = unstructured.text(obj, "status", "gateway", "address")
    return address if urls.authority(address) else ""


def _taint(item: Object) -> Taint:
    return Taint(
        _text(item, "key", "spec.taints", required=True),
        _text(item, "value", "spec.taints"),
        _text(item, "effect", "spec.taints", required=True),
    )


def _pool(item: Object) -> Pool:
    name = _text(item, "name", "status.gpuPools", required=True)
    where = f"status.gpuPools[{name}]"
    return Pool(
        name,
        nodes=max(_count(item, "nodes", where), 0),
        devices=_devices(item, where),
        class_name=_text(item, "className", where),
    )


_KINDS: Final = ObjectCache()
"""Lists of devices, by how they are written and by what they say: a fleet has few, and equal ones become one."""


def _devices(pool: Object, where: str) -> Devices:
    def read() -> Devices:
        devices = tuple(_device(item, where) for item in _objects(pool, "devices"))
        return _KINDS.get_or_compute(devices, lambda: devices)

    return _KINDS.get_or_compute(unstructured.content(pool, "devices"), read)


def _device(item: Object, where: str) -> Device:
    name = _text(item, "name", f"{where}.devices", required=True)
    inside = f"{where}.devices[{name}]"
    claim = _text(item, "claim", inside) or Claim.DRA.value
    if claim not in {one.value for one in Claim}:
        raise _UnreadableError(f"{inside}.claim {claim} is not known")
    attributes = _mapping(item, "attributes")
    capacity = _mapping(item, "capacity")
    return Device(
        name,
        driver=_text(item, "driver", inside),
        device_class=_text(item, "deviceClassName", inside),
        claim=Claim(claim),
        count=max(_count(item, "count", inside), 0),
        attributes=tuple((key, _value(attributes[key])) for key in sorted(attributes)),
        capacity=tuple((key, _amount(capacity[key])) for key in sorted(capacity)),
    )


def _value(source: object) -> Value:
    """Read a typed value; one without a readable value makes selectors on the device fail."""
    said = {key: value for key, value in source.items() if value is not None} if isinstance(source, Mapping) else {}
    match said:
        case {"string": str(text), **rest} if not rest:
            return Value.string(text)
        case {"version": str(text), **rest} if not rest:
            return Value.version(text)
        case {"bool": bool(flag), **rest} if not rest:
            return Value.boolean(flag)
        case {"int": int(number), **rest} if not rest and not isinstance(number, bool):
            return Value.integer(number)
        case _:
            return Value.unreadable()


def _amount(source: object) -> str:
    """Read a capacity; one that is no quantity makes selectors on the device fail."""
    value = unstructured.dig(source, "value")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


# ---------------------------------------------------------------------- strict reading


def _mapping(source: Object, *path: str, required: bool = False) -> Mapping[str, Any]:
    value = unstructured.dig(source, *path)
    if value is None and not required:
        return {}
    if not isinstance(value, Mapping):
        raise _UnreadableError(f"{'.'.join(path)} is not an object")
    return value


def _objects(source: Object, *path: str) -> list[Mapping[str, Any]]:
    value = unstructured.dig(source, *path)
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise _UnreadableError(f"{'.'.join(path)} is not a list of objects")
    return list(value)


def _text(source: Object, field: str, where: str, *, required: bool = False) -> str:
    value = source.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value):
        raise _UnreadableError(f"{field} in {where} is not a text")
    return value


def _count(source: Object, field: str, where: str) -> int:
    value = source.get(field)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise _UnreadableError(f"{field} in {where} is not a whole number")
    return value
