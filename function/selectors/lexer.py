"""The lexer of selectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from function.selectors.error import SelectorError
from function.selectors.stage_budget import StageBudget

_SKIPPED: Final = re.compile(r"(?:[\t \r\n\f]+|//[^\n]*)+")
_STRING_START: Final = re.compile(r"(?P<binary>[bB]?)(?P<raw>[rR]?)(?P<quote>\"\"\"|'''|\"|')")
_TOKEN_PATTERN: Final = re.compile(
    r"(?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])|(?P<int>0x[0-9a-fA-F]+|[0-9]+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[=!<>]=|&&|\|\||[<>\[\]{}().,\-!?:+*/%])",
)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<byte>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))",
)
_SIMPLE_ESCAPES: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SURROGATES: Final = range(0xD800, 0xE000)
_KEYWORDS: Final = frozenset({"true", "false", "null", "in"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token.

    Attributes:
        kind: `name`, `int`, `uint`, `double`, `string`, `bytes`, `end`; a sign or keyword is its own kind.
        text: As it is written.
        offset: Where it begins.
        content: What a string or bytes literal holds.
    """

    kind: str
    text: str
    offset: int
    content: str | bytes = ""


def tokenize(text: str, work: StageBudget) -> Iterator[Token]:
    """Split a text into tokens, each a step; the last one is the end.

    Raises:
        SelectorError: Some of the text is no token.
    """
    position = 0
    while True:
        work.step()
        skipped = _SKIPPED.match(text, position)
        position = skipped.end() if skipped else position
        if position == len(text):
            yield Token("end", "", len(text.rstrip()))
            return
        literal = _STRING_START.match(text, position)
        if literal:
            stop = _end_of_literal(text, literal)
            yield _literal(text, literal, stop)
            position = stop
            continue
        found = _TOKEN_PATTERN.match(text, position)
        if found is None:
            raise SelectorError(f"unexpected {text[position]!r}", text, position)
        token = found.group()
        kind = token if found.lastgroup == "sign" or token in _KEYWORDS else str(found.lastgroup)
        yield Token(kind, token, position)
        position = found.end()


def _end_of_literal(text: str, literal: re.Match[str]) -> int:
    """Find the end of a string or bytes literal."""
    quote, position = literal["quote"], literal.end()
    while position < len(text):
        if text.startswith(quote, position):
            return position + len(quote)
        if len(quote) == 1 and text[position] in "\r\n":
            break
        position += 2 if text[position] == "\\" and not literal["raw"] else 1
    raise SelectorError("the string has no end", text, literal.start("quote"))


def _literal(text: str, literal: re.Match[str], stop: int) -> Token:
    """Read a string or bytes literal."""
    binary = bool(literal["binary"])
    begin, end = literal.end(), stop - len(literal["quote"])
    written = text[literal.start() : stop]
    content = text[begin:end].encode() if literal["raw"] else b"".join(_pieces(text, begin, end, binary=binary))
    return Token("bytes" if binary else "string", written, literal.start(), content if binary else content.decode())


def _pieces(text: str, begin: int, end: int, *, binary: bool) -> Iterator[bytes]:
    """Expand escape sequences."""
    position = begin
    while position < end:
        if text[position] != "\\":
            upto = text.find("\\", position, end)
            upto = end if upto < 0 else upto
            yield text[position:upto].encode()
            position = upto
            continue
        escape = _ESCAPE.match(text, position, end)
        piece = _expanded(escape, binary=binary) if escape else None
        if escape is None or piece is None:
            raise SelectorError(f"{text[position : position + 2]!r} is not an escape sequence here", text, position)
        yield piece
        position = escape.end()


def _expanded(escape: re.Match[str], *, binary: bool) -> bytes | None:
    """Expand an escape sequence; None for an invalid one."""
    if escape["plain"]:
        return _SIMPLE_ESCAPES.get(escape["plain"], escape["plain"]).encode()
    digits = escape["byte"] or escape["short"] or escape["long"]
    code = int(digits, 16) if digits else int(escape["octal"], 8)
    if binary:
        return bytes([code]) if escape["byte"] or escape["octal"] else None
    if code in _SURROGATES:
        return None
    try:
        return chr(code).encode()
    except (ValueError, OverflowError):
        return None
