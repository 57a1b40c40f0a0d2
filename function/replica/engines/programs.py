"""What is known of the programs that serve models: the one table of engines.

A fact stands here once. Beside each program stands the file of its source that says so, or its documentation; a version
that says otherwise is told by the fields of `engines[].serving`.
"""

from __future__ import annotations

from typing import Final

from function.api.engines import EngineType
from function.replica.engines.program import Program

DEFAULT_BLOCK_SIZE: Final = 64
"""Tokens in the smallest block in which a picker follows prefixes: the blocks of most engines are smaller."""

_TLS: Final = ("--ssl-certfile",)

_CLIENT_CERTIFICATE: Final = ("--ssl-cert-reqs",)

OTHER: Final = Program(
    "an unknown program",
    EngineType.OTHER,
    health_known=False,
    tls_flags=_TLS,
    client_certificate_flags=_CLIENT_CERTIFICATE,
    block_size_flags=("--block-size", "--page-size"),
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
        host_flags=("--http-host",),
        host_variables=("DYN_HTTP_HOST",),
        tls_flags=("--tls-cert-path",),
        tls_variables=("DYN_TLS_CERT_PATH",),
        block_size_flags=("--kv-cache-block-size",),
        block_size_variables=("DYN_KV_CACHE_BLOCK_SIZE",),
        helpers=("dynamo.",),
    ),
    # vLLM's router, vllm-project/router, py_src/vllm_router/router_args.py. It and the next come before vLLM, whose
    # image's name theirs contain. Both are started as `vllm-router`: which of them is told by the image, if at all.
    Program(
        "vLLM's router",
        EngineType.OTHER,
        commands=("vllm_router.launch_router", "vllm-router"),
        images=r"(^|/)vllm-router([:@]|$)",
        port=30000,
        host="127.0.0.1",
        routes=True,
    ),
    # The router of vLLM's production stack, src/vllm_router/parsers/parser.py.
    Program(
        "the production stack's router",
        EngineType.OTHER,
        commands=("vllm_router.app",),
        images=r"lmstack-router|production-stack/router",
        port=8001,
        other_commands=("vllm-router",),
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
        images=r"vllm-(openai|omni)|(^|/)vllm(-[a-z0-9-]+)?([:@]|$)"
        r"|llm-d-(cuda|xpu|hpu|cpu|rocm|dev|aws|gb200|inference-sim)",
        config_flags=("--config",),
        socket_flags=("--uds",),
        grpc_flags=("--grpc",),
        tls_flags=_TLS,
        client_certificate_flags=_CLIENT_CERTIFICATE,
        block_size_flags=("--block-size",),
        every_node_flags=("--data-parallel-hybrid-lb", "-dph"),
        rank_port_flags=("--data-parallel-external-lb", "-dpe", "--data-parallel-multi-port-external-lb"),
    ),
    # SGLang's router, sgl-model-gateway: it comes before SGLang, whose image's name its own contains.
    Program(
        "SGLang's router",
        EngineType.OTHER,
        commands=("sglang_router.launch_router", "sglang_router", "sglang-router", "smg", "amg"),
        images=r"sgl(ang)?-(router|model-gateway)",
        port=30000,
        earlier_host="127.0.0.1",
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
        host="127.0.0.1",
        grpc_flags=("--grpc-mode",),
        tls_flags=_TLS,
        block_size_flags=("--page-size",),
    ),
    # TensorRT-LLM, tensorrt_llm/commands/serve.py; its `disaggregated` has port and address in a file.
    Program(
        "TensorRT-LLM",
        EngineType.TENSORRT_LLM,
        commands=("trtllm-serve",),
        images=r"tensorrt-llm",
        config_flags=("--config", "--config_file", "-c", "--extra_llm_api_options"),
        host="localhost",
    ),
    Program(
        "TensorRT-LLM's gRPC server",
        EngineType.TENSORRT_LLM,
        commands=("trtllm-serve grpc",),
        port=50051,
        grpc=True,
    ),
    # Triton, src/command_line_parser.{h,cc}; the scripts that start it for TensorRT-LLM write underscores.
    Program(
        "Triton",
        EngineType.TRITON,
        commands=("tritonserver", "launch_triton_server.py"),
        images=r"tritonserver",
        port_flags=("--http-port",),
        host_flags=("--http-address",),
        health_path="/v2/health/ready",
    ),
    # Triton's other server, triton-inference-server/server, python/openai/openai_frontend/main.py.
    Program(
        "Triton's OpenAI frontend",
        EngineType.TRITON,
        commands=("openai_frontend/main.py",),
        port=9000,
        port_flags=("--openai-port",),
        health_path="/health/ready",
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
        host="127.0.0.1",
        image_host="",
        host_variables=("LLAMA_ARG_HOST",),
        prefix_flags=("--api-prefix",),
        prefix_variables=("LLAMA_ARG_API_PREFIX",),
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
        host_flags=("--hostname",),
        host_variables=("HOSTNAME",),
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
        host_flags=("--hostname",),
        host_variables=("HOSTNAME",),
    ),
    # Text Embeddings Inference, router/src/main.rs; its Dockerfiles set PORT=80.
    Program(
        "Text Embeddings Inference",
        EngineType.OTHER,
        commands=("text-embeddings-router",),
        images=r"text-embeddings-inference",
        port=3000,
        image_port=80,
        port_flags=("--port", "-p"),
        port_variables=("PORT",),
        host_flags=("--hostname",),
        host_variables=("HOSTNAME",),
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
        host="127.0.0.1",
        image_host="",
        host_flags=(),
        host_variables=("OLLAMA_HOST",),
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
        host_flags=(),
        health_path="/v2/health/ready",
    ),
    # llama-cpp-python, llama_cpp/server/settings.py and app.py: it has no path of health. Its docker images set HOST.
    Program(
        "llama-cpp-python",
        EngineType.OTHER,
        commands=("llama_cpp.server",),
        images=r"llama-cpp-python",
        port_variables=("PORT",),
        config_flags=("--config_file",),
        host="localhost",
        image_host="",
        host_variables=("HOST",),
        health_path="/docs",
        tls_flags=_TLS,
    ),
    # LiteLLM's proxy, litellm/proxy/proxy_cli.py and docs/proxy/health; it has models in a file, not its port.
    Program(
        "LiteLLM",
        EngineType.OTHER,
        commands=("litellm",),
        images=r"(^|/)litellm(-[a-z-]+)?([:@]|$)",
        port=4000,
        port_variables=("PORT",),
        host_variables=("HOST",),
        health_path="/health/readiness",
        tls_flags=("--ssl_certfile_path",),
        routes=True,
    ),
    # uvicorn, uvicorn/main.py and config.py, whose command reads any of its options from a variable too.
    Program(
        "uvicorn",
        EngineType.OTHER,
        commands=("uvicorn",),
        port_variables=("UVICORN_PORT",),
        host="127.0.0.1",
        host_variables=("UVICORN_HOST",),
        socket_flags=("--uds",),
        health_known=False,
        tls_flags=_TLS,
        tls_variables=("UVICORN_SSL_CERTFILE",),
        client_certificate_flags=_CLIENT_CERTIFICATE,
    ),
)
"""Every program that is known. The first whose command or image fits is taken."""

VARIABLES: Final = frozenset(name for program in PROGRAMS for name in program.variables)
"""The environment variables by which any program is told what is read of it."""
