"""Whether probes and requests, which come to a pod's address and speak HTTP, reach what a command starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from function.api.engines import AnyEngine
from function.api.pod_template import Container
from function.replica.engines.command_line import CommandLine
from function.replica.engines.program import Program
from function.replica.engines.programs import OTHER
from function.replica.engines.script import Command
from function.replica.engines.values import flag_values, given_text, host_of
from function.replica.engines.variables import shown

_LOOPBACK: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){1,3}|\[?::1\]?", re.IGNORECASE)
_REQUIRED: Final = "2"
"""What `ssl.CERT_REQUIRED` of Python is."""
_PORT: Final = "engines[].serving.port"
_PREFIX: Final = re.compile(r"/[\w./-]{0,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether an engine is reached, in sentences that say what to write.

    Attributes:
        unreachable: Why it certainly is not.
        assumptions: What would keep it from being reached, and is taken not to be so.
    """

    unreachable: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


def read_reach(engine: AnyEngine, container: Container, line: CommandLine, program: Program, *, hidden: str) -> Reach:
    """Read whether an engine that nothing stands in front of is reached.

    Args:
        engine: The engine.
        container: The container that answers requests.
        line: What it runs.
        program: The program that serves.
        hidden: Where flags of it may be out of sight; empty where all of them are seen.
    """
    if not line.serving:
        return Reach()
    command = line.serving[-1]
    address, is_certain = _loopback(container, line, program, hidden=hidden)
    unreachable = [_other_protocol(command, program), _prefixed(line, program), address if is_certain else ""]
    return Reach(
        tuple(f"engine {engine.name}: {why}" for why in unreachable if why),
        (f"engine {engine.name}: {address}",) if address and not is_certain else (),
    )


def path_prefix(line: CommandLine, program: Program) -> str:
    """What stands before each path of an engine; empty without a prefix, and where it is not known."""
    given = given_text(line.serving[-1], program.prefix_flags, program.prefix_variables) if line.serving else None
    return given[1].rstrip("/") if given and _PREFIX.fullmatch(given[1]) else ""


def _prefixed(line: CommandLine, program: Program) -> str:
    """Say that requests have another path than the engine answers."""
    prefix = path_prefix(line, program)
    flags = ", ".join((*program.prefix_flags, *program.prefix_variables))
    return f"it answers below {prefix} alone, and requests come without that: leave {flags} away" if prefix else ""


def _other_protocol(command: Command, program: Program) -> str:
    """Say that an engine does not speak HTTP to whoever comes to its port; empty when it does."""
    for flags, why in (
        (program.grpc_flags, "it speaks gRPC, and probes and requests speak HTTP: leave {} away"),
        (program.socket_flags, "it listens on a socket in its file system alone: leave {} away"),
    ):
        written = next(iter(flag_values(command.words, flags, named=True)), "")
        if written:
            return why.format(written.partition("=")[0])
    if program.grpc:
        return "it speaks gRPC, and probes and requests speak HTTP: start its HTTP server"
    required = next(iter(flag_values(command.words, program.client_certificate_flags)[-1:]), "")
    if required == _REQUIRED:
        flag = program.client_certificate_flags[0]
        return f"it asks clients for a certificate, and probes and gateway have none: leave {flag}={required} away"
    return ""


def _loopback(container: Container, line: CommandLine, program: Program, *, hidden: str) -> tuple[str, bool]:
    """Say that an engine listens where nobody outside its pod comes, and whether that is certain; empty when not."""
    given = given_text(line.serving[-1], program.host_flags, program.host_variables)
    told = next(iter((*program.host_flags, *program.host_variables)), "")
    if given:
        host = host_of(given[1])
        if not _LOOPBACK.fullmatch(host):
            return "", False
        where = f"listens on {shown(host)} alone, as {given[0]} says"
        return _comes(f"{program.name} {where}", told), program is not OTHER
    in_image = program is line.image and program.image_host is not None
    host = program.image_host or "" if in_image else program.host
    if not host and not program.earlier_host:
        return "", False
    unseen = hidden or line.program is not program or (program.host_variables and container.env_from)
    if host and not unseen and program.image_host is None:
        return _comes(f"{program.name} listens on {host} alone when nothing is said", told), True
    who = program.name if host else f"an earlier version of {program.name}"
    where = f"when nothing is said {who} listens on {host or program.earlier_host} alone"
    return f"it is taken to listen on its pod's address; {where}, {told}=0.0.0.0 says otherwise", False


def _comes(where: str, told: str) -> str:
    return (
        f"{where}, and probes and requests come to its pod's address: write {told}=0.0.0.0; where something in the pod "
        f"is in front of it, write the port of that in {_PORT}"
    )
