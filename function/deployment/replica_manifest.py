"""What a ModelReplica is written with.

Everything that placing has found out is written into the replica, once: the pools, the devices
to claim, the taints of the nodes, the share of a node, and whether a picker chooses among its
pods. Whoever runs the replica needs to look at nothing else, and a replica that runs does not
change because a class or a cluster has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from function.api import labels
from function.api.engines import Engine, Member
from function.composition import Manifest, Object, names, unstructured
from function.deployment.demand import Demand
from function.replica.backend import choose_picker
from function.scheduling import EnginePlacement, MemberPlacement, Placement, ResolvedRequest
from function.selectors import Claim
from function.selectors.quantity import QuantityError, parse_quantity

API_VERSION: Final = f"{labels.GROUP}/{labels.VERSION}"
KIND: Final = "ModelReplica"

_NODE_EFFECTS: Final = frozenset({"NoSchedule", "PreferNoSchedule", "NoExecute"})
_MOST_TOLERATIONS: Final = 64
_MILLI: Final = 1000
_MEBI: Final = 2**20


def replica_name(namespace: str, deployment: str, cluster: str, index: int) -> str:
    """Name a replica, and its endpoint with it."""
    return names.name(deployment, names.DNS_LABEL, KIND, namespace, deployment, cluster, str(index))


def replica_labels(demand: Demand, cluster: str, index: int, revision: str) -> dict[str, str]:
    """Give the labels of a replica and of its endpoint.

    Args:
        demand: The deployment, whose own labels for replicas come first.
        cluster: The replica's cluster.
        index: Its number there.
        revision: What it runs; empty when that is not known.
    """
    said = {
        labels.DEPLOYMENT: demand.name,
        labels.CLUSTER: cluster,
        labels.REPLICA_INDEX: str(index),
        labels.REVISION: revision,
    }
    return {**demand.workload.labels, **{key: value for key, value in said.items() if value}}


def replica_manifest(demand: Demand, placement: Placement, cluster: Object) -> Manifest:
    """Build a new ModelReplica.

    Args:
        demand: The deployment.
        placement: Where the replica goes.
        cluster: The InferenceCluster that it goes to.
    """
    workload = demand.workload
    published = {unstructured.text(pool, "name"): pool for pool in unstructured.items(cluster, "status", "gpuPools")}
    engines = {engine.name: engine for engine in workload.engines}
    spec: Manifest = {"clusterName": placement.cluster}
    if workload.model_cache_ref:
        spec["modelCacheRef"] = {"name": workload.model_cache_ref.name}
    spec["serving"] = {**workload.serving.plain(), "picker": choose_picker(workload.serving, workload.engines).value}
    spec["engines"] = [
        _engine(engines[engine.name], engine, published.get(engine.pool, {})) for engine in placement.engines
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": replica_name(demand.namespace, demand.name, placement.cluster, placement.index),
            "namespace": demand.namespace,
            "labels": replica_labels(demand, placement.cluster, placement.index, placement.revision),
        },
        "spec": spec,
    }


def _engine(engine: Engine, placed: EnginePlacement, pool: Object) -> Manifest:
    body: Manifest = {"name": engine.name, "copies": engine.copies}
    if engine.phase:
        body["phase"] = engine.phase.value
    if engine.serving.plain():
        body["serving"] = engine.serving.plain()
    members = zip(engine.members, placed.members, strict=True)
    body["members"] = [_member(member, one, placed.pool, pool) for member, one in members]
    return body


def _member(member: Member, placed: MemberPlacement, pool_name: str, pool: Object) -> Manifest:
    body: Manifest = {"role": member.role.value, "nodePoolName": pool_name}
    if placed.requests:
        body["deviceRequests"] = [_request(request) for request in placed.requests]
    tolerations = _tolerations(unstructured.items(pool, "node", "taints"))
    if tolerations:
        body["tolerations"] = tolerations
    share = _share(placed.requests, pool)
    if share:
        body["resources"] = {"requests": share}
    if member.worker:
        body["worker"] = {"nodes": member.worker.nodes}
    body["template"] = member.template.plain()
    return body


def _request(request: ResolvedRequest) -> Manifest:
    return {
        "name": request.name,
        "deviceClassName": request.device_class,
        "count": request.count,
        "selectors": [{"cel": text} for text in request.selectors],
    }


def _tolerations(taints: Iterable[Mapping[str, Any]]) -> list[Manifest]:
    """Tolerate the taints that the pool's nodes carry."""
    found: list[Manifest] = []
    for taint in taints:
        key, value, effect = (unstructured.text(taint, field) for field in ("key", "value", "effect"))
        if not key or effect not in _NODE_EFFECTS:
            continue
        matching = {"operator": "Equal", "value": value} if value else {"operator": "Exists"}
        found.append({"key": key, **matching, "effect": effect})
    return found[:_MOST_TOLERATIONS]


def _share(requests: tuple[ResolvedRequest, ...], pool: Object) -> dict[str, str]:
    """Work out a pod's share of its node, by the share of the node's devices that it claims.

    Where it claims devices of several classes the largest share counts. Processors are rounded
    down to thousandths, memory to MiB. Nothing is said for what the class does not publish.
    """
    fraction = _claimed(requests, pool)
    cpu = int(_published(pool, "cpu") * fraction * _MILLI)
    memory = int(_published(pool, "memory") * fraction / _MEBI)
    share = {"cpu": f"{cpu // _MILLI}" if cpu % _MILLI == 0 else f"{cpu}m", "memory": f"{memory}Mi"}
    return {name: share[name] for name, amount in (("cpu", cpu), ("memory", memory)) if amount > 0}


def _claimed(requests: tuple[ResolvedRequest, ...], pool: Object) -> Fraction:
    wanted: dict[str, int] = {}
    for request in requests:
        wanted[request.device_class] = wanted.get(request.device_class, 0) + request.count
    there = dict.fromkeys(wanted, 0)
    for device in unstructured.items(pool, "devices"):
        name = unstructured.text(device, "deviceClassName")
        if name in there and (unstructured.text(device, "claim") or Claim.DRA) == Claim.DRA:
            there[name] += unstructured.integer(device, "count")
    shares = [Fraction(count, there[name]) for name, count in wanted.items() if there[name] > 0]
    return min(max(shares, default=Fraction(0)), Fraction(1))


def _published(pool: Object, resource: str) -> Fraction:
    """Read what a node offers; zero when it is not published."""
    text = unstructured.text(pool, "node", resource)
    try:
        quantity = parse_quantity(text)
    except QuantityError:
        return Fraction(0)
    return max(Fraction(quantity.unscaled) * Fraction(10) ** quantity.scale, Fraction(0))
