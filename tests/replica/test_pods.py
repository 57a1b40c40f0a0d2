"""What the user wrote reaches the pod unchanged, and what is added is added once."""

from typing import Any

import pytest

from function.composition import Manifest, names
from tests.support.replicas import composed, container, engine, member, remotes, replica


def pod(obj: Manifest, **spec: Any) -> Manifest:
    """The pod template of a replica's only engine, given its only member."""
    made = remotes(composed(replica(engine("vllm", obj), **spec)))
    template: Manifest = made["model-serving-vllm"]["spec"]["template"]
    return template


def with_container(**more: Any) -> Manifest:
    return member(template={"spec": {"containers": [container(**more)]}})


def made_of(**more: Any) -> Manifest:
    found: Manifest = pod(with_container(**more))["spec"]["containers"][0]
    return found


def test_image_command_args_and_env_pass_verbatim() -> None:
    written: dict[str, Any] = {
        "image": "ghcr.io/example/engine@sha256:0123",
        "command": ["/bin/sh", "-c", "exec vllm serve /mnt/models \\\n --port=8000"],
        "args": ["", '--x={"a": false}'],
        "env": [
            {"name": "EMPTY", "value": ""},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
            {"name": "EMPTY", "value": "again"},
        ],
    }
    made = made_of(**written)
    assert {key: made[key] for key in written} == written


def test_no_args_and_no_env_are_left_out() -> None:
    written = member(template={"spec": {"containers": [{"name": "engine", "image": "x"}]}})
    assert {"args", "env", "command"} & pod(written)["spec"]["containers"][0].keys() == set()


def test_the_users_labels_and_annotations_are_kept_and_managed_labels_win() -> None:
    metadata = {"labels": {"team": "a", "modelplane.ai/serving": "mine"}, "annotations": {"x/y": "z"}}
    made = pod(member(template={"metadata": metadata, "spec": {"containers": [container()]}}))["metadata"]
    assert made["labels"]["team"] == "a"
    assert made["labels"]["modelplane.ai/serving"] == "chat-1"
    assert made["annotations"] == {"x/y": "z"}


def test_a_member_without_requests_claims_nothing_and_stays_pinned() -> None:
    two = replica(engine("vllm", member(deviceRequests=None)))
    answered = composed(two)
    spec = remotes(answered)["model-serving-vllm"]["spec"]["template"]["spec"]
    assert "resource-claim-vllm-standalone" not in answered.children
    assert "resourceClaims" not in spec
    assert "resources" not in spec["containers"][0]
    assert spec["nodeSelector"] == {"modelplane.ai/pool": "l4"}
    assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_several_requests_are_one_claim_in_their_order() -> None:
    requests = [
        {"name": "nic", "deviceClassName": "efa.networking.k8s.aws", "count": 16},
        {"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 8, "selectors": [{"cel": "true"}]},
    ]
    made = remotes(composed(replica(engine("vllm", member(deviceRequests=requests)))))
    template = made["resource-claim-vllm-standalone"]["spec"]["spec"]["devices"]["requests"]
    assert template == [
        {"name": "nic", "exactly": {"deviceClassName": "efa.networking.k8s.aws", "count": 16}},
        {
            "name": "gpu",
            "exactly": {
                "deviceClassName": "gpu.nvidia.com",
                "count": 8,
                "selectors": [{"cel": {"expression": "true"}}],
            },
        },
    ]
    assert len(made["model-serving-vllm"]["spec"]["template"]["spec"]["resourceClaims"]) == 1


def test_taints_of_the_pool_and_the_share_of_a_node_come_from_the_replica() -> None:
    taint = {"key": "dedicated", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}
    gpu = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    written = member(tolerations=[gpu, taint], resources={"requests": {"cpu": "8", "memory": "64Gi"}})
    spec = pod(written)["spec"]
    assert spec["tolerations"] == [gpu, taint]
    assert spec["containers"][0]["resources"] == {
        "claims": [{"name": "devices"}],
        "requests": {"cpu": "8", "memory": "64Gi"},
    }


def test_pull_secrets_pass_only_when_there_are_some() -> None:
    secrets = [{"name": "registry"}]
    written = member(template={"spec": {"containers": [container()], "imagePullSecrets": secrets}})
    assert pod(written)["spec"]["imagePullSecrets"] == secrets
    assert "imagePullSecrets" not in pod(member())["spec"]


def test_port_health_path_and_time_to_start_follow_the_engine() -> None:
    serving = {"port": 9000, "healthPath": "/healthz", "startupSeconds": 61}
    made = remotes(composed(replica(engine("vllm", member(), serving=serving))))
    engine_container = made["model-serving-vllm"]["spec"]["template"]["spec"]["containers"][0]
    assert engine_container["ports"] == [{"name": "engine", "containerPort": 9000}]
    assert engine_container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "engine"}
    assert engine_container["startupProbe"]["failureThreshold"] == 7
    assert made["engine-service"]["spec"]["ports"][0]["targetPort"] == "engine"


