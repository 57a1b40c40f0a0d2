"""What a ModelReplica is written with.

What the models of a deployment and of a replica share (`ReplicaFields`, `AnyEngine`, `AnyMember`) is copied as the
user wrote it, whichever fields these are.

Everything that placing has found out is written into the replica, once: the pools, the devices
to claim, the taints of the nodes, the share of a node, and whether a picker chooses among its
pods. Whoever runs the replica needs to look at nothing else, and a replica that runs does not
change because a class or a cluster has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from function.api import labels
from function.api.base import Model
from function.api.engines import AnyEngine, AnyMember, Engine, Member
from function.api.model_replica import MODEL_REPLICA
from function.api.workload import ReplicaFields
from function.composition import Manifest, names
from function.deployment.desired_state import DesiredState
from function.inventory.pools import ObservedPool, ObservedTaint
from function.replica.backend import choose_picker
from function.scheduling import EnginePlacement, MatchAttribute, MemberPlacement, ReplicaPlacement, ResolvedRequest

_MAX_TOLERATIONS: Final = 64
_MILLI: Final = 1000
_MEBI: Final = 2**20


def replica_name(namespace: str, deployment: str, cluster: str, index: int) -> str:
    """Name a replica, and its endpoint with it."""
    return names.name(deployment, names.DNS_LABEL, MODEL_REPLICA.kind, namespace, deployment, cluster, str(index))


def replica_labels(desired: DesiredState, cluster: str, index: int, revision: str) -> dict[str, str]:
    """Give the labels of a replica and of its endpoint.

    Args:
        desired: The deployment, whose own labels for replicas come first.
        cluster: The replica's cluster.
        index: Its number there.
        revision: What it runs; empty when that is not known.
    """
    own_labels = {
        labels.DEPLOYMENT: desired.name,
        labels.CLUSTER: cluster,
        labels.REPLICA_INDEX: str(index),
        labels.REVISION: revision,
    }
    return {**desired.workload.labels, **{key: value for key, value in own_labels.items() if value}}


def replica_manifest(desired: DesiredState, placement: ReplicaPlacement, pools: Iterable[ObservedPool]) -> Manifest:
    """Build a new ModelReplica.

    Args:
        desired: The deployment.
        placement: Where the replica goes.
        pools: What the cluster that it goes to publishes of its node pools.
    """
    workload = desired.workload
    published = {pool.name: pool for pool in pools}
    engines = {engine.name: engine for engine in workload.engines}
    return {
        "apiVersion": MODEL_REPLICA.api_version,
        "kind": MODEL_REPLICA.kind,
        "metadata": {
            "name": replica_name(desired.namespace, desired.name, placement.cluster, placement.index),
            "namespace": desired.namespace,
            "labels": replica_labels(desired, placement.cluster, placement.index, placement.revision),
        },
        "spec": {
            "clusterName": placement.cluster,
            **_copied(ReplicaFields, workload),
            "serving": {**workload.serving.plain(), "picker": choose_picker(workload.serving, workload.engines).value},
            "engines": [_engine(engines[engine.name], engine, published[engine.pool]) for engine in placement.engines],
        },
    }


def _copied(shared: type[Model], written: Model) -> Manifest:
    """Copy the fields that the models of a deployment and of a replica share, as far as they were written."""
    fields = written.model_dump(mode="json", include=set(shared.model_fields), exclude_unset=True, exclude_none=True)
    return {key: value for key, value in fields.items() if value != {}}


def _engine(engine: Engine, placed: EnginePlacement, pool: ObservedPool) -> Manifest:
    members = zip(engine.members, placed.members, strict=True)
    return {
        "name": engine.name,
        "copies": engine.copies,
        **_copied(AnyEngine, engine),
        "members": [_member(member, place, pool) for member, place in members],
    }


def _member(member: Member, placed: MemberPlacement, pool: ObservedPool) -> Manifest:
    share = _share(placed.requests, pool)
    resolved: Manifest = {
        "deviceRequests": [_request(request) for request in placed.requests],
        "deviceConstraints": [_constraint(constraint) for constraint in placed.constraints],
        "tolerations": _tolerations(pool.node.taints),
        "resources": {"requests": share} if share else None,
    }
    return {
        "role": member.role.value,
        "nodePoolName": pool.name,
        **{key: value for key, value in resolved.items() if value},
        **_copied(AnyMember, member),
    }


def _request(request: ResolvedRequest) -> Manifest:
    return {
        "name": request.name,
        "deviceClassName": request.device_class,
        "count": request.count,
        **({"selectors": [{"cel": text} for text in request.selectors]} if request.selectors else {}),
    }


def _constraint(constraint: MatchAttribute) -> Manifest:
    named = {"requests": list(constraint.requests)} if constraint.requests else {}
    return {**named, "matchAttribute": constraint.attribute}


def _tolerations(taints: Iterable[ObservedTaint]) -> list[Manifest]:
    """Tolerate the taints that the pool's nodes carry."""
    found: list[Manifest] = []
    for taint in taints:
        matching = {"operator": "Equal", "value": taint.value} if taint.value else {"operator": "Exists"}
        found.append({"key": taint.key, **matching, "effect": taint.effect})
    return found[:_MAX_TOLERATIONS]


def _share(requests: Iterable[ResolvedRequest], pool: ObservedPool) -> dict[str, str]:
    """Work out a pod's share of its node, by the share of the node's devices that it claims.

    Shared is what the node does not keep for itself. Where the pod claims devices of several classes the largest
    share counts. Processors are rounded down to thousandths, memory to MiB. Nothing is said for what the class does
    not publish.
    """
    fraction = _claimed(requests, pool)
    cpu = int(pool.node.allocatable_cpu * fraction * _MILLI)
    memory = int(pool.node.allocatable_memory * fraction / _MEBI)
    share = {"cpu": f"{cpu // _MILLI}" if cpu % _MILLI == 0 else f"{cpu}m", "memory": f"{memory}Mi"}
    return {name: share[name] for name, value in (("cpu", cpu), ("memory", memory)) if value > 0}


def _claimed(requests: Iterable[ResolvedRequest], pool: ObservedPool) -> Fraction:
    """Work out which part of a node's devices a pod claims."""
    claimed: Counter[str] = Counter()
    for request in requests:
        claimed[request.device_class] += request.count
    there = {name: pool.claimable(name) for name in claimed}
    shares = [Fraction(count, there[name]) for name, count in claimed.items() if there[name] > 0]
    return min(max(shares, default=Fraction(0)), Fraction(1))
