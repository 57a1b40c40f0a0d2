"""How an engine listens, by its fields, its flags and its scripts; what cannot be read, and what is assumed."""

from typing import Any

import pytest

from function.api.engines import AnyEngine, EngineType, Scheme
from function.api.pod_template import Container
from function.replica.engines import PROGRAMS, EngineFacts, FlagValue, read_engine

IMAGE = "vllm/vllm-openai:v0.23.0"


def facts(serving: Any = None, taken: int = 0, image: str = IMAGE, env: Any = (), **written: Any) -> EngineFacts:
    """What is read of an engine whose container says what is given."""
    container = Container.model_validate({"name": "engine", "image": image, "env": list(env), **written})
    return read_engine(AnyEngine.model_validate({"name": "e", "serving": serving or {}}), container, taken=taken)


def script(text: str, *positional: str, **written: Any) -> FlagValue:
    """The port that is read of an engine that runs a script."""
    return facts(command=["bash", "-c", text, *positional], **written).port


def variables(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


SECRET = {"name": "PORT", "valueFrom": {"secretKeyRef": {"name": "s", "key": "port"}}}


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ({"args": ["--port=9000"]}, 9000),
        ({"args": ["--port", "9000"]}, 9000),
        ({"args": ["--port", "9000", "--port=9001"]}, 9001),
        ({"args": ["some/model", "--port=9000"]}, 9000),
        ({"command": ["vllm", "serve", "/mnt/models", "--port=9000"]}, 9000),
        ({"command": ["/bin/sh", "-c", "exec vllm serve /mnt/models --port=9000"]}, 9000),
        ({"command": ["/bin/bash", "-euc"], "args": ["exec vllm serve \\\n  --port 9000; true"]}, 9000),
        ({"command": ["sh", "-c", "vllm serve model#1 --port=9000"]}, 9000),
        ({"command": ["sh", "-c", "vllm serve --port=9000 --name=it's"]}, 9000),
    ],
)
def test_the_port_is_the_one_that_the_flag_of_the_serving_command_says(written: Any, number: int) -> None:
    assert facts(**written).port == FlagValue(number)


@pytest.mark.parametrize("args", [[], ["--model=x"], ["--portal=9000", "port=9000"]])
def test_a_port_that_nobody_says_is_the_programs_own_and_said_to_be_assumed(args: list[str]) -> None:
    found = facts(args=args)
    assert found.port == FlagValue(8000, said=False)
    assert found.assumptions == (
        "engine e: port 8000 is assumed, where vLLM listens when nothing is said; engines[].serving.port says another",
    )
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("args", "given"),
    [
        (["--port="], "--port without a value is no port"),
        (["--port"], "--port without a value is no port"),
        (["--port", "--model=x"], "--port without a value is no port"),
        (["--port=abc"], "--port abc is no port"),
        (["--port=0"], "--port 0 is no port"),
        (["--port=65536"], "--port 65536 is no port"),
        (["--port=" + "9" * 5000], "--port " + "9" * 64 + " is no port"),
        (["--port=$(MISSING)"], "--port $(MISSING) is no port"),
        (["--port=$(PORT)"], "--port ${PORT} is not known"),
        (["--port=８０００"], "--port ８０００ is no port"),  # noqa: RUF001  # digits of another script
    ],
)
def test_a_port_that_is_no_number_is_warned_of_and_the_default_assumed(args: list[str], given: str) -> None:
    found = facts(args=args, env=[SECRET])
    assert found.port.value == 8000
    assert found.warnings == (f"engine e: {given}, 8000 is assumed; engines[].serving.port says another",)
    assert found.assumptions == ()


def test_a_written_port_goes_before_everything_else() -> None:
    for args in (["--port=9000"], ["--port=junk"], []):
        found = facts(serving={"port": 8000}, args=args)
        assert (found.port, found.assumptions, found.warnings) == (FlagValue(8000), (), ())
    assert facts(serving={"ports": [8100, 8101]}).port == FlagValue(8100)


def test_a_port_that_something_else_has_is_not_assumed() -> None:
    assert facts(taken=8000).port.value == 8001
    assert facts(taken=8000, args=["--port=8000"]).port == FlagValue(8000)
    assert facts(taken=8000, image="lmsysorg/sglang:v0.5.6").port.value == 30000


# ---------------------------------------------------------------------- variables


def test_kubernetes_puts_in_the_variables_of_the_same_container_in_their_order() -> None:
    env = variables(BASE="80", PORT="$(BASE)90", LATER="$(NEXT)", NEXT="1")
    assert facts(args=["--port=$(PORT)"], env=env).port == FlagValue(8090)
    assert "$(NEXT)" in facts(args=["--port=$(LATER)"], env=env).port.warning
    assert "$(PORT)" in facts(args=["--port=$$(PORT)"], env=env).port.warning


