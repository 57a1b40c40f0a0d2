"""Reading the text of a selector.

The grammar is that of cel-python. Its string literals are read here beforehand and replaced by
blanks of the same length, because its own patterns for them end raw strings in the wrong place
and take exponential time on some that never end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import lark
from celpy.celparser import CELParser
from lark.exceptions import LarkError, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from function.selectors.error import SelectorError

LONGEST: Final = 10 * 1024
"""Bytes of the longest selector, as Kubernetes has it."""

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMENT: Final = re.compile(r"//[^\n]*")
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<byte>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))",
)
_PLAIN: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_TRIPLE: Final = 3


@dataclass(frozen=True, slots=True)
class Source:
    """A selector that has been parsed.

    Attributes:
        text: The selector.
        tree: Its parse tree.
        literals: The value of each string and bytes literal, by its position.
    """

    text: str
    tree: lark.Tree[lark.Token]
    literals: Mapping[int, str | bytes]


def parse(text: str) -> Source:
    """Parse a selector.

    Raises:
        SelectorError: The text is too long, or not an expression.
    """
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise SelectorError("the text is not valid Unicode", text, error.start) from None
    if length > LONGEST:
        raise SelectorError(f"the text has {length} bytes; {LONGEST} are allowed")
    blanked, literals = _take_literals(text)
    try:
        return Source(text, _grammar().parse(blanked), literals)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    except LarkError as error:
        raise SelectorError(f"the text is not an expression: {str(error).splitlines()[0]}") from None


def _grammar() -> lark.Lark:
    """Load the grammar; cel-python keeps it for the life of the process."""
    CELParser()
    if CELParser.CEL_PARSER is None:
        raise RuntimeError("cel-python has no grammar")
    return CELParser.CEL_PARSER


def _syntax_error(text: str, error: UnexpectedInput) -> SelectorError:
    """Say at which word or character the parser stopped."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        position = error.token.start_pos or 0
        return SelectorError(f"unexpected {text[position : position + len(error.token)][:40]!r}", text, position)
    if isinstance(error, UnexpectedCharacters):
        position = error.pos_in_stream or 0
        return SelectorError(f"unexpected {text[position]!r}", text, position)
    return SelectorError("unexpected end of the expression", text, len(text.rstrip()))


def _take_literals(text: str) -> tuple[str, dict[int, str | bytes]]:
    """Read all string and bytes literals, and blank them out."""
    literals: dict[int, str | bytes] = {}
    parts: list[str] = []
    position = 0
    while position < len(text):
        passed = _COMMENT.match(text, position) or _WORD.match(text, position)
        end = passed.end() if passed else position
        prefix = text[position:end].lower()
        if text[end : end + 1] in ("'", '"') and prefix in ("", "r", "b", "br"):
            stop = _end_of_literal(text, end, raw="r" in prefix)
            literals[position] = _read(text, end, stop, prefix)
            parts.append(f"{'b' if 'b' in prefix else ''}{_blank(stop - position - prefix.count('b'))}")
            position = stop
        else:
            end = max(end, position + 1)
            parts.append(text[position:end])
            position = end
    return "".join(parts), literals


def _blank(length: int) -> str:
    """Make a harmless string literal of a length."""
    return f'"{"_" * (length - 2)}"'


def _end_of_literal(text: str, quote: int, *, raw: bool) -> int:
    """Find the end of the literal whose quotes begin here."""
    mark = text[quote] * _TRIPLE if text.startswith(text[quote] * _TRIPLE, quote) else text[quote]
    position = quote + len(mark)
    while position < len(text):
        if text.startswith(mark, position):
            return position + len(mark)
        if len(mark) == 1 and text[position] in "\r\n":
            break
        position += 2 if text[position] == "\\" and not raw else 1
    raise SelectorError("the string has no end", text, quote)


def _read(text: str, quote: int, stop: int, prefix: str) -> str | bytes:
    """Read what is between the quotes."""
    width = _TRIPLE if text.startswith(text[quote] * _TRIPLE, quote) else 1
    begin, end = quote + width, stop - width
    binary = "b" in prefix
    if "r" in prefix:
        return text[begin:end].encode() if binary else text[begin:end]
    pieces: list[bytes] = []
    position = begin
    while position < end:
        if text[position] != "\\":
            upto = text.find("\\", position, end)
            upto = end if upto < 0 else upto
            pieces.append(text[position:upto].encode())
            position = upto
            continue
        escape = _ESCAPE.match(text, position, end)
        piece = _expand(escape, binary=binary) if escape else None
        if escape is None or piece is None:
            raise SelectorError(f"{text[position : position + 2]!r} is not an escape sequence here", text, position)
        pieces.append(piece)
        position = escape.end()
    content = b"".join(pieces)
    return content if binary else content.decode()


def _expand(escape: re.Match[str], *, binary: bool) -> bytes | None:
    """Expand an escape sequence; None when it stands for nothing."""
    if escape["plain"]:
        return _PLAIN.get(escape["plain"], escape["plain"]).encode()
    digits = escape["byte"] or escape["short"] or escape["long"]
    code = int(digits, 16) if digits else int(escape["octal"], 8)
    if binary:
        return bytes([code]) if escape["byte"] or escape["octal"] else None
    try:
        return chr(code).encode()
    except (ValueError, OverflowError):
        return None
