"""A picker reads the queues of its engines by what each program shows, and counts for itself where it cannot."""

from typing import Any

import pytest
import yaml

from function.api.engines import EngineType
from function.composition import Manifest
from tests.support.picker_program import PickedPod, PickerProgram
from tests.support.replicas import composed, container, engine, gang, member, remotes, replica

LABEL = "llm-d.ai/engine-type"
SGLANG = ["python3", "-m", "sglang.launch_server", "--port=8000", "--enable-metrics"]


def runs(name: str = "main", *command: str, image: str = "registry.example.com/engine:1", **more: Any) -> Manifest:
    """An engine of two copies whose container has a command and no arguments."""
    made = container(image=image, args=[], command=list(command))
    return engine(name, member(template={"spec": {"containers": [made]}}), copies=2, **more)


def program(obj: Manifest) -> PickerProgram:
    return PickerProgram(remotes(composed(obj))["epp-config"]["data"]["epp-config.yaml"])


def plugins(obj: Manifest) -> dict[str, Any]:
    text = remotes(composed(obj))["epp-config"]["data"]["epp-config.yaml"]
    return {plugin["type"]: plugin.get("parameters", {}) for plugin in yaml.safe_load(text)["plugins"]}


def accepted(obj: Manifest) -> str:
    (message,) = [c.message for c in composed(obj).conditions if c.type == "ModelAccepted"]
    return message


def pod_labels(obj: Manifest, name: str = "main") -> dict[str, str]:
    found: dict[str, str] = remotes(composed(obj))[f"model-serving-{name}"]["spec"]["template"]["metadata"]["labels"]
    return found


READABLE = {
    "vllm": (runs("main", "vllm", "serve", "m"), "vllm:num_requests_waiting"),
    "sglang": (runs("main", *SGLANG), "sglang:num_queue_reqs"),
    "trtllm-serve": (runs("main", "trtllm-serve", "m"), "trtllm_num_requests_waiting"),
    "llama.cpp": (runs("main", "llama-server", "--metrics"), "llamacpp:requests_deferred"),
    "tgi": (runs("main", "text-generation-launcher"), "tgi_queue_size"),
}


@pytest.mark.parametrize(("name", "made", "metric"), [(name, *rest) for name, rest in READABLE.items()], ids=READABLE)
def test_requests_go_where_the_queue_is_short_by_the_engines_own_metric(name: str, made: Manifest, metric: str) -> None:
    obj = replica(made)
    labels = pod_labels(obj)
    assert labels[LABEL] == name
    pods = [PickedPod("a", labels, {metric: 20}), PickedPod("b", labels, {metric: 0})]
    picker = program(obj)
    body = b'{"model": "m", "messages": [{}]}'
    assert {picker.pick("/v1/chat/completions", body, pods) for _ in range(40)} == {"b"}
    assert "picker" not in accepted(obj)


@pytest.mark.parametrize(("made", "metric"), READABLE.values(), ids=READABLE)
def test_pods_that_were_made_without_the_label_are_read_all_the_same(made: Manifest, metric: str) -> None:
    assert program(replica(made)).queue_of(PickedPod("old", {}, {metric: 7})) == 7


def test_engines_of_different_programs_in_one_pool_are_told_apart_by_their_labels() -> None:
    obj = replica(runs("a", "vllm", "serve", "m"), runs("b", *SGLANG))
    picker = program(obj)
    for name, metric in (("a", "vllm:num_requests_waiting"), ("b", "sglang:num_queue_reqs")):
        assert picker.queue_of(PickedPod(name, pod_labels(obj, name), {metric: 3})) == 3
    assert "core-metrics-extractor" not in plugins(obj)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (runs("main", "ollama", "serve"), "metrics of Ollama are not known"),
        (runs("main", "./serve"), "its program is not known"),
        (runs("main", "python3", "-m", "sglang.launch_server"), "SGLang shows no metrics without --enable-metrics"),
        (runs("main", "llama-server"), "llama.cpp shows no metrics without --metrics"),
        (runs("main", "tritonserver"), "Triton shows no metrics where the picker asks"),
    ],
)
def test_a_queue_that_cannot_be_read_is_said_and_the_picker_counts_what_it_sends(made: Manifest, reason: str) -> None:
    obj = replica(made)
    message = f"engine main: {reason}, so the picker cannot read its queue, and counts the requests that it sends there"
    assert message in accepted(obj)
    assert "active-request-scorer" in plugins(obj)
    pods = [PickedPod("a", pod_labels(obj)), PickedPod("b", pod_labels(obj))]
    picker = program(obj)
    picked = [picker.pick("/v1/audio/transcriptions", b"", pods) for _ in range(40)]
    assert (picked.count("a"), picked.count("b")) == (20, 20)


def test_nothing_is_said_of_queues_without_a_picker() -> None:
    assert "queue" not in accepted(replica(runs("main", "./serve"), serving={"picker": "Disabled"}))


def test_a_variable_has_llama_cpp_show_its_metrics_as_the_flag_does() -> None:
    made = container(command=["llama-server"], env=[{"name": "LLAMA_ARG_ENDPOINT_METRICS", "value": "1"}])
    obj = replica(engine("main", member(template={"spec": {"containers": [made]}}), copies=2))
    assert "queue" not in accepted(obj)


def test_trtllm_serve_is_asked_where_it_shows_its_metrics() -> None:
    assert plugins(replica(READABLE["trtllm-serve"][0]))["metrics-data-source"] == {"path": "/prometheus/metrics"}
    both = replica(runs("a", "trtllm-serve", "m"), runs("b", "vllm", "serve", "m"))
    assert "metrics-data-source" not in plugins(both)
    assert "engine a: TensorRT-LLM shows no metrics where the picker asks" in accepted(both)


def test_vllm_alone_needs_no_word_about_metrics() -> None:
    assert {"metrics-data-source", "core-metrics-extractor", "active-request-scorer"}.isdisjoint(
        plugins(replica(READABLE["vllm"][0]))
    )


def test_the_label_is_on_pods_that_answer_requests_alone_and_the_users_own_goes_before_it() -> None:
    obj = replica(gang("main", leader={}, worker={}))
    both = remotes(composed(obj))["model-serving-main"]["spec"]["leaderWorkerTemplate"]
    assert both["leaderTemplate"]["metadata"]["labels"][LABEL] == "vllm"
    assert LABEL not in both["workerTemplate"]["metadata"]["labels"]
    template = {"metadata": {"labels": {LABEL: "mine"}}, "spec": {"containers": [container()]}}
    assert pod_labels(replica(engine("main", member(template=template))))[LABEL] == "mine"


@pytest.mark.parametrize("typed", EngineType)
def test_a_typed_program_goes_before_what_command_and_image_look_like(typed: EngineType) -> None:
    labels = pod_labels(replica(runs("main", "vllm", "serve", "m", serving={"engineType": typed.value})))
    assert labels.get(LABEL, "") == {
        EngineType.VLLM: "vllm",
        EngineType.SGLANG: "sglang",
        EngineType.TENSORRT_LLM: "trtllm-serve",
        EngineType.TRITON: "triton-tensorrt-llm",
        EngineType.LLAMA_CPP: "llama.cpp",
        EngineType.TGI: "tgi",
    }.get(typed, "")
