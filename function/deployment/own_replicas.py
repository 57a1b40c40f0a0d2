"""Which replicas are a deployment's own.

Two lists tell: the observed children, and all ModelReplicas of the control plane. Either may
lag behind the other, so a replica counts when one of them has it. In the second list a replica
is ours when its controller is this very deployment (`ownership`) and Crossplane has composed it;
one that only has our name or our uid, in another namespace or by hand, is another's. Of others only the
nodes that they take count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from function.api import labels
from function.composition import Object, Observation, ownership, readiness, unstructured
from function.composition.cache import derive
from function.composition.ownership import Controller
from function.deployment.fleet_view import read_replica
from function.scheduling import ScheduledReplica

REPLICA: Final = "replica-"
ENDPOINT: Final = "endpoint-"

_KEY: Final = re.compile(r"replica-(?P<cluster>.+)-(?P<index>[0-9]{1,9})", re.DOTALL)
_LEFT_ALONE: Final = "it is left alone and charged: delete it if nobody needs it"


@dataclass(frozen=True, slots=True)
class OwnReplica:
    """A replica of the deployment.

    Attributes:
        key: Its composition resource name.
        obj: The ModelReplica.
        replica: What the scheduler needs to know of it.
        fault: What could not be read of it; empty when all could.
    """

    key: str
    obj: Object
    replica: ScheduledReplica
    fault: str = ""

    @property
    def endpoint_key(self) -> str:
        """The composition resource name of its endpoint."""
        return ENDPOINT + self.key.removeprefix(REPLICA)

    @property
    def serves(self) -> bool | None:
        """Whether it is observed to serve; None while it says neither."""
        return readiness.serves(self.obj)


@dataclass(frozen=True, slots=True)
class FleetReplicas:
    """All replicas of the fleet.

    Attributes:
        own: The deployment's own, by composition resource name.
        others: All others.
        faults: What could not be read, one sentence for each replica.
    """

    own: tuple[OwnReplica, ...]
    others: tuple[ScheduledReplica, ...]
    faults: tuple[str, ...]


def replica_key(cluster: str, index: int) -> str:
    """The composition resource name of a replica."""
    return f"{REPLICA}{cluster}-{index}"


def read_replicas(observation: Observation, listed: Iterable[Object]) -> FleetReplicas:
    """Read all replicas, and tell the deployment's own from others.

    Args:
        observation: The deployment with its children, those that were adopted included.
        listed: All ModelReplicas.
    """
    own: dict[str, OwnReplica] = {}
    for key, child in sorted(observation.children.items()):
        if key.startswith(REPLICA):
            own[key] = _child(key, child)
    known = {_identity(replica.obj) for replica in own.values()}
    others: list[ScheduledReplica] = []
    faults = [replica.fault for replica in own.values() if replica.fault]
    for entry, obj in sorted(read_listed(listed), key=lambda pair: pair[0].order):
        if entry.identity in known:
            continue
        if entry.fault:
            faults.append(entry.fault)
        ours = entry.is_of(observation)
        if ours and entry.replica.terminating and entry.key not in own:
            own[entry.key] = OwnReplica(entry.key, obj, replace(entry.replica, own=True), fault=entry.fault)
            continue
        others.append(entry.replica)
        if ours and not entry.replica.terminating:
            faults.append(f"{_who(obj)} is controlled by this deployment, which never wrote it; {_LEFT_ALONE}")
    return FleetReplicas(tuple(own[key] for key in sorted(own)), tuple(others), tuple(sorted(faults)))


def read_listed(listed: Iterable[Object]) -> Iterator[tuple[ListedReplica, Object]]:
    """Read replicas from a list of all, as they come."""
    return ((derive(obj, _listing), obj) for obj in listed)


def _child(key: str, child: Object) -> OwnReplica:
    """Read a child. Its key says where it is, and its spec must say the same."""
    parts = _KEY.fullmatch(key)
    spec_cluster = unstructured.text(child, "spec", "clusterName")
    cluster = parts["cluster"] if parts else spec_cluster or key.removeprefix(REPLICA)
    index = int(parts["index"]) if parts else _labelled_index(child)
    replica, fault = read_replica(child, cluster, index, own=True)
    if not fault and spec_cluster != cluster:
        fault = f"{_who(child)} cannot be read: spec.clusterName is {spec_cluster} and its place is on {cluster}"
    return OwnReplica(key, child, replica, fault=fault)


@dataclass(frozen=True, slots=True)
class ListedReplica:
    """A listed replica, whoever looks at it.

    Attributes:
        key: Its composition resource name, as far as its own word goes.
        replica: What the scheduler needs to know of it, as one of another deployment.
        controller: Who controls it.
        fault: What could not be read of it; empty when all could.
    """

    key: str
    replica: ScheduledReplica
    controller: Controller | None
    fault: str

    @property
    def identity(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.replica.namespace, self.replica.name

    @property
    def order(self) -> tuple[bool, str, str]:
        """Those being deleted come last, and otherwise namespace and name decide."""
        return self.replica.terminating, self.replica.namespace, self.replica.name

    def is_of(self, observation: Observation) -> bool:
        """Tell whether it belongs to a deployment; offline, without uids, by name."""
        if observation.uid:
            return self.controller is not None and self.controller.refers_to(observation.composite)
        return self.replica.deployment == (observation.namespace, observation.name)


def _listing(obj: Object) -> ListedReplica:
    key, cluster, index = _place(obj)
    replica, fault = read_replica(obj, cluster, index, own=False)
    return ListedReplica(key, replica, ownership.controller_of(obj), fault)


def _place(obj: Object) -> tuple[str, str, int]:
    """Tell a listed replica's composition resource name, cluster and index."""
    cluster = unstructured.text(obj, "spec", "clusterName") or unstructured.labels(obj).get(labels.CLUSTER, "")
    parts = _KEY.fullmatch(ownership.resource_name(obj))
    if parts and cluster in {"", parts["cluster"]}:
        return parts[0], parts["cluster"], int(parts["index"])
    index = _labelled_index(obj)
    return replica_key(cluster, index), cluster, index


def _labelled_index(obj: Object) -> int:
    text = unstructured.labels(obj).get(labels.REPLICA_INDEX, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(10**9)) else 0


def _who(obj: Object) -> str:
    return f"ModelReplica {unstructured.namespace_of(obj)}/{unstructured.name_of(obj)}"


def _identity(obj: Object) -> tuple[str, str]:
    return unstructured.namespace_of(obj), unstructured.name_of(obj)
