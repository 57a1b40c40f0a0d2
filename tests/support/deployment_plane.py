"""A control plane that composes ModelDeployments and nothing else, and what tests let happen in it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from function.composers import answer as answered_by
from function.composition import Composition, Manifest, Observation, timestamps, unstructured
from function.deployment import model_deployment
from function.preview.control_plane import ControlPlane
from function.preview.kinds import Ref, ref_of
from function.preview.managed_fields import Writer
from function.preview.store import with_status
from tests.support.deployments import API_VERSION, KEY, cluster, deployment

TESTER: Final = Writer("test", "Update", name="the test")


def plane(*objects: Mapping[str, Any]) -> ControlPlane:
    """A control plane that composes deployments only; clusters and replicas say what the test lets them say."""

    def compose(observed: Observation) -> Composition:
        return answered_by(model_deployment.COMPOSER, observed)

    made = ControlPlane(compose, kinds={(API_VERSION, "ModelDeployment")})
    put(made, *objects)
    return made


def put(of: ControlPlane, *objects: Mapping[str, Any]) -> None:
    """Apply manifests, those that have a status with it, and let all go its way until it is quiet."""
    of.apply([{**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "uid"}} for obj in objects])
    for obj in objects:
        if "status" in obj:
            say(of, obj, obj["status"])
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
    condition = {"type": "Ready", "status": status, "reason": "Said", "lastTransitionTime": timestamps.text_of(of.now)}
    return {"conditions": [condition]}


def become_available(of: ControlPlane, status: str = "True", *names: str) -> None:
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


def two_serve() -> ControlPlane:
    """Two replicas that serve, one on each of two clusters."""
    of = plane(cluster("a"), cluster("b"), deployment(2))
    become_available(of)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    return of


def specs(of: ControlPlane) -> dict[str, Any]:
    return {replica["metadata"]["uid"]: replica["spec"] for replica in replicas(of).values()}


def ready(of: ControlPlane) -> bool:
    return unstructured.is_true(live(of), "Ready")
