"""The quickstart on a real control plane: it becomes Ready, and its pods get real devices."""

from __future__ import annotations

import json
from typing import Any

import pytest

from function.composition import Object, unstructured
from tests.e2e.bed.api import load
from tests.e2e.bed.plane import NODES, Bed
from tests.e2e.bed.quickstart import MODEL, NAMESPACE, Serving
from tests.e2e.shipped import ROOT

pytestmark = pytest.mark.usefixtures("fleet")


def test_the_fleet_becomes_ready(bed: Bed) -> None:
    assert bed.is_true("InferenceGateway", "default", "Ready")
    for name in ("ams-1", "osl-1"):
        assert bed.is_true("InferenceCluster", name, "Ready"), name


def test_a_field_that_does_not_exist_is_refused_by_its_name(bed: Bed) -> None:
    obj = load(MODEL / "chat.yaml")[0]
    wrong = {**obj, "spec": {**obj["spec"], "replcas": 2}}
    output = bed.control.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(wrong), may_fail=True)
    assert 'unknown field "spec.replcas"' in output


def test_the_model_is_served_and_the_one_that_fits_nowhere_is_not(bed: Bed, serving: Serving) -> None:
    assert len(serving.replicas()) == len(serving.endpoints()) == 2
    assert bed.is_true("ModelService", "chat", "Ready", NAMESPACE)
    route = serving.route_backends()
    assert sorted(weight for _, weight in route) == [1, 1] or len({weight for _, weight in route}) == 1
    large = bed.composite("ModelDeployment", "large", NAMESPACE)
    assert unstructured.condition(large, "ReplicasScheduled")["reason"] == "InsufficientCapacity"


def test_kubectl_wait_sees_that_the_fleet_and_the_model_are_ready(bed: Bed, serving: Serving) -> None:
    assert serving.is_ready
    wait = ("wait", "--for=condition=Ready")
    fleet = ("inferencegateway/default", "inferencecluster/ams-1", "inferencecluster/osl-1")
    output = bed.control.kubectl.waiting(*wait, *fleet)
    output += bed.control.kubectl.waiting(*wait, "-n", NAMESPACE, "modeldeployment/chat", "modelservice/chat")
    assert output.splitlines() == [
        "inferencegateway.modelplane.ai/default condition met",
        "inferencecluster.modelplane.ai/ams-1 condition met",
        "inferencecluster.modelplane.ai/osl-1 condition met",
        "modeldeployment.modelplane.ai/chat condition met",
        "modelservice.modelplane.ai/chat condition met",
    ]


def test_pods_run_on_the_nodes_of_their_pool_with_devices_that_the_scheduler_allocated(
    bed: Bed, serving: Serving
) -> None:
    pods = serving.pods()
    assert {pod["spec"]["nodeName"] for pod in pods} == set(NODES)
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    claims = bed.inference["ams-1"].api.list("resource.k8s.io/v1", "ResourceClaim", NAMESPACE)
    results = [result for claim in claims for result in claim["status"]["allocation"]["devices"]["results"]]
    assert sorted((result["driver"], result["pool"], result["device"]) for result in results) == [
        ("gpu.nvidia.com", node, "gpu-0") for node in sorted(NODES)
    ]
    held = {user["name"] for claim in claims for user in claim["status"]["reservedFor"]}
    assert held == {unstructured.name_of(pod) for pod in pods}


def test_kubectl_get_shows_the_columns(bed: Bed, serving: Serving) -> None:
    assert serving.is_ready
    header, *rows = bed.control.kubectl.table("md", "-n", NAMESPACE)
    shown = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert [shown["chat"][column] for column in ("DESIRED", "SCHEDULED", "REPLICAS")] == ["2", "2", "2"]
    assert shown["large"]["DESIRED"] == "1"
    assert _column(bed, "ms", "ADDRESS", "chat") == "http://192.0.2.1/ml-team/chat"
    assert _column(bed, "ms", "ENDPOINTS", "chat") == "2/2"
    assert _column(bed, "ms", "ROUTING", "chat") == "True"
    for endpoint in serving.endpoints():
        assert _column(bed, "me", "ROUTING", unstructured.name_of(endpoint)) == "BackendConfigured"
    assert _column(bed, "ic", "GATEWAY", "ams-1") == "198.51.100.1"
    pools = bed.composite("InferenceCluster", "ams-1")["spec"]["nodePools"]
    assert _column(bed, "ic", "NODES", "ams-1") == str(sum(pool["nodeCount"] for pool in pools))


def test_a_replica_without_a_node_stays_unplaced_and_says_why(bed: Bed, serving: Serving) -> None:
    before = serving.facts()
    bed.control.kubectl("scale", "md/chat", "-n", NAMESPACE, "--replicas=3")

    def short() -> Object | None:
        condition = unstructured.condition(bed.composite("ModelDeployment", "chat", NAMESPACE), "ReplicasScheduled")
        return condition if condition.get("reason") == "PartiallyScheduled" else None

    condition = bed.processes.until("the third replica has no place", short)
    assert "2 of 3" in condition["message"]
    header, *rows = bed.control.kubectl.table("md", "chat", "-n", NAMESPACE)
    shown = dict(zip(header, rows[0], strict=True))
    assert [shown[column] for column in ("DESIRED", "SCHEDULED", "REPLICAS")] == ["3", "2", "2"]
    assert serving.facts() == before
    bed.control.kubectl("scale", "md/chat", "-n", NAMESPACE, "--replicas=2")
    bed.processes.until("all replicas are placed again", lambda: bed.is_true(*_CHAT, "ReplicasScheduled", NAMESPACE))
    assert serving.facts() == before


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("InferenceCluster", "inference_cluster"),
        ("ModelDeployment", "model_deployment"),
        ("ModelReplica", "model_replica"),
        ("ModelEndpoint", "model_endpoint"),
    ],
)
def test_what_the_bench_measures_with_is_what_crossplane_sends(
    bed: Bed, serving: Serving, kind: str, file: str
) -> None:
    assert serving.is_ready
    recorded = json.loads((ROOT / "bench" / "recorded" / f"{file}.json").read_text())
    namespace = unstructured.namespace_of(recorded)
    shown = bed.control.api.list(recorded["apiVersion"], kind, namespace)
    assert _shape(recorded) in [_shape(event) for event in shown]


def _shape(obj: Object) -> dict[str, list[str]]:
    """What an object consists of, less what people and the bed have written."""
    managers = {f"{entry['manager']} {entry.get('subresource', '')}" for entry in obj["metadata"]["managedFields"]}
    return {
        "metadata": sorted(set(obj["metadata"]) - {"annotations", "labels", "generateName"}),
        "spec": sorted(set(obj["spec"]) - {"taints"}),
        "crossplane": sorted(obj["spec"]["crossplane"]),
        "status": sorted(obj["status"]),
        "conditions": sorted(entry["type"] for entry in obj["status"]["conditions"]),
        "managers": sorted(manager for manager in managers if "crossplane" in manager),
    }


_CHAT = ("ModelDeployment", "chat")


def _column(bed: Bed, kind: str, column: str, name: str) -> Any:
    header, *rows = bed.control.kubectl.table(kind, "-A")
    shown = [dict(zip(header, row, strict=True)) for row in rows]
    return next(row[column] for row in shown if row["NAME"] == name)
