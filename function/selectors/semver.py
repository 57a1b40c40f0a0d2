"""Semantic versions as Kubernetes selectors know them, e.g. `9.0.0` or `1.2.3-rc.1+build`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Final, TypeAlias

_NUMBER: Final = re.compile(r"0|[1-9][0-9]*")
_DIGITS: Final = re.compile(r"[0-9]+")
_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z-]+")
_UINT64: Final = 2**64
_PARTS: Final = 3

Identifier: TypeAlias = tuple[bool, int, str]
"""An identifier of a pre-release: whether it is a word, the number, the word."""


class SemverError(ValueError):
    """A text is not a semantic version."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Semver:
    """A semantic version. Build metadata is checked and then forgotten: it never counts.

    Attributes:
        major: The first number.
        minor: The second number.
        patch: The third number.
        prerelease: The identifiers after the dash; none for a release.
    """

    major: int
    minor: int
    patch: int
    prerelease: tuple[Identifier, ...] = ()

    def compare(self, other: Semver) -> int:
        """Compare by precedence: -1, 0 or 1."""
        return (self > other) - (self < other)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Semver):
            return NotImplemented
        return self._rank() < other._rank()

    def _rank(self) -> tuple[int, int, int, bool, tuple[Identifier, ...]]:
        """A release outranks its pre-releases, and a longer list its beginning."""
        return (self.major, self.minor, self.patch, not self.prerelease, self.prerelease)


def parse_semver(text: str, *, normalize: bool = False) -> Semver:
    """Parse a semantic version.

    Args:
        text: `major.minor.patch`, then optionally `-` and a pre-release, `+` and build metadata.
        normalize: Whether to allow a leading `v`, leading zeros, and missing last parts.

    Raises:
        SemverError: The text is not a version.
    """
    parts = (_normalized(text) if normalize else text).split(".", _PARTS - 1)
    if len(parts) != _PARTS:
        raise SemverError(f"{text[:40]!r} is not a semantic version: it has no three parts, as 9.0.0 has")
    last, plus, build = parts[2].partition("+")
    patch, dash, prerelease = last.partition("-")
    if plus and not all(_IDENTIFIER.fullmatch(identifier) for identifier in build.split(".")):
        raise SemverError(f"{text[:40]!r} is not a semantic version: its build metadata is not allowed")
    return Semver(
        _number(parts[0], text),
        _number(parts[1], text),
        _number(patch, text),
        tuple(_identifier(identifier, text) for identifier in prerelease.split(".")) if dash else (),
    )


def is_semver(text: str, *, normalize: bool = False) -> bool:
    """Tell whether a text is a semantic version."""
    try:
        parse_semver(text, normalize=normalize)
    except SemverError:
        return False
    return True


def _normalized(text: str) -> str:
    """Strip a leading `v` and leading zeros, and add the parts that are missing."""
    parts = text.removeprefix("v").split(".", _PARTS - 1)
    for index, part in enumerate(parts):
        if len(part) > 1:
            rest = part.lstrip("0")
            parts[index] = rest if _DIGITS.match(rest) else f"0{rest}"
    if len(parts) < _PARTS and ("+" in parts[-1] or "-" in parts[-1]):
        raise SemverError(f"{text[:40]!r} is not a semantic version: a shortened one takes no suffix")
    return ".".join(parts + ["0"] * (_PARTS - len(parts)))


def _number(part: str, text: str) -> int:
    """Read a number of at most 64 bits without leading zeros."""
    if not _NUMBER.fullmatch(part) or len(part) > len(str(_UINT64)) or int(part) >= _UINT64:
        raise SemverError(f"{text[:40]!r} is not a semantic version: {part[:20]!r} is no number for it")
    return int(part)


def _identifier(identifier: str, text: str) -> Identifier:
    """Read an identifier of a pre-release; numbers rank before words."""
    if _DIGITS.fullmatch(identifier):
        return (False, _number(identifier, text), "")
    if not _IDENTIFIER.fullmatch(identifier):
        raise SemverError(f"{text[:40]!r} is not a semantic version: {identifier[:20]!r} is no pre-release")
    return (True, 0, identifier)
