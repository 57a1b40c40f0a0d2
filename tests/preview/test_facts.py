from typing import Any

import pytest

from function.composition import Object
from function.preview.facts import counted, devices, facts

POD = {"containers": [{"image": "a:1"}, {"image": "b:2"}], "nodeSelector": {"modelplane.ai/pool": "l4"}}
EXACTLY = {"deviceClassName": "gpu.nvidia.com", "count": 2}

FACTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a deployment": (
        "Deployment",
        {"spec": {"replicas": 3, "template": {"spec": POD}}},
        "3 pods of a:1 and b:2, on node pool l4",
    ),
    "a deployment of one pod": (
        "Deployment",
        {"spec": {"template": {"spec": {"containers": [{"image": "a:1"}]}}}},
        "1 pod of a:1",
    ),
    "gangs": (
        "LeaderWorkerSet",
        {"spec": {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "leaderTemplate": {"spec": POD}}}},
        "2 gangs of 4 pods: a:1 and b:2, on node pool l4",
    ),
    "a claim": (
        "ResourceClaimTemplate",
        {"spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": EXACTLY}]}}}},
        "each pod claims 2 x gpu.nvidia.com (gpu)",
    ),
    "a service": ("Service", {"spec": {"ports": [{"port": 80}, {"port": 443}]}}, "port 80, 443"),
    "a route": (
        "HTTPRoute",
        {
            "spec": {
                "rules": [
                    {
                        "matches": [{"path": {"value": "/a/"}}],
                        "backendRefs": [{"name": "x"}, {"kind": "InferencePool", "name": "y"}],
                    }
                ]
            }
        },
        "/a/ -> Service x, InferencePool y",
    ),
    "a route of several rules to the same": (
        "HTTPRoute",
        {
            "spec": {
                "rules": [
                    {"matches": [{"path": {"value": path}}], "backendRefs": [{"name": "x"}]} for path in ("/a", "/b")
                ]
            }
        },
        "/a, /b -> Service x",
    ),
    "a route to nothing": ("HTTPRoute", {"spec": {"rules": [{}]}}, "every path -> nothing"),
    "a gateway": (
        "Gateway",
        {"spec": {"gatewayClassName": "envoy", "listeners": [{"port": 80}, {"port": 443}]}},
        "port 80, 443, class envoy",
    ),
    "a pool": (
        "InferencePool",
        {"spec": {"targetPorts": [{"number": 8000}], "endpointPickerRef": {"name": "chat-epp"}}},
        "port 8000, picked by chat-epp",
    ),
    "a pool that nothing picks from": ("InferencePool", {"spec": {"targetPorts": [{"number": 8000}]}}, ""),
    "a budget": ("PodDisruptionBudget", {"spec": {"maxUnavailable": 1}}, "at most 1 pod away at a time"),
    "a release": (
        "Release",
        {"spec": {"forProvider": {"namespace": "lws-system", "chart": {"name": "lws", "version": "v0.8.0"}}}},
        "chart lws v0.8.0 in namespace lws-system",
    ),
    "a config map": ("ConfigMap", {"data": {"b": "", "a": ""}}, "with a, b"),
    "a secret, without its content": ("Secret", {"data": {"b": "eA=="}, "stringData": {"a": "x"}}, "with a, b"),
    "an empty secret": ("Secret", {}, ""),
    "a volume": (
        "PersistentVolumeClaim",
        {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "10Gi"}}}},
        "10Gi fast",
    ),
    "a kind whose name says it all": ("Namespace", {"spec": {"x": 1}}, ""),
}


@pytest.mark.parametrize(("kind", "body", "expected"), FACTS.values(), ids=FACTS)
def test_the_key_facts_of_an_object_fit_in_a_few_words(kind: str, body: dict[str, Any], expected: str) -> None:
    assert facts({"kind": kind, **body}) == expected


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in FACTS.values()}))
@pytest.mark.parametrize("spec", [None, "text", {"replicas": "many", "rules": 5, "ports": [1, None]}])
def test_an_object_of_another_shape_is_told_without_failing(kind: str, spec: Any) -> None:
    assert isinstance(facts({"kind": kind, "spec": spec, "data": spec}), str)


@pytest.mark.parametrize(
    ("number", "words", "expected"),
    [(1, ("pod",), "1 pod"), (0, ("pod",), "0 pods"), (2, ("entry", "entries"), "2 entries")],
)
def test_a_noun_agrees_with_its_number(number: int, words: tuple[str, ...], expected: str) -> None:
    assert counted(number, *words) == expected


def test_devices_are_told_with_count_product_and_memory() -> None:
    found: list[Object] = [
        {
            "name": "gpu",
            "count": 8,
            "attributes": {"productName": {"string": "H200"}, "architecture": {"string": "Hopper"}},
            "capacity": {"memory": {"value": "141Gi"}},
        },
        {"name": "nic", "attributes": {"architecture": {"string": "CX7"}}},
        {"name": "other", "count": 2},
    ]
    assert devices(found) == "8 x gpu (H200, 141Gi), 1 x nic (CX7), 2 x other"
