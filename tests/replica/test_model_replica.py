"""A ModelReplica becomes a Deployment, claims, a Service and a route on its cluster."""

import copy
from typing import Any

import pytest

from function.composers import compose
from function.composition import Manifest, names
from function.replica.ending import Waiting, script
from tests.support.observe import observation, reasons, with_condition
from tests.support.replicas import CLUSTER, CONFIG, SELECTOR, composed, engine, gang, member, observed, remotes, replica
from tests.support.replicas import serving as that_serves

WORKLOAD = names.name("chat-1-vllm", 63, "Engine", "ml-team", "chat-1", "vllm")
CLAIM = names.name("chat-1-vllm", 63, "Engine", "ml-team", "chat-1", "vllm", "Standalone")
AVAILABLE = {"type": "Available", "status": "True"}
KEYS = {"model-serving-vllm", "resource-claim-vllm-standalone", "engine-service", "model-route"}


def test_a_standalone_engine_becomes_one_deployment_with_its_devices_claimed() -> None:
    assert remotes(composed(replica()))["model-serving-vllm"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": WORKLOAD, "namespace": "ml-team"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"modelplane.ai/workload": WORKLOAD}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "template": {
                "metadata": {
                    "labels": {
                        "modelplane.ai/deployment": "chat",
                        "modelplane.ai/replica": "chat-1",
                        "modelplane.ai/engine": "vllm",
                        "modelplane.ai/serving": "chat-1",
                        "llm-d.ai/engine-type": "vllm",
                        "modelplane.ai/workload": WORKLOAD,
                    }
                },
                "spec": {
                    "nodeSelector": {"modelplane.ai/pool": "l4"},
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
                    "containers": [
                        {
                            "name": "engine",
                            "image": "vllm/vllm-openai:v0.23.0",
                            "args": ["--model=Qwen/Qwen3-8B"],
                            "resources": {"claims": [{"name": "devices"}]},
                            "ports": [{"name": "engine", "containerPort": 8000}],
                            "volumeMounts": [{"name": "dshm", "mountPath": "/dev/shm"}],  # noqa: S108  # a mount in the engine's container
                            "startupProbe": {
                                "httpGet": {"path": "/health", "port": "engine"},
                                "periodSeconds": 10,
                                "timeoutSeconds": 5,
                                "failureThreshold": 180,
                            },
                            "readinessProbe": {
                                "httpGet": {"path": "/health", "port": "engine"},
                                "periodSeconds": 10,
                                "timeoutSeconds": 5,
                            },
                            "livenessProbe": {
                                "httpGet": {"path": "/health", "port": "engine"},
                                "periodSeconds": 10,
                                "timeoutSeconds": 5,
                                "failureThreshold": 6,
                                "terminationGracePeriodSeconds": 30,
                            },
                            "lifecycle": {
                                "preStop": {"exec": {"command": ["/bin/sh", "-c", script(Waiting((8000,)), 15, 95)]}}
                            },
                        }
                    ],
                    "terminationGracePeriodSeconds": 120,
                    "automountServiceAccountToken": False,
                    "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}}],
                    "resourceClaims": [{"name": "devices", "resourceClaimTemplateName": CLAIM}],
                },
            },
        },
    }


def test_claims_a_service_and_a_route_come_with_it() -> None:
    made = remotes(composed(replica()))
    del made["model-serving-vllm"]
    assert made == {
        "resource-claim-vllm-standalone": {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaimTemplate",
            "metadata": {"name": CLAIM, "namespace": "ml-team"},
            "spec": {
                "spec": {
                    "devices": {
                        "requests": [
                            {
                                "name": "gpu",
                                "exactly": {
                                    "deviceClassName": "gpu.nvidia.com",
                                    "count": 1,
                                    "selectors": [{"cel": {"expression": SELECTOR}}],
                                },
                            }
                        ]
                    }
                }
            },
        },
        "engine-service": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "chat-1", "namespace": "ml-team"},
            "spec": {
                "selector": {"modelplane.ai/serving": "chat-1"},
                "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "engine"}],
            },
        },
        "model-route": {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "chat-1", "namespace": "ml-team"},
            "spec": {
                "parentRefs": [{"name": "inference-gateway", "namespace": "modelplane-system"}],
                "rules": [
                    {
                        "matches": [{"path": {"type": "PathPrefix", "value": "/ml-team/chat-1/"}}],
                        "filters": [
                            {
                                "type": "URLRewrite",
                                "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
                            }
                        ],
                        "timeouts": {"request": "0s"},
                        "backendRefs": [{"kind": "Service", "name": "chat-1", "port": 80}],
                    }
                ],
            },
        },
    }


def test_workload_and_route_are_watched_and_all_go_through_the_clusters_provider_config() -> None:
    children = composed(replica()).children
    assert {key for key, child in children.items() if child.manifest["spec"].get("watch")} == {
        "model-serving-vllm",
        "model-route",
    }
    assert {child.manifest["spec"]["providerConfigRef"]["name"] for child in children.values()} == {CONFIG}
    assert {child.manifest["spec"]["providerConfigRef"]["kind"] for child in children.values()} == {
        "ClusterProviderConfig"
    }


