"""Builders of classes, clusters and stacks, and of what is observed of their children."""

from collections.abc import Mapping
from typing import Any

from function.api.kinds import INFERENCE_CLASS, INFERENCE_CLUSTER, MODEL_REPLICA
from function.composition import Composer, Composition, Manifest, names, objects, unstructured
from function.fleet import inference_class, inference_cluster
from function.fleet.stack import promises, serving_stack
from tests.support.observe import answer, with_condition

COMPOSERS: dict[tuple[str, str], Composer] = {
    (c.api_version, c.kind): c for c in (inference_class.COMPOSER, inference_cluster.COMPOSER, serving_stack.COMPOSER)
}

DEVICE = {
    "name": "gpu",
    "driver": "gpu.nvidia.com",
    "deviceClassName": "gpu.nvidia.com",
    "capacity": {"memory": {"value": "23034Mi"}},
}
PUBLISHED = {**DEVICE, "claim": "DRA", "count": 1}
ADDRESS = "198.51.100.7"
CLUSTER_CONFIG = names.name("ams-1", 63, "ClusterProviderConfig", "", "ams-1")


def inference_class_of(name: str = "l4", **spec: Any) -> Manifest:
    return {
        "apiVersion": INFERENCE_CLASS.api_version,
        "kind": INFERENCE_CLASS.kind,
        "metadata": {"name": name},
        "spec": {"devices": [DEVICE], **spec},
    }


def pool(name: str = "gpus", class_name: str = "l4", **more: Any) -> Manifest:
    return {"name": name, "className": class_name, "nodeCount": 2, **more}


def cluster(name: str = "ams-1", existing: Mapping[str, Any] | None = None, **spec: Any) -> Manifest:
    source = {"source": "Existing", "existing": {"secretRef": {"name": "kc"}, **(existing or {})}}
    return {
        "apiVersion": INFERENCE_CLUSTER.api_version,
        "kind": INFERENCE_CLUSTER.kind,
        "metadata": {"name": name},
        "spec": {"cluster": source, "nodePools": [pool()], **spec},
    }


def replica(name: str = "chat-1", namespace: str = "ml-team") -> Manifest:
    return {
        "apiVersion": MODEL_REPLICA.api_version,
        "kind": MODEL_REPLICA.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": {"modelplane.ai/cluster": "ams-1"}},
        "spec": {},
    }


def compose_cluster(
    obj: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    replicas: list[Manifest] | None = None,
    classes: Mapping[str, list[Manifest]] | None = None,
) -> Composition:
    """The composer's answer with one class `l4` and no replicas, unless said otherwise."""
    found = {"l4": [inference_class_of()]} if classes is None else classes
    required = {"model-replicas": replicas or [], **{f"class-{name}": items for name, items in found.items()}}
    return answer(inference_cluster.COMPOSER, obj, children, required)


def observed_child(key: str, body: Mapping[str, Any], status: str = "True", message: str = "") -> Manifest:
    """A child as observed: named, synced, there, and Ready as said."""
    meta = {**body.get("metadata", {})}
    meta.setdefault("name", f"x-{key}")
    meta.setdefault("uid", f"uid-{key}")
    found: Manifest = {**{k: v for k, v in body.items() if k != "status"}, "metadata": meta}
    if body["kind"] == "Object":
        manifest = dict(unstructured.mapping(body, "spec", "forProvider", "manifest"))
        remote = promises.as_promised(manifest) or manifest
        if key == "gateway":
            remote["status"] = {"addresses": [{"type": "IPAddress", "value": ADDRESS}]}
        found["status"] = {"atProvider": {"manifest": remote}}
    return with_condition(with_condition(found, "Synced"), "Ready", status, "Said", message)


def observed(answered: Composition, status: str = "True") -> dict[str, Manifest]:
    return {key: observed_child(key, child.manifest, status) for key, child in answered.children.items()}


def running_cluster(obj: Mapping[str, Any], **options: Any) -> tuple[Manifest, dict[str, Manifest]]:
    """A cluster that is ready, and its children."""
    children = observed(compose_cluster(obj, **options))
    stack = with_condition(children["serving-stack"], "ClusterReachable", reason="Reachable")
    children["serving-stack"] = {**stack, "status": {**stack["status"], "gateway": {"address": ADDRESS}}}
    answered = compose_cluster(obj, children, **options)
    return with_status(obj, answered), children


def with_status(obj: Mapping[str, Any], answered: Composition) -> Manifest:
    """The composite with the status and conditions that an answer gives it."""
    conditions = [
        {"type": c.type, "status": c.status.value, "reason": c.reason, "message": c.message}
        for c in answered.conditions
    ]
    ready = {"type": "Ready", "status": "True" if answered.ready else "False", "reason": "Said", "message": ""}
    return {**obj, "status": {**answered.status, "conditions": [*conditions, ready]}}


def manifests(answered: Composition) -> dict[str, Manifest]:
    """What an answer composes, by composition resource name."""
    return {key: child.manifest for key, child in answered.children.items()}


def message(answered: Composition, kind: str) -> str:
    return next(c.message for c in answered.conditions if c.type == kind)


def remote(answered: Composition, key: str) -> Mapping[str, Any]:
    return objects.desired(answered.children[key].manifest)
