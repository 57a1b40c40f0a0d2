"""The path from a deployment's manifest to what runs on a cluster and the URL in front of it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from function.composition import names
from function.main import modelplane

ROOT = Path(__file__).parents[1]
FLEET = ROOT / "examples" / "quickstart" / "fleet"
DOCUMENTED = ROOT / "tests" / "api" / "documented"

SELECTOR = 'device.capacity["gpu.nvidia.com"].memory.compareTo(quantity("20Gi")) >= 0'
ARGS = ["--model=Qwen/Qwen2.5-0.5B-Instruct"]
IMAGE = "vllm/vllm-openai:v0.23.0"

SMALLEST = {
    "apiVersion": "modelplane.ai/v1alpha1",
    "kind": "ModelDeployment",
    "metadata": {"name": "qwen-demo", "namespace": "ml-team"},
    "spec": {
        "replicas": 1,
        "engines": [
            {
                "name": "qwen",
                "members": [
                    {
                        "role": "Standalone",
                        "nodeSelector": {"devices": [{"name": "gpu", "count": 1, "selectors": [{"cel": SELECTOR}]}]},
                        "template": {"spec": {"containers": [{"name": "engine", "image": IMAGE, "args": ARGS}]}},
                    }
                ],
            }
        ],
    },
}
SERVICE = {
    "apiVersion": "modelplane.ai/v1alpha1",
    "kind": "ModelService",
    "metadata": {"name": "qwen", "namespace": "ml-team"},
    "spec": {"endpoints": [{"selector": {"matchLabels": {"modelplane.ai/deployment": "qwen-demo"}}}]},
}

WEIGHTS = """
apiVersion: modelplane.ai/v1alpha1
kind: ModelCache
metadata: {name: qwen3-coder, namespace: ml-team}
spec: {source: HuggingFace, huggingFace: {repo: Qwen/Qwen3-Coder-480B-A35B-Instruct, sizeGiB: 1000}}
"""

REPLICA = names.name("qwen-demo", 63, "ModelReplica", "ml-team", "qwen-demo", "ams-1", "0")


def preview(capsys: pytest.CaptureFixture[str], *paths: Path) -> list[dict[str, Any]]:
    assert modelplane(["preview", *map(str, paths), "-o", "yaml"]) == 0
    return [document for document in yaml.safe_load_all(capsys.readouterr().out) if document]


def only(objects: list[dict[str, Any]], kind: str, namespace: str = "ml-team", cluster: str = "") -> dict[str, Any]:
    """The one object of a kind in a namespace, on an inference cluster or on the control plane."""
    found = [
        obj
        for obj in objects
        if obj["kind"] == kind
        and obj["metadata"].get("namespace", "") == namespace
        and obj["metadata"].get("annotations", {}).get("modelplane.ai/on-cluster", "") == cluster
    ]
    assert len(found) == 1, [obj["metadata"] for obj in found]
    return found[0]


def conditions(obj: dict[str, Any]) -> dict[str, str]:
    return {condition["type"]: condition["status"] for condition in obj["status"]["conditions"]}


@pytest.fixture(params=["written here", "documented", "documented, nested"])
def manifests(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The smallest deployment and its service: flat, as the product's pages have it, and nested."""
    if request.param == "documented":
        return DOCUMENTED / "qwen-demo.yaml"
    spec = SMALLEST["spec"]
    assert isinstance(spec, dict)
    nested = {"replicas": spec["replicas"], "template": {"spec": {"engines": spec["engines"]}}}
    deployment = SMALLEST if request.param == "written here" else {**SMALLEST, "spec": nested}
    path = tmp_path / "model.yaml"
    path.write_text(yaml.safe_dump_all([deployment, SERVICE]), encoding="utf-8")
    return path


