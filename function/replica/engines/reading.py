"""What an engine says of itself, by its fields, its command and its image, and what has to be assumed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from function.api.engines import AnyEngine, EngineType, Scheme
from function.api.pod_template import Container
from function.replica.engines.programs import (
    DEFAULT_BLOCK_SIZE,
    OTHER,
    Program,
    invoked,
    program_of_command,
    program_of_image,
    program_of_type,
)
from function.replica.engines.script import Command, commands_of
from function.replica.engines.variables import (
    Budget,
    Scope,
    TooLongError,
    Variable,
    container_variables,
    expand_references,
    is_unknown,
    shown,
    unknown_parts,
)

_LARGEST: Final = {"port": 65535, "block size": 65536}
_SAYS: Final = {"port": "engines[].serving.port", "block size": "engines[].serving.kvCacheBlockSize"}
_MAY_HOLD_FLAGS: Final = re.compile(r"arg|opt|flag|extra|param|cmd|command|[@*]", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:[a-z]+://)?[^/]*:([0-9]+)/?")
_SCHEME_ALONE: Final = re.compile(r"(https?)://[\w.-]+/?")
_SCHEME_PORTS: Final = {"http": "80", "https": "443"}
"""Where Ollama listens by an address with a scheme and without a port: envconfig/config.go."""
_SERVES_NOTHING: Final = frozenset(
    {
        "[",
        "[[",
        ":",
        "apt",
        "apt-get",
        "bash",
        "cat",
        "cd",
        "chmod",
        "chown",
        "cp",
        "curl",
        "date",
        "echo",
        "exit",
        "export",
        "false",
        "git",
        "hf",
        "hostname",
        "huggingface-cli",
        "ib_write_bw",
        "kill",
        "ldconfig",
        "ln",
        "ls",
        "mkdir",
        "modprobe",
        "mv",
        "nvidia-smi",
        "pip",
        "pip3",
        "printf",
        "ray",
        "return",
        "rm",
        "set",
        "sh",
        "shift",
        "sleep",
        "source",
        "stat",
        "sysctl",
        "tail",
        "tar",
        "tee",
        "test",
        "touch",
        "trap",
        "true",
        "ulimit",
        "umask",
        "uname",
        "unset",
        "unzip",
        "wait",
        "wget",
        ".",
        "#",
    }
)
"""Programs after which a script waits or goes on: none of them is a server."""


@dataclass(frozen=True, slots=True)
class FlagValue:
    """A number that an engine was given.

    Attributes:
        value: The number.
        warning: What is wrong with how it was given; empty when nothing is.
        said: Whether it was given, rather than assumed.
    """

    value: int
    warning: str = ""
    said: bool = True


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What is known of an engine.

    Attributes:
        program: The program that serves, with all that is known of it.
        port: Where it listens.
        scheme: How it is spoken to.
        health_path: The path that answers with success once it can serve.
        block_size: Tokens in a block of its KV cache.
        assumptions: What nobody has said and is assumed; each is a sentence with the field that says it otherwise.
        warnings: What has been said and cannot be read, and what is assumed instead.
        words: The command that serves, word by word; empty where it is not found.
        told_port: Where a known program is told to listen, whatever the fields say; 0 where that is not certain.
    """

    program: Program
    port: FlagValue
    scheme: Scheme
    health_path: str
    block_size: FlagValue
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    told_port: int = 0

    @property
    def on_every_node(self) -> bool:
        """Whether each node of a gang that is started so has a server that answers requests."""
        return self.has_flag(self.program.every_node_flags)

    def has_flag(self, flags: Sequence[str]) -> bool:
        """Tell whether the command that serves is given one of some flags.

        Args:
            flags: The flags, with dashes.
        """
        return any(word.startswith("-") and _dashed(word.partition("=")[0]) in flags for word in self.words)

    @property
    def type(self) -> EngineType:
        """The type of engine."""
        return self.program.type


@dataclass(frozen=True, slots=True)
class _CommandLine:
    """What a container runs.

    Attributes:
        serving: The commands that may be the one which serves; the last one counts where they agree.
        program: The program that they start; None where it is not known.
        image: The program that the image is made for.
        too_long: Whether there is more than was looked at.
    """

    serving: tuple[Command, ...]
    program: Program | None
    image: Program
    too_long: bool = False


