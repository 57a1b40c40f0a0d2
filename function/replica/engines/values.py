"""What a command is given by its flags and variables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from function.replica.engines.script import Command
from function.replica.engines.variables import is_unknown

_ADDRESS: Final = re.compile(r"(?:[a-z]+://)?[^/]*:([0-9]+)(?:/.*)?", re.DOTALL)
_SCHEME_ALONE: Final = re.compile(r"(https?)://[\w.-]+(?:/.*)?", re.DOTALL)
_SCHEME_PORTS: Final = {"http": "80", "https": "443"}
"""Where Ollama listens by an address with a scheme and without a port: envconfig/config.go, which drops a path."""
_HOST: Final = re.compile(r"(?:[a-z]+://)?(\[[^]/]*\]|[^:/]*)(?::[0-9]*)?(?:/.*)?", re.DOTALL)


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


def flag_values(words: Sequence[str], flags: Sequence[str], *, named: bool = False) -> list[str]:
    """Every value that one of some flags is given, or `FLAG=VALUE` with the flag as it is written."""
    wanted = {dashed(flag) for flag in flags}
    found = []
    for word, following in pairwise([*words, ""]):
        flag, equals, value = word.partition("=")
        if flag.startswith("-") and dashed(flag) in wanted:
            text = value if equals else ("" if following.startswith("--") else following)
            found.append(f"{flag}={text}" if named else text)
    return found


def dashed(flag: str) -> str:
    """A flag as it is written with dashes alone."""
    return flag.replace("_", "-")


def given_number(command: Command, flags: Sequence[str], variables: Sequence[str]) -> tuple[str, str] | None:
    """The number that a command is given, as it is written, after the name of its flag or variable; None without."""
    values = flag_values(command.words, flags, named=True)
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


def given_text(command: Command, flags: Sequence[str], variables: Sequence[str]) -> tuple[str, str] | None:
    """The text that a command is given, after the name of its flag or variable; None when it is given none."""
    values = flag_values(command.words, flags, named=True)
    if values:
        name, _, value = values[-1].partition("=")
        return name, value
    return next(((name, text) for name in variables if (text := command.variables.get(name, ""))), None)


def host_of(address: str) -> str:
    """The host of an address that may have a scheme, a port and a path."""
    found = _HOST.fullmatch(address)
    return found[1] if found else address


def _is_host(text: str) -> bool:
    """Tell whether an address is one without a port, as variables of Ollama's kind may be."""
    host = text.partition("/")[0]
    return not host.isdigit() and "://" not in text and bool(re.fullmatch(r"[\w.-]+|\[?[0-9a-fA-F:]*\]?", host))