CACHED = {"modelCacheRef": {"name": "qwen"}}


def test_a_cache_is_mounted_where_engines_can_write_beside_the_weights() -> None:
    spec = pod(member(), **CACHED)["spec"]
    claim = names.name("qwen", 63, "ModelCache", "ml-team", "qwen")
    assert {"name": "model-cache", "persistentVolumeClaim": {"claimName": claim}} in spec["volumes"]
    assert {"name": "model-cache", "mountPath": "/mnt/models"} in spec["containers"][0]["volumeMounts"]


@pytest.mark.parametrize(
    ("more", "args"),
    [
        ({"args": ["--port=8000"]}, ["/mnt/models", "--port=8000"]),
        ({"args": []}, ["/mnt/models"]),
        ({"args": ["--model=Qwen/Qwen3-8B"]}, ["--model=Qwen/Qwen3-8B"]),
        ({"args": ["--model", "Qwen/Qwen3-8B"]}, ["--model", "Qwen/Qwen3-8B"]),
        ({"args": ["Qwen/Qwen3-8B", "--port=8000"]}, ["Qwen/Qwen3-8B", "--port=8000"]),
        ({"args": ["--port=8000"], "command": ["vllm", "serve", "/mnt/models"]}, ["--port=8000"]),
        ({"args": ["--port=8000"], "image": "lmsysorg/sglang:v0.5.2"}, ["--port=8000"]),
        ({"args": ["--port=8000"], "image": "example.com/not-vllm-openai-at-all:1"}, ["--port=8000"]),
    ],
)
def test_the_model_is_named_only_for_an_image_that_would_not_find_the_cache(more: Any, args: list[str]) -> None:
    assert pod(with_container(**more), **CACHED)["spec"]["containers"][0].get("args", []) == args


@pytest.mark.parametrize(
    ("image", "args"),
    [
        ("vllm/vllm-openai:v0.20.0", ["/mnt/models", "--port=8000"]),
        ("vllm/vllm-openai:0.26", ["/mnt/models", "--port=8000"]),
        ("registry.example.com:5000/vllm-openai:v1.0.0rc1-cu129@sha256:01", ["/mnt/models", "--port=8000"]),
        ("vllm/vllm-openai:v0.19.1", ["--port=8000", "--model=/mnt/models"]),
        ("vllm/vllm-openai:v0.9.2", ["--port=8000", "--model=/mnt/models"]),
        ("vllm/vllm-openai:latest", ["--port=8000", "--model=/mnt/models"]),
        ("vllm/vllm-openai:nightly-0.26.0", ["--port=8000", "--model=/mnt/models"]),
        ("vllm/vllm-openai@sha256:01", ["--port=8000", "--model=/mnt/models"]),
        ("vllm/vllm-openai", ["--port=8000", "--model=/mnt/models"]),
    ],
)
def test_the_model_comes_first_for_an_image_whose_tag_says_that_it_wants_it_there(image: str, args: list[str]) -> None:
    made = pod(with_container(image=image, args=["--port=8000"]), **CACHED)["spec"]["containers"][0]
    assert made["args"] == args


def test_without_a_cache_no_argument_is_added() -> None:
    assert made_of(args=["--port=8000"])["args"] == ["--port=8000"]
