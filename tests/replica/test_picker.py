"""A pool and an endpoint picker stand before a replica's pods when several answer requests."""

from typing import Any

import pytest
import yaml

from function.composition import Manifest, names
from tests.support.observe import reasons
from tests.support.replicas import composed, container, engine, gang, member, observed, remotes, replica
from tests.support.replicas import serving as that_serves

EPP = names.name("chat-1-epp", 63, "EndpointPicker", "ml-team", "chat-1")
POOL = names.name("chat-1-pool", 63, "InferencePool", "ml-team", "chat-1")
META = {"name": EPP, "namespace": "ml-team"}
PICKER = {"epp", "epp-serviceaccount", "epp-role", "epp-rolebinding", "epp-config", "epp-service"}

TWO = replica(engine(copies=2))


def config(obj: Manifest) -> Any:
    return yaml.safe_load(remotes(composed(obj))["epp-config"]["data"]["epp-config.yaml"])


def accepted(obj: Manifest) -> str:
    (message,) = [c.message for c in composed(obj).conditions if c.type == "ModelAccepted"]
    return message


@pytest.mark.parametrize(
    ("obj", "picked"),
    [
        (replica(), False),
        (TWO, True),
        (replica(engine("a"), engine("b")), True),
        (replica(gang(workers=3)), False),
        (replica(gang(copies=2)), True),
        (replica(serving={"picker": "Enabled"}), True),
        (replica(engine(copies=2), serving={"picker": "Disabled"}), False),
    ],
    ids=["one", "copies", "engines", "one gang", "gangs", "enabled", "disabled"],
)
def test_there_is_either_a_service_or_a_pool_with_a_picker_by_how_many_pods_answer_unless_the_replica_says(
    obj: Manifest,
    picked: bool,  # noqa: FBT001  # a case of the table
) -> None:
    keys = set(composed(obj).children)
    assert keys & {*PICKER, "inference-pool", "engine-service"} == (
        {*PICKER, "inference-pool"} if picked else {"engine-service"}
    )


@pytest.mark.parametrize("asked", [{}, {"picker": "Enabled"}, {"picker": "Disabled"}], ids=str)
def test_what_a_replica_began_with_is_never_switched(asked: Manifest) -> None:
    obj = replica(engine(copies=2), serving=asked)
    with_service = observed(composed(replica(engine(copies=2), serving={"picker": "Disabled"})))
    assert set(composed(obj, with_service).children) == set(with_service)
    with_picker = observed(composed(TWO))
    assert set(composed(obj, with_picker).children) == set(with_picker)


def test_the_pool_has_the_pods_that_answer_and_asks_the_picker() -> None:
    assert remotes(composed(TWO))["inference-pool"] == {
        "apiVersion": "inference.networking.k8s.io/v1",
        "kind": "InferencePool",
        "metadata": {"name": POOL, "namespace": "ml-team"},
        "spec": {
            "selector": {"matchLabels": {"modelplane.ai/serving": "chat-1"}},
            "targetPorts": [{"number": 8000}],
            "endpointPickerRef": {"name": EPP, "port": {"number": 9002}, "failureMode": "FailOpen"},
        },
    }


def test_the_route_leads_to_the_pool() -> None:
    (rule,) = remotes(composed(TWO))["model-route"]["spec"]["rules"]
    assert rule["backendRefs"] == [{"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": POOL}]


