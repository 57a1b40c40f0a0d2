"""The fleet as the scheduler sees it, read from InferenceClusters and ModelReplicas.

Anyone may have written what is read here, so reading never raises. A cluster that cannot be
read in full is named as a fault and stays in the fleet without node pools: replicas on it are
not lost, and nothing new goes there. A replica that cannot be read in full is named as well,
and takes the nodes that can be made out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from function.api import labels, urls
from function.composition import Object, readiness, unstructured
from function.composition.cache import derive
from function.inventory import strict
from function.inventory.nodes import nodes_of_member
from function.inventory.permissions import Permissions, permissions_of
from function.inventory.pools import ObservedPool, read_pools
from function.inventory.strict import UnreadableError
from function.scheduling import Cluster, ClusterTaint, NodeResources, Pool, ScheduledReplica

_LONGEST_NAME: Final = 63
_NAMELESS: Final = ""
_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Clusters as read.

    Attributes:
        clusters: What the scheduler needs to know, by name.
        pools: What each of them publishes of its node pools, by name.
        permissions: What each of them allows, by name.
        faults: What could not be read, one sentence for each cluster, by name.
    """

    clusters: tuple[Cluster, ...]
    pools: Mapping[str, tuple[ObservedPool, ...]]
    permissions: Mapping[str, Permissions]
    faults: Mapping[str, str]

    @property
    def complete(self) -> bool:
        """Whether every object has a name, so that a cluster that is not among them does not exist."""
        return _NAMELESS not in self.faults


def read_clusters(found: Iterable[Object]) -> ClusterView:
    """Read InferenceClusters."""
    clusters: dict[str, Cluster] = {}
    pools: dict[str, tuple[ObservedPool, ...]] = {}
    permissions: dict[str, Permissions] = {}
    faults: dict[str, str] = {}
    for obj in found:
        name = unstructured.name_of(obj)
        if not name:
            faults[_NAMELESS] = "an InferenceCluster has no name"
            continue
        clusters[name], pools[name], permissions[name], fault = derive(obj, _read_cluster)
        if fault:
            faults[name] = fault
    ordered = tuple(clusters[name] for name in sorted(clusters))
    return ClusterView(ordered, pools, permissions, faults)


def unseen_cluster(name: str) -> Cluster:
    """Stand in for a cluster of which only the name is known: nothing new goes there."""
    return Cluster(name, ready=False, pools=None)


def read_replica(obj: Object, cluster: str, index: int, *, own: bool) -> tuple[ScheduledReplica, str]:
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
    namespace, replica_labels = unstructured.text(metadata, "namespace"), unstructured.mapping(metadata, "labels")
    members, fault = _members(obj)
    pool_assignments = (
        (unstructured.text(engine, "name"), unstructured.text(member, "nodePoolName")) for engine, member in members
    )
    serves = readiness.serves(obj)
    replica = ScheduledReplica(
        namespace=namespace,
        name=unstructured.text(metadata, "name"),
        deployment=(namespace, unstructured.text(replica_labels, labels.DEPLOYMENT)),
        cluster=cluster,
        index=index,
        revision=unstructured.text(replica_labels, labels.REVISION),
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
        strict.mapping(obj, "spec", required=True)
        engines = strict.objects(obj, "spec", "engines")
        found = [(engine, member) for engine in engines for member in strict.objects(engine, "members")]
    except UnreadableError as error:
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


def _partial_cluster(obj: Object, name: str) -> Cluster:
    """Read what can be read of a cluster that cannot be read in full."""
    return Cluster(
        name,
        labels=tuple(sorted(unstructured.labels(obj).items())),
        region=unstructured.labels(obj).get(labels.REGION, ""),
        ready=unstructured.is_true(obj, "Ready"),
        gateway_address=_readable_address(obj),
        pools=None,
        terminating=bool(unstructured.text(obj, "metadata", "deletionTimestamp")),
    )


def _read_cluster(obj: Object) -> tuple[Cluster, tuple[ObservedPool, ...], Permissions, str]:
    """Read an InferenceCluster, its pools and what it allows, and say what could not be read; empty when all could."""
    name, permissions = unstructured.name_of(obj), permissions_of(obj)
    try:
        cluster, pools = _cluster(obj, name)
    except UnreadableError as error:
        return _partial_cluster(obj, name), (), permissions, f"InferenceCluster {name} cannot be read: {error}"
    return cluster, pools, permissions, ""


def _cluster(obj: Object, name: str) -> tuple[Cluster, tuple[ObservedPool, ...]]:
    if len(name) > _LONGEST_NAME:
        raise UnreadableError(f"its name has more than {_LONGEST_NAME} characters")
    strict.mapping(obj, "spec", required=True)
    strict.mapping(obj, "status")
    strict.mapping(obj, "status", "gateway")
    address = unstructured.dig(obj, "status", "gateway", "address", default="")
    if address != "" and not _readable_address(obj):
        raise UnreadableError("status.gateway.address is neither an IP address nor a host name")
    pools = read_pools(obj)
    own = unstructured.labels(obj)
    ready = unstructured.condition(obj, "Ready")
    if not ready:
        strict.objects(obj, "status", "conditions")
    cluster = Cluster(
        name,
        labels=tuple(sorted(own.items())),
        region=own.get(labels.REGION, ""),
        ready=ready.get("status") == "True",
        gateway_address=address,
        taints=tuple(_taint(item) for item in strict.objects(obj, "spec", "taints")),
        pools=None if pools is None else tuple(_offered(pool) for pool in pools),
        terminating=bool(unstructured.text(obj, "metadata", "deletionTimestamp")),
    )
    return cluster, pools or ()


def _offered(pool: ObservedPool) -> Pool:
    """A pool as the scheduler sees it."""
    node = NodeResources(int(pool.node.largest_cpu * _MILLI), int(pool.node.largest_memory))
    return Pool(pool.name, pool.nodes, pool.devices, pool.class_name, node)


def _readable_address(obj: Object) -> str:
    address = unstructured.text(obj, "status", "gateway", "address")
    return address if urls.authority(address) else ""


def _taint(item: Object) -> ClusterTaint:
    return ClusterTaint(
        strict.text(item, "key", "spec.taints", required=True),
        strict.text(item, "value", "spec.taints"),
        strict.text(item, "effect", "spec.taints", required=True),
    )