def read_engine(engine: AnyEngine, container: Container, *, taken: int = 0) -> EngineFacts:
    """Read what is known of an engine.

    Args:
        engine: The engine.
        container: The container that answers requests.
        taken: A port that something else in the pod has, so that the engine is taken to listen on the next one where
            it does not say.
    """
    line = _read_command_line(container)
    serving = engine.serving
    found = line.program or line.image
    program = program_of_type(serving.engine_type, found) if serving.engine_type else found
    typed = serving.port or next(iter(serving.ports or ()), None)
    told = _port(engine, line, program, taken)
    port = FlagValue(typed) if typed else told
    if serving.kv_cache_block_size:
        block_size = FlagValue(serving.kv_cache_block_size)
    else:
        flags, names = program.block_size_flags, program.block_size_variables
        block_size = _number(engine, line, "block size", flags, names, DEFAULT_BLOCK_SIZE)
    has_certificate = any(_has_certificate(command, program) for command in line.serving)
    return EngineFacts(
        program=program,
        port=port,
        scheme=serving.scheme or (Scheme.HTTPS if has_certificate else Scheme.HTTP),
        health_path=serving.health_path or program.health_path,
        block_size=block_size,
        assumptions=_assumptions(engine, program, port),
        warnings=tuple(filter(None, (port.warning, block_size.warning))),
        words=line.serving[-1].words if line.serving else (),
        told_port=_told_port(told, line.serving, line.program, line.image),
    )


# ---------------------------------------------------------------------- what is assumed


def _port(engine: AnyEngine, line: _CommandLine, program: Program, taken: int) -> FlagValue:
    in_image = program.image_port if program is line.image else None
    assumed = in_image or program.port
    assumed += assumed == taken
    value = _number(engine, line, "port", program.port_flags, program.port_variables, assumed)
    if value.said or value.warning:
        return value
    return FlagValue(value.value, _unreadable(engine, line, program, assumed), said=False)


def _unreadable(engine: AnyEngine, line: _CommandLine, program: Program, assumed: int) -> str:
    """Say where the port may be said out of sight; empty when it is said nowhere."""
    words = [word for command in line.serving for word in command.words]
    hidden = dict.fromkeys(part for word in words for part in unknown_parts(word) if _MAY_HOLD_FLAGS.search(part))
    files = [value for command in line.serving for value in _values(command.words, program.config_flags)]
    if line.too_long:
        what = "its command is more than is looked at"
    elif hidden:
        what = f"what {next(iter(hidden))} in its command holds is not known"
    elif files:
        what = f"what {shown(files[-1])} says is not read"
    else:
        return ""
    return f"engine {engine.name}: {what}, port {assumed} is assumed; {_SAYS['port']} says another"


def _assumptions(engine: AnyEngine, program: Program, port: FlagValue) -> tuple[str, ...]:
    """What is assumed of an engine, in one sentence."""
    if port.said or port.warning:
        return ()
    if program is OTHER and not engine.serving.engine_type:
        what = f"port {port.value}{'' if engine.serving.health_path else f' and health path {program.health_path}'}"
        return (f"engine {engine.name}: its program is not known: assumed {what}; engines[].serving says otherwise",)
    where = f"where {program.name} listens when nothing is said"
    if program.later_port:
        where += f" (later versions on {program.later_port})"
    return (f"engine {engine.name}: port {port.value} is assumed, {where}; {_SAYS['port']} says another",)


def _told_port(told: FlagValue, serving: Sequence[Command], program: Program | None, image: Program) -> int:
    """The port that a command says, if it alone can be the one that serves and its program is known; else 0."""
    if len(serving) != 1 or not told.said:
        return 0
    is_entry_point = serving[0].words[:1] == ("",)
    return told.value if (image if is_entry_point else program or OTHER) is not OTHER else 0


# ---------------------------------------------------------------------- numbers


