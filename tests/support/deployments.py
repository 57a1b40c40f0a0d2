"""Builders of ModelDeployments, of the fleet around them, and a control plane that composes nothing else."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from function.composers import answer as answered_by
from function.composition import Composition, Manifest, Observation, timestamps, unstructured
from function.deployment import model_deployment
from function.preview.control_plane import ControlPlane
from function.preview.kinds import Ref, ref_of
from function.preview.managed_fields import Writer
from function.preview.store import with_status
from tests.support import api
from tests.support.observe import NOW, observation, with_condition

API_VERSION: Final = "modelplane.ai/v1alpha1"
GPU: Final = 'device.driver == "gpu.nvidia.com"'
NIC: Final = 'device.driver == "nic.example.com"'
NO_SYNTAX: Final = "device.driver =="
KEY: Final = "crossplane.io/composition-resource-name"

AN_HOUR_AGO: Final = "2025-12-31T23:00:00Z"

TESTER: Final = Writer("test", "Update", name="the test")


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
    one = {"role": "Standalone", "nodePoolName": pool_name, **claims, "template": api.template()}
    body = {"clusterName": on, "engines": [{"name": "vllm", "copies": nodes, "members": [one]}], **more}
    meta = {"name": name, "namespace": "others", "labels": {"modelplane.ai/deployment": "other"}}
    return {"apiVersion": API_VERSION, "kind": "ModelReplica", "metadata": meta, "spec": body}


# ---------------------------------------------------------------------- one answer


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
        thing: The deployment.
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
        said = only.get(key.replace("-", "_"), serving) if key.startswith("replica-") else "True"
        found[key] = with_condition(body, "Ready", said, "Said") if said is not None else body
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


# ---------------------------------------------------------------------- a control plane


def plane(*things: Mapping[str, Any]) -> ControlPlane:
    """A control plane that composes deployments only; clusters and replicas say what the test lets them say."""

    def compose(observed: Observation) -> Composition:
        return answered_by(model_deployment.COMPOSER, observed)

    made = ControlPlane(compose, kinds={(API_VERSION, "ModelDeployment")})
    put(made, *things)
    return made


def put(of: ControlPlane, *things: Mapping[str, Any]) -> None:
    """Apply manifests, those that have a status with it, and let all go its way until it is quiet."""
    of.apply([{**thing, "metadata": {k: v for k, v in thing["metadata"].items() if k != "uid"}} for thing in things])
    for thing in things:
        if "status" in thing:
            say(of, thing, thing["status"])
    quiet(of)


def say(of: ControlPlane, obj: Mapping[str, Any], status: Mapping[str, Any]) -> None:
    """Give an object a status."""
    live = of.store.get(ref_of(obj))
    assert live is not None
    of.store.update(with_status(live, dict(status)), TESTER.status)


def serve(of: ControlPlane, status: str = "True", *names: str) -> None:
    """Let replicas say whether they serve, all or those named, and endpoints that they are ready."""
    for obj in of.list(API_VERSION, "ModelReplica"):
        if not names or unstructured.name_of(obj) in names:
            say(of, obj, _ready(of, status))
    quiet(of)
    for obj in of.list(API_VERSION, "ModelEndpoint"):
        if not unstructured.is_true(obj, "Ready"):
            say(of, obj, _ready(of, "True"))
    quiet(of)


def _ready(of: ControlPlane, status: str) -> Manifest:
    said = {"type": "Ready", "status": status, "reason": "Said", "lastTransitionTime": timestamps.text_of(of.now)}
    return {"conditions": [said]}


def settled(of: ControlPlane, status: str = "True", *names: str) -> None:
    """Let replicas say whether they serve, and time go by until every service has noticed."""
    serve(of, status, *names)
    wait(of, 90)


def quiet(of: ControlPlane) -> None:
    """Pass until nothing changes at this time; a few seconds go by."""
    for _ in range(20):
        if not of.step():
            return
    raise AssertionError("it still changes")


def wait(of: ControlPlane, seconds: int) -> None:
    """Let time go by, and then all go its way."""
    of.store.now += timedelta(seconds=seconds)
    quiet(of)


def scale(of: ControlPlane, replicas: int, **spec: Any) -> None:
    """Apply the deployment `chat` again with another number of replicas."""
    put(of, deployment(replicas, **spec))


def live(of: ControlPlane, name: str = "chat", namespace: str = "ml-team") -> Manifest:
    found = of.get(API_VERSION, "ModelDeployment", namespace, name)
    assert found is not None
    return found


def replicas(of: ControlPlane, namespace: str = "ml-team") -> dict[str, Manifest]:
    """The replicas of a namespace, by composition resource name."""
    return {unstructured.annotations(obj)[KEY]: obj for obj in of.list(API_VERSION, "ModelReplica", namespace)}


def endpoints(of: ControlPlane, namespace: str = "ml-team") -> dict[str, bool]:
    """The endpoints of a namespace, by composition resource name, and whether each is draining."""
    found = of.list(API_VERSION, "ModelEndpoint", namespace)
    return {unstructured.annotations(obj)[KEY]: unstructured.dig(obj, "spec", "draining") is True for obj in found}


def conditions(of: ControlPlane, name: str = "chat", namespace: str = "ml-team") -> dict[str, str]:
    """A deployment's conditions, as type to status/reason."""
    found = unstructured.items(live(of, name, namespace), "status", "conditions")
    return {c["type"]: f"{c['status']}/{c['reason']}" for c in found}


def ref(obj: Mapping[str, Any]) -> Ref:
    return ref_of(obj)


def lose_track(of: ControlPlane, name: str = "chat", namespace: str = "ml-team") -> None:
    """Wipe what Crossplane knows of a deployment's children; nothing is called yet."""
    body = live(of, name, namespace)
    of.store.update({**body, "spec": {**body["spec"], "crossplane": {"resourceRefs": []}}}, TESTER)


def tracked(of: ControlPlane, name: str = "chat", namespace: str = "ml-team") -> set[tuple[str, str]]:
    """Kind and name of what Crossplane knows of a deployment's children."""
    refs = unstructured.items(live(of, name, namespace), "spec", "crossplane", "resourceRefs")
    return {(ref["kind"], ref["name"]) for ref in refs}
