"""Probes and hooks of a container."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from function.api import patterns
from function.api.base import Model, Rule, Text, length, matches
from function.api.pods.values import (
    Arguments,
    Count,
    GraceSeconds,
    PortNumber,
    PortNumberOrName,
    Seconds,
    Word,
    few,
    one_of,
)

HttpScheme: TypeAlias = Literal["HTTP", "HTTPS"]


class ExecAction(Model):
    """A command that is run in the container; it succeeds when it ends with 0."""

    command: Annotated[Arguments, few(64, 1)]
    """The command, without a shell."""


class HttpHeader(Model):
    """A header of a request."""

    name: Annotated[Text, length(1, 253), matches(patterns.HEADER_NAME)]
    """Name of the header."""

    value: Annotated[Text, length(None, 4096)]
    """Value of the header."""


class HttpGetAction(Model):
    """A GET request; it succeeds with a status from 200 to 399."""

    port: PortNumberOrName
    """Port, by number or name."""

    path: Annotated[Text, length(None, 4096)] = ""
    """Path; without it `/`."""

    host: Word = ""
    """Host, instead of the pod's address."""

    scheme: HttpScheme | None = None
    """HTTPS does not check the certificate; without it HTTP."""

    http_headers: Annotated[tuple[HttpHeader, ...], few(32)] = ()
    """Headers to send."""


class TcpSocketAction(Model):
    """A connection; it succeeds when it can be opened."""

    port: PortNumberOrName
    """Port, by number or name."""

    host: Word = ""
    """Host, instead of the pod's address."""


class GrpcAction(Model):
    """A call of gRPC's health service."""

    port: PortNumber
    """Port."""

    service: Word = ""
    """Name of the service that is asked for."""


class SleepAction(Model):
    """A wait."""

    seconds: Seconds
    """How long."""


class ContainerProbe(Model):
    """A question to a container that is repeated."""

    exec: ExecAction | None = None
    """Run a command."""

    http_get: HttpGetAction | None = None
    """Send a request."""

    tcp_socket: TcpSocketAction | None = None
    """Open a connection."""

    grpc: GrpcAction | None = None
    """Ask gRPC's health service."""

    initial_delay_seconds: Count | None = None
    """Seconds from the start of the container to the first question."""

    timeout_seconds: Count | None = None
    """Seconds to wait for an answer; without it 1."""

    period_seconds: Count | None = None
    """Seconds between questions; without it 10."""

    success_threshold: Count | None = None
    """Successes in a row that count as one; without it 1."""

    failure_threshold: Count | None = None
    """Failures in a row that count as one; without it 3."""


_ONE_HANDLER: Final = one_of("a probe", ("exec", "httpGet", "tcpSocket", "grpc"))


class ReadinessProbe(ContainerProbe):
    """Asks whether the container can take requests."""

    RULES = (_ONE_HANDLER,)


class RestartingProbe(ContainerProbe):
    """Asks whether the container has to be restarted."""

    RULES = (
        _ONE_HANDLER,
        Rule(
            "!has(self.successThreshold) || self.successThreshold <= 1",
            "successThreshold of a liveness or startup probe must be 1",
        ),
    )

    termination_grace_period_seconds: GraceSeconds | None = None
    """Seconds to stop after a failure, instead of the pod's."""


class LifecycleHandler(Model):
    """What is done at a turn in a container's life."""

    RULES = (one_of("a hook", ("exec", "httpGet", "sleep", "tcpSocket")),)

    exec: ExecAction | None = None
    """Run a command."""

    http_get: HttpGetAction | None = None
    """Send a request."""

    sleep: SleepAction | None = None
    """Wait."""

    tcp_socket: TcpSocketAction | None = None
    """Kept by Kubernetes for old manifests, and without effect."""


class Lifecycle(Model):
    """Hooks of a container."""

    post_start: LifecycleHandler | None = None
    """Done beside the start of the container."""

    pre_stop: LifecycleHandler | None = None
    """Done before the container is asked to stop."""
