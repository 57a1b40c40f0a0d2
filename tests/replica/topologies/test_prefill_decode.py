"""Prefill and decode run in pods of their own, of one node or several, and hand requests on."""

from typing import Any

import pytest
import yaml

from function.api.engines import PlacedEngine
from function.composers import compose
from function.composition import Manifest
from function.replica.topologies.prefill_decode import PrefillDecode
from function.replica.topologies.standalone import Standalone
from function.replica.topologies.topology import Ports, Topology
from tests.support.observe import observation, reasons
from tests.support.replicas import CLUSTER, composed, container, engine, gang, member, observed, remotes, replica

TRANSFER = [
    {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    {"name": "VLLM_NIXL_SIDE_CHANNEL_PORT", "value": "5557"},
]


def pair(*engines: Manifest) -> Manifest:
    """A replica of two phases; by default engines of one pod, whose names say nothing."""
    both = engines or (engine("x", phase="Decode"), engine("y", phase="Prefill"))
    return replica(*both, serving={"mode": "PrefillDecode"})


def templates(obj: Manifest, name: str) -> list[Manifest]:
    """The pod templates of an engine: of its one pod, or of leader and workers."""
    spec = remotes(composed(obj))[f"model-serving-{name}"]["spec"]
    both = spec.get("leaderWorkerTemplate", {})
    return [spec["template"]] if "template" in spec else [both["leaderTemplate"], both["workerTemplate"]]


def containers(template: Manifest) -> dict[str, Manifest]:
    """The containers that run together, by name: side-cars are init containers that go on."""
    spec = template["spec"]
    return {built["name"]: built for built in [*spec["containers"], *spec.get("initContainers", [])]}


def written(**more: Any) -> Manifest:
    return {"template": {"spec": {"containers": [container(**more)]}}}


def test_the_phase_decides_labels_and_side_car_whatever_engines_are_called_and_in_any_order() -> None:
    for obj in (pair(), pair(engine("y", phase="Prefill"), engine("x", phase="Decode"))):
        (decode,), (prefill,) = templates(obj, "x"), templates(obj, "y")
        for template, role in ((decode, "decode"), (prefill, "prefill")):
            assert template["metadata"]["labels"]["llm-d.ai/role"] == role
            assert template["metadata"]["labels"]["llm-d.ai/inference-serving"] == "true"
            assert template["metadata"]["labels"]["modelplane.ai/serving"] == "chat-1"
        assert list(containers(prefill)) == ["engine"]
        assert list(containers(decode)) == ["engine", "pd-sidecar"]


def test_the_side_car_takes_requests_in_the_engines_stead() -> None:
    (decode,) = templates(pair(), "x")
    assert containers(decode)["pd-sidecar"] == {
        "name": "pd-sidecar",
        "image": "ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.9.0",
        "args": ["--secure-proxy=false", "--kv-connector=nixlv2", "--vllm-port=8001"],
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 10, "timeoutSeconds": 5},
        "restartPolicy": "Always",
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
    assert containers(decode)["engine"]["ports"] == [{"name": "engine", "containerPort": 8001}]


@pytest.mark.parametrize(
    "decode",
    [
        engine("d", member(**written(args=["--port=9000"])), phase="Decode"),
        engine("d", member(**written(command=["sh", "-c", "exec vllm serve --port 9000"])), phase="Decode"),
        engine("d", phase="Decode", serving={"port": 9000}),
    ],
    ids=["args", "shell", "typed"],
)
def test_another_port_of_the_decode_engine_reaches_probe_and_side_car_which_stays_on_8000(decode: Manifest) -> None:
    made = containers(templates(pair(engine("p", phase="Prefill"), decode), "d")[0])
    assert made["engine"]["ports"] == [{"name": "engine", "containerPort": 9000}]
    assert made["engine"]["readinessProbe"]["httpGet"]["port"] == "engine"
    assert made["pd-sidecar"]["args"][-1] == "--vllm-port=9000"
    assert made["pd-sidecar"]["ports"] == [{"containerPort": 8000}]


def test_a_decode_engine_on_the_side_cars_port_is_refused() -> None:
    decode = engine("d", member(**written(args=["--port=8000"])), phase="Decode")
    answered = composed(pair(engine("p", phase="Prefill"), decode))
    assert (answered.children, answered.ready) == ({}, False)
    assert reasons(answered)["ModelAccepted"] == "False/InvalidPort"
    (message,) = [c.message for c in answered.conditions if c.type == "ModelAccepted"]
    assert message.startswith("engine d cannot listen on 8000")


def test_a_prefill_engine_on_another_port_than_the_pools_is_refused() -> None:
    prefill = engine("p", phase="Prefill", serving={"port": 9000})
    answered = composed(pair(prefill, engine("d", phase="Decode")))
    assert reasons(answered)["ModelAccepted"] == "False/InvalidPort"


GANG = gang("g", phase="Prefill")
LONE = engine("l", phase="Prefill")
BIG = gang("b", phase="Decode")
SMALL = engine("s", phase="Decode")


@pytest.mark.parametrize(
    "both", [(LONE, SMALL), (GANG, SMALL), (LONE, BIG), (GANG, BIG)], ids=["pods", "prefill", "decode", "gangs"]
)
def test_either_phase_may_be_a_gang_and_every_pod_of_both_can_hand_over_its_part(both: tuple[Manifest, ...]) -> None:
    obj = pair(*both)
    for placed in both:
        for template in templates(obj, placed["name"]):
            made = containers(template)["engine"]
            assert made["env"][-2:] == TRANSFER
            assert {"name": "dshm", "mountPath": "/dev/shm"} in made["volumeMounts"]  # noqa: S108  # a mount in the engine's container
            assert [volume["name"] for volume in template["spec"]["volumes"]] == ["dshm"]
            serves = "modelplane.ai/serving" in template["metadata"]["labels"]
            assert ("llm-d.ai/role" in template["metadata"]["labels"]) is serves
            assert ("pd-sidecar" in containers(template)) is (serves and placed["phase"] == "Decode")
    answered = composed(obj)
    assert composed(obj, observed(answered)).ready
    assert {"inference-pool", "epp", "model-route"} <= set(answered.children)
    assert "engine-service" not in answered.children


def test_variables_that_the_user_has_written_stay_as_they_are() -> None:
    own = [{"name": "VLLM_NIXL_SIDE_CHANNEL_PORT", "value": "6000"}]
    obj = pair(engine("p", member(**written(env=own)), phase="Prefill"), engine("d", phase="Decode"))
    assert containers(templates(obj, "p")[0])["engine"]["env"] == [*own, TRANSFER[0]]


def test_no_generic_label_is_set_and_the_users_own_stays() -> None:
    template = {"metadata": {"labels": {"app": "mine", "llm-d.ai/role": "both"}}, "spec": {"containers": [container()]}}
    obj = pair(engine("p", member(template=template), phase="Prefill"), engine("d", phase="Decode"))
    (prefill,), (decode,) = templates(obj, "p"), templates(obj, "d")
    assert prefill["metadata"]["labels"]["app"] == "mine"
    assert prefill["metadata"]["labels"]["llm-d.ai/role"] == "prefill"
    assert "app" not in decode["metadata"]["labels"]


def test_the_gateway_sends_nothing_to_the_pair_while_its_picker_is_silent() -> None:
    pool = remotes(composed(pair()))["inference-pool"]["spec"]
    assert pool["endpointPickerRef"]["failureMode"] == "FailClose"
    assert pool["targetPorts"] == [{"number": 8000}]


def test_the_picker_picks_a_pod_of_each_phase_and_knows_the_decode_engines_block_size() -> None:
    prefill = engine("p", member(**written(args=["--block-size=256"])), phase="Prefill")
    decode = engine("d", member(**written(args=["--block-size=128"])), phase="Decode")
    text = remotes(composed(pair(prefill, decode)))["epp-config"]["data"]["epp-config.yaml"]
    scorers = [
        {"pluginRef": "max-score-picker"},
        {"pluginRef": "prefix-cache-scorer", "weight": 2},
        {"pluginRef": "queue-scorer", "weight": 1},
    ]
    parsers = ["openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser"]
    assert yaml.safe_load(text) == {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        "plugins": [
            {
                "type": "approx-prefix-cache-producer",
                "parameters": {
                    "autoTune": False,
                    "blockSizeTokens": 128,
                    "lruCapacityPerServer": 31250,
                },
            },
            {"type": "prefix-cache-scorer"},
            {"type": "disagg-headers-handler"},
            {"type": "queue-scorer"},
            {"type": "prefill-filter"},
            {"type": "decode-filter"},
            {"type": "max-score-picker"},
            {"type": "prefix-based-pd-decider", "parameters": {"nonCachedTokens": 16}},
            {"type": "disagg-profile-handler", "parameters": {"deciders": {"prefill": "prefix-based-pd-decider"}}},
            *({"type": parser} for parser in parsers),
        ],
        "requestHandler": {"parsers": [{"pluginRef": parser} for parser in parsers]},
        "schedulingProfiles": [
            {"name": "prefill", "plugins": [{"pluginRef": "prefill-filter"}, *scorers]},
            {"name": "decode", "plugins": [{"pluginRef": "decode-filter"}, *scorers]},
        ],
    }


@pytest.mark.parametrize(
    "engines",
    [
        (engine("p", phase="Prefill"),),
        (engine("p", phase="Prefill"), engine("q", phase="Prefill")),
        (engine("p", phase="Prefill"), engine("q")),
        (engine("p", phase="Prefill"), engine("d", phase="Decode"), engine("e", phase="Decode")),
    ],
)
def test_phases_that_are_no_pair_hold_all(engines: tuple[Manifest, ...]) -> None:
    obj = pair(*engines)
    children = observed(composed(pair()))
    seen = compose(observation(obj, children, {"cluster": [CLUSTER]}))
    assert set(seen.children) == set(children)
    assert reasons(seen)["Held"] == "True/InvalidSpec"


@pytest.mark.parametrize(
    ("phase", "args", "ports"),
    [
        ("Prefill", [], Ports(engine=8000, pool=8000)),
        ("Prefill", ["--port=9000"], Ports(engine=9000, pool=9000)),
        ("Decode", [], Ports(engine=8001, pool=8000)),
        ("Decode", ["--port=9000"], Ports(engine=9000, pool=8000)),
    ],
)
def test_a_decode_engine_is_taken_to_listen_beside_its_side_car(phase: str, args: list[str], ports: Ports) -> None:
    placed = PlacedEngine.model_validate(engine("e", member(**written(args=args)), phase=phase))
    assert PrefillDecode(Standalone()).ports(placed) == ports


def test_no_operation_of_the_topology_that_the_pods_run_as_is_forgotten() -> None:
    operations = {name for name in vars(Topology) if not name.startswith("_")}
    assert operations - vars(PrefillDecode).keys() == set()
