"""Functions that fail, each in its own way, served over mutual TLS like ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import grpc
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function import fn
from function.composers import COMPOSERS, answer
from function.composition import Composition, Draft

_MESSAGE: Final = "the bed's saboteur answers every call like this"

Answer: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]


@contextmanager
def serve_failing(certificates: Path, how: Answer) -> Iterator[int]:
    """Serve a function from threads of this process, and give its port.

    Args:
        certificates: Folder with tls.crt, tls.key and ca.crt.
        how: What it answers.
    """
    key, certificate, authority = (
        certificates.joinpath(name).read_bytes() for name in ("tls.key", "tls.crt", "ca.crt")
    )
    server = grpc.server(futures.ThreadPoolExecutor(4))
    handler = grpc.unary_unary_rpc_method_handler(
        how,
        request_deserializer=fnv1.RunFunctionRequest.FromString,
        response_serializer=fnv1.RunFunctionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(fn.V1, {"RunFunction": handler})])
    credentials = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
    port: int = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(1).wait()


def message(how: Answer) -> str:
    """What is said for an answer: to each its own, so that one is not taken for another."""
    return f"{_MESSAGE}: {how.__name__}"


def fatal(request: Any, _context: grpc.ServicerContext) -> Any:
    """Answer with a fatal result."""
    answer = fnv1.RunFunctionResponse(meta=fnv1.ResponseMeta(tag=request.meta.tag), desired=request.desired)
    answer.results.append(fnv1.Result(severity=fnv1.SEVERITY_FATAL, message=message(fatal)))
    return answer


def error(_request: Any, context: grpc.ServicerContext) -> Any:
    """Answer with an error of gRPC's own, as a server does that is itself broken."""
    context.abort(grpc.StatusCode.INTERNAL, message(error))


def exception(request: Any, _context: grpc.ServicerContext) -> Any:
    """Answer as our function does when a composer of its own raises an exception."""
    seen = fn.decode(request, datetime.now(UTC))
    composer = COMPOSERS[seen.api_version, seen.kind]
    return fn.encode(request, answer(replace(composer, compose=_raise), seen))


def _raise(_draft: Draft) -> Composition:
    raise RuntimeError(message(exception))
