"""The LeaderWorkerSet controller works on the bed: a gang comes up as a whole, and goes as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from function.composition import Manifest, unstructured
from tests.e2e.bed.gpus import TAINT
from tests.e2e.bed.plane import Bed

SETS = "leaderworkerset.x-k8s.io/v1"
NAMESPACE = "gang"
NAME = "sample"


@pytest.fixture
def gang(fleet: Bed) -> Iterator[Bed]:
    """The bed with a set of a leader and a worker on ams-1."""
    cluster = fleet.inference["ams-1"]
    fleet.processes.until(
        "the webhooks of LeaderWorkerSet are registered",
        lambda: cluster.api.get(
            "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "lws-mutating-webhook-configuration"
        ),
    )
    cluster.kubectl.apply_objects([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, _set()])
    yield fleet
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_a_gang_comes_up_knows_its_leader_and_goes(gang: Bed) -> None:
    api, until = gang.inference["ams-1"].api, gang.processes.until

    def pods() -> list[Manifest]:
        found = api.list("v1", "Pod", NAMESPACE, **{"leaderworkerset.sigs.k8s.io/name": NAME})
        return [pod for pod in found if unstructured.is_true(pod, "Ready")]

    until("leader and worker are Ready", lambda: len(pods()) == 2)
    assert {pod["status"]["phase"] for pod in pods()} == {"Running"}
    environments = {}
    for pod in pods():
        (container,) = pod["spec"]["containers"]
        environments[unstructured.name_of(pod)] = {item["name"]: item.get("value") for item in container["env"]}
    assert set(environments) == {f"{NAME}-0", f"{NAME}-0-1"}
    assert {each["LWS_LEADER_ADDRESS"] for each in environments.values()} == {f"{NAME}-0.{NAME}.{NAMESPACE}"}
    assert {each["LWS_GROUP_SIZE"] for each in environments.values()} == {"2"}
    assert [environments[name]["LWS_WORKER_INDEX"] for name in sorted(environments)] == ["0", "1"]
    until(
        "the set is Available",
        lambda: unstructured.is_true(api.get(SETS, "LeaderWorkerSet", NAME, NAMESPACE), "Available"),
    )

    api.delete(_set(), "Foreground")
    until("the set is gone", lambda: api.get(SETS, "LeaderWorkerSet", NAME, NAMESPACE) is None)
    until("no pod of it is left", lambda: not api.list("v1", "Pod", NAMESPACE))


def _set() -> Manifest:
    pod = {
        "tolerations": [{"key": TAINT, "operator": "Exists", "effect": "NoSchedule"}],
        "containers": [{"name": "engine", "image": "registry.invalid/engine:v1"}],
    }
    return {
        "apiVersion": SETS,
        "kind": "LeaderWorkerSet",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"replicas": 1, "leaderWorkerTemplate": {"size": 2, "workerTemplate": {"spec": pod}}},
    }
