"""Prefill hands its KV cache to decode in the way of the engines' program, and the side-car speaks it."""

from typing import Any

import pytest
import yaml

from function.api.engines import EngineType
from function.composition import Manifest
from tests.support.observe import reasons
from tests.support.replicas import composed, container, engine, member, observed, remotes, replica

LAUNCH = ("python3", "-m", "sglang.launch_server", "--enable-metrics")


def engine_of(phase: str, *command: str, serving: Any = None, **more: Any) -> Manifest:
    """An engine with a phase, whose container runs a command."""
    made = container(image="registry.example.com/engine:1", args=[], command=list(command), **more)
    template = {"spec": {"containers": [made]}}
    return engine(phase.lower(), member(template=template), phase=phase, **({"serving": serving} if serving else {}))


def pair(prefill: tuple[str, ...], decode: tuple[str, ...], serving: Any = None, **more: Any) -> Manifest:
    both = (engine_of("Prefill", *prefill, serving=serving, **more), engine_of("Decode", *decode, serving=serving))
    return replica(*both, serving={"mode": "PrefillDecode"})


def sglang(*prefill: str, decode: tuple[str, ...] = ()) -> Manifest:
    return pair((*LAUNCH, "--port=8000", *prefill), (*LAUNCH, "--port=8001", *decode))


def containers(obj: Manifest, name: str) -> dict[str, Manifest]:
    spec = remotes(composed(obj))[f"model-serving-{name}"]["spec"]["template"]["spec"]
    made = [*spec.get("initContainers", []), *spec["containers"]]
    return {built["name"]: built for built in made}


def side_car(obj: Manifest) -> Manifest:
    return containers(obj, "decode")["pd-sidecar"]


def decider(obj: Manifest) -> Any:
    text = remotes(composed(obj))["epp-config"]["data"]["epp-config.yaml"]
    (handler,) = (plugin for plugin in yaml.safe_load(text)["plugins"] if plugin["type"] == "disagg-profile-handler")
    return handler["parameters"]["deciders"]["prefill"]


def message(obj: Manifest) -> str:
    (said,) = [c.message for c in composed(obj).conditions if c.type == "ModelAccepted"]
    return said


def test_the_side_car_speaks_sglangs_own_protocol_and_asks_its_port() -> None:
    obj = sglang()
    assert side_car(obj)["args"] == ["--secure-proxy=false", "--kv-connector=sglang", "--vllm-port=8001"]
    assert side_car(obj)["env"] == [{"name": "SGLANG_BOOTSTRAP_PORT", "value": "8998"}]
    flags = ("--disaggregation-bootstrap-port", "9001")
    assert side_car(sglang(*flags, decode=flags))["env"][0]["value"] == "9001"


def test_every_request_to_sglang_goes_through_prefill_since_its_decode_engine_refuses_others() -> None:
    assert decider(sglang()) == "always-disagg-pd-decider"
    assert decider(pair(("vllm", "serve"), ("vllm", "serve"))) == "prefix-based-pd-decider"


def test_only_what_hands_over_by_nixl_has_the_variables_of_vllms_nixl() -> None:
    for name in ("prefill", "decode"):
        assert "env" not in containers(sglang(), name)["engine"]
        variables = containers(pair(("vllm", "serve"), ("vllm", "serve")), name)["engine"]["env"]
        assert [variable["name"] for variable in variables] == [
            "VLLM_NIXL_SIDE_CHANNEL_HOST",
            "VLLM_NIXL_SIDE_CHANNEL_PORT",
        ]


@pytest.mark.parametrize(
    ("connector", "args"),
    [
        ("NixlConnector", ["--kv-connector=nixlv2"]),
        ("MooncakeConnector", ["--kv-connector=mooncake", "--mooncake-bootstrap-port=8998"]),
        ("SharedStorageConnector", ["--kv-connector=shared-storage"]),
        ("ExampleConnector", ["--kv-connector=shared-storage"]),
    ],
)
def test_the_connector_that_vllm_is_given_decides(connector: str, args: list[str]) -> None:
    config = f'--kv-transfer-config={{"kv_connector": "{connector}", "kv_role": "kv_both"}}'
    obj = pair(("vllm", "serve", config), ("vllm", "serve", config))
    assert side_car(obj)["args"] == ["--secure-proxy=false", *args, "--vllm-port=8001"]
    assert "env" not in side_car(obj)


@pytest.mark.parametrize(
    ("typed", "connector"),
    [("NIXL", "nixlv2"), ("SGLang", "sglang"), ("Mooncake", "mooncake"), ("SharedStorage", "shared-storage")],
)
def test_the_typed_way_goes_before_the_program_and_makes_any_program_welcome(typed: str, connector: str) -> None:
    obj = pair(("trtllm-serve",), ("trtllm-serve",), serving={"kvTransfer": typed})
    assert f"--kv-connector={connector}" in side_car(obj)["args"]


@pytest.mark.parametrize(
    "program",
    ["TensorRT-LLM", "Triton", "llama.cpp", "TGI", "Ollama", "Dynamo"],
)
def test_a_program_whose_way_the_side_car_does_not_speak_is_refused(program: str) -> None:
    obj = pair(("serve",), ("serve",), serving={"engineType": program})
    answered = composed(obj)
    assert (answered.children, reasons(answered)["ModelAccepted"]) == ({}, "False/InvalidTransfer")
    assert f"does not speak the way in which {program} hands over its KV cache" in message(obj)
    assert "engines[].serving.kvTransfer" in message(obj)


def test_engines_that_cannot_hand_over_to_each_other_are_refused() -> None:
    obj = pair((*LAUNCH, "--port=8000"), ("vllm", "serve"))
    assert reasons(composed(obj))["ModelAccepted"] == "False/InvalidTransfer"
    assert message(obj).endswith("in different ways: prefill SGLang, decode NIXL")
    ports = sglang("--disaggregation-bootstrap-port=9001")
    assert reasons(composed(ports))["ModelAccepted"] == "False/InvalidTransfer"
    assert message(ports).endswith("say the same for both: prefill 9001, decode 8998")


def test_a_pair_that_runs_goes_on_whatever_is_learnt_of_its_program() -> None:
    runs = pair(("serve",), ("serve",))
    children = observed(composed(runs))
    now = pair(("serve",), ("serve",), serving={"engineType": EngineType.TENSORRT_LLM.value})
    answered = composed(now, children)
    assert set(answered.children) == set(children)
    assert answered.ready


def test_what_is_assumed_of_a_program_that_is_not_known_is_said() -> None:
    obj = pair(("serve",), ("serve",))
    assert "--kv-connector=nixlv2" in side_car(obj)["args"]
    for name in ("prefill", "decode"):
        assert f"engine {name}: that it hands over its KV cache by NIXL is assumed" in message(obj)
    assert "assumed" not in message(pair(("serve",), ("serve",), serving={"kvTransfer": "NIXL"}))


@pytest.mark.parametrize("given", ["", "0", "65536", "port", "9" * 500, "٣"])
def test_a_port_that_is_none_is_the_programs_own(given: str) -> None:
    flag = f"--disaggregation-bootstrap-port={given}"
    assert side_car(sglang(flag, decode=(flag,)))["env"][0]["value"] == "8998"