def test_one_replica_is_placed_on_the_one_cluster_that_fits(
    manifests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replica = only(preview(capsys, manifests, FLEET), "ModelReplica")
    assert replica["metadata"]["name"] == REPLICA
    assert replica["spec"]["clusterName"] == "ams-1"
    assert replica["spec"]["engines"][0]["members"][0]["nodePoolName"] == "l4"
    assert replica["metadata"]["annotations"]["modelplane.ai/composed-by"] == "ModelDeployment/qwen-demo"


def test_the_engine_runs_in_the_teams_namespace_with_image_and_args_verbatim(
    manifests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = only(preview(capsys, manifests, FLEET), "Deployment", cluster="ams-1")
    pod = deployment["spec"]["template"]["spec"]
    assert (pod["containers"][0]["image"], pod["containers"][0]["args"]) == (IMAGE, ARGS)
    assert pod["nodeSelector"] == {"modelplane.ai/pool": "l4"}
    assert deployment["metadata"]["annotations"]["modelplane.ai/composed-by"] == f"ModelReplica/{REPLICA}"


def test_the_claim_template_carries_the_selector_verbatim(manifests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = only(preview(capsys, manifests, FLEET), "ResourceClaimTemplate", cluster="ams-1")
    assert template["apiVersion"] == "resource.k8s.io/v1"
    assert template["spec"]["spec"]["devices"]["requests"] == [
        {
            "name": "gpu",
            "exactly": {
                "deviceClassName": "gpu.nvidia.com",
                "count": 1,
                "selectors": [{"cel": {"expression": SELECTOR}}],
            },
        }
    ]


def test_each_hop_replaces_only_the_prefix_of_the_path(manifests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objects = preview(capsys, manifests, FLEET)
    service = only(objects, "Service", cluster="ams-1")
    assert service["metadata"]["name"] == REPLICA
    remote = only(objects, "HTTPRoute", cluster="ams-1")["spec"]
    assert remote["parentRefs"] == [{"name": "inference-gateway", "namespace": "modelplane-system"}]
    (rule,) = remote["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": f"/ml-team/{REPLICA}/"}}]
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
    assert rule["filters"] == [rewrite]
    assert rule["timeouts"] == {"request": "0s"}
    assert [ref["name"] for ref in rule["backendRefs"]] == [REPLICA]

    endpoint = only(objects, "ModelEndpoint")
    cluster = next(o for o in objects if o["kind"] == "InferenceCluster" and o["metadata"]["name"] == "ams-1")
    gateway = cluster["status"]["gateway"]["address"]
    assert endpoint["spec"]["url"] == f"http://{gateway}/ml-team/{REPLICA}/v1"
    assert endpoint["spec"]["rewritePath"] == f"/ml-team/{REPLICA}/"

    front = only(objects, "HTTPRoute")["spec"]
    rule, circle = front["rules"]
    assert "backendRefs" not in circle
    assert front["parentRefs"] == [{"name": "modelplane", "namespace": "modelplane-system"}]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/ml-team/qwen/v1"}}]
    (backend,) = rule["backendRefs"]
    assert backend["name"] == only(objects, "Service")["metadata"]["name"]
    assert backend["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"] == f"/ml-team/{REPLICA}/v1"


def test_the_services_address_is_the_url_that_a_client_calls(
    manifests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = preview(capsys, manifests, FLEET)
    (gateway,) = [obj for obj in objects if obj["kind"] == "InferenceGateway"]
    address = gateway["status"]["address"]
    assert address.startswith("192.0.2.")
    assert only(objects, "ModelService")["status"]["address"] == f"http://{address}/ml-team/qwen"
    assert {c["type"]: c["status"] for c in only(objects, "ModelService")["status"]["conditions"]}["Ready"] == "True"


def test_the_documented_deployment_with_tool_calling_runs_too(capsys: pytest.CaptureFixture[str]) -> None:
    objects = preview(capsys, DOCUMENTED / "model-deployment.yaml", FLEET)
    written = next(yaml.safe_load_all((DOCUMENTED / "model-deployment.yaml").read_text(encoding="utf-8")))
    container = written["spec"]["engines"][0]["members"][0]["template"]["spec"]["containers"][0]
    made = only(objects, "Deployment", cluster="ams-1")["spec"]["template"]["spec"]["containers"][0]
    assert (made["image"], made["args"]) == (container["image"], container["args"])
    assert only(objects, "ModelReplica")["spec"]["clusterName"] == "ams-1"


def test_the_documented_deployment_over_several_nodes_is_a_gang_that_would_start(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fleet = tmp_path / "fleet.yaml"
    large = (ROOT / "examples" / "multi-node" / "fleet.yaml").read_text(encoding="utf-8").replace("81559Mi", "141Gi")
    fleet.write_text(f"{large}---\n{WEIGHTS}", encoding="utf-8")
    written = yaml.safe_load((DOCUMENTED / "model-deployment-multinode.yaml").read_text(encoding="utf-8"))
    objects = preview(capsys, DOCUMENTED / "model-deployment-multinode.yaml", fleet)
    gang = only(objects, "LeaderWorkerSet", cluster="fra-1")["spec"]
    both = gang["leaderWorkerTemplate"]
    assert (gang["replicas"], both["size"], gang["startupPolicy"]) == (1, 2, "LeaderCreated")
    templates = [both["leaderTemplate"]["spec"], both["workerTemplate"]["spec"]]
    for template, member in zip(templates, written["spec"]["engines"][0]["members"], strict=True):
        (made,), (requested,) = template["containers"], member["template"]["spec"]["containers"]
        assert (made["image"], made["command"], "args" in made) == (requested["image"], requested["command"], False)
        assert [variable["name"] for variable in made["env"]] == ["MODELPLANE_LEADER_ADDRESS", "MODELPLANE_RANK"]
        assert template["nodeSelector"] == {"modelplane.ai/pool": "h100"}
        assert template["resourceClaims"][0]["name"] == "devices"
    assert conditions(only(objects, "ModelReplica"))["ModelReady"] == "True"


def test_a_deployment_that_fits_nowhere_says_per_cluster_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert modelplane(["preview", str(ROOT / "examples" / "quickstart")]) == 0
    lines = capsys.readouterr().out.splitlines()
    about = [line for line in lines if "80Gi" in line or "no device for request gpu" in line]
    assert any("ams-1" in line for line in lines)
    assert any("osl-1" in line for line in lines)
    assert about
