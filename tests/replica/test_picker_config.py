"""Every configuration that can be composed for a picker is one that its program loads, and passes on all requests."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from function.api.engines import EngineType, KVTransfer
from function.composition import Manifest
from function.replica import picker
from tests.support.picker_program import PickedPod, PickerConfigError, PickerProgram, PickerRefusalError, picker_facts
from tests.support.replicas import composed, engine, gang, remotes, replica

PATHS_WITHOUT_A_PARSER = (
    "/v1/audio/transcriptions",
    "/v1/audio/speech",
    "/v1/images/generations",
    "/v1/rerank",
    "/v1/score",
    "/v1/load_lora_adapter",
    "/tokenize",
    "/api/chat",
)
JSON = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'


def configs() -> Iterator[tuple[str, str]]:
    """Every configuration there is, with what it is for."""
    for typed in EngineType:
        both: Any = {"serving": {"engineType": typed.value, "port": 8000}}
        yield f"copies of {typed}", config(replica(engine(copies=2, **both)))
        yield f"gangs of {typed}", config(replica(gang(copies=2, **both)))
        yield f"{typed} beside vLLM", config(replica(engine("a", **both), engine("b")))
        for transfer in KVTransfer:
            serving = {"engineType": typed.value, "kvTransfer": transfer.value}
            ports = {"Prefill": 8000, "Decode": 8001}
            prefill, decode = (
                engine(phase, phase=phase, serving={**serving, "port": port}) for phase, port in ports.items()
            )
            pair = [{**placed, "name": placed["name"].lower()} for placed in (prefill, decode)]
            yield f"{typed} by {transfer}", config(replica(*pair, serving={"mode": "PrefillDecode"}))


def config(obj: Manifest) -> str:
    text: str = remotes(composed(obj))["epp-config"]["data"]["epp-config.yaml"]
    return text


CONFIGS = dict(configs())
TWO = CONFIGS["copies of vLLM"]


def test_the_facts_are_those_of_the_picker_that_is_composed() -> None:
    assert f"{picker_facts()['image']}:{picker_facts()['version']}" == picker.IMAGE


@pytest.mark.parametrize("text", CONFIGS.values(), ids=CONFIGS)
def test_the_program_loads_it_and_passes_on_what_it_cannot_parse(text: str) -> None:
    program = PickerProgram(text)
    pods = [PickedPod("a"), PickedPod("b")]
    for path in PATHS_WITHOUT_A_PARSER:
        assert program.parser_of(path) == "passthrough-parser"
        assert program.pick(path, b"--boundary\r\n", pods) in {"a", "b"}
    assert program.parser_of("/v1/chat/completions") == "openai-parser"
    assert program.parser_of("/v1/messages?beta=true") == "anthropic-parser"
    assert program.parser_of("/inference/v1/generate") == "vllmhttp-parser"


def test_a_chat_without_a_model_is_refused_as_the_program_does() -> None:
    with pytest.raises(PickerRefusalError) as refused:
        PickerProgram(TWO).pick("/v1/chat/completions", b'{"messages": [{}]}', [PickedPod("a")])
    assert refused.value.status == 400


def test_without_parsers_the_program_refuses_paths_that_it_does_not_know() -> None:
    body = yaml.safe_load(TWO)
    del body["requestHandler"]
    program = PickerProgram(yaml.safe_dump(body))
    with pytest.raises(PickerRefusalError) as refused:
        program.pick("/v1/audio/transcriptions", b"", [PickedPod("a")])
    assert refused.value.status == 400
    assert program.pick("/v1/chat/completions", JSON, [PickedPod("a")]) == "a"


def test_small_blocks_are_raised_by_the_program_too() -> None:
    assert PickerProgram(TWO.replace("blockSizeTokens: 64", "blockSizeTokens: 16")).block_size == 64


def with_plugin(type_: str, **parameters: Any) -> Manifest:
    return {"plugins": [{"type": type_, "parameters": parameters}]}


def with_parsers(*names: str) -> Manifest:
    return {"requestHandler": {"parsers": [{"pluginRef": name} for name in names]}}


NO_PROFILE: Manifest = {"requestHandler": {}, "schedulingProfiles": []}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unknown": {}}, "unknown"),
        (with_plugin("no-such-plugin"), "plugin type 'no-such-plugin' is not registered"),
        ({"plugins": [{"type": "queue-scorer"}] * 2}, "duplicate plugin name 'queue-scorer'"),
        (with_plugin("queue-scorer", a=1), "plugin 'queue-scorer': "),
        ({"schedulingProfiles": [{"name": "a", "plugins": [{"pluginRef": "none"}]}]}, "'none' is not among"),
        ({"schedulingProfiles": [{"name": "a", "plugins": []}, {"name": "b", "plugins": []}]}, "2 profiles need one"),
        (with_parsers("queue-scorer"), "is not a parser plugin"),
        (with_parsers("passthrough-parser", "openai-parser"), "parsers after passthrough-parser would never be asked"),
        (with_plugin("disagg-profile-handler", deciders={"prefill": "x"}), "not found: x"),
        ({**with_plugin("core-metrics-extractor", defaultEngine="x"), **NO_PROFILE}, "defaultEngine x has no metrics"),
    ],
)
def test_the_program_refuses_what_it_does_not_know(change: Manifest, message: str) -> None:
    with pytest.raises(PickerConfigError) as refused:
        PickerProgram(yaml.safe_dump({**yaml.safe_load(TWO), **change}))
    assert message in str(refused.value)


def test_decode_pods_alone_are_picked_from_a_pair_and_none_is_said() -> None:
    program = PickerProgram(CONFIGS["vLLM by NIXL"])
    prefill = PickedPod("p", {"llm-d.ai/role": "prefill"})
    assert program.pick("/v1/completions", JSON, [prefill, PickedPod("d", {"llm-d.ai/role": "decode"})]) == "d"
    for pods, status in (([prefill], 429), ([], 503)):
        with pytest.raises(PickerRefusalError) as refused:
            program.pick("/v1/completions", JSON, pods)
        assert refused.value.status == status
