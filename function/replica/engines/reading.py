"""What an engine says of itself, by its fields, its command and its image, and what has to be assumed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from function.api.engines import AnyEngine, EngineType, Scheme
from function.api.pod_template import Container
from function.replica.engines.command_line import CommandLine, read_command_line, unseen_script
from function.replica.engines.program import Program
from function.replica.engines.programs import DEFAULT_BLOCK_SIZE, OTHER
from function.replica.engines.reach import Reach, path_prefix, read_reach
from function.replica.engines.recognition import program_of_type
from function.replica.engines.script import Command
from function.replica.engines.values import FlagValue, dashed, flag_values, given_number
from function.replica.engines.variables import is_unknown, shown, unknown_parts

_LARGEST: Final = {"port": 65535, "block size": 65536}
_SAYS: Final = {"port": "engines[].serving.port", "block size": "engines[].serving.kvCacheBlockSize"}
_MAY_HOLD_FLAGS: Final = re.compile(r"arg|opt|flag|extra|param|cmd|command|[@*]", re.IGNORECASE)


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
        unreachable: Why neither probes nor requests can reach it as it is started, and what to write.
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
    unreachable: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    told_port: int = 0

    @property
    def on_every_node(self) -> bool:
        """Whether each node of a gang that is started so has a server that answers requests."""
        return bool(self.flag(self.program.every_node_flags))

    def flag(self, flags: Sequence[str]) -> str:
        """The first of some flags that the command that serves is given; empty when it is given none.

        Args:
            flags: The flags, with dashes.
        """
        written = (dashed(word.partition("=")[0]) for word in self.words if word.startswith("-"))
        return next((flag for flag in written if flag in flags), "")

    @property
    def type(self) -> EngineType:
        """The type of engine."""
        return self.program.type


def read_engine(engine: AnyEngine, container: Container, *, taken: int = 0) -> EngineFacts:
    """Read what is known of an engine.

    Args:
        engine: The engine.
        container: The container that answers requests.
        taken: A port that something else in the pod has, so that the engine is taken to listen on the next one where
            it does not say.
    """
    line = read_command_line(container)
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
    behind = bool(line.doubt or (typed and (told.warning or told.value != typed)))
    reach = Reach() if behind else read_reach(engine, container, line, program, hidden=_hidden(line, program))
    prefix = "" if behind else path_prefix(line, program)
    has_certificate = any(_has_certificate(command, program) for command in line.serving)
    return EngineFacts(
        program=program,
        port=port,
        scheme=serving.scheme or (Scheme.HTTPS if has_certificate else Scheme.HTTP),
        health_path=serving.health_path or prefix + program.health_path,
        block_size=block_size,
        assumptions=(*_assumptions(engine, container, program, port), *reach.assumptions),
        warnings=tuple(filter(None, (port.warning, block_size.warning))),
        unreachable=reach.unreachable,
        words=line.serving[-1].words if line.serving else (),
        told_port=_told_port(told, line.serving, line.program, line.image),
    )


# ---------------------------------------------------------------------- what is assumed


def _port(engine: AnyEngine, line: CommandLine, program: Program, taken: int) -> FlagValue:
    in_image = program.image_port if program is line.image else None
    assumed = in_image or program.port
    assumed += assumed == taken
    value = _number(engine, line, "port", program.port_flags, program.port_variables, assumed)
    if line.doubt and not value.warning:
        what = f"engine {engine.name}: {line.doubt}, port {value.value} of the latter is assumed"
        return FlagValue(value.value, f"{what}; {_SAYS['port']} says another", said=False)
    if value.said or value.warning:
        return value
    return FlagValue(value.value, _unreadable(engine, line, program, assumed), said=False)


def _unreadable(engine: AnyEngine, line: CommandLine, program: Program, assumed: int) -> str:
    """Say where the port may be said out of sight; empty when it is said nowhere."""
    hidden = _hidden(line, program)
    return f"engine {engine.name}: {hidden}, port {assumed} is assumed; {_SAYS['port']} says another" if hidden else ""


def _hidden(line: CommandLine, program: Program) -> str:
    """Say where flags may be out of sight; empty where all of them are seen."""
    if line.too_long:
        return "its command is more than is looked at"
    words = [word for command in line.serving for word in command.words]
    parts = [part for word in words for part in unknown_parts(word) if _MAY_HOLD_FLAGS.search(part)]
    parts += [part for command in line.serving for part in unknown_parts("".join(command.words[:1]))]
    if parts:
        return f"what {parts[0]} in its command holds is not known"
    if script := unseen_script(line):
        return f"what {script} starts is not seen"
    files = [value for command in line.serving for value in flag_values(command.words, program.config_flags)]
    return f"what {shown(files[-1])} says is not read" if files else ""


def _assumptions(engine: AnyEngine, container: Container, program: Program, port: FlagValue) -> Iterator[str]:
    """What is assumed of an engine; each is a sentence."""
    health = f"health path {program.health_path}"
    is_assumed = not (program.health_known or engine.serving.health_path or _has_probes(container))
    if not (port.said or port.warning):
        if program is OTHER and not engine.serving.engine_type:
            what = f"port {port.value}{f' and {health}' if is_assumed else ''}"
            yield f"engine {engine.name}: its program is not known: assumed {what}; engines[].serving says otherwise"
            return
        where = f"where {program.name} listens when nothing is said"
        if program.later_port:
            where += f" (later versions on {program.later_port})"
        yield f"engine {engine.name}: port {port.value} is assumed, {where}; {_SAYS['port']} says another"
    if is_assumed:
        why = "its program is not known" if program is OTHER else f"it depends on what {program.name} is given"
        yield f"engine {engine.name}: {health} is assumed, as {why}; engines[].serving.healthPath says another"


def _has_probes(container: Container) -> bool:
    """Tell whether no probe is left to be added."""
    return all((container.startup_probe, container.readiness_probe, container.liveness_probe))


def _told_port(told: FlagValue, serving: Sequence[Command], program: Program | None, image: Program) -> int:
    """The port that a command says, if it alone can be the one that serves and its program is known; else 0."""
    if len(serving) != 1 or not told.said:
        return 0
    is_entry_point = serving[0].words[:1] == ("",)
    return told.value if (image if is_entry_point else program or OTHER) is not OTHER else 0


# ---------------------------------------------------------------------- numbers


def _number(
    engine: AnyEngine,
    line: CommandLine,
    noun: str,
    flags: Sequence[str],
    variables: Sequence[str],
    default: int,
) -> FlagValue:
    """The number that the serving command is given by a flag, else by a variable."""
    found = [given_number(command, flags, variables) for command in line.serving]
    if not any(found):
        return FlagValue(default, said=False)
    given = [each or ("no", flags[0] if flags else variables[0]) for each in found]
    numbers = [_parsed(text, noun) if name != "no" else default for name, text in given]
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


def _has_certificate(command: Command, program: Program) -> bool:
    """Tell whether a command is given a certificate, by a flag or a variable."""
    named = any(command.variables.get(name) for name in program.tls_variables)
    return named or bool(flag_values(command.words, program.tls_flags))


def _parsed(text: str, noun: str) -> int | None:
    digits = text.isascii() and text.isdigit() and len(text) < len(str(10**9))
    return int(text) if digits and 0 < int(text) <= _LARGEST[noun] else None
