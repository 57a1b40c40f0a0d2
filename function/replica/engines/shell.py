"""The words and operators of a shell's script, as POSIX and bash split it.

Nothing is run and nothing is looked up here: a variable, or what another command would print, stays a piece of
its word. The time is linear in the length of the script, whatever it holds, and no script is refused: what a
shell would call a syntax error ends where the script ends.

A parser of our own, since those that are there do not fit. `bashlex` is under the GPL. `tree-sitter-bash` 0.25.1
is well kept, and took 65 seconds for 64 KiB of nested array assignments, in native code that shares the process
with every other tenant's calls. We need words, not the whole grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

OPEN, CLOSE = "\ue000", "\ue001"
"""Marks around what stands for something unknown: to a shell it is plain text, whatever it looks like."""

_BLANK: Final = re.compile(r"(?:[ \t\r\f\v]|\\\n)+")
_OPERATOR: Final = re.compile(r"&&|\|\||;;&?|;&|&>>?|<<<|<<-?|[<>]&|>>|>\||<>|\|&|[;&|<>()\n]")
_PLAIN: Final = re.compile(rf"[^ \t\r\f\v\n\\'\"`$;&|<>(){OPEN}]+")
"""What a word holds as it is. Blanks are those of `_BLANK` alone: to a shell any other space is a letter."""
_IN_QUOTES: Final = re.compile(rf'[^"\\$`{OPEN}]+')
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_NESTING: Final = re.compile(r"\\.|'|\"|`|\$\(|\$\{|[()}]", re.DOTALL)
_CLOSES: Final = {"(": ")", "$(": ")", "${": "}", '"': '"'}
_HERE_DOCUMENTS: Final = frozenset({"<<", "<<-"})
_LINE: Final = re.compile(r"(?:[^\\\n]++|\\.)*+\n", re.DOTALL)
_QUOTES: Final = re.compile(r"\\.|\"", re.DOTALL)
_QUOTED: Final = {'"': '\\"', '\\"': '\\\\\\"'}
"""How quotes of a here-document, where they mean nothing, are written between quotes."""


class PieceKind(Enum):
    """What a piece of a word is."""

    TEXT = "stands for itself"
    VARIABLE = "what is between the braces of an expansion"
    OUTPUT = "what a command prints or arithmetic yields, as it is written"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a word.

    Attributes:
        kind: What it is.
        text: Its text, without quotes.
        quoted: Whether it stands in quotes, or is escaped.
    """

    kind: PieceKind
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word.

    Attributes:
        pieces: What it is put together from.
        end: Where it ends in the script.
    """

    pieces: tuple[Piece, ...]
    end: int

    @property
    def bare(self) -> str:
        """The text of a word without quotes and expansions, such as a keyword; else empty."""
        if len(self.pieces) == 1 and self.pieces[0].kind is PieceKind.TEXT and not self.pieces[0].quoted:
            return self.pieces[0].text
        return ""


@dataclass(frozen=True, slots=True)
class Operator:
    """What stands between words: an end of a command, a redirection, a parenthesis.

    Attributes:
        text: The operator.
        start: Where it starts in the script.
    """

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class HereDocument:
    """What a command is given to read, by lines that stand in the script.

    Attributes:
        text: The lines.
        expands: Whether variables in it are put in.
    """

    text: str
    expands: bool

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Its text, with its expansions."""
        if not self.expands:
            return (Piece(PieceKind.TEXT, self.text, quoted=True),)
        quoted = _QUOTES.sub(lambda found: _QUOTED.get(found.group(), found.group()), self.text)
        return tuple(piece for token in tokens(f'"{quoted}"') if isinstance(token, Word) for piece in token.pieces)


Token: TypeAlias = Word | Operator | HereDocument


def tokens(script: str) -> Iterator[Token]:
    """Split a script; comments are left out, and a here-document follows its delimiter."""
    return _Lexer(script).tokens()


