"""Fleets of any size, made of objects that a real control plane has shown.

What varies between clusters and replicas of a real fleet varies here: regions, taints, which pools there are and how
large they are, which are full, and what other deployments run where.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from function.api import labels

Object = dict[str, Any]

_RECORDED: Final = Path(__file__).parent / "recorded"
_REGIONS: Final = ("ams", "fra", "iad", "osl", "pdx", "sin", "syd")
_DRIVER: Final = "gpu.nvidia.com"
_NODES: Final = 8


def _text(kind: str) -> str:
    return (_RECORDED / f"{kind}.json").read_text()


_CLUSTER: Final = _text("inference_cluster")
_REPLICA: Final = _text("model_replica")
_ENDPOINT: Final = _text("model_endpoint")
_DEPLOYMENT: Final = _text("model_deployment")


def _gpu(product: str, architecture: str, capability: str, memory: str, count: int) -> Object:
    """What a class says of its devices: about as many attributes as NVIDIA's driver publishes."""
    return {
        "name": "gpu",
        "driver": _DRIVER,
        "deviceClassName": _DRIVER,
        "claim": "DRA",
        "count": count,
        "attributes": {
            "architecture": {"string": architecture},
            "brand": {"string": "Nvidia"},
            "cudaComputeCapability": {"version": capability},
            "cudaDriverVersion": {"version": "13.0.0"},
            "driverVersion": {"version": "580.65.6"},
            "productName": {"string": product},
            "type": {"string": "gpu"},
        },
        "capacity": {"memory": {"value": memory}},
    }


CLASSES: Final[tuple[tuple[str, Object], ...]] = (
    ("h100-8x", _gpu("NVIDIA H100 80GB HBM3", "Hopper", "9.0.0", "81559Mi", 8)),
    ("a100-8x", _gpu("NVIDIA A100-SXM4-80GB", "Ampere", "8.0.0", "81920Mi", 8)),
    ("l4-4x", _gpu("NVIDIA L4", "Ada Lovelace", "8.9.0", "23034Mi", 4)),
    ("t4-4x", _gpu("Tesla T4", "Turing", "7.5.0", "15360Mi", 4)),
)
"""Four classes of nodes; the deployment of the bench fits the first two and needs as much memory."""

SELECTOR: Final = f'device.capacity["{_DRIVER}"].memory.compareTo(quantity("40Gi")) >= 0'
REVISION: Final = "40b18804"


def clusters(count: int, committed: Mapping[tuple[str, str], int]) -> Iterator[Object]:
    """Make clusters of three to four pools.

    Args:
        count: How many.
        committed: How many nodes of which cluster's pool are taken.
    """
    for number in range(count):
        yield _cluster(number, committed)


def cluster_name(number: int) -> str:
    """The name of a cluster."""
    return f"{_REGIONS[number % len(_REGIONS)]}-{number}"


