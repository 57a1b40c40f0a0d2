"""Every configuration that can be composed for a picker is one that its program loads, and passes on all requests."""

import pytest
import yaml

from function.replica import picker
from tests.support.picker_configs import CONFIGS, LLAMA, PAIR, TWO, WRONG, Wrong
from tests.support.picker_program import PickedPod, PickerConfigError, PickerProgram, PickerRefusalError, picker_facts

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


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_the_program_refuses_what_it_does_not_know(wrong: Wrong) -> None:
    with pytest.raises(PickerConfigError) as refused:
        PickerProgram(wrong.text)
    assert wrong.message in str(refused.value)


def test_an_engine_whose_queue_is_not_told_has_none() -> None:
    body = yaml.safe_load(LLAMA)
    (extractor,) = [plugin for plugin in body["plugins"] if plugin["type"] == "core-metrics-extractor"]
    del extractor["parameters"]["engineConfigs"][0]["queuedRequestsSpec"]
    busy = PickedPod("a", metrics={"llamacpp:requests_deferred": 7})
    assert PickerProgram(LLAMA).queue_of(busy) == 7
    assert PickerProgram(yaml.safe_dump(body)).queue_of(busy) == 0


def test_decode_pods_alone_are_picked_from_a_pair_and_none_is_said() -> None:
    program = PickerProgram(PAIR)
    prefill = PickedPod("p", {"llm-d.ai/role": "prefill"})
    assert program.pick("/v1/completions", JSON, [prefill, PickedPod("d", {"llm-d.ai/role": "decode"})]) == "d"
    for pods, status in (([prefill], 429), ([], 503)):
        with pytest.raises(PickerRefusalError) as refused:
            program.pick("/v1/completions", JSON, pods)
        assert refused.value.status == status
