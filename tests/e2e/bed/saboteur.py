"""A function that answers every call with a fatal result, served over mutual TLS like ours."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from crossplane.function.proto.v1 import run_function_pb2 as fnv1

from function.fn import V1

MESSAGE = "the bed's saboteur answers every call like this"


@contextmanager
def fatal_function(certificates: Path) -> Iterator[int]:
    """Serve it from threads of this process, and give its port.

    Args:
        certificates: Folder with tls.crt, tls.key and ca.crt.
    """
    key, certificate, authority = (
        certificates.joinpath(name).read_bytes() for name in ("tls.key", "tls.crt", "ca.crt")
    )
    server = grpc.server(futures.ThreadPoolExecutor(4))
    handler = grpc.unary_unary_rpc_method_handler(
        _answer,
        request_deserializer=fnv1.RunFunctionRequest.FromString,
        response_serializer=fnv1.RunFunctionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(V1, {"RunFunction": handler})])
    credentials = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
    port: int = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield port
    finally:
        server.stop(1).wait()


def _answer(request: Any, _context: grpc.ServicerContext) -> Any:
    answer = fnv1.RunFunctionResponse(meta=fnv1.ResponseMeta(tag=request.meta.tag), desired=request.desired)
    answer.results.append(fnv1.Result(severity=fnv1.SEVERITY_FATAL, message=MESSAGE))
    return answer
