"""Whether an engine is reached where it listens, and what is said of one that is not."""

from typing import Any

import pytest

from function.api.engines import AnyEngine
from function.api.pod_template import Container
from function.replica.engines import EngineFacts, read_engine

ANY = "registry.example.com/any:1"
ALL = "0.0.0.0"  # noqa: S104  # what an engine is told
FRONT = "where something in the pod is in front of it, write the port of that in engines[].serving.port"


def facts(*command: str, image: str = ANY, serving: Any = None, args: Any = (), **env: str) -> EngineFacts:
    """What is read of an engine by its command, arguments and variables."""
    variables = [{"name": name, "value": value} for name, value in env.items()]
    written = {"image": image, "command": list(command), "args": list(args), "env": variables}
    engine = AnyEngine.model_validate({"name": "e", "serving": serving or {}})
    return read_engine(engine, Container.model_validate({"name": "engine", **written}))


SGLANG = ("python3", "-m", "sglang.launch_server", "--port", "30000")


@pytest.mark.parametrize(
    ("command", "where", "told"),
    [
        (SGLANG, "SGLang listens on 127.0.0.1 alone when nothing is said", "--host"),
        (("trtllm-serve", "m"), "TensorRT-LLM listens on localhost alone when nothing is said", "--host"),
        (("vllm-router",), "vLLM's router listens on 127.0.0.1 alone when nothing is said", "--host"),
        (("uvicorn", "a:b"), "uvicorn listens on 127.0.0.1 alone when nothing is said", "--host"),
        (("vllm", "serve", "m", "--host", "127.0.0.1"), "vLLM listens on 127.0.0.1 alone, as --host says", "--host"),
        (("vllm", "serve", "m", "--host=localhost"), "vLLM listens on localhost alone, as --host says", "--host"),
        (("vllm", "serve", "m", "--host=::1"), "vLLM listens on ::1 alone, as --host says", "--host"),
        (
            ("tritonserver", "--http-address", "127.0.0.1"),
            "Triton listens on 127.0.0.1 alone, as --http-address says",
            "--http-address",
        ),
    ],
)
def test_an_engine_that_listens_on_loopback_alone_is_said_with_what_to_write(
    command: tuple[str, ...], where: str, told: str
) -> None:
    address = "probes and requests come to its pod's address"
    assert facts(*command).unreachable == (f"engine e: {where}, and {address}: write {told}=0.0.0.0; {FRONT}",)


def test_a_variable_tells_the_address_as_a_flag_does_and_the_flag_goes_before_it() -> None:
    ollama = facts("ollama", "serve", OLLAMA_HOST="127.0.0.1:11434").unreachable
    assert ollama[0].startswith("engine e: Ollama listens on 127.0.0.1 alone, as OLLAMA_HOST says")
    assert "write OLLAMA_HOST=0.0.0.0" in ollama[0]
    assert facts("llama-server", LLAMA_ARG_HOST="127.0.0.1").unreachable
    assert facts("uvicorn", "a:b", UVICORN_HOST=ALL).unreachable == ()
    assert facts("llama-server", "--host", ALL, LLAMA_ARG_HOST="127.0.0.1").unreachable == ()


@pytest.mark.parametrize(
    "command",
    [
        (*SGLANG, "--host", ALL),
        (*SGLANG, "--host=::"),
        (*SGLANG, "--host", "10.1.2.3"),
        ("vllm", "serve", "m"),
        ("vllm", "serve", "m", "--host", "$(POD_IP)"),
        ("ollama", "serve", "--port", "127.0.0.1"),
        ("python3", "-m", "dynamo.frontend"),
        ("text-generation-launcher",),
    ],
)
def test_nothing_is_said_of_an_engine_that_listens_at_its_pods_address(command: tuple[str, ...]) -> None:
    found = facts(*command, image="ollama/ollama" if command[0] == "ollama" else ANY)
    assert found.unreachable == ()
    assert "address" not in " ".join(found.assumptions)


@pytest.mark.parametrize(
    ("command", "image", "who"),
    [
        ((*SGLANG, "$EXTRA_ARGS"), ANY, "SGLang listens on 127.0.0.1 alone, --host"),
        ((*SGLANG, "--config", "/c.yaml"), ANY, "SGLang listens on 127.0.0.1 alone, --host"),
        ((), "lmsysorg/sglang:v0.5.6", "SGLang listens on 127.0.0.1 alone, --host"),
        (("ollama", "serve"), ANY, "Ollama listens on 127.0.0.1 alone, OLLAMA_HOST"),
        (("llama-server",), ANY, "llama.cpp listens on 127.0.0.1 alone, --host"),
        (("smg",), ANY, "an earlier version of SGLang's router listens on 127.0.0.1 alone, --host"),
    ],
)
def test_an_address_that_may_be_said_out_of_sight_is_assumed_and_that_is_said(
    command: tuple[str, ...], image: str, who: str
) -> None:
    script = ("bash", "-c", " ".join(command)) if command else ()
    found = facts(*script, image=image)
    where = "it is taken to listen on its pod's address"
    assert found.unreachable == ()
    assert f"engine e: {where}; when nothing is said {who}=0.0.0.0 says otherwise" in found.assumptions


