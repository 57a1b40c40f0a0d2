"""Which replicas are a deployment's own.

Two lists tell: the observed children, and all ModelReplicas of the control plane. Either may
lag behind the other, so a replica counts when one of them has it. In the second list a replica
is ours when its controller is this very deployment; one that only has our name, in another
namespace or by hand, is a stranger. Strangers are charged for their nodes and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from function.api import labels
from function.composition import Object, Observation, manifest, readiness
from function.scheduling import Replica
from function.serving.fleet_view import read_replica

REPLICA: Final = "replica-"
ENDPOINT: Final = "endpoint-"

_KEY: Final = re.compile(r"replica-(?P<cluster>.+)-(?P<index>[0-9]{1,9})", re.DOTALL)
_KEY_ANNOTATION: Final = "crossplane.io/composition-resource-name"


@dataclass(frozen=True, slots=True)
class OwnReplica:
    """A replica of the deployment.

    Attributes:
        key: Its composition resource name.
        thing: The ModelReplica.
        replica: What the scheduler needs to know of it.
        observed: Whether it is among the observed children; one that is only listed can be
            taken up again, and cannot be let go.
        fault: What could not be read of it; empty when all could.
    """

    key: str
    thing: Object
    replica: Replica
    observed: bool = True
    fault: str = ""

    @property
    def endpoint_key(self) -> str:
        """The composition resource name of its endpoint."""
        return ENDPOINT + self.key.removeprefix(REPLICA)

    @property
    def serves(self) -> bool | None:
        """Whether it is observed to serve; None while it says neither."""
        return readiness.serves(self.thing)


@dataclass(frozen=True, slots=True)
class Roster:
    """All replicas of the fleet.

    Attributes:
        own: The deployment's own, by composition resource name.
        strangers: All others.
        faults: What could not be read, one sentence for each replica.
    """

    own: tuple[OwnReplica, ...]
    strangers: tuple[Replica, ...]
    faults: tuple[str, ...]


def replica_key(cluster: str, index: int) -> str:
    """The composition resource name of a replica."""
    return f"{REPLICA}{cluster}-{index}"


def read_replicas(observation: Observation, listed: Iterable[Object]) -> Roster:
    """Read all replicas, and tell the deployment's own from others.

    Args:
        observation: The deployment with its observed children.
        listed: All ModelReplicas.
    """
    own: dict[str, OwnReplica] = {}
    for key, child in sorted(observation.children.items()):
        if key.startswith(REPLICA):
            own[key] = _child(key, child)
    known = {_identity(one.thing) for one in own.values()}
    strangers: list[Replica] = []
    faults = [one.fault for one in own.values() if one.fault]
    for thing in sorted(listed, key=lambda one: (_is_terminating(one), *_identity(one))):
        if _identity(thing) in known:
            continue
        key, cluster, index = _place(thing)
        replica, fault = read_replica(thing, cluster, index, own=_is_ours(thing, observation))
        if fault:
            faults.append(fault)
        if replica.own and key not in own:
            own[key] = OwnReplica(key, thing, replica, observed=False, fault=fault)
            continue
        strangers.append(replace(replica, own=False))
        if replica.own and not replica.terminating:
            faults.append(f"{_who(thing)} has the place of {_who(own[key].thing)}; it is left alone and charged")
    return Roster(tuple(own[key] for key in sorted(own)), tuple(strangers), tuple(sorted(faults)))


def _child(key: str, child: Object) -> OwnReplica:
    """Read an observed child. Its key, which nobody else writes, says where it is."""
    parts = _KEY.fullmatch(key)
    said = manifest.text(child, "spec", "clusterName")
    cluster = parts["cluster"] if parts else said or key.removeprefix(REPLICA)
    index = int(parts["index"]) if parts else _labelled_index(child)
    replica, fault = read_replica(child, cluster, index, own=True)
    if not fault and said != cluster:
        fault = f"{_who(child)} cannot be read: spec.clusterName is {said} and its place is on {cluster}"
    return OwnReplica(key, child, replica, fault=fault)


def _place(thing: Object) -> tuple[str, str, int]:
    """Tell a listed replica's composition resource name, cluster and index."""
    cluster = manifest.text(thing, "spec", "clusterName") or manifest.labels(thing).get(labels.CLUSTER, "")
    parts = _KEY.fullmatch(manifest.annotations(thing).get(_KEY_ANNOTATION, ""))
    if parts and cluster in {"", parts["cluster"]}:
        return parts[0], parts["cluster"], int(parts["index"])
    index = _labelled_index(thing)
    return replica_key(cluster, index), cluster, index


def _labelled_index(thing: Object) -> int:
    text = manifest.labels(thing).get(labels.REPLICA_INDEX, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(10**9)) else 0


def _is_ours(thing: Object, observation: Observation) -> bool:
    """Tell whether a listed replica belongs to the deployment; offline, without uids, by name."""
    if observation.uid:
        owners = manifest.items(thing, "metadata", "ownerReferences")
        return any(one.get("controller") is True and one.get("uid") == observation.uid for one in owners)
    same_name = manifest.labels(thing).get(labels.DEPLOYMENT) == observation.name
    return same_name and manifest.namespace_of(thing) == observation.namespace


def _who(thing: Object) -> str:
    return f"ModelReplica {manifest.namespace_of(thing)}/{manifest.name_of(thing)}"


def _identity(thing: Object) -> tuple[str, str]:
    return manifest.namespace_of(thing), manifest.name_of(thing)


def _is_terminating(thing: Object) -> bool:
    return bool(manifest.text(thing, "metadata", "deletionTimestamp"))