def test_the_picker_is_two_copies_that_run_anywhere_and_are_asked_whether_they_can_pick() -> None:
    taint = {"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}
    gpu = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    made = remotes(composed(replica(engine("vllm", member(tolerations=[taint]), copies=2))))["epp"]
    checksum = made["spec"]["template"]["metadata"].pop("annotations")["modelplane.ai/epp-config-checksum"]
    assert len(checksum) == 64
    selector = {"modelplane.ai/picker": "chat-1"}
    assert made == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": META,
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {
                    "labels": {**selector, "modelplane.ai/replica": "chat-1", "modelplane.ai/deployment": "chat"}
                },
                "spec": {
                    "serviceAccountName": EPP,
                    "automountServiceAccountToken": True,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "terminationGracePeriodSeconds": 120,
                    "tolerations": [gpu, taint],
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "kubernetes.io/hostname",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": selector},
                        }
                    ],
                    "containers": [
                        {
                            "name": "epp",
                            "image": "ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.9.0",
                            "args": [
                                f"--pool-name={POOL}",
                                "--pool-namespace=ml-team",
                                "--pool-group=inference.networking.k8s.io",
                                "--config-file=/config/epp-config.yaml",
                                "--grpc-port=9002",
                                "--grpc-health-port=9003",
                                "--tracing=false",
                            ],
                            "ports": [
                                {"name": "grpc", "containerPort": 9002},
                                {"name": "grpc-health", "containerPort": 9003},
                            ],
                            "readinessProbe": {"grpc": {"port": 9003}, "periodSeconds": 2},
                            "livenessProbe": {"grpc": {"port": 9003}, "initialDelaySeconds": 5, "periodSeconds": 10},
                            "lifecycle": {"preStop": {"sleep": {"seconds": 15}}},
                            "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}},
                            "volumeMounts": [{"name": "config", "mountPath": "/config", "readOnly": True}],
                            "securityContext": {
                                "runAsNonRoot": True,
                                "runAsUser": 65532,
                                "runAsGroup": 65532,
                                "seccompProfile": {"type": "RuntimeDefault"},
                                "allowPrivilegeEscalation": False,
                                "capabilities": {"drop": ["ALL"]},
                                "readOnlyRootFilesystem": True,
                            },
                        }
                    ],
                    "volumes": [{"name": "config", "configMap": {"name": EPP}}],
                },
            },
        },
    }


def test_the_picker_may_read_pods_pools_and_objectives_of_its_namespace_and_nothing_else() -> None:
    made = remotes(composed(TWO))
    assert made["epp-serviceaccount"] == {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": META}
    read = ["get", "watch", "list"]
    assert made["epp-role"] == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": META,
        "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": read},
            {"apiGroups": ["inference.networking.k8s.io"], "resources": ["inferencepools"], "verbs": read},
            {
                "apiGroups": ["inference.networking.x-k8s.io", "llm-d.ai"],
                "resources": ["inferenceobjectives", "inferencemodelrewrites"],
                "verbs": read,
            },
        ],
    }
    assert made["epp-rolebinding"] == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": META,
        "subjects": [{"kind": "ServiceAccount", **META}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": EPP},
    }


def test_the_gateway_reaches_the_picker_by_a_service_that_users_labels_cannot_join() -> None:
    assert remotes(composed(TWO))["epp-service"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": META,
        "spec": {
            "selector": {"modelplane.ai/picker": "chat-1"},
            "ports": [
                {"name": "grpc-ext-proc", "port": 9002, "protocol": "TCP", "targetPort": 9002, "appProtocol": "http2"}
            ],
        },
    }


def test_the_picker_follows_prefixes_and_queues() -> None:
    assert config(TWO) == {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        "plugins": [
            {
                "type": "approx-prefix-cache-producer",
                "parameters": {
                    "autoTune": False,
                    "blockSizeTokens": 64,
                    "lruCapacityPerServer": 31250,
                },
            },
            {"type": "prefix-cache-scorer"},
            {"type": "queue-scorer"},
            {"type": "max-score-picker"},
            {"type": "openai-parser"},
            {"type": "anthropic-parser"},
            {"type": "vllmhttp-parser"},
            {"type": "passthrough-parser"},
        ],
        "schedulingProfiles": [
            {
                "name": "default",
                "plugins": [
                    {"pluginRef": "max-score-picker"},
                    {"pluginRef": "prefix-cache-scorer", "weight": 2},
                    {"pluginRef": "queue-scorer", "weight": 1},
                ],
            }
        ],
        "requestHandler": {
            "parsers": [
                {"pluginRef": "openai-parser"},
                {"pluginRef": "anthropic-parser"},
                {"pluginRef": "vllmhttp-parser"},
                {"pluginRef": "passthrough-parser"},
            ]
        },
    }