def test_nothing_observed_means_deploying_and_waiting_for_the_model() -> None:
    answered = composed(replica())
    assert not answered.ready
    assert reasons(answered) == {
        "ModelAccepted": "False/Deploying",
        "ModelReady": "False/WaitingForModel",
        "ReferencesCopied": "True/Copied",
        "Held": "False/InputsResolved",
        "ChildrenReady": "False/ChildNotReady",
    }
    assert [event.reason for event in answered.events] == ["Deploying"]


def test_a_replica_serves_when_all_that_a_request_needs_is_ready() -> None:
    answered = composed(replica(), observed(composed(replica())))
    assert answered.ready
    assert reasons(answered) == {
        "ModelAccepted": "True/Accepted",
        "ModelReady": "True/Serving",
        "ReferencesCopied": "True/Copied",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }
    assert answered.status == {
        "servingSince": "2026-01-01T00:00:00Z",
        "path": "/ml-team/chat-1/",
        "engines": [{"name": "vllm", "kind": "Deployment", "workload": WORKLOAD, "desired": 1, "ready": 1}],
    }


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_replica_does_not_serve_while_any_of_its_objects_is_observed_not_ready(key: str) -> None:
    answered = composed(replica(), observed(composed(replica()), **{key.replace("-", "_"): "False"}))
    assert not answered.ready
    (message,) = [c.message for c in answered.conditions if c.type == "ModelReady"]
    assert message == f"{key}: Ready is False: {key} said so"


def test_what_is_observed_ready_is_ready_and_what_is_not_observed_yet_is_not() -> None:
    children = observed(composed(replica()))
    del children["engine-service"]
    answered = composed(replica(), children)
    assert {key for key, child in answered.children.items() if child.readiness.ready} == KEYS - {"engine-service"} | {
        "pods"
    }
    assert reasons(answered)["ModelAccepted"] == "True/Accepted"
    assert not answered.ready


def test_workloads_and_the_route_are_ready_by_what_they_say_and_all_else_once_it_is_created() -> None:
    children = composed(replica(gang("g"), engine("e"))).children
    policies = {key: child.manifest["spec"]["readiness"]["policy"] for key, child in children.items()}
    assert {key for key, policy in policies.items() if policy == "DeriveFromCelQuery"} == {
        "model-serving-g",
        "model-serving-e",
        "model-route",
        "epp",
    }
    assert {policies[key] for key in policies if key.startswith("resource-claim-")} == {"SuccessfulCreate"}


def test_two_workloads_of_which_one_is_ready_are_a_model_that_starts() -> None:
    two = replica(engine("a"), engine("b"))
    answered = composed(two, observed(composed(two), model_serving_b="False"))
    assert (answered.ready, reasons(answered)["ModelReady"]) == (False, "False/ModelStarting")


def test_a_workload_of_one_pod_that_calls_itself_available_without_it_is_told_by_its_count() -> None:
    children = observed(composed(replica()), model_serving_vllm="False")
    children["model-serving-vllm"]["status"]["atProvider"]["manifest"]["status"] = {"conditions": [AVAILABLE]}
    (message,) = [c.message for c in composed(replica(), children).conditions if c.type == "ModelReady"]
    assert message == "model-serving-vllm: 0 of 1 pods ready"


def test_a_workload_that_is_not_available_is_told_in_its_own_words() -> None:
    children = observed(composed(replica()), model_serving_vllm="False")
    workload = children["model-serving-vllm"]["status"]["atProvider"]["manifest"]
    workload["status"] = with_condition(
        {}, "Available", "False", message="Deployment does not have minimum availability."
    )
    workload["status"] = workload["status"]["status"]
    (message,) = [c.message for c in composed(replica(), children).conditions if c.type == "ModelReady"]
    assert message == "model-serving-vllm: 0 of 1 pods ready: Deployment does not have minimum availability."


def test_serving_since_is_said_once_and_stays() -> None:
    obj, children = that_serves(replica())
    obj["status"]["servingSince"] = "2025-12-24T12:00:00Z"
    assert composed(obj, children).status["servingSince"] == "2025-12-24T12:00:00Z"
    down = observed(composed(replica()), model_serving_vllm="False")
    assert composed(obj, down).status["servingSince"] == "2025-12-24T12:00:00Z"
    assert "servingSince" not in composed(replica(), down).status


def test_an_object_that_says_neither_ready_nor_not_stops_nothing() -> None:
    obj, children = that_serves(replica())
    unknown = observed(composed(replica()), "Unknown")
    assert composed(obj, unknown).ready
    assert not composed(replica(), unknown).ready
    del children["engine-service"]["status"]
    assert composed(obj, children).ready