def _number(
    engine: AnyEngine,
    line: _CommandLine,
    noun: str,
    flags: Sequence[str],
    variables: Sequence[str],
    default: int,
) -> FlagValue:
    """The number that the serving command is given by a flag, else by a variable."""
    given = [found for command in line.serving if (found := _given(command, flags, variables))]
    if not given:
        return FlagValue(default, said=False)
    numbers = [_parsed(text, noun) for _, text in given]
    name, text = given[-1]
    number = numbers[-1]
    if number is not None and len(set(numbers)) == 1:
        return FlagValue(number)
    if number is not None:
        listed = ", ".join(dict.fromkeys(f"{flag} {shown(value)}" for flag, value in given[-4:]))
        what = f"its script may start it with {listed}, {noun} {number} is assumed"
    else:
        number = default
        shown_value = f"{name} {shown(text)}" if text else f"{name} without a value"
        what = f"{shown_value} {'is not known' if is_unknown(text) else f'is no {noun}'}, {default} is assumed"
    return FlagValue(number, f"engine {engine.name}: {what}; {_SAYS[noun]} says another", said=False)


def _given(command: Command, flags: Sequence[str], variables: Sequence[str]) -> tuple[str, str] | None:
    """What a command is given, with the name under which it is; None when it is given nothing."""
    values = _values(command.words, flags, named=True)
    if values:
        name, _, value = values[-1].partition("=")
        return name, value
    for name in variables:
        text = command.variables.get(name, "")
        if scheme := _SCHEME_ALONE.fullmatch(text):
            return name, _SCHEME_PORTS[scheme[1]]
        address = _ADDRESS.fullmatch(text)
        if text and (address or is_unknown(text) or not _is_host(text)):
            return name, address[1] if address else text
    return None


def _has_certificate(command: Command, program: Program) -> bool:
    """Tell whether a command is given a certificate, by a flag or a variable."""
    named = any(command.variables.get(name) for name in program.tls_variables)
    return named or bool(_values(command.words, program.tls_flags))


def _is_host(text: str) -> bool:
    """Tell whether an address is one without a port, as variables of Ollama's kind may be."""
    return not text.isdigit() and "://" not in text and bool(re.fullmatch(r"[\w.-]+|\[?[0-9a-fA-F:]*\]?", text))


def _values(words: Sequence[str], flags: Sequence[str], *, named: bool = False) -> list[str]:
    """Every value that one of some flags is given, or `FLAG=VALUE` with the flag as it is written."""
    wanted = {_dashed(flag) for flag in flags}
    found = []
    for word, following in pairwise([*words, ""]):
        flag, equals, value = word.partition("=")
        if flag.startswith("-") and _dashed(flag) in wanted:
            text = value if equals else ("" if following.startswith("--") else following)
            found.append(f"{flag}={text}" if named else text)
    return found


def _dashed(flag: str) -> str:
    return flag.replace("_", "-")


def _parsed(text: str, noun: str) -> int | None:
    digits = text.isascii() and text.isdigit() and len(text) < len(str(10**9))
    return int(text) if digits and 0 < int(text) <= _LARGEST[noun] else None


# ---------------------------------------------------------------------- the command that serves


def _read_command_line(container: Container) -> _CommandLine:
    written = tuple((it.name, it.value, it.value_from is None) for it in container.env)
    return _cached(container.image, container.command, container.args, written)


@lru_cache(maxsize=64)
def _cached(image: str, command: tuple[str, ...], args: tuple[str, ...], env: tuple[Variable, ...]) -> _CommandLine:
    """Read what a container runs. An image whose entry point gets the arguments runs the program that it is for."""
    by_image = program_of_image(image)
    budget = Budget()
    try:
        variables = container_variables(env, budget)
        words = [expand_references(word, variables, budget) for word in (*command, *args)]
        if not command and (not words or words[0].startswith("-")):
            return _CommandLine((Command(("", *words), variables),), None, by_image)
        serving = _serving(commands_of(words, Scope(budget, dict(variables))))
    except TooLongError:
        return _CommandLine((), None, by_image, too_long=True)
    return _CommandLine(serving, program_of_command(serving[-1].words) if serving else None, by_image)


def _serving(commands: Sequence[Command]) -> tuple[Command, ...]:
    """The commands that may be the one which serves: the last in the foreground, of those that are known to serve."""
    known = [command for command in commands if program_of_command(command.words)]
    able = known or [command for command in commands if invoked(command.words) not in _SERVES_NOTHING]
    able = [command for command in able if not command.background] or able
    if not able:
        return ()
    last = able[-1]
    alike = [command for command in able if program_of_command(command.words) is program_of_command(last.words)]
    return (last,) if last.certain else tuple(alike)
