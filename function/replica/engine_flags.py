"""What an engine's own flags say: the port that it listens on, and the size of a block of its KV cache.

Flags are looked for in the container's command and arguments, and in the script when these run a
shell. A typed field of the API goes before them. What cannot be used is warned of, and the
default is taken: whether an engine starts with such a flag is the engine's to say.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from function.api.engines import PlacedEngine
from function.api.pod_template import Container

DEFAULT_BLOCK_SIZE: Final = 64
"""Tokens in the smallest block in which a picker follows prefixes: the blocks of most engines are smaller."""

_DEFAULT_PORT: Final = 8000
_LONGEST_SHOWN: Final = 64
_LARGEST: Final = {"port": 65535, "block size": 65536}
_SHELLS: Final = frozenset({"ash", "bash", "dash", "sh", "zsh"})
_SCRIPT: Final = re.compile(r"-[a-z]*c")


@dataclass(frozen=True, slots=True)
class _Flag:
    """A flag that is read: what its number is, the typed field for the same, the default, and its names."""

    noun: str
    field: str
    default: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagValue:
    """A number that an engine was given.

    Attributes:
        value: The number.
        warning: What is wrong with how it was given; empty when nothing is.
    """

    value: int
    warning: str = ""


def port(engine: PlacedEngine, container: Container, *, default: int = _DEFAULT_PORT) -> FlagValue:
    """The port that an engine listens on.

    Args:
        engine: The engine.
        container: The container that answers requests.
        default: The port where nothing is said.
    """
    typed = engine.serving.port
    if typed is not None:
        return FlagValue(typed)
    return _number(engine, container, _Flag("port", "engines[].serving.port", default, ("--port",)))


def block_size(engine: PlacedEngine, container: Container) -> FlagValue:
    """Tokens in a block of an engine's KV cache.

    Args:
        engine: The engine.
        container: The container that answers requests.
    """
    typed = engine.serving.kv_cache_block_size
    if typed is not None:
        return FlagValue(typed)
    field = "engines[].serving.kvCacheBlockSize"
    return _number(engine, container, _Flag("block size", field, DEFAULT_BLOCK_SIZE, ("--block-size", "--page-size")))


def _number(engine: PlacedEngine, container: Container, flag: _Flag) -> FlagValue:
    found = next(_values(container, flag.names), None)
    if found is None:
        return FlagValue(flag.default)
    name, text = found
    digits = text.isascii() and text.isdigit() and len(text) < len(str(10**9))
    if digits and 0 < int(text) <= _LARGEST[flag.noun]:
        return FlagValue(int(text))
    given = f"{name} {text[:_LONGEST_SHOWN]}" if text else f"{name} without a value"
    return FlagValue(
        flag.default,
        f"engine {engine.name}: {given} is no {flag.noun}, {flag.default} is assumed; {flag.field} says another",
    )


def _values(container: Container, flags: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every value that one of some flags is given, with the flag."""
    words = list(command_words(container))
    for word, following in pairwise([*words, ""]):
        flag, equals, value = word.partition("=")
        if flag in flags:
            yield flag, value if equals else ("" if following.startswith("--") else following)


def command_words(container: Container) -> Iterator[str]:
    """The words of a command line, those of a shell's script one by one."""
    written = [*container.command, *container.args]
    shell = bool(written) and written[0].rpartition("/")[2] in _SHELLS
    for before, word in pairwise(["", *written]):
        if shell and _SCRIPT.fullmatch(before):
            yield from _split_script(word)
        else:
            yield word


def _split_script(text: str) -> Iterator[str]:
    joined = text.replace("\\\n", " ")
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        yield from list(lexer)
    except ValueError:
        yield from joined.split()
