"""Builders of ModelReplicas, their clusters, and what is observed of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from function.composition import Composition, Manifest, unstructured
from function.preview import cel
from function.replica import model_replica, predecessor
from tests.support.observe import answer, with_condition

SELECTOR = 'device.attributes["gpu.nvidia.com"].architecture == "Ada Lovelace"\n'
CONFIG = "ams-1-cluster-kubeconfig"

CLUSTER = {
    "apiVersion": "modelplane.ai/v1alpha1",
    "kind": "InferenceCluster",
    "metadata": {"name": "ams-1"},
    "spec": {"cluster": {"source": "Existing"}},
    "status": {"providerConfigRef": {"name": CONFIG}},
}


def container(**more: Any) -> Manifest:
    return {"name": "engine", "image": "vllm/vllm-openai:v0.23.0", "args": ["--model=Qwen/Qwen3-8B"], **more}


def member(role: str = "Standalone", pool: str = "l4", **more: Any) -> Manifest:
    """A member that claims one GPU; `engine` replaces its container, `claims` its requests."""
    request = {"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 1, "selectors": [{"cel": SELECTOR}]}
    body = {
        "role": role,
        "nodePoolName": pool,
        "deviceRequests": [request],
        "template": {"spec": {"containers": [container()]}},
        **more,
    }
    return {key: value for key, value in body.items() if value is not None}


def engine(name: str = "vllm", *members: Manifest, **more: Any) -> Manifest:
    return {"name": name, "copies": 1, "members": list(members or (member(),)), **more}


def gang(
    name: str = "vllm", workers: int | None = 1, *, leader: Any = None, worker: Any = None, **more: Any
) -> Manifest:
    """An engine of a leader and its workers; None for a worker without a size; extra fields of either as given."""
    size: dict[str, Any] = {"worker": {"nodes": workers}} if workers is not None else {}
    return engine(name, member("Leader", **(leader or {})), member("Worker", **size, **(worker or {})), **more)


def replica(*engines: Manifest, name: str = "chat-1", namespace: str = "ml-team", **spec: Any) -> Manifest:
    return {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelReplica",
        "metadata": {"name": name, "namespace": namespace, "labels": {"modelplane.ai/deployment": "chat"}},
        "spec": {"clusterName": "ams-1", "engines": list(engines or (engine(),)), **spec},
    }


def composed(
    obj: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]] | None = None,
    cluster: Mapping[str, Any] | None = CLUSTER,
    found: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Composition:
    """The composer's answer; `cluster` None for one that does not exist.

    Secrets, ConfigMaps and what an earlier replica left do not exist unless `found` has them, by requirement.
    """
    required = {"cluster": [cluster] if cluster else [], **(found or {})}
    requirements = answer(model_replica.COMPOSER, obj, children, required).requirements
    missing: dict[str, Sequence[Mapping[str, Any]]] = {
        key: () for key in requirements if key.startswith(("secret-", "configmap-", predecessor.PREDECESSOR))
    }
    return answer(model_replica.COMPOSER, obj, children, {**missing, **required})


def observed(answered: Composition, status: str = "True", **only: str) -> dict[str, Manifest]:
    """An answer's Objects as observed: synced, there, and Ready as said, or as said for a key with _ for -."""
    found: dict[str, Manifest] = {}
    for key, child in answered.children.items():
        remote = unstructured.mapping(child.manifest, "spec", "forProvider", "manifest")
        workload = {**remote, "status": {"readyReplicas": 1}}
        body = {**child.manifest, "metadata": {"name": f"chat-1-{key}", "namespace": "ml-team"}}
        body = {**body, "status": {"atProvider": {"manifest": workload}}}
        ready = only.get(key.replace("-", "_"), status)
        found[key] = with_condition(with_condition(body, "Synced"), "Ready", ready, "Said", f"{key} said so")
    return found


def remotes(answered: Composition) -> dict[str, Manifest]:
    """What an answer puts on the cluster, by composition resource name."""
    return {
        key: dict(unstructured.mapping(child.manifest, "spec", "forProvider", "manifest"))
        for key, child in answered.children.items()
    }


def serving(obj: Mapping[str, Any]) -> tuple[Manifest, dict[str, Manifest]]:
    """A replica that serves, with its children."""
    children = observed(composed(obj))
    settled = composed(obj, children)
    status = dict(settled.status)
    return with_condition({**obj, "status": status}, "Ready"), children


def workload_is_ready(obj: Manifest, status: Manifest, generation: int = 1) -> bool:
    """Whether the Object of the workload of a replica's only engine is Ready by its own query."""
    child = composed(replica(obj)).children["model-serving-vllm"].manifest
    workload = dict(child["spec"]["forProvider"]["manifest"])
    workload["metadata"] = {**workload["metadata"], "generation": generation}
    return cel.holds(child["spec"]["readiness"]["celQuery"], {**workload, "status": status})[0]