def with_args(*args: str) -> Manifest:
    return engine("vllm", member(template={"spec": {"containers": [container(args=list(args))]}}), copies=2)


def block_size(obj: Manifest) -> Any:
    return config(obj)["plugins"][0]["parameters"]["blockSizeTokens"]


def test_a_larger_block_size_reaches_the_picker_which_starts_anew_with_it() -> None:
    other = replica(with_args("--block-size", "128"))
    assert block_size(other) == 128
    before, after = (remotes(composed(obj))["epp"]["spec"]["template"]["metadata"] for obj in (TWO, other))
    assert before["annotations"] != after["annotations"]


@pytest.mark.parametrize("size", [1, 16, 32, 63, 64])
def test_smaller_blocks_are_followed_in_blocks_of_64_as_the_picker_does_whatever_it_is_told(size: int) -> None:
    typed = replica(engine(copies=2, serving={"kvCacheBlockSize": size}))
    assert block_size(typed) == block_size(replica(with_args(f"--block-size={size}"))) == 64


def test_the_pool_leads_to_the_port_that_the_engine_listens_on() -> None:
    made = remotes(composed(replica(with_args("--port=9000"))))
    assert made["inference-pool"]["spec"]["targetPorts"] == [{"number": 9000}]
    (engine_container,) = made["model-serving-vllm"]["spec"]["template"]["spec"]["containers"]
    assert engine_container["ports"] == [{"name": "engine", "containerPort": 9000}]


def test_flags_that_cannot_be_used_are_named_in_a_condition() -> None:
    message = accepted(replica(with_args("--port=$PORT", "--block-size=auto")))
    assert "engine vllm: --port $PORT is no port, 8000 is assumed; engines[].serving.port says another" in message
    assert "--block-size auto is no block size, 64 is assumed" in message
    alone = engine("vllm", member(template={"spec": {"containers": [container(args=["--block-size=auto"])]}}))
    assert "block size" not in accepted(replica(alone))


def test_engines_of_one_pool_are_followed_in_blocks_of_the_largest_size_among_them() -> None:
    sized = [{**with_args(f"--block-size={size}"), "name": f"of-{size}"} for size in (32, 256, 128)]
    assert block_size(replica(*sized)) == 256


def test_engines_of_one_pool_that_listen_on_different_ports_are_refused() -> None:
    obj = replica(engine("a"), engine("b", serving={"port": 9000}))
    answered = composed(obj)
    assert (answered.children, answered.ready) == ({}, False)
    assert reasons(answered)["ModelAccepted"] == "False/InvalidPort"
    assert accepted(obj).endswith("a on 8000, b on 9000; have all listen on one")
    apart = replica(engine("a"), engine("b", serving={"port": 9000}), serving={"picker": "Disabled"})
    assert "engine-service" in composed(apart).children


@pytest.mark.parametrize("key", [*sorted(PICKER), "inference-pool"])
def test_a_replica_with_a_picker_is_ready_only_when_the_picker_and_all_that_it_needs_is(key: str) -> None:
    assert composed(TWO, observed(composed(TWO))).ready
    answered = composed(TWO, observed(composed(TWO), **{key.replace("-", "_"): "False"}))
    assert not answered.ready
    (message,) = [c.message for c in answered.conditions if c.type == "ModelReady"]
    assert message == f"{key}: Ready is False: {key} said so"


def test_a_picker_of_any_generation_picks() -> None:
    child = composed(TWO).children["epp"].manifest["spec"]
    assert child["watch"] is True
    assert "observedGeneration" not in child["readiness"]["celQuery"]


def test_names_of_pool_and_picker_fit_however_long_the_replicas_is() -> None:
    made = remotes(composed(replica(engine(copies=2), name="a" * 63)))
    assert {len(made[key]["metadata"]["name"]) for key in (*PICKER, "inference-pool")} == {63}


def test_a_cluster_that_is_gone_changes_nothing_of_a_replica_with_a_picker() -> None:
    obj, children = that_serves(TWO)
    before, after = composed(obj, children), composed(obj, children, None)
    assert after.children == before.children
    assert after.ready