@pytest.mark.parametrize("image", ["ghcr.io/ggml-org/llama.cpp:server", "ollama/ollama:0.32.5"])
def test_an_image_that_sets_the_address_itself_is_taken_at_that(image: str) -> None:
    found = facts(image=image)
    assert (found.unreachable, "address" in " ".join(found.assumptions)) == ((), False)


def test_what_a_container_in_front_of_an_engine_asks_need_not_be_reached() -> None:
    loopback = ("vllm", "serve", "m", "--host=127.0.0.1", "--port=8001")
    assert facts(*loopback, serving={"port": 8080}).unreachable == ()
    assert facts(*loopback, serving={"port": 8001}).unreachable
    assert facts(*SGLANG, serving={"port": 30000}).unreachable
    prefixed = facts("llama-server", "--api-prefix=/llm", serving={"port": 80}, image=ANY)
    assert (prefixed.unreachable, prefixed.health_path) == ((), "/health")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("trtllm-serve", "grpc", "m"), "it speaks gRPC, and probes and requests speak HTTP: start its HTTP server"),
        (
            ("vllm", "serve", "m", "--grpc"),
            "it speaks gRPC, and probes and requests speak HTTP: leave --grpc away",
        ),
        (
            ("vllm", "serve", "m", "--uds", "/s"),
            "it listens on a socket in its file system alone: leave --uds away",
        ),
        (
            ("vllm", "serve", "m", "--ssl-certfile=/c", "--ssl-cert-reqs=2"),
            "it asks clients for a certificate, and probes and gateway have none: leave --ssl-cert-reqs=2 away",
        ),
    ],
)
def test_an_engine_that_is_not_asked_by_http_alone_is_said(command: tuple[str, ...], why: str) -> None:
    assert facts(*command).unreachable == (f"engine e: {why}",)


def test_a_certificate_that_clients_need_not_have_is_no_matter() -> None:
    assert facts("vllm", "serve", "m", "--ssl-cert-reqs=0").unreachable == ()


def test_a_prefix_stands_before_the_path_of_health_and_is_said_since_requests_come_without_it() -> None:
    image = "ghcr.io/ggml-org/llama.cpp:server"
    why = "it answers below /llm alone, and requests come without that: leave --api-prefix, LLAMA_ARG_API_PREFIX away"
    for found in (facts(image=image, args=["--api-prefix", "/llm/"]), facts(image=image, LLAMA_ARG_API_PREFIX="/llm")):
        assert (found.health_path, found.unreachable) == ("/llm/health", (f"engine e: {why}",))
    written = facts(image=image, args=["--api-prefix", "/llm"], serving={"healthPath": "/mine"})
    assert written.health_path == "/mine"
    assert facts(image=image, args=["--api-prefix", "junk"]).health_path == "/health"


def test_a_path_of_health_that_nobody_knows_is_said_even_where_the_port_is() -> None:
    says = "engines[].serving.healthPath says another"
    assert facts("bentoml", "serve", "--port", "3000").assumptions == (
        f"engine e: health path /health is assumed, as its program is not known; {says}",
    )
    assert facts("uvicorn", "a:b", "--host=0.0.0.0", "--port=9000").assumptions == (
        f"engine e: health path /health is assumed, as it depends on what uvicorn is given; {says}",
    )
    assert facts("bentoml", "serve", "--port=3000", serving={"healthPath": "/readyz"}).assumptions == ()
    assert facts("vllm", "serve", "--port=3000").assumptions == ()


def test_nothing_is_assumed_of_a_path_that_no_added_probe_asks() -> None:
    probe = {"httpGet": {"path": "/x", "port": 3000}}
    probes = dict.fromkeys(("startupProbe", "readinessProbe", "livenessProbe"), probe)
    written = {"name": "engine", "image": ANY, "command": ["bentoml", "serve", "--port=3000"]}
    engine = AnyEngine.model_validate({"name": "e"})
    assert read_engine(engine, Container.model_validate({**written, **probes})).assumptions == ()
    del probes["livenessProbe"]
    assert read_engine(engine, Container.model_validate({**written, **probes})).assumptions != ()
