"""What is known of the programs that serve models: the one table of engines.

A fact stands here once. Beside each program stands the file of its source that says so, or its documentation; a version
that says otherwise is told by the fields of `engines[].serving`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from function.api.engines import EngineType

DEFAULT_BLOCK_SIZE: Final = 64
"""Tokens in the smallest block in which a picker follows prefixes: the blocks of most engines are smaller."""

_TLS: Final = ("--ssl-certfile",)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that serves models over HTTP.

    Attributes:
        name: What it is called.
        type: The type of engine that it is.
        commands: How it is started: a program, with a first argument where that tells it apart, or a module of Python.
        images: Images that start it, or that it is started in, as a regular expression; empty for none of its own.
        port: Where it listens when nothing is said.
        image_port: The same in its image, where that says another.
        later_port: The same in later versions, where these listen elsewhere: none can be told by an image's tag.
        port_flags: Flags by which it is told the port, with dashes.
        port_variables: Environment variables that tell it too; a flag goes before them.
        config_flags: Flags that name a file which may tell it.
        health_path: The path that answers with success once it can serve.
        tls_flags: Flags with which it speaks TLS, with dashes.
        tls_variables: Environment variables that do the same.
        block_size_flags: Flags that say how many tokens a block of its KV cache has, with dashes.
        block_size_variables: Environment variables that say it too; a flag goes before them.
        every_node_flags: Flags with which each node of a gang has a server that answers requests, with dashes.
        rank_port_flags: Flags with which each data-parallel rank may have a port of its own, with dashes.
        routes: Whether it passes requests on to other servers.
    """

    name: str
    type: EngineType
    commands: tuple[str, ...] = ()
    images: str = ""
    port: int = 8000
    image_port: int | None = None
    later_port: int | None = None
    port_flags: tuple[str, ...] = ("--port",)
    port_variables: tuple[str, ...] = ()
    config_flags: tuple[str, ...] = ()
    health_path: str = "/health"
    tls_flags: tuple[str, ...] = ()
    tls_variables: tuple[str, ...] = ()
    block_size_flags: tuple[str, ...] = ()
    block_size_variables: tuple[str, ...] = ()
    every_node_flags: tuple[str, ...] = ()
    rank_port_flags: tuple[str, ...] = ()
    routes: bool = False


OTHER: Final = Program(
    "an unknown program", EngineType.OTHER, tls_flags=_TLS, block_size_flags=("--block-size", "--page-size")
)
"""What is assumed of a program that nothing is known of."""

