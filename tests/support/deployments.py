"""Builders of ModelDeployments, of the fleet around them, and of what is observed of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from function.composers import answer as answered_by
from function.composition import Composition, Manifest, Observation, names, unstructured
from function.deployment import model_deployment
from tests.support import api
from tests.support.observe import NOW, observation, with_condition

API_VERSION: Final = "modelplane.ai/v1alpha1"
GPU: Final = 'device.driver == "gpu.nvidia.com"'
NIC: Final = 'device.driver == "nic.example.com"'
NO_SYNTAX: Final = "device.driver =="
KEY: Final = "crossplane.io/composition-resource-name"

AN_HOUR_AGO: Final = "2025-12-31T23:00:00Z"

A0: Final = names.name("chat", 63, "ModelReplica", "ml-team", "chat", "a", "0")
"""The name of the first replica of the deployment `chat` on cluster `a`."""

CALM: Final = {
    "ModelCacheResolved": "True/NoCacheNeeded",
    "EnginesRecognized": "True/DefaultsAssumed",
    "ReplicasScheduled": "True/ReplicasCreated",
    "ReplicasReady": "True/AllReplicasReady",
    "Progressing": "True/Complete",
    "PlacementDrifted": "False/InPlace",
    "Overcommitted": "False/WithinCapacity",
    "Held": "False/InputsResolved",
    "ChildrenReady": "True/AllReady",
}

"""What a deployment says that has what it asks for."""


# ---------------------------------------------------------------------- what is asked for


def request(name: str = "gpu", *selectors: str, count: int = 1) -> Manifest:
    """A request for any GPU, unless told otherwise."""
    return {"name": name, "count": count, "selectors": [{"cel": text} for text in selectors or (GPU,)]}


def member(*requests: Manifest, role: str = "Standalone", **more: Any) -> Manifest:
    selector = {"nodeSelector": {"devices": list(requests)}} if requests else {}
    return {"role": role, **selector, "template": api.template(), **more}


def engine(name: str = "vllm", *members: Manifest, **more: Any) -> Manifest:
    """An engine of one pod with one GPU, unless told otherwise."""
    return {"name": name, "members": list(members or (member(request()),)), **more}


def gang(workers: int, *requests: Manifest, name: str = "vllm") -> Manifest:
    """An engine of a leader that claims what is given, or nothing, and of workers with a GPU each."""
    worker = member(request(), role="Worker", worker={"nodes": workers})
    return engine(name, member(*requests, role="Leader"), worker)


def deployment(
    replicas: int = 1, *engines: Manifest, name: str = "chat", namespace: str = "ml-team", **spec: Any
) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{namespace}-{name}"},
        "spec": {"replicas": replicas, "engines": list(engines or (engine(),)), **spec},
    }


def selecting(**labels: str) -> Manifest:
    """A selector of clusters; `_` stands for `-` in keys."""
    return {"matchLabels": {key.replace("_", "-"): value for key, value in labels.items()}}


def cache(name: str = "weights", **labels: str) -> Manifest:
    """A ModelCache, with the labels of clusters that it selects."""
    body = api.cache(name)
    return {**body, "spec": {**body["spec"], **({"clusterSelector": selecting(**labels)} if labels else {})}}


# ---------------------------------------------------------------------- what there is


def gpu(count: int = 8, **more: Any) -> Manifest:
    driver = "gpu.nvidia.com"
    return {"name": "gpu", "claim": "DRA", "driver": driver, "deviceClassName": driver, "count": count, **more}


def nic(count: int = 1) -> Manifest:
    """A device that is matched, and never claimed."""
    return {"name": "nic", "claim": "Synthetic", "driver": "nic.example.com", "count": count}


def pool(name: str = "a100", nodes: int = 4, *devices: Manifest, **more: Any) -> Manifest:
    return {"name": name, "nodes": nodes, "devices": list(devices or (gpu(),)), **more}


def taint(key: str = "upkeep", effect: str = "NoSchedule", **more: str) -> Manifest:
    return {"key": key, "effect": effect, **more}


def cluster(
    name: str,
    *pools: Manifest,
    labels: Mapping[str, str] | None = None,
    taints: Sequence[Manifest] = (),
    address: str = "10.0.0.1",
    ready: bool = True,
    published: bool = True,
) -> Manifest:
    """An InferenceCluster that is ready and has a pool of four nodes, unless told otherwise."""
    body = api.cluster("Existing", api.pool("gpu", nodeCount=1), name=name, **({"taints": taints} if taints else {}))
    status: Manifest = {"gateway": {"address": address}} if address else {}
    if published:
        status["gpuPools"] = list(pools or (pool(),))
    meta = {"name": name, **({"labels": dict(labels)} if labels else {})}
    return with_condition({**body, "metadata": meta, "status": status}, "Ready", "True" if ready else "False")


def taken(on: str, nodes: int = 1, pool_name: str = "a100", name: str = "other", **more: Any) -> Manifest:
    """A ModelReplica of another deployment that takes nodes of a pool."""
    claims = {"deviceRequests": [{"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 1}]}
    pinned = {"role": "Standalone", "nodePoolName": pool_name, **claims, "template": api.template()}
    body = {"clusterName": on, "engines": [{"name": "vllm", "copies": nodes, "members": [pinned]}], **more}
    meta = {"name": name, "namespace": "others", "labels": {"modelplane.ai/deployment": "other"}}
    return {"apiVersion": API_VERSION, "kind": "ModelReplica", "metadata": meta, "spec": body}


# ---------------------------------------------------------------------- an answer


def composed(
    obj: Mapping[str, Any],
    clusters: Sequence[Mapping[str, Any]] = (),
    children: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    listed: Sequence[Mapping[str, Any]] = (),
    endpoints: Sequence[Mapping[str, Any]] = (),
    caches: Sequence[Mapping[str, Any]] | None = None,
    now: datetime = NOW,
) -> Composition:
    """The composer's answer once all is fetched.

    Args:
        obj: The deployment.
        clusters: All InferenceClusters.
        children: Its observed children; its replicas are listed among all replicas as well.
        listed: ModelReplicas that are listed besides.
        endpoints: Its ModelEndpoints that are found besides.
        caches: What was found of its cache; None when that is not fetched.
        now: The time of the call.
    """
    return answered_by(
        model_deployment.COMPOSER,
        seen(obj, clusters, children, listed=listed, endpoints=endpoints, caches=caches, now=now),
    )


def seen(
    obj: Mapping[str, Any],
    clusters: Sequence[Mapping[str, Any]] = (),
    children: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    listed: Sequence[Mapping[str, Any]] = (),
    endpoints: Sequence[Mapping[str, Any]] = (),
    caches: Sequence[Mapping[str, Any]] | None = None,
    now: datetime = NOW,
) -> Observation:
    """What `composed` gives the composer."""
    own = [child for child in (children or {}).values() if child["kind"] == "ModelReplica"]
    leading = [child for child in (children or {}).values() if child["kind"] == "ModelEndpoint"]
    required = {"clusters": list(clusters), "replicas": [*own, *listed], "endpoints": [*leading, *endpoints]}
    if caches is not None:
        required["cache"] = list(caches)
    return observation(obj, children, required, now)


def owned_by(owner: Mapping[str, Any]) -> list[Manifest]:
    identity = {key: owner[key] for key in ("apiVersion", "kind")}
    meta = owner["metadata"]
    return [{**identity, "name": meta["name"], "uid": meta.get("uid", ""), "controller": True}]


def there(
    answered: Composition, owner: Mapping[str, Any], serving: str | None = "True", **only: str | None
) -> dict[str, Manifest]:
    """An answer's children as Crossplane observes them.

    Args:
        answered: The answer.
        owner: The deployment.
        serving: Status of the replicas' Ready condition; None when they do not say.
        **only: The same for single replicas, by composition resource name with `_` for `-`.
    """
    found: dict[str, Manifest] = {}
    for key, child in answered.children.items():
        meta = child.manifest["metadata"]
        added = {
            "annotations": {**meta.get("annotations", {}), KEY: key},
            "uid": f"uid-of-{key}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": owned_by(owner),
        }
        body = {**child.manifest, "metadata": {**meta, **added}}
        ready = only.get(key.replace("-", "_"), serving) if key.startswith("replica-") else "True"
        found[key] = with_condition(body, "Ready", ready, "Said") if ready is not None else body
    return found


def running(
    obj: Mapping[str, Any],
    clusters: Sequence[Mapping[str, Any]],
    serving: str | None = "True",
    **only: str | None,
) -> dict[str, Manifest]:
    """The children of a deployment that was placed on these clusters an hour ago, and whose replicas serve."""
    placed = there(composed(obj, clusters), obj)
    found = there(composed(obj, clusters, placed), obj, serving, **only)
    return {key: aged(child) for key, child in found.items()}


def aged(child: Mapping[str, Any]) -> Manifest:
    """A child that is as it is for an hour."""
    conditions = [
        {**condition, "lastTransitionTime": AN_HOUR_AGO}
        for condition in unstructured.items(child, "status", "conditions")
    ]
    status = {"status": {**child["status"], "conditions": conditions}} if conditions else {}
    return {**child, "metadata": {**child["metadata"], "creationTimestamp": AN_HOUR_AGO}, **status}


def marked(child: Mapping[str, Any], since: str) -> Manifest:
    """A child that remembers since when it drains; an endpoint is marked as well."""
    spec = {**child["spec"], "draining": True} if child["kind"] == "ModelEndpoint" else child["spec"]
    return {**annotated(child, "modelplane.ai/draining-since", since), "spec": spec}


def annotated(child: Mapping[str, Any], key: str, value: str) -> Manifest:
    meta = child["metadata"]
    return {**child, "metadata": {**meta, "annotations": {**meta.get("annotations", {}), key: value}}}


def terminating(child: Mapping[str, Any]) -> Manifest:
    return {**child, "metadata": {**child["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}


def draining(answered: Composition) -> set[str]:
    """The endpoints of an answer that are marked as draining."""
    return {
        key for key, child in answered.children.items() if unstructured.dig(child.manifest, "spec", "draining") is True
    }


def messages(answered: Composition) -> dict[str, str]:
    """The answer's conditions, as type to message."""
    return {c.type: c.message for c in answered.conditions}


def manifests(answered: Composition) -> dict[str, Manifest]:
    return {key: child.manifest for key, child in answered.children.items()}


def as_observed(children: Mapping[str, Manifest], *keys: str) -> dict[str, Any]:
    return {key: children[key]["spec"] for key in keys}


def with_conditions(obj: Manifest, answered: Composition) -> Manifest:
    """A deployment with the status and the conditions of an answer."""
    result = {**obj, "status": dict(answered.status)}
    for condition in answered.conditions:
        result = with_condition(result, condition.type, condition.status.value, condition.reason, condition.message)
    return result