class _Lexer:
    """A place in a script."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._at = 0
        self._pending: list[str] = []
        self._body: int | None = None

    def tokens(self) -> Iterator[Token]:
        """Read on to the end."""
        previous = ""
        while self._at < len(self._script):
            if blank := _BLANK.match(self._script, self._at):
                self._at = blank.end()
            elif self._script[self._at] == "#":
                self._at = self._find("\n")
            elif operator := _OPERATOR.match(self._script, self._at):
                self._at = operator.end()
                previous = operator.group()
                if previous == "\n":
                    self._skip_here_documents()
                yield Operator(previous, operator.start())
            else:
                word = Word(tuple(self._word()), self._at)
                yield word
                if previous in _HERE_DOCUMENTS:
                    yield self._here_document(word)
                previous = ""

    def _find(self, text: str) -> int:
        found = self._script.find(text, self._at)
        return len(self._script) if found < 0 else found

    def _here_document(self, delimiter: Word) -> HereDocument:
        """The here-document that a delimiter announces: it begins after the line, or after the one before it."""
        self._pending.append("".join(piece.text for piece in delimiter.pieces))
        if self._body is None:
            line = _LINE.match(self._script, self._at)
            self._body = line.end() if line else len(self._script)
        start = self._body
        end, self._body = self._lines_until(self._pending[-1], start)
        return HereDocument(self._script[start:end], not any(piece.quoted for piece in delimiter.pieces))

    def _lines_until(self, delimiter: str, start: int) -> tuple[int, int]:
        """Where the lines before a delimiter end, and where the line after it begins."""
        at = start
        while at < len(self._script):
            end = self._script.find("\n", at)
            end = len(self._script) if end < 0 else end
            if self._script[at:end].lstrip("\t") == delimiter:
                return at, min(end + 1, len(self._script))
            at = end + 1
        return len(self._script), len(self._script)

    def _skip_here_documents(self) -> None:
        for delimiter in self._pending:
            _, self._at = self._lines_until(delimiter, self._at)
        self._pending, self._body = [], None

    def _word(self) -> Iterator[Piece]:
        script = self._script
        while self._at < len(script):
            char = script[self._at]
            if plain := _PLAIN.match(script, self._at):
                self._at = plain.end()
                yield Piece(PieceKind.TEXT, plain.group())
            elif char == "\\":
                if script[self._at + 1 : self._at + 2] != "\n":
                    yield Piece(PieceKind.TEXT, script[self._at + 1 : self._at + 2], quoted=True)
                self._at += 2
            elif char == "'":
                yield self._single()
            elif char == '"':
                yield from self._double()
            elif char == OPEN:
                yield self._marked()
            elif char in "$`":
                yield from self._expansion(quoted=False)
            else:
                return

    def _single(self) -> Piece:
        self._at += 1
        start, self._at = self._at, self._find("'")
        text = self._script[start : self._at]
        self._at += 1
        return Piece(PieceKind.TEXT, text, quoted=True)

    def _marked(self) -> Piece:
        start, self._at = self._at, self._find(CLOSE) + 1
        return Piece(PieceKind.TEXT, self._script[start : self._at], quoted=True)

    def _double(self) -> Iterator[Piece]:
        script = self._script
        self._at += 1
        yield Piece(PieceKind.TEXT, "", quoted=True)
        while self._at < len(script) and script[self._at] != '"':
            if plain := _IN_QUOTES.match(script, self._at):
                self._at = plain.end()
                yield Piece(PieceKind.TEXT, plain.group(), quoted=True)
            elif script[self._at] == "\\":
                yield Piece(PieceKind.TEXT, _unescaped(script[self._at : self._at + 2]), quoted=True)
                self._at += 2
            elif script[self._at] == OPEN:
                yield self._marked()
            else:
                yield from self._expansion(quoted=True)
        self._at += 1

    def _expansion(self, *, quoted: bool) -> Iterator[Piece]:
        """A `$` or a backtick, and all that belongs to it."""
        script, start = self._script, self._at
        following = script[start + 1 : start + 2]
        if script[start] == "`":
            self._at = start + 1
            self._at = self._find("`") + 1
            yield Piece(PieceKind.OUTPUT, script[start : self._at], quoted)
        elif following == "(":
            self._at = _closing(script, start)
            yield Piece(PieceKind.OUTPUT, script[start : self._at], quoted)
        elif following == "{":
            self._at = _closing(script, start)
            yield Piece(PieceKind.VARIABLE, script[start + 2 : self._at - 1], quoted)
        elif name := _NAME.match(script, start + 1):
            self._at = name.end()
            yield Piece(PieceKind.VARIABLE, name.group(), quoted)
        else:
            self._at += 1
            if quoted or following not in ("'", '"'):
                yield Piece(PieceKind.TEXT, "$", quoted)


def _unescaped(pair: str) -> str:
    """What a backslash in double quotes and the next character stand for."""
    if pair[1:] == "\n":
        return ""
    return pair[1:] if pair[1:] in ('"', "\\", "$", "`") else pair


def _closing(script: str, start: int) -> int:
    """Find where what opens at a place is closed, with all that is nested in it."""
    at = start
    stack: list[str] = []
    while found := _NESTING.search(script, at):
        text, at = found.group(), found.end()
        inner = stack[-1] if stack else ""
        if text == "`" or (text == "'" and inner != '"'):
            at = script.find(text, at) + 1 or len(script)
        elif text == inner:
            stack.pop()
            if not stack:
                return at
        elif text in _CLOSES and (text != "(" or inner != '"'):
            stack.append(_CLOSES[text])
    return len(script)