def test_what_cannot_be_applied_or_observed_is_said_and_what_runs_goes_on() -> None:
    obj, children = that_serves(replica())
    for condition in children["engine-service"]["status"]["conditions"]:
        if condition["type"] == "Synced":
            condition.update(status="False", message='cannot get credentials: Secret "ams-1" not found')
    answered = composed(obj, children)
    assert answered.ready
    assert [c.message for c in answered.conditions if c.reason == "NotSynced"] == [
        'engine-service: cannot get credentials: Secret "ams-1" not found'
    ]


@pytest.mark.parametrize(
    "cluster",
    [None, {k: v for k, v in CLUSTER.items() if k != "status"}, {**CLUSTER, "status": "junk"}],
    ids=["gone", "without status", "unreadable"],
)
def test_a_cluster_that_is_gone_or_unreadable_changes_nothing_that_runs(cluster: Manifest | None) -> None:
    obj, children = that_serves(replica())
    before, after = composed(obj, children), composed(obj, children, cluster)
    assert after.children == before.children
    assert (after.ready, after.status) == (True, before.status)
    assert reasons(after) == {**reasons(before), "Held": "True/InputMissing"}


def test_a_cluster_without_a_provider_config_gets_nothing_yet() -> None:
    answered = composed(replica(), cluster={**CLUSTER, "status": {}})
    assert (answered.children, answered.ready) == ({}, False)
    assert reasons(answered)["ModelAccepted"] == "False/WaitingForCluster"
    assert reasons(answered)["ModelReady"] == "False/WaitingForModel"


def test_the_name_of_what_is_on_the_cluster_never_changes() -> None:
    obj, children = that_serves(replica())
    children["model-serving-vllm"]["spec"]["forProvider"]["manifest"]["metadata"] = {
        "name": "old",
        "namespace": "default",
    }
    answered = composed(obj, children)
    assert remotes(answered)["model-serving-vllm"]["metadata"] == {"name": "old", "namespace": "default"}
    assert answered.status["engines"][0]["workload"] == "old"


def test_replicas_and_engines_never_share_a_name_on_a_cluster() -> None:
    names_there: list[str] = []
    for namespace, name in (("a", "x"), ("a-x", "x"), ("a", "x-x"), ("b", "x")):
        two = replica(engine("e"), engine("x-e"), name=name, namespace=namespace, serving={"picker": "Disabled"})
        made = remotes(composed(two))
        names_there += [
            f"{body['kind']} {body['metadata']['namespace']}/{body['metadata']['name']}" for body in made.values()
        ]
    assert len(names_there) == len(set(names_there)) == 4 * 6
    assert all(len(name_there.rpartition("/")[2]) <= 63 for name_there in names_there)


def test_a_replica_whose_name_no_service_may_have_gets_another_one_there() -> None:
    made = remotes(composed(replica(name="4chat.v2")))
    name = names.name("4chat.v2", 63, "ModelReplica", "ml-team", "4chat.v2")
    assert made["engine-service"]["metadata"]["name"] == made["model-route"]["metadata"]["name"] == name
    assert made["model-route"]["spec"]["rules"][0]["backendRefs"][0]["name"] == name
    assert made["model-route"]["spec"]["rules"][0]["matches"][0]["path"]["value"] == "/ml-team/4chat.v2/"


@pytest.mark.parametrize(
    ("obj", "reason", "words"),
    [
        (replica(engine("a"), engine("b", serving={"port": 9000})), "InvalidPort", "b on 9000"),
        (replica(namespace="kube-system"), "NamespaceReserved", "kube-system"),
        (replica(namespace="modelplane-system"), "NamespaceReserved", "modelplane-system"),
        (replica(namespace="envoy-gateway-system"), "NamespaceReserved", "envoy-gateway-system"),
    ],
)
def test_what_cannot_run_is_refused_and_nothing_half_made(obj: Manifest, reason: str, words: str) -> None:
    answered = composed(obj)
    assert (answered.children, answered.ready) == ({}, False)
    (condition,) = [c for c in answered.conditions if c.type == "ModelAccepted"]
    assert condition.reason == reason
    assert words in condition.message


LONELY = engine("x", member("Leader"))
TWICE = engine("x", member("Worker"), member("Worker"))
MIXED = engine("x", member(), member("Worker"))
PHASED = engine("x", phase="Decode")
BARE = engine("x", member(template={"spec": {"containers": []}}))


@pytest.mark.parametrize(
    "engines",
    ["junk", [], [{"name": "x"}], [{"name": "x", "members": []}], [BARE], [LONELY], [TWICE], [MIXED], [PHASED], None],
)
def test_a_spec_that_cannot_be_read_holds_all(engines: Any) -> None:
    obj, children = that_serves(replica())
    broken = copy.deepcopy(obj)
    broken["spec"]["engines"] = engines
    seen = observation(broken, children, {"cluster": [CLUSTER]})
    answered = compose(seen)
    assert set(answered.children) == KEYS
    assert answered.ready
    assert answered.status == {key: value for key, value in obj["status"].items() if key != "conditions"}
    assert reasons(answered)["Held"] == "True/InvalidSpec"
