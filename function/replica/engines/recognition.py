"""Which program a command or an image starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from function.api.engines import EngineType
from function.replica.engines.program import Program
from function.replica.engines.programs import OTHER, PROGRAMS

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


def program_started(words: Sequence[str], by_image: Program) -> Program | None:
    """The program that a command starts in an image; None where it is not known.

    Args:
        words: The command, word by word.
        by_image: The program that the image is made for.
    """
    return by_image if invoked(words) in by_image.other_commands else program_of_command(words)


def program_of_command(words: Sequence[str], start: int = 0) -> Program | None:
    """The program that a command starts, whose words begin at a place; None where it is not known."""
    path, after = _invoked(words, start)
    name = basename(path)
    if name in _WITH_ARGUMENT:
        while after < len(words) and words[after].startswith("-"):
            after += 1
        found = _BY_COMMAND.get(f"{name} {words[after]}") if after < len(words) else None
        return found or _BY_COMMAND.get(name)
    return _BY_COMMAND.get(name) or _BY_COMMAND.get("/".join(path.rsplit("/", 2)[-2:]))


def has_other_commands(name: str) -> bool:
    """Tell whether a program serves only with a certain argument, and does something else with others."""
    return name in _WITH_ARGUMENT and name not in _BY_COMMAND


def invoked(words: Sequence[str]) -> str:
    """The name of what a command starts: the program, or the module or script that Python runs."""
    return basename(_invoked(words, 0)[0])


def _invoked(words: Sequence[str], at: int) -> tuple[str, int]:
    """The path or module of what is started, and where its arguments begin."""
    path = words[at] if at < len(words) else ""
    at += 1
    if not _PYTHON.fullmatch(basename(path)):
        return path, at
    while at < len(words):
        word = words[at]
        if word == "-m":
            return "".join(words[at + 1 : at + 2]), at + 2
        if not word.startswith("-"):
            return word, at + 1
        at += 2 if word in _PYTHON_VALUES else 1
    return path, at


def basename(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]