PROGRAMS: Final = (
    # Dynamo, components/src/dynamo/frontend/frontend_args.py. Its workers answer no requests of clients.
    # Its images are named after the engine that its workers are.
    Program(
        "Dynamo's frontend",
        EngineType.DYNAMO,
        commands=("dynamo.frontend",),
        images=r"ai-dynamo/|dynamo-frontend",
        port_flags=("--http-port",),
        port_variables=("DYN_HTTP_PORT",),
        tls_flags=("--tls-cert-path",),
        tls_variables=("DYN_TLS_CERT_PATH",),
        block_size_flags=("--kv-cache-block-size",),
        block_size_variables=("DYN_KV_CACHE_BLOCK_SIZE",),
    ),
    # vLLM's router, vllm-project/router, py_src/vllm_router/router_args.py. It and the next come before vLLM, whose
    # image's name theirs contain. Both are started as `vllm-router`, so that the image has to tell them apart.
    Program(
        "vLLM's router",
        EngineType.OTHER,
        commands=("vllm_router.launch_router",),
        images=r"(^|/)vllm-router([:@]|$)",
        port=30000,
        routes=True,
    ),
    # The router of vLLM's production stack, src/vllm_router/parsers/parser.py.
    Program(
        "the production stack's router",
        EngineType.OTHER,
        commands=("vllm_router.app",),
        images=r"lmstack-router|production-stack/router",
        port=8001,
        routes=True,
    ),
    # vLLM, vllm/entrypoints/openai/cli_args.py. VLLM_PORT is a port between its own processes. llm-d's simulator
    # takes vLLM's flags, and answers like it.
    Program(
        "vLLM",
        EngineType.VLLM,
        commands=(
            "vllm serve",
            "vllm-omni serve",
            "vllm.entrypoints.openai.api_server",
            "vllm.entrypoints.api_server",
            "llm-d-inference-sim",
        ),
        images=r"vllm-(openai|omni)|(^|/)vllm(-[a-z-]+)?([:@]|$)|llm-d-(cuda|xpu|hpu|cpu|rocm|dev|aws|gb200|inference-sim)",
        config_flags=("--config",),
        tls_flags=_TLS,
        block_size_flags=("--block-size",),
        every_node_flags=("--data-parallel-hybrid-lb",),
        rank_port_flags=("--data-parallel-external-lb", "--data-parallel-multi-port-external-lb"),
    ),
    # SGLang's router, sgl-model-gateway: it comes before SGLang, whose image's name its own contains.
    Program(
        "SGLang's router",
        EngineType.OTHER,
        commands=("sglang_router.launch_router", "sglang_router", "sglang-router", "smg", "amg"),
        images=r"sgl(ang)?-(router|model-gateway)",
        port=30000,
        tls_flags=("--tls-cert-path",),
        routes=True,
    ),
    # SGLang, python/sglang/srt/server_args.py.
    Program(
        "SGLang",
        EngineType.SGLANG,
        commands=("sglang.launch_server", "sglang serve", "sglang_router.launch_server"),
        images=r"sglang",
        port=30000,
        config_flags=("--config",),
        tls_flags=_TLS,
        block_size_flags=("--page-size",),
    ),
    # TensorRT-LLM, tensorrt_llm/commands/serve.py; its `disaggregated` has the port in a file.
    Program(
        "TensorRT-LLM",
        EngineType.TENSORRT_LLM,
        commands=("trtllm-serve",),
        images=r"tensorrt-llm",
        config_flags=("--config", "--config_file", "-c", "--extra_llm_api_options"),
    ),
    # Triton, src/command_line_parser.{h,cc}; the scripts that start it for TensorRT-LLM write underscores.
    Program(
        "Triton",
        EngineType.TRITON,
        commands=("tritonserver", "launch_triton_server.py"),
        images=r"tritonserver",
        port_flags=("--http-port",),
        health_path="/v2/health/ready",
    ),
    # llama.cpp, common/arg.cpp, tools/server/README.md and app/llama.cpp; pull request 26508 announces the later port.
    Program(
        "llama.cpp",
        EngineType.LLAMA_CPP,
        commands=("llama-server", "llama-server-cuda", "llama serve", "llama server"),
        images=r"llama\.cpp",
        port=8080,
        later_port=9931,
        port_variables=("LLAMA_ARG_PORT",),
        tls_flags=("--ssl-cert-file",),
        tls_variables=("LLAMA_ARG_SSL_CERT_FILE",),
    ),
    # Text Generation Inference with another backend: Dockerfile_llamacpp and Dockerfile_trtllm set no PORT.
    Program(
        "Text Generation Inference's other backends",
        EngineType.TGI,
        commands=("text-generation-router-llamacpp",),
        images=r"(text-generation-inference|(^|/)tgi)[:-].*(llamacpp|trtllm)",
        port=3000,
        port_flags=("--port", "-p"),
        port_variables=("PORT",),
    ),
    # Text Generation Inference, launcher/src/main.rs; its other Dockerfiles set PORT=80.
    Program(
        "Text Generation Inference",
        EngineType.TGI,
        commands=("text-generation-launcher",),
        images=r"text-generation-inference|(^|/)tgi([:@-]|$)",
        port=3000,
        image_port=80,
        port_flags=("--port", "-p"),
        port_variables=("PORT",),
    ),
    # Ollama, envconfig/config.go and Dockerfile; it takes no flag.
    Program(
        "Ollama",
        EngineType.OLLAMA,
        commands=("ollama serve", "ollama start"),
        images=r"(^|/)ollama([:@]|$)",
        port=11434,
        port_flags=(),
        port_variables=("OLLAMA_HOST",),
        health_path="/",
    ),
    # KServe's server of Hugging Face models, python/kserve/kserve/model_server.py.
    Program(
        "KServe's Hugging Face server",
        EngineType.OTHER,
        commands=("huggingfaceserver",),
        images=r"huggingfaceserver",
        port=8080,
        port_flags=("--http_port",),
        health_path="/v2/health/ready",
    ),
    # uvicorn, uvicorn/main.py, whose command reads any of its options from a variable too.
    Program(
        "uvicorn",
        EngineType.OTHER,
        commands=("uvicorn",),
        port_variables=("UVICORN_PORT",),
        tls_flags=_TLS,
        tls_variables=("UVICORN_SSL_CERTFILE",),
    ),
)
"""Every program that is known. The first whose command or image fits is taken."""

VARIABLES: Final = frozenset(
    name
    for program in PROGRAMS
    for name in (*program.port_variables, *program.tls_variables, *program.block_size_variables)
)
"""The environment variables by which any program is told what is read of it."""

_BY_COMMAND: Final = {command: program for program in PROGRAMS for command in program.commands}
_WITH_ARGUMENT: Final = frozenset(command.partition(" ")[0] for command in _BY_COMMAND if " " in command)
_PYTHON: Final = re.compile(r"(python|pypy)[0-9.]*")
_PYTHON_VALUES: Final = frozenset({"-W", "-X", "--check-hash-based-pycs"})


def program_of_type(type_: EngineType, found: Program) -> Program:
    """The program of a type: what was found, if it is of that type, else the first one."""
    if found.type is type_:
        return found
    return next((program for program in PROGRAMS if program.type is type_ is not EngineType.OTHER), OTHER)


def program_of_image(image: str) -> Program:
    """The program that an image is made for."""
    name = image.partition("@")[0]
    return next((program for program in PROGRAMS if program.images and re.search(program.images, name)), OTHER)


def program_of_command(words: Sequence[str], start: int = 0) -> Program | None:
    """The program that a command starts, whose words begin at a place; None where it is not known."""
    name, after = _invoked(words, start)
    if name not in _WITH_ARGUMENT:
        return _BY_COMMAND.get(name)
    while after < len(words) and words[after].startswith("-"):
        after += 1
    return _BY_COMMAND.get(f"{name} {words[after]}") if after < len(words) else None


def invoked(words: Sequence[str]) -> str:
    """The name of what a command starts: the program, or the module or script that Python runs."""
    return _invoked(words, 0)[0]


def _invoked(words: Sequence[str], at: int) -> tuple[str, int]:
    """The name of what is started, and where its arguments begin."""
    name = basename(words[at]) if at < len(words) else ""
    at += 1
    if not _PYTHON.fullmatch(name):
        return name, at
    while at < len(words):
        word = words[at]
        if word == "-m":
            return "".join(words[at + 1 : at + 2]), at + 2
        if not word.startswith("-"):
            return basename(word), at + 1
        at += 2 if word in _PYTHON_VALUES else 1
    return name, at


def basename(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]
