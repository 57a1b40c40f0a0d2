"""Rollouts and drains on a whole control plane: at every pass enough endpoints serve, and every route is sound."""

import copy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from function.composition import Manifest, unstructured
from function.preview.control_plane import ControlPlane
from tests.support.settled import EXAMPLES, settle

API_VERSION = "modelplane.ai/v1alpha1"
NAMESPACE = "ml-team"
NEW = "vllm/vllm-openai:v9"


def read(of: ControlPlane, kind: str, name: str, namespace: str = "") -> Manifest:
    found = of.get(API_VERSION, kind, namespace, name)
    assert found is not None
    return found


def put(of: ControlPlane, kind: str, name: str, namespace: str = "", **spec: Any) -> None:
    """Change fields of a spec, as a user would."""
    obj = read(of, kind, name, namespace)
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
    if not namespace:
        del body["metadata"]["namespace"]  # type: ignore[attr-defined]
    body["metadata"]["labels"] = dict(unstructured.labels(obj))  # type: ignore[index]
    of.apply([{**body, "spec": {**copy.deepcopy(obj["spec"]), **spec}}])


def with_image(of: ControlPlane, image: str) -> list[Manifest]:
    engines: list[Manifest] = copy.deepcopy(read(of, "ModelDeployment", "chat", NAMESPACE)["spec"]["engines"])
    engines[0]["members"][0]["template"]["spec"]["containers"][0]["image"] = image
    return engines


def images(of: ControlPlane) -> list[str]:
    return sorted(
        unstructured.dig(obj, "spec", "engines", 0, "members", 0, "template", "spec", "containers", 0, "image")
        for obj in of.list(API_VERSION, "ModelReplica", NAMESPACE)
        if unstructured.labels(obj)["modelplane.ai/deployment"] == "chat"
    )


def backends(of: ControlPlane) -> int:
    (route,) = of.list("gateway.networking.k8s.io/v1", "HTTPRoute", NAMESPACE)
    found = [obj for rule in route["spec"]["rules"] for obj in rule.get("backendRefs", [])]
    return sum(obj.get("weight", 1) > 0 for obj in found)


def passes(of: ControlPlane, seconds: int = 900) -> Iterator[None]:
    """Let time go by in steps of twenty seconds, making a pass at each."""
    begun = of.now
    for passed in range(20, seconds + 20, 20):
        of.step()
        of.store.now = max(of.now, begun + timedelta(seconds=passed))
        yield


@pytest.fixture
def roomy() -> ControlPlane:
    """The quickstart with a node to spare."""
    of = settle(EXAMPLES / "quickstart")
    pools = copy.deepcopy(read(of, "InferenceCluster", "ams-1")["spec"]["nodePools"])
    pools[0]["nodeCount"] = 3
    put(of, "InferenceCluster", "ams-1", nodePools=pools)
    of.settle()
    return of


def test_with_room_both_replicas_are_replaced_and_two_backends_answer_all_the_time(roomy: ControlPlane) -> None:
    put(roomy, "ModelDeployment", "chat", NAMESPACE, engines=with_image(roomy, NEW))
    for _ in passes(roomy):
        assert backends(roomy) >= 2
    assert images(roomy) == [NEW, NEW]
    chat = read(roomy, "ModelDeployment", "chat", NAMESPACE)
    assert unstructured.condition(chat, "Progressing")["reason"] == "Complete"
    assert chat["status"]["revisions"] == [{"name": chat["status"]["revision"]["name"], "replicas": 2, "serving": 2}]


def test_without_room_one_replica_at_a_time_makes_room_for_its_successor() -> None:
    of = settle(EXAMPLES / "quickstart")
    put(of, "ModelDeployment", "chat", NAMESPACE, engines=with_image(of, NEW))
    for _ in passes(of, 1100):
        assert backends(of) >= 1
    assert images(of) == [NEW, NEW]


def test_without_room_and_with_none_to_miss_the_rollout_waits_and_says_what_for() -> None:
    of = settle(EXAMPLES / "quickstart")
    rollout = {"maxSurge": 1, "maxUnavailable": 0}
    put(of, "ModelDeployment", "chat", NAMESPACE, engines=with_image(of, NEW), rollout=rollout)
    of.settle()
    assert NEW not in images(of)
    condition = unstructured.condition(read(of, "ModelDeployment", "chat", NAMESPACE), "Progressing")
    assert (condition["status"], condition["reason"]) == ("False", "NoRoomToSurge")
    assert (
        "at least 2 have to serve; no room for another: 2 clusters: 1 needs 1 free node in pool l4"
        in condition["message"]
    )
    assert backends(of) == 2


def test_a_paused_rollout_starts_when_it_is_released(roomy: ControlPlane) -> None:
    put(roomy, "ModelDeployment", "chat", NAMESPACE, engines=with_image(roomy, NEW), rollout={"paused": True})
    roomy.settle()
    assert NEW not in images(roomy)
    condition = unstructured.condition(read(roomy, "ModelDeployment", "chat", NAMESPACE), "Progressing")
    assert condition["reason"] == "RolloutPaused"
    put(roomy, "ModelDeployment", "chat", NAMESPACE, rollout={"paused": False})
    roomy.settle()
    assert images(roomy) == [NEW, NEW]


def test_going_back_in_the_middle_of_a_rollout_ends_where_it_began(roomy: ControlPlane) -> None:
    before = read(roomy, "ModelDeployment", "chat", NAMESPACE)["spec"]["engines"]
    first = {obj["metadata"]["uid"] for obj in roomy.list(API_VERSION, "ModelReplica", NAMESPACE)}
    put(roomy, "ModelDeployment", "chat", NAMESPACE, engines=with_image(roomy, NEW))
    for _ in passes(roomy, 60):
        assert backends(roomy) >= 2
    put(roomy, "ModelDeployment", "chat", NAMESPACE, engines=before)
    for _ in passes(roomy, 600):
        assert backends(roomy) >= 2
    assert {obj["metadata"]["uid"] for obj in roomy.list(API_VERSION, "ModelReplica", NAMESPACE)} == first


def test_a_drained_cluster_is_left_for_another_without_a_gap() -> None:
    of = settle(EXAMPLES / "quickstart")
    ams = read(of, "InferenceCluster", "ams-1")
    other = {**ams["spec"], "nodePools": [{**copy.deepcopy(ams["spec"]["nodePools"][0]), "nodeCount": 2}]}
    of.apply([{"apiVersion": API_VERSION, "kind": "InferenceCluster", "metadata": {"name": "rtm-1"}, "spec": other}])
    of.settle()
    put(of, "InferenceCluster", "ams-1", taints=[{"key": "retire", "effect": "NoExecute"}])
    for _ in passes(of):
        assert backends(of) >= 2
    assert {obj["spec"]["clusterName"] for obj in of.list(API_VERSION, "ModelReplica", NAMESPACE)} == {"rtm-1"}


def test_a_drained_cluster_is_not_left_when_there_is_no_other() -> None:
    of = settle(EXAMPLES / "quickstart")
    put(of, "InferenceCluster", "ams-1", taints=[{"key": "retire", "effect": "NoExecute"}])
    for _ in passes(of, 600):
        assert backends(of) == 2
    condition = unstructured.condition(read(of, "ModelDeployment", "chat", NAMESPACE), "PlacementDrifted")
    assert condition["reason"] == "DrainBlocked"