def _cluster(number: int, committed: Mapping[tuple[str, str], int]) -> Object:
    obj: Object = json.loads(_CLUSTER)
    name, region = cluster_name(number), _REGIONS[number % len(_REGIONS)]
    _identify(obj, name)
    obj["metadata"]["labels"].update({"crossplane.io/composite": name, labels.REGION: region, "tier": "gpu"})
    obj["spec"].pop("taints", None)
    if number % 11 == 0:
        obj["spec"]["taints"] = [{"key": "example.com/maintenance", "effect": "NoSchedule"}]
    chosen = (
        CLASSES if number % 2 else tuple(class_ for place, class_ in enumerate(CLASSES) if place != number // 2 % 4)
    )
    nodes = {kind: _NODES + (number + place) % 5 for place, (kind, _) in enumerate(chosen)}
    obj["spec"]["nodePools"] = [{"name": kind, "className": kind, "nodeCount": nodes[kind]} for kind, _ in chosen]
    obj["status"]["gpuPools"] = [
        {
            "name": kind,
            "className": kind,
            "nodes": nodes[kind],
            "committedNodes": committed.get((name, kind), 0),
            "freeNodes": nodes[kind] - committed.get((name, kind), 0),
            "devices": [gpu],
        }
        for kind, gpu in chosen
    ]
    return obj


def others(count: int, clusters: int) -> Iterator[Object]:
    """Make replicas of other deployments, three to a deployment, spread over the clusters."""
    for number in range(count):
        deployment, cluster = f"model-{number // 3}", cluster_name(number * 7 % clusters)
        kind = CLASSES[number % 2 + 1][0]
        obj: Object = json.loads(_REPLICA)
        _identify(obj, f"{deployment}-{number:08x}", f"team-{number % 20}")
        _place(obj, deployment, cluster, number % 3)
        obj["metadata"]["ownerReferences"][0].update(name=deployment, uid=_uid("ModelDeployment", deployment))
        obj["spec"]["engines"][0]["members"][0]["nodePoolName"] = kind
        if number % 50 == 0:
            del obj["status"]["servingSince"]
            obj["status"]["conditions"][5].update(status="False", reason="Creating")
        yield obj


def taken(replicas: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Count the nodes that replicas take, by cluster and pool."""
    found: dict[tuple[str, str], int] = {}
    for replica in replicas:
        pool = replica["spec"]["engines"][0]["members"][0]["nodePoolName"]
        key = (replica["spec"]["clusterName"], pool)
        found[key] = found.get(key, 0) + 1
    return found


def deployment(replicas: int) -> Object:
    """Make the deployment that is composed."""
    obj: Object = json.loads(_DEPLOYMENT)
    del obj["metadata"]["annotations"]
    obj["spec"]["replicas"] = replicas
    (member,) = obj["spec"]["engines"][0]["members"]
    member["nodeSelector"]["devices"][0]["selectors"] = [{"cel": SELECTOR}]
    return obj


def observed_replica(key: str, composed: Mapping[str, Any]) -> Object:
    """What a replica of the deployment looks like once it serves."""
    obj: Object = json.loads(_REPLICA)
    _identify(obj, composed["metadata"]["name"], obj["metadata"]["namespace"])
    obj["metadata"]["labels"] = {**composed["metadata"]["labels"], "crossplane.io/composite": "chat"}
    obj["metadata"]["annotations"] = {"crossplane.io/composition-resource-name": key}
    obj["spec"] = {"crossplane": obj["spec"]["crossplane"], **composed["spec"]}
    obj["status"]["path"] = f"/ml-team/{obj['metadata']['name']}/"
    return obj


def observed_endpoint(key: str, replica: Mapping[str, Any]) -> Object:
    """What its endpoint looks like."""
    obj: Object = json.loads(_ENDPOINT)
    _identify(obj, replica["metadata"]["name"], obj["metadata"]["namespace"])
    obj["metadata"]["labels"] = dict(replica["metadata"]["labels"])
    obj["metadata"]["annotations"] = {"crossplane.io/composition-resource-name": key}
    path = replica["status"]["path"]
    obj["spec"].update(rewritePath=path, url=f"http://198.51.100.2{path}v1")
    return obj


def _place(obj: Object, deployment: str, cluster: str, index: int) -> None:
    obj["metadata"]["labels"].update(
        {
            "crossplane.io/composite": deployment,
            labels.CLUSTER: cluster,
            labels.DEPLOYMENT: deployment,
            labels.REPLICA_INDEX: str(index),
        }
    )
    obj["metadata"]["annotations"] = {"crossplane.io/composition-resource-name": f"replica-{cluster}-{index}"}
    obj["spec"]["clusterName"] = cluster


def _identify(obj: Object, name: str, namespace: str = "") -> None:
    metadata = obj["metadata"]
    metadata.update(name=name, uid=_uid(obj["kind"], namespace, name), resourceVersion=str(len(name) + 4000))
    if namespace:
        metadata["namespace"] = namespace


def _uid(*identity: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(identity)))
