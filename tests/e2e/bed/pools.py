"""Node pools that a test adds to an inference cluster, with their nodes, and takes away again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from function.api.kinds import INFERENCE_CLASS
from function.api.labels import POOL
from function.composition import Manifest
from tests.e2e.bed import gpus
from tests.e2e.bed.api import load
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import MODEL


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of nodes with GPUs of a kind that only one test asks for.

    Attributes:
        cluster: The inference cluster.
        name: Its name.
        nodes: How many.
        product: The kind of GPU, which is also the name of the nodes' InferenceClass.
        absent: How many of its nodes have not registered.
        gpus: How many GPUs each node has.
        memory: What each GPU has; by default too little for the quickstart's models.
    """

    cluster: str
    name: str
    nodes: int
    product: str
    absent: int = 0
    gpus: int = 1
    memory: str = "8Gi"

    @property
    def node_names(self) -> list[str]:
        """The names of its nodes."""
        return [f"{self.cluster}-{self.name}-{number}" for number in range(self.nodes)]


def add(bed: Bed, *pools: Pool) -> None:
    """Have nodes register, and declare their pools and classes."""
    classes = {pool.product: _inference_class(pool) for pool in pools}
    bed.control.kubectl.apply_objects(classes[name] for name in sorted(classes))
    for pool in pools:
        register(bed, pool, pool.node_names[: pool.nodes - pool.absent])
    for cluster in _clusters(pools):
        more = [
            {"name": pool.name, "className": pool.product, "nodeCount": pool.nodes}
            for pool in pools
            if pool.cluster == cluster
        ]
        _declare(bed, cluster, [*_declared(bed, cluster), *more])


def register(bed: Bed, pool: Pool, names: Iterable[str]) -> None:
    """Have nodes of a pool register."""
    remote = bed.inference[pool.cluster].api
    for name in names:
        remote.create(gpus.node(name, pool.name, pool.product, pool.gpus, pool.memory))
    for resource_slice in gpus.slices(remote.list("v1", "Node", **{POOL: pool.name})):
        remote.apply(resource_slice, "helm")


def lose(bed: Bed, cluster: str, node: str) -> None:
    """Lose a node, as when its machine is gone for good."""
    remote = bed.inference[cluster].api
    (gone,) = gpus.slices([remote.get("v1", "Node", node) or {}])
    remote.delete(gone)
    remote.delete({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})


def remove(bed: Bed, *pools: Pool) -> None:
    """Take pools and their nodes away."""
    for cluster in _clusters(pools):
        gone = {pool.name for pool in pools if pool.cluster == cluster}
        _declare(bed, cluster, [pool for pool in _declared(bed, cluster) if pool["name"] not in gone])
    for pool in pools:
        bed.inference[pool.cluster].kubectl("delete", "node", "--ignore-not-found", *pool.node_names)


def deployment(name: str, replicas: int, namespace: str, product: str) -> Manifest:
    """The quickstart's deployment under another name, on GPUs of one kind."""
    (chat, _) = load(MODEL / "chat.yaml")
    metadata, engines = {"name": name, "namespace": namespace}, _asking_for(product, chat["spec"]["engines"])
    return {**chat, "metadata": metadata, "spec": {**chat["spec"], "replicas": replicas, "engines": engines}}


def service(name: str, namespace: str) -> Manifest:
    """The quickstart's service under another name, over the deployment of that name."""
    (_, chat) = load(MODEL / "chat.yaml")
    selector = {"matchLabels": {"modelplane.ai/deployment": name}}
    return {
        **chat,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**chat["spec"], "endpoints": [{"selector": selector}]},
    }


def _asking_for(product: str, engines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Have the one engine of a deployment ask for GPUs of one kind."""
    (engine,) = engines
    (member,) = engine["members"]
    (device,) = member["nodeSelector"]["devices"]
    expression = f'device.attributes["{gpus.DRIVER}"].productName == "{product}"'
    device["selectors"] = [{"cel": expression}]
    return engines


def _inference_class(pool: Pool) -> Manifest:
    """The kind of its nodes."""
    gpu = {
        "name": "gpu",
        "driver": gpus.DRIVER,
        "deviceClassName": gpus.DRIVER,
        "count": pool.gpus,
        "attributes": {"productName": {"string": pool.product}},
        "capacity": {"memory": {"value": pool.memory}},
    }
    return {
        "apiVersion": INFERENCE_CLASS.api_version,
        "kind": "InferenceClass",
        "metadata": {"name": pool.product},
        "spec": {"devices": [gpu]},
    }


def _declare(bed: Bed, cluster: str, pools: list[dict[str, object]]) -> None:
    """Write which pools an InferenceCluster has."""
    bed.control.api.patch(bed.composite("InferenceCluster", cluster), {"spec": {"nodePools": pools}})


def _declared(bed: Bed, cluster: str) -> list[dict[str, object]]:
    declared: list[dict[str, object]] = bed.composite("InferenceCluster", cluster)["spec"]["nodePools"]
    return declared


def _clusters(pools: Iterable[Pool]) -> list[str]:
    return sorted({pool.cluster for pool in pools})