@pytest.mark.parametrize(
    ("image", "env", "port"),
    [
        ("ghcr.io/huggingface/text-generation-inference:3", {"PORT": "8085"}, 8085),
        ("ghcr.io/ggml-org/llama.cpp:server", {"LLAMA_ARG_PORT": "8086"}, 8086),
        ("ollama/ollama", {"OLLAMA_HOST": "http://0.0.0.0:8087"}, 8087),
        ("ollama/ollama", {"OLLAMA_HOST": "[::]:8088"}, 8088),
        ("ollama/ollama", {"OLLAMA_HOST": "http://0.0.0.0"}, 80),
        ("ollama/ollama", {"OLLAMA_HOST": "https://0.0.0.0/"}, 443),
        ("ollama/ollama", {"OLLAMA_HOST": "http://0.0.0.0:8090/path"}, 8090),
        ("ollama/ollama", {"OLLAMA_HOST": "http://0.0.0.0/path"}, 80),
        ("nvcr.io/nvidia/ai-dynamo/vllm-runtime:1", {"DYN_HTTP_PORT": "8089"}, 8089),
    ],
)
def test_a_program_that_a_variable_tells_its_port_is_asked_by_it(image: str, env: dict[str, str], port: int) -> None:
    assert facts(image=image, env=variables(**env)).port == FlagValue(port)
    assert facts(image=IMAGE, env=variables(**env)).port == FlagValue(8000, said=False)


def test_where_later_versions_listen_elsewhere_it_is_said_as_no_tag_tells_them_apart() -> None:
    found = facts(image="ghcr.io/ggml-org/llama.cpp:server")
    assert found.port == FlagValue(8080, said=False)
    where = "where llama.cpp listens when nothing is said (later versions on 9931)"
    assert found.assumptions == (f"engine e: port 8080 is assumed, {where}; engines[].serving.port says another",)
    assert facts(image="ghcr.io/ggml-org/llama.cpp:server", args=["--port=9931"]).assumptions == ()


@pytest.mark.parametrize(
    ("image", "port"),
    [
        ("vllm/vllm-router:nightly", 30000),
        ("lmcache/lmstack-router:latest", 8001),
        ("vllm/vllm-openai:v0.23.0", 8000),
        ("ghcr.io/huggingface/text-generation-inference:3.3.4", 80),
        ("ghcr.io/huggingface/text-generation-inference:3.3.4-trtllm", 3000),
        ("registry.example.com/tgi-llamacpp:1", 3000),
    ],
)
def test_images_of_like_names_are_told_apart(image: str, port: int) -> None:
    assert facts(image=image, args=["--model-id=some/model"]).port == FlagValue(port, said=False)


def test_a_flag_goes_before_a_variable_and_vllms_own_variable_is_no_port_of_its_server() -> None:
    image = "ghcr.io/huggingface/text-generation-inference:3"
    assert facts(image=image, args=["--port", "9000"], env=variables(PORT="1")).port == FlagValue(9000)
    assert facts(env=variables(VLLM_PORT="9000")).port == FlagValue(8000, said=False)


@pytest.mark.parametrize(
    "text",
    [
        "vllm serve m --port $P",
        'vllm serve m --port="${P}"',
        "vllm serve m --port ${UNSET:-9000}",
        "vllm serve m --port ${UNSET:-${P}}",
        "Q=$P; vllm serve m --port $Q",
        "export Q=${P} && vllm serve m --port=$Q",
        'ARGS="--port $P --x"; vllm serve m $ARGS',
        'ARGS=(--x); ARGS+=(--port "$P"); vllm serve m "${ARGS[@]}"',
        'vllm serve m "$@"',
        'eval "vllm serve m --port $P"',
        "eval 'vllm serve m --port $P'",
        "bash -c \"sh -c 'exec vllm serve m --port 9000'\"",
        "exec env A=b nohup timeout -k 5 600 numactl --cpunodebind=0 vllm serve m --port 9000",
        "uv run --no-sync python3 -u -m vllm.entrypoints.openai.api_server --port 9000",
        "tini -s -- nsys profile -o /tmp/x vllm serve m --port 9000",
        "(cd /x && vllm serve m --port 9000 2>&1 | tee log)",
        "if true; then vllm serve m --port 9000; else vllm serve m --port 9000; fi",
        "vllm serve m --port 9000 & wait",
        "other --port 1 & vllm serve m --port 9000",
        "cat > x <<EOF\nvllm serve --port 1\nEOF\nvllm serve m --port 9000 # --port 2",
        "echo 'vllm serve --port=1' && vllm serve m --port '9000'",
        "ray start --head --port=6379 --block & sleep 5; vllm serve m --port 9000",
        "vllm serve m --port 9000\nray start --head --port=6379",
        "serve() {\n vllm serve m --port 9000\n}\nserve",
    ],
)
def test_a_script_is_gone_through_as_a_shell_would(text: str) -> None:
    assert script(text, "name", "--port", "9000", env=variables(P="9000")) == FlagValue(9000)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("vllm serve m --port $(find-port)", "--port $(find-port) is not known"),
        ("vllm serve m --port $((8000 + RANK))", "--port $((8000…+…RANK)) is not known"),
        ("vllm serve m --port `cat port`", "--port `cat…port` is not known"),
        ("vllm serve m --port $UNSET", "--port ${UNSET} is not known"),
        ("if a; then P=1; else P=2; fi; vllm serve m --port $P", "--port ${P} is not known"),
        ("vllm serve m ${EXTRA_ARGS}", "what ${EXTRA_ARGS} in its command holds is not known, port"),
        ("f() { vllm serve m $@; }; f", "what ${@} in its command holds is not known, port"),
        ("vllm serve m --config c.yaml", "what c.yaml says is not read, port"),
    ],
)
def test_what_only_running_a_script_would_tell_is_said_with_what_is_assumed(text: str, why: str) -> None:
    found = script(text)
    assert (found.value, found.said) == (8000, False)
    assert found.warning.startswith(f"engine e: {why}")
    assert found.warning.endswith("8000 is assumed; engines[].serving.port says another")


