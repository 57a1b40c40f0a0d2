"""Crossplane's own composition code around our function, without a cluster.

`crossplane internal render` reads a RenderRequest from standard input, reconciles one composite
against a control plane in memory, calling functions over gRPC, and writes a RenderResponse. It is
what `crossplane composition render` runs.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    struct_pb2,  # noqa: F401  # the protocol refers to both, and finds them once they are imported
    timestamp_pb2,  # noqa: F401
)
from google.protobuf.message import Message

from function.composition import Manifest, Object
from function.server import FunctionServer, Settings
from function.structs import plain_struct
from function.telemetry import configure_logs
from tests.e2e.binaries import Binaries

FUNCTION: Final = "function-modelplane"

_PACKAGE: Final = "crossplane.render.v1alpha1"
_FATAL: Final = 3
_SECONDS: Final = 120
"""How long a rendering may take, which takes a tenth of a second on a machine that has time for it."""

_LOCAL: Final = Settings(address="127.0.0.1:0", insecure=True, metrics_address="127.0.0.1:0")


class RenderError(Exception):
    """Crossplane could not reconcile; the message is its own."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one reconcile came to.

    Attributes:
        composite: The composite with its new status; empty after a fatal result.
        composed: What was applied, in a stable order.
        deleted: What was deleted, likewise.
        events: What was told, as (type, reason, message).
        selectors: What the function asked for.
        fatal: What is wrong, when the function gave a fatal result.
    """

    composite: Manifest
    composed: tuple[Manifest, ...] = ()
    deleted: tuple[Manifest, ...] = ()
    events: tuple[tuple[str, str, str], ...] = ()
    selectors: tuple[Manifest, ...] = ()
    fatal: str = ""


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders composites with a function that is being served.

    Attributes:
        binaries: Where Crossplane is.
        address: Host and port of the function.
    """

    binaries: Binaries
    address: str

    def render(
        self,
        composite: Object,
        composition: Object,
        definition: Object | None = None,
        observed: Iterable[Object] = (),
        existing: Iterable[Object] = (),
    ) -> Rendered:
        """Reconcile a composite once.

        Args:
            composite: The composite.
            composition: Its Composition.
            definition: Its CompositeResourceDefinition; without one, the composite is taken as a modern one.
            observed: Its composed resources.
            existing: What else there is on the control plane; requirements are resolved from it.

        Raises:
            RenderError: When the reconcile fails by anything but a fatal result of the function.
        """
        messages = _messages(self.binaries.render_proto)
        request: Any = messages[f"{_PACKAGE}.RenderRequest"]()
        inputs = request.composite
        inputs.composite_resource.update(composite)
        inputs.composition.update(composition)
        if definition is not None:
            inputs.composite_resource_definition.update(definition)
        inputs.functions.add(name=FUNCTION, address=self.address)
        for obj in observed:
            inputs.observed_resources.add().update(obj)
        for obj in existing:
            if _identity(obj) != _identity(composite):  # or it would take the composite's place
                inputs.required_resources.add().update(obj)
        command = (self.binaries.crossplane, "internal", "render", "--timeout", f"{_SECONDS}s")
        done = subprocess.run(command, input=request.SerializeToString(), capture_output=True, check=False)  # noqa: S603  # fixed words
        error = done.stderr.decode().strip()
        if done.returncode not in {0, _FATAL}:
            raise RenderError(error)
        answer: Any = messages[f"{_PACKAGE}.RenderResponse"].FromString(done.stdout)
        return _rendered(answer.composite, fatal=error if done.returncode == _FATAL else "")


@dataclass(slots=True)
class Served:
    """A function that is being served.

    Attributes:
        address: Host and port.
        now: What its clock says; to be set.
    """

    address: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def seconds(self) -> float:
        """Its clock as seconds that go by: none do but by setting it."""
        return self.now.timestamp()


@contextmanager
def served() -> Iterator[Served]:
    """Serve our function over loopback from a thread of this process, on a machine that has no time but what is set."""
    configure_logs(debug=False)
    function = Served()
    server = FunctionServer(_LOCAL, clock=lambda: function.now, steady=function.seconds)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait(work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(timeout=_SECONDS)

    try:
        wait(server.start())
        function.address = f"127.0.0.1:{server.port}"
        yield function
        wait(server.stop())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _rendered(output: Any, fatal: str) -> Rendered:
    return Rendered(
        composite=plain_struct(output.composite_resource),
        composed=_sorted(output.composed_resources),
        deleted=_sorted(output.deleted_resources),
        events=tuple((event.type, event.reason, event.message) for event in output.events),
        selectors=tuple(plain_struct(selector) for selector in output.required_resources),
        fatal=fatal,
    )


def _sorted(structs: Iterable[Any]) -> tuple[Manifest, ...]:
    return tuple(sorted((plain_struct(struct) for struct in structs), key=_identity))


def _identity(obj: Object) -> tuple[str, str, str, str]:
    meta: Mapping[str, Any] = obj["metadata"]
    return obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"]


@cache
def _messages(proto: Path) -> Mapping[str, type[Message]]:
    """Compile the protocol, and give its messages by full name."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder, "render.binpb")
        command = (sys.executable, "-m", "grpc_tools.protoc", f"-I{proto.parent}", f"--descriptor_set_out={compiled}")
        done = subprocess.run((*command, proto.name), capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
        if done.returncode:
            raise RenderError(f"the protocol does not compile (grpcio-tools is in the extra `e2e`): {done.stderr}")
        files = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes()).file
    pool = descriptor_pool.Default()
    for file in files:
        pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name for file in files], pool)
