"""What a container runs, and which of it serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from function.api.pod_template import Container
from function.replica.engines.program import Program
from function.replica.engines.programs import OTHER
from function.replica.engines.recognition import (
    has_other_commands,
    invoked,
    program_of_command,
    program_of_image,
    program_started,
)
from function.replica.engines.script import Command, commands_of
from function.replica.engines.variables import (
    Budget,
    Scope,
    TooLongError,
    Variable,
    container_variables,
    expand_references,
    shown,
)

_SERVES_NOTHING: Final = frozenset(
    {
        "#",
        ".",
        ":",
        "[",
        "[[",
        "apt",
        "apt-get",
        "awk",
        "aws",
        "basename",
        "bash",
        "break",
        "cat",
        "cd",
        "chmod",
        "chown",
        "continue",
        "cp",
        "curl",
        "cut",
        "date",
        "df",
        "dig",
        "dirname",
        "disown",
        "du",
        "echo",
        "env",
        "exit",
        "export",
        "false",
        "fg",
        "find",
        "gcloud",
        "getent",
        "git",
        "grep",
        "gsutil",
        "head",
        "hf",
        "hostname",
        "huggingface-cli",
        "ib_write_bw",
        "id",
        "ip",
        "jobs",
        "jq",
        "kill",
        "ldconfig",
        "let",
        "ln",
        "ls",
        "lscpu",
        "mkdir",
        "modprobe",
        "mount",
        "mv",
        "nc",
        "nproc",
        "nslookup",
        "nvidia-smi",
        "openssl",
        "ping",
        "pip",
        "pip3",
        "printenv",
        "printf",
        "ray",
        "rclone",
        "read",
        "return",
        "rm",
        "rsync",
        "sed",
        "seq",
        "set",
        "sh",
        "shift",
        "sleep",
        "sort",
        "source",
        "stat",
        "sysctl",
        "tail",
        "tar",
        "tee",
        "test",
        "touch",
        "tr",
        "trap",
        "true",
        "ulimit",
        "umask",
        "uname",
        "unset",
        "unzip",
        "wait",
        "wc",
        "wget",
        "which",
    }
)
"""Programs after which a script waits or goes on: none of them is a server."""

_FRONTS: Final = frozenset(
    {"apache2", "caddy", "envoy", "gunicorn", "haproxy", "httpd", "hypercorn", "nginx", "oauth2-proxy", "traefik"}
)
"""Servers that are put in front of others."""

_STARTS_OTHERS: Final = frozenset({"circusd", "honcho", "make", "runsvdir", "s6-svscan", "supervisord"})
"""Programs that start what a file of theirs says."""

_READS_ANOTHER: Final = frozenset({"cat", "grep", "tee"})
"""Programs that end a pipe, and are not what the script waits for."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a container runs.

    Attributes:
        serving: The commands that may be the one which serves; the last one counts where they agree.
        program: The program that they start; None where it is not known.
        image: The program that the image is made for.
        doubt: Why another of its commands may be the one which serves; empty where none may.
        too_long: Whether there is more than was looked at.
    """

    serving: tuple[Command, ...]
    program: Program | None
    image: Program
    doubt: str = ""
    too_long: bool = False


def read_command_line(container: Container) -> CommandLine:
    """Read what a container runs."""
    written = tuple((it.name, it.value, it.value_from is None) for it in container.env)
    return _cached(container.image, container.command, container.args, written)


@lru_cache(maxsize=64)
def _cached(image: str, command: tuple[str, ...], args: tuple[str, ...], env: tuple[Variable, ...]) -> CommandLine:
    """Read what a container runs. An image whose entry point gets the arguments runs the program that it is for."""
    by_image = program_of_image(image)
    budget = Budget()
    try:
        variables = container_variables(env, budget)
        words = [expand_references(word, variables, budget) for word in (*command, *args)]
        if not command and (not words or words[0].startswith("-")):
            return CommandLine((Command(("", *words), variables),), None, by_image)
        commands = commands_of(words, Scope(budget, dict(variables)))
    except TooLongError:
        return CommandLine((), None, by_image, too_long=True)
    serving = _serving(commands)
    program = program_started(serving[-1].words, by_image) if serving else None
    return CommandLine(serving, program, by_image, _doubt(commands, serving, program))


def _serving(commands: Sequence[Command]) -> tuple[Command, ...]:
    """The commands that may be the one which serves: the last in the foreground, of those that are known to serve."""
    known = [command for command in commands if program_of_command(command.words)]
    able = known or [command for command in commands if command.script or invoked(command.words) not in _SERVES_NOTHING]
    able = [command for command in able if not command.background] or able
    if not able:
        return _sourced(commands)
    last = able[-1]
    alike = [command for command in able if program_of_command(command.words) is program_of_command(last.words)]
    return (last,) if last.certain and not last.background else tuple(alike)


def _sourced(commands: Sequence[Command]) -> tuple[Command, ...]:
    """The script that a shell goes on to read at last, as if it had been started."""
    last = commands[-1] if commands else None
    is_read = last is not None and invoked(last.words) in (".", "source") and len(last.words) > 1
    return (replace(last, words=last.words[1:], script=True),) if last and is_read else ()


def _doubt(commands: Sequence[Command], serving: Sequence[Command], program: Program | None) -> str:
    """Say which other command of a script may serve, where what is taken for it is in the background."""
    if program is None or not serving[-1].background:
        return ""
    kept = [it for it in commands if not it.background and invoked(it.words) not in _READS_ANOTHER]
    if kept and _may_serve(kept[-1], program):
        name = shown(invoked(kept[-1].words))
        return f"its script keeps {name} in the foreground, and {program.name} in the background"
    started = [program_of_command(it.words) for it in commands]
    others = [found.name for found in started if found and found is not program]
    others += [name for it in commands if (name := invoked(it.words)) in _FRONTS]
    return f"its script starts {others[-1]} beside {program.name} in the background" if others else ""


def _may_serve(command: Command, program: Program) -> bool:
    """Tell whether a command that is not known may be a server which another program is behind."""
    name = invoked(command.words)
    return not (name in _SERVES_NOTHING or has_other_commands(name) or name.startswith(program.helpers))


def unseen_script(line: CommandLine) -> str:
    """The script that starts what serves and cannot be read, as it is not part of the command; empty without one."""
    if line.program or not line.serving:
        return ""
    last = line.serving[-1]
    name = invoked(last.words)
    if last.script or name in _STARTS_OTHERS or name.endswith((".sh", ".bash")):
        return shown(last.words[0])
    return shown(name) if name.endswith(".py") and line.image is not OTHER else ""
