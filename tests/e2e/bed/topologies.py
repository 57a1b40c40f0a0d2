"""One deployment for each way to serve a model, each on GPUs of a kind of its own, with a service of the same name."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.api import kinds, labels
from function.composition import Manifest, unstructured
from function.replica.identity import claim_name
from tests.e2e.bed import gpus, kubelets, pools
from tests.e2e.bed.api import load
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.pools import Pool
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.second_team import BackgroundCheck
from tests.e2e.shipped import ROOT

NAMESPACE: Final = "topologies"
CLUSTER: Final = "osl-1"
"""Where they run, and stay when it is drained: a cluster has eight pools at most, and the other one has six."""

_ANYWHERE: Final = {"tolerations": [{"operator": "Exists"}]}
_IMAGE: Final = "vllm/vllm-openai:v0.23.0"
_TRANSFER: Final = '--kv-transfer-config={"kv_connector": "NixlConnector", "kv_role": "kv_both"}'
_GANG: Final = ("--nnodes=4", "--node-rank=$(MODELPLANE_RANK)", "--master-addr=$(MODELPLANE_LEADER_ADDRESS)")
_DOCUMENTED: Final = ROOT / "tests" / "api" / "documented" / "model-deployment-multinode.yaml"
_TOKEN: Final = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hugging-face", "key": "token"}}}

WHOLE: Final = ("pair", "copies", "split")
"""Those that have all that they need; the pair is the documented deployment over two nodes, on its own kind of GPU."""

SHORT: Final = "four"
"""A gang of four in a pool of four nodes, of which one has not registered."""

UNPULLABLE: Final = "unpullable"
"""One whose image does not exist."""

ROUTED: Final = "routed"
"""A router that claims nothing, and two workers that it passes requests on to."""

PODS: Final = {"pair": 2, "copies": 2, "split": 2, SHORT: 4, UNPULLABLE: 1}
"""How many pods each has, of which each takes a node."""

POOLS: Final = {name: Pool(CLUSTER, name, pods, name, absent=int(name == SHORT)) for name, pods in PODS.items()} | {
    "pair": Pool(CLUSTER, "pair", 2, "pair", gpus=8),
    "copies": Pool(CLUSTER, "copies", 3, "copies"),
    UNPULLABLE: Pool(CLUSTER, UNPULLABLE, 3, UNPULLABLE),
}
"""Where they run; one pool has a node more than it needs, another has one that has not registered. The two workers of
the router share a pool, since the cluster has as many as it may."""


@dataclass(frozen=True, slots=True)
class Topologies:
    """All of them.

    Attributes:
        bed: Where they run.
    """

    bed: Bed

    def deployment(self, name: str) -> Manifest:
        """A deployment."""
        return self.bed.composite("ModelDeployment", name, NAMESPACE)

    def replica(self, name: str) -> Manifest:
        """The one replica of a deployment."""
        (found,) = self.bed.control.api.list(
            kinds.MODEL_REPLICA.api_version, "ModelReplica", NAMESPACE, **{labels.DEPLOYMENT: name}
        )
        return found

    def pods(self, name: str) -> dict[str, Manifest]:
        """Its pods that are not on their way out, by name."""
        found = self.bed.inference[CLUSTER].api.list("v1", "Pod", NAMESPACE, **{labels.DEPLOYMENT: name})
        engines = [pod for pod in found if labels.ENGINE in unstructured.labels(pod)]
        return {
            unstructured.name_of(engine): engine for engine in engines if "deletionTimestamp" not in engine["metadata"]
        }

    def ready_pods(self, name: str) -> dict[str, Manifest]:
        """Those that are Ready."""
        return {name_: pod for name_, pod in self.pods(name).items() if unstructured.is_true(pod, "Ready")}

    def serves(self, name: str) -> bool:
        """Whether a deployment and its service are Ready."""
        kinds = ("ModelDeployment", "ModelService")
        return all(self.bed.is_true(kind, name, "Ready", NAMESPACE) for kind in kinds)

    def url(self, name: str) -> str:
        """Where a model is asked."""
        service = self.bed.composite("ModelService", name, NAMESPACE)
        return f"{unstructured.text(service, 'status', 'address')}/v1/models"

    def readiness_message(self, name: str) -> str:
        """What a deployment says of its replicas."""
        return self.bed.message("ModelDeployment", name, "ReplicasReady", NAMESPACE)

    def clear(self) -> None:
        """Take the pools away, when nothing is on them any more."""
        pools.remove(self.bed, *POOLS.values())


def arrange(bed: Bed) -> Topologies:
    """Ask for all of them."""
    pools.add(bed, *POOLS.values())
    _store_weights(bed)
    bed.control.kubectl.apply_objects(_manifests())
    return Topologies(bed)


@dataclass(frozen=True, slots=True)
class Loss:
    """A node that is lost while the tests go on.

    Attributes:
        replica: The replica that had a copy on it.
        since: When the node was lost, by `time.time`.
        back: Sees another copy answer beside the one that stayed.
    """

    replica: Manifest
    since: float
    back: BackgroundCheck


def lose(topology: Topologies) -> Loss:
    """Lose a node with one of two copies, once they serve."""
    until = topology.bed.processes.until
    until("copies is served", lambda: topology.serves("copies"), 180)
    until("both copies are Ready", lambda: len(topology.ready_pods("copies")) == PODS["copies"])
    lost, stays = topology.ready_pods("copies").values()
    pools.lose(topology.bed, CLUSTER, lost["spec"]["nodeName"])
    name, other = unstructured.name_of(lost), unstructured.name_of(stays)

    def back() -> bool:
        pods = topology.ready_pods("copies")
        return len(pods) == PODS["copies"] and name not in pods and other in pods

    return Loss(topology.replica("copies"), time.time(), BackgroundCheck(back))


def _store_weights(bed: Bed) -> None:
    """Do in the place of a ModelCache what no composer does yet: a volume with the weights on the cluster."""
    log_line(f"stand-in: a volume of {CLUSTER} is written by hand, since caches are not part of this version")
    (pair,) = load(_DOCUMENTED)
    name = claim_name(NAMESPACE, pair["spec"]["modelCacheRef"]["name"])
    size = {"accessModes": ["ReadWriteMany"], "storageClassName": ""}
    bed.inference[CLUSTER].kubectl.apply_objects(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": name},
                "spec": {
                    **size,
                    "capacity": {"storage": "600Gi"},
                    "hostPath": {"path": "/weights"},
                    "claimRef": {"name": name, "namespace": NAMESPACE},
                },
            },
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": {**size, "resources": {"requests": {"storage": "600Gi"}}},
            },
        ]
    )


def _manifests() -> Iterator[Manifest]:
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "hugging-face", "namespace": NAMESPACE},
        "stringData": {"token": "hf_of_the_bed"},
    }
    (pair,) = load(_DOCUMENTED)
    cache = pair["spec"]["modelCacheRef"]["name"]
    huggingface = {"repo": "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8", "sizeGiB": 600}
    yield {
        "apiVersion": kinds.MODEL_CACHE.api_version,
        "kind": "ModelCache",
        "metadata": {"name": cache, "namespace": NAMESPACE},
        "spec": {"source": "HuggingFace", "huggingFace": huggingface},
    }
    for member in pair["spec"]["engines"][0]["members"]:
        (device,) = member["nodeSelector"]["devices"]
        device["selectors"] = [_is("pair")]
    yield {**pair, "metadata": {"name": "pair", "namespace": NAMESPACE}, "spec": {**pair["spec"], **_ANYWHERE}}
    yield pools.service("pair", NAMESPACE)
    engines: Mapping[str, list[Manifest]] = {
        "copies": [_engine("vllm", _member("Standalone", "copies"), copies=2)],
        "split": [
            _engine("reads", _member("Standalone", "split", args=[_TRANSFER]), phase="Prefill"),
            _engine("writes", _member("Standalone", "split", args=["--port=8001", _TRANSFER]), phase="Decode"),
        ],
        SHORT: [_engine("vllm", *_gang(SHORT, 3))],
        UNPULLABLE: [_engine("vllm", _member("Standalone", UNPULLABLE, image=kubelets.UNPULLABLE))],
        ROUTED: [
            _engine("router", _router(), role="Router"),
            _engine("worker", _member("Standalone", UNPULLABLE, args=["--port=30000"]), copies=2),
        ],
    }
    for name, several in engines.items():
        spec: Manifest = {"replicas": 1, "engines": several, **_ANYWHERE}
        if name == "split":
            spec["serving"] = {"mode": "PrefillDecode"}
        yield {
            "apiVersion": kinds.MODEL_DEPLOYMENT.api_version,
            "kind": "ModelDeployment",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": spec,
        }
        yield pools.service(name, NAMESPACE)


def _is(product: str) -> Manifest:
    return {"cel": f'device.attributes["{gpus.DRIVER}"].productName == "{product}"'}


def _engine(name: str, *members: Manifest, **more: Any) -> Manifest:
    return {"name": name, "members": list(members), **more}


def _router() -> Manifest:
    """The one pod of a router, which asks for no device."""
    member = _member("Standalone", UNPULLABLE, args=["--worker-urls", "http://$(MODELPLANE_ENGINE_WORKER_ADDRESS)"])
    return {key: value for key, value in member.items() if key != "nodeSelector"}


def _gang(product: str, workers: int) -> tuple[Manifest, Manifest]:
    leader = _member("Leader", product, args=list(_GANG), env=[_TOKEN])
    worker = _member("Worker", product, args=[*_GANG, "--headless"], env=[_TOKEN])
    return leader, {**worker, "worker": {"nodes": workers}}


def _member(role: str, product: str, image: str = _IMAGE, **more: Any) -> Manifest:
    request = {"name": "gpu", "count": 1, "selectors": [_is(product)]}
    container = {"name": "engine", "image": image, **more}
    return {
        "role": role,
        "nodeSelector": {"devices": [request]},
        "template": {"spec": {"containers": [container]}},
    }
