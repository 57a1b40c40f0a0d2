"""A ModelReplica is written once, with all that placing has found out."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Manifest, unstructured
from function.inventory.reserve import reserve
from function.selectors.quantity import parse_quantity
from tests.support import api
from tests.support.deployments import (
    GPU,
    NIC,
    cache,
    cluster,
    composed,
    deployment,
    engine,
    gang,
    gpu,
    member,
    nic,
    pool,
    request,
)


def spec(obj: Manifest, *pools: Manifest) -> Manifest:
    """The spec of the one replica that a deployment gets."""
    answered = composed(obj, [cluster("a", *pools)], caches=[cache()])
    (child,) = answered.children.values()
    assert api.refused(child.manifest) == []
    found: Manifest = child.manifest["spec"]
    return found


def members(obj: Manifest, *pools: Manifest) -> list[Manifest]:
    """The members of the first engine, without their templates."""
    (first, *_) = spec(obj, *pools)["engines"]
    return [{key: value for key, value in entry.items() if key != "template"} for entry in first["members"]]


def claim(count: int = 1) -> Manifest:
    return {"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": count, "selectors": [{"cel": GPU}]}


# ---------------------------------------------------------------------- what the deployment says


def test_what_runs_is_copied_and_where_it_may_run_is_not() -> None:
    template = {
        "metadata": {"labels": {"team": "nlp"}, "annotations": {"note": "x"}},
        "spec": {
            "containers": [
                {
                    "name": "engine",
                    "image": "vllm/vllm-openai:v0.23.0",
                    "command": ["vllm"],
                    "args": ["serve", ""],
                    "env": [
                        {"name": "EMPTY", "value": ""},
                        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}},
                    ],
                }
            ],
            "imagePullSecrets": [{"name": "registry"}],
        },
    }
    obj = deployment(
        1,
        engine("vllm", member(request(), template=template), copies=2, serving={"port": 9000}),
        clusterSelector={"matchLabels": {}},
        tolerations=[{"operator": "Exists"}],
        modelCacheRef={"name": "weights"},
        serving={"mode": "Unified", "picker": "Disabled"},
    )
    assert spec(obj) == {
        "clusterName": "a",
        "modelCacheRef": {"name": "weights"},
        "serving": {"mode": "Unified", "picker": "Disabled"},
        "engines": [
            {
                "name": "vllm",
                "copies": 2,
                "serving": {"port": 9000},
                "members": [
                    {
                        "role": "Standalone",
                        "nodePoolName": "a100",
                        "deviceRequests": [claim()],
                        "template": template,
                    }
                ],
            }
        ],
    }


def test_a_pair_has_its_mode_and_phases_and_a_plain_engine_neither() -> None:
    """Rule 50."""
    pair = [engine("prefill", phase="Prefill"), engine("decode", phase="Decode")]
    made = spec(deployment(1, *pair, serving={"mode": "PrefillDecode"}))
    assert made["serving"] == {"mode": "PrefillDecode", "picker": "Enabled"}
    assert [(entry["name"], entry["phase"]) for entry in made["engines"]] == [
        ("prefill", "Prefill"),
        ("decode", "Decode"),
    ]
    plain = spec(deployment())
    assert plain["serving"] == {"picker": "Disabled"}
    assert "phase" not in plain["engines"][0]


@pytest.mark.parametrize(
    ("engines", "asked", "written"),
    [
        ([engine()], {}, "Disabled"),
        ([engine(copies=2)], {}, "Enabled"),
        ([engine("a"), engine("b")], {}, "Enabled"),
        ([gang(3)], {}, "Disabled"),
        ([engine()], {"picker": "Enabled"}, "Enabled"),
        ([engine(copies=2)], {"mode": "Unified", "picker": "Disabled"}, "Disabled"),
    ],
)
def test_whether_a_picker_chooses_the_pod_is_written_once_by_how_many_pods_answer_unless_the_user_says(
    engines: list[Manifest], asked: Manifest, written: str
) -> None:
    assert spec(deployment(1, *engines, serving=asked))["serving"] == {**asked, "picker": written}


def test_defaults_that_matter_are_always_written() -> None:
    bare = {"nodeSelector": {"devices": [{"name": "gpu", "selectors": [{"cel": GPU}]}]}, "template": api.template()}
    made = spec(deployment(1, {"name": "vllm", "members": [bare]}))
    assert made["engines"][0]["copies"] == 1
    assert made["engines"][0]["members"][0]["role"] == "Standalone"
    assert made["engines"][0]["members"][0]["deviceRequests"] == [claim()]


# ---------------------------------------------------------------------- what placing has found out


def test_only_devices_that_pods_claim_are_requested() -> None:
    """Rule 25."""
    obj = deployment(1, engine("vllm", member(request("gpu", count=2), request("nic", NIC))))
    assert members(obj, pool("bare"), pool("fast", 4, nic(), gpu())) == [
        {"role": "Standalone", "nodePoolName": "fast", "deviceRequests": [claim(2)]}
    ]


def test_two_requests_that_fit_together_are_both_resolved() -> None:
    """Rule 26."""
    obj = deployment(1, engine("vllm", member(request("gpu", count=4), request("draft", count=4))))
    (only,) = members(obj)
    assert [(entry["name"], entry["count"]) for entry in only["deviceRequests"]] == [("gpu", 4), ("draft", 4)]


def test_a_leader_without_a_selector_shares_the_pool_and_claims_nothing() -> None:
    """Rule 36."""
    assert members(deployment(1, gang(1)), pool("a100", 1)) == [
        {"role": "Leader", "nodePoolName": "a100"},
        {"role": "Worker", "nodePoolName": "a100", "deviceRequests": [claim()], "worker": {"nodes": 1}},
    ]


def test_a_leader_that_only_a_synthetic_device_matches_claims_nothing() -> None:
    """Rule 34."""
    leader, worker = members(deployment(1, gang(2, request("nic", NIC))), pool("a100", 4, gpu(), nic()))
    assert leader == {"role": "Leader", "nodePoolName": "a100"}
    assert worker["deviceRequests"] == [claim()]


def test_engines_may_be_in_pools_of_their_own_and_keep_their_order() -> None:
    obj = deployment(1, engine("small"), engine("large", member(request("gpu", count=4))))
    made = spec(obj, pool("one", 1, gpu(1)), pool("eight", 1))
    assert [(entry["name"], entry["members"][0]["nodePoolName"]) for entry in made["engines"]] == [
        ("small", "one"),
        ("large", "eight"),
    ]


def test_selectors_are_copied_to_the_letter() -> None:
    text = "  device.driver   ==\n\t'gpu.nvidia.com' // any GPU\n"
    (only,) = members(deployment(1, engine("vllm", member(request("gpu", text, "true")))))
    assert only["deviceRequests"][0]["selectors"] == [{"cel": text}, {"cel": "true"}]


def test_the_taints_of_the_pools_nodes_are_tolerated() -> None:
    taints = [
        {"key": "gpu", "effect": "NoSchedule"},
        {"key": "team", "value": "nlp", "effect": "NoExecute"},
        {"key": "soft", "value": "", "effect": "PreferNoSchedule"},
        {"key": "", "effect": "NoSchedule"},
        {"key": "odd", "effect": "Sometimes"},
        "junk",
    ]
    (only,) = members(deployment(), pool("a100", 4, node={"taints": taints}))
    assert only["tolerations"] == [
        {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "team", "operator": "Equal", "value": "nlp", "effect": "NoExecute"},
        {"key": "soft", "operator": "Exists", "effect": "PreferNoSchedule"},
    ]


NOTHING = {"cpu": "0", "memory": "0"}
"""A node that keeps nothing, so that what it has is what pods can request."""


@pytest.mark.parametrize(
    ("count", "node", "share"),
    [
        (8, {"cpu": "96", "memory": "1Ti"}, {"cpu": "96", "memory": "1048576Mi"}),
        (1, {"cpu": "96", "memory": "1Ti"}, {"cpu": "12", "memory": "131072Mi"}),
        (3, {"cpu": "10"}, {"cpu": "3750m"}),
        (1, {"cpu": "100m", "memory": "100M"}, {"cpu": "12m", "memory": "11Mi"}),
        (1, {"memory": "7Mi"}, None),
        (1, {"cpu": "lots", "memory": "-5Gi"}, None),
        (1, {}, None),
    ],
)
def test_a_pod_requests_the_share_of_its_node_that_its_devices_are(
    count: int, node: dict[str, str], share: dict[str, str] | None
) -> None:
    obj = deployment(1, engine("vllm", member(request("gpu", count=count))))
    (only,) = members(obj, pool("a100", 4, node={**node, "reserved": NOTHING}))
    assert only.get("resources") == ({"requests": share} if share else None)


@pytest.mark.parametrize(
    ("node", "share"),
    [
        ({"cpu": "192", "memory": "2Ti"}, {"cpu": "188980m", "memory": "1983224Mi"}),
        (
            {"cpu": "192", "memory": "2Ti", "reserved": {"cpu": "12", "memory": "48Gi"}},
            {"cpu": "180", "memory": "2048000Mi"},
        ),
        ({"cpu": "192", "memory": "2Ti", "reserved": NOTHING}, {"cpu": "192", "memory": "2097152Mi"}),
        ({"cpu": "4", "memory": "16Gi", "reserved": {"cpu": "4", "memory": "20Gi"}}, None),
        (None, None),
    ],
)
def test_a_pod_that_claims_all_devices_requests_what_its_node_does_not_keep(
    node: Any, share: dict[str, str] | None
) -> None:
    (only,) = members(deployment(1, engine("vllm", member(request("gpu", count=8)))), pool("a100", 4, node=node))
    assert only.get("resources") == ({"requests": share} if share else None)


def test_with_several_classes_the_largest_share_counts_and_what_is_not_claimed_does_not() -> None:
    other = gpu(2, name="video", deviceClassName="video.nvidia.com", driver="video.nvidia.com")
    wanted = [request("gpu", count=1), request("video", 'device.driver == "video.nvidia.com"')]
    node = {"cpu": "8", "reserved": NOTHING}
    (only,) = members(deployment(1, engine("vllm", member(*wanted))), pool("a100", 4, gpu(), other, nic(), node=node))
    assert only["resources"] == {"requests": {"cpu": "4"}}


def test_a_member_that_claims_nothing_requests_no_share() -> None:
    node = {"cpu": "8", "memory": "8Gi", "reserved": NOTHING}
    leader, worker = members(deployment(1, gang(1)), pool("a100", 4, node=node))
    assert "resources" not in leader
    assert worker["resources"] == {"requests": {"cpu": "1", "memory": "1024Mi"}}


AMOUNTS = st.integers(1, 10**6)


@given(count=st.integers(1, 8), cpu=AMOUNTS, memory=AMOUNTS, kept=st.none() | st.tuples(AMOUNTS, AMOUNTS))
@settings(deadline=None)
def test_pods_that_fill_the_devices_of_a_node_never_request_more_than_it_leaves(
    count: int, cpu: int, memory: int, kept: tuple[int, int] | None
) -> None:
    reserved = {"cpu": f"{kept[0]}m", "memory": f"{kept[1]}Mi"} if kept else {}
    node = {"cpu": f"{cpu}m", "memory": f"{memory}Mi", "reserved": reserved}
    (only,) = members(deployment(1, engine("vllm", member(request("gpu", count=count)))), pool("a100", 1, node=node))
    requests = only.get("resources", {}).get("requests", {})
    asked = [parse_quantity(requests.get(name, "0")) for name in ("cpu", "memory")]
    asked_cpu, asked_memory = [Fraction(each.unscaled) * Fraction(10) ** each.scale for each in asked]
    usual = reserve(Fraction(cpu, 1000), Fraction(memory * 2**20))
    kept_cpu, kept_memory = (Fraction(kept[0], 1000), kept[1] * 2**20) if kept else (usual.cpu, usual.memory)
    assert asked_cpu * (8 // count) <= max(Fraction(cpu, 1000) - kept_cpu, Fraction(0))
    assert asked_memory * (8 // count) <= max(memory * 2**20 - kept_memory, Fraction(0))


# ---------------------------------------------------------------------- once


def test_a_replica_is_emitted_again_as_it_is_whatever_would_be_written_now() -> None:
    obj = deployment()
    child = composed(obj, [cluster("a")]).children["replica-a-0"].manifest
    fleet = [cluster("a", pool("a100", 4, node={"cpu": "96", "taints": [{"key": "gpu", "effect": "NoSchedule"}]}))]
    later = deployment(1, engine("vllm", member(request("gpu", count=4)), copies=2), modelCacheRef={"name": "weights"})
    answered = composed(later, fleet, {"replica-a-0": child}, caches=[cache()])
    assert answered.children["replica-a-0"].manifest["spec"] == child["spec"]
    assert unstructured.labels(answered.children["replica-a-0"].manifest) == unstructured.labels(child)


def test_deployments_whose_names_are_long_or_odd_get_names_that_kubernetes_takes() -> None:
    for name in ("a" * 63, "9lives", "chat.v2", "x" * 55 + "--xyz"):
        child = composed(deployment(name=name), [cluster("a")]).children["replica-a-0"].manifest
        assert len(unstructured.name_of(child)) <= 63
        assert unstructured.name_of(child)[0].isalpha()
        assert api.refused(child) == []


def test_names_differ_by_namespace_deployment_cluster_and_index() -> None:
    names = [
        unstructured.name_of(child.manifest)
        for obj in (deployment(2), deployment(2, namespace="other"), deployment(2, name="talk"))
        for fleet in (["a"], ["b"])
        for child in composed(obj, [cluster(name) for name in fleet]).children.values()
    ]
    assert len(set(names)) == len(names) == 12


# ---------------------------------------------------------------------- routers


ROUTER = engine("router", member(), role="Router")


def test_a_router_that_asks_for_nothing_takes_no_node_of_the_pool_that_it_shares() -> None:
    found = spec(deployment(engines=[ROUTER, engine("worker", copies=4)]), pool("small", 3), pool("large", 4))
    router, worker = found["engines"]
    assert (router["role"], "role" in worker) == ("Router", False)
    assert [entry["members"][0]["nodePoolName"] for entry in (router, worker)] == ["large", "large"]
    assert {"deviceRequests", "resources"} & router["members"][0].keys() == set()
    assert found["serving"]["picker"] == "Disabled"


@pytest.mark.parametrize(
    ("serving", "picker"),
    [
        ({}, "Enabled"),
        ({"ports": [8000]}, "Enabled"),
        ({"ports": [8000, 8001]}, "Disabled"),
        ({"scheme": "HTTPS"}, "Disabled"),
    ],
)
def test_several_pods_get_a_picker_unless_it_could_not_ask_them(serving: Manifest, picker: str) -> None:
    assert spec(deployment(engines=[engine(copies=2, serving=serving)]))["serving"]["picker"] == picker


def test_a_gang_whose_pods_all_answer_gets_a_picker() -> None:
    assert spec(deployment(engines=[gang(1, request())]))["serving"]["picker"] == "Disabled"
    all_pods = {**gang(1, request()), "serving": {"from": "AllPods"}}
    assert spec(deployment(engines=[all_pods]))["serving"]["picker"] == "Enabled"