def test_two_servers_on_different_ports_in_one_script_are_warned_of() -> None:
    found = script("if a; then vllm serve m --port 8100; else vllm serve m --port 8200; fi")
    assert found == FlagValue(
        8200,
        "engine e: its script may start it with --port 8100, --port 8200, port 8200 is assumed; "
        "engines[].serving.port says another",
        said=False,
    )


def test_a_command_that_is_not_known_is_read_by_its_flag_and_one_that_serves_nothing_is_not() -> None:
    assert facts(image="x", command=["./server", "--port", "9000"]).port == FlagValue(9000)
    assert facts(image="x", command=["bash", "-c", "./server --port 9000 | tee log"]).port == FlagValue(9000)
    alone = facts(image="x", command=["ray", "start", "--head", "--port=6379", "--block"])
    assumed = "assumed port 8000 and health path /health; engines[].serving says otherwise"
    assert alone.assumptions == (f"engine e: its program is not known: {assumed}",)


# ---------------------------------------------------------------------- the rest of what is known


def test_a_certificate_makes_an_engine_speak_tls_unless_its_scheme_is_written() -> None:
    assert facts(args=["--ssl-certfile=/c", "--ssl-keyfile=/k"]).scheme is Scheme.HTTPS
    assert facts(args=["--ssl_certfile", "/c"]).scheme is Scheme.HTTPS
    assert facts(args=["--ssl-certfile=/c"], serving={"scheme": "HTTP"}).scheme is Scheme.HTTP
    assert facts().scheme is Scheme.HTTP


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("llama-server", "LLAMA_ARG_SSL_CERT_FILE"),
        ("python3 -m dynamo.frontend", "DYN_TLS_CERT_PATH"),
        ("uvicorn main:app", "UVICORN_SSL_CERTFILE"),
    ],
)
def test_a_certificate_that_a_variable_names_counts_too(command: str, name: str) -> None:
    image = "registry.example.com/any:1"
    assert facts(image=image, command=command.split(), env=variables(**{name: "/c"})).scheme is Scheme.HTTPS
    exported = ["sh", "-c", f"export {name}=/c; exec {command}"]
    assert facts(image=image, command=exported).scheme is Scheme.HTTPS
    assert facts(image=image, command=command.split(), env=variables(OTHER="/c")).scheme is Scheme.HTTP


def test_a_written_type_goes_before_image_and_command() -> None:
    found = facts(image="registry.example.com/mine", serving={"engineType": "SGLang"}, args=["--page-size", "64"])
    assert (found.type, found.port.value, found.block_size) == (EngineType.SGLANG, 30000, FlagValue(64))
    assert facts(serving={"engineType": "Other"}).type is EngineType.OTHER
    assert facts(serving={"engineType": "Triton"}).health_path == "/v2/health/ready"
    assert facts(serving={"engineType": "Triton", "healthPath": "/ping"}).health_path == "/ping"


@pytest.mark.parametrize(
    ("args", "size"),
    [(["--block-size", "32"], 32), (["--block-size=8"], 8), (["--page-size=32"], 64), ([], 64)],
)
def test_the_block_size_is_what_the_programs_own_flag_says(args: list[str], size: int) -> None:
    assert facts(args=args).block_size.value == size


def test_the_block_size_of_dynamo_is_that_of_its_frontend() -> None:
    command = ["python3", "-m", "dynamo.frontend"]
    assert facts(command=command, env=variables(DYN_KV_CACHE_BLOCK_SIZE="128")).block_size == FlagValue(128)
    assert facts(command=[*command, "--kv-cache-block-size=256"]).block_size == FlagValue(256)


def test_a_block_size_that_is_no_number_is_warned_of_and_a_written_one_is_taken() -> None:
    assert facts(args=["--block-size", "auto"]).warnings == (
        "engine e: --block-size auto is no block size, 64 is assumed; engines[].serving.kvCacheBlockSize says another",
    )
    assert facts(serving={"kvCacheBlockSize": 128}, args=["--block-size=8"]).block_size == FlagValue(128)


def test_every_type_has_a_program_and_no_command_starts_two() -> None:
    assert {program.type for program in PROGRAMS} == set(EngineType)
    commands = [command for program in PROGRAMS for command in program.commands]
    assert len(commands) == len(set(commands))
