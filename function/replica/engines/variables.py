"""What variables stand for: of a container, as Kubernetes expands them, and of a shell.

What is not known, such as a key of a Secret or what a command prints, stays in a text as it is written, between
two marks. So it is seen wherever the text goes, and can be shown to a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from function import deadline
from function.replica.engines.shell import CLOSE, OPEN, Piece, PieceKind, Word, tokens

LONGEST: Final = 65_536
"""Characters of the longest text that is looked at."""

_MOST: Final = 4 * LONGEST
_EACH: Final = 16
_COMMAND: Final = 128
_DEEPEST: Final = 8
_DIGITS: Final = 9
_LONGEST_SHOWN: Final = 64

_REFERENCE: Final = re.compile(r"\$\$|\$\(([^()]*)\)")
_PARAMETER: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*])(\[[@*]\])?(?:(:?[-=+?])(.*))?", re.DOTALL)
_ASSIGNED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=(.*)", re.DOTALL)


class TooLongError(Exception):
    """A command takes more text than is looked at."""


@dataclass(slots=True)
class Budget:
    """How many characters may still be read and written for one container: what bounds time and memory.

    A text counts as some characters more than it has, and a command as many.
    """

    left: int = _MOST

    def start(self) -> None:
        """Take a command into account.

        Raises:
            TooLongError: It is one too many.
            CallEndedError: The deadline of the call has passed, or it was cancelled.
        """
        deadline.check()
        self.left -= _COMMAND
        if self.left < 0:
            raise TooLongError

    def look_at(self, words: Sequence[str]) -> Sequence[str]:
        """Take words into account that are looked at once more.

        Raises:
            TooLongError: They are too many.
        """
        self.left -= len(words)
        if self.left < 0:
            raise TooLongError
        return words

    def spend(self, text: str) -> str:
        """Take a text into account.

        Raises:
            TooLongError: It is too much.
        """
        self.left -= len(text) + _EACH
        if self.left < 0 or len(text) > LONGEST:
            raise TooLongError
        return text


def unknown(text: str) -> str:
    """Mark what stands for something that is not known."""
    return f"{OPEN}{'…'.join(shown(text).split())}{CLOSE}"


def is_unknown(text: str) -> bool:
    """Tell whether something in a text is not known."""
    return OPEN in text


def unknown_parts(text: str) -> list[str]:
    """What in a text is not known, as it is written."""
    return [part.partition(CLOSE)[0] for part in text.split(OPEN)[1:]]


def shown(text: str) -> str:
    """A text for a person: short, and without marks."""
    return text[: 4 * _LONGEST_SHOWN].replace(OPEN, "").replace(CLOSE, "")[:_LONGEST_SHOWN]


Variable: TypeAlias = tuple[str, str, bool]
"""A variable of a container: name, value, and whether the value is known."""


def container_variables(written: Iterable[Variable], budget: Budget) -> dict[str, str]:
    """The values of a container's variables; each may refer to those before it."""
    found: dict[str, str] = {}
    for name, value, known in written:
        found[name] = expand_references(value, found, budget) if known else unknown(f"${{{name}}}")
    return found


def expand_references(text: str, variables: dict[str, str], budget: Budget) -> str:
    """Put in what `$(NAME)` refers to, as the kubelet does: what refers to nothing stays as it is."""

    def value(found: re.Match[str]) -> str:
        if found.group() == "$$":
            return "$"
        return budget.spend(variables.get(found[1], found.group()))

    return budget.spend(_REFERENCE.sub(value, budget.spend(text)))


@dataclass(slots=True)
class Scope:
    """What a shell knows while it goes through a script.

    Attributes:
        budget: How much may still be read.
        variables: The values of variables.
        arrays: The values of arrays.
        positional: The script's own arguments; None where they are not known.
        files: The text of files that scripts have written; None where it is not known.
        functions: The names of functions.
    """

    budget: Budget
    variables: dict[str, str]
    arrays: dict[str, list[str]] = field(default_factory=dict)
    positional: list[str] | None = field(default_factory=list)
    files: dict[str, str | None] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)

    def words(self, word: Word) -> list[str]:
        """The words that a word becomes: an expansion outside quotes is split at blanks."""
        return _fields(self._values(word.pieces, 0))

    def text(self, pieces: Iterable[Piece], depth: int = 0) -> str:
        """The text that pieces become, as in an assignment."""
        values = (" ".join(value) for value, _ in self._values(pieces, depth))
        return self.budget.spend("".join(values))

    def _values(self, pieces: Iterable[Piece], depth: int) -> Iterator[tuple[list[str], bool]]:
        """The values of each piece, and whether they are split further."""
        for piece in pieces:
            if piece.kind is PieceKind.TEXT:
                values = [piece.text]
            elif piece.kind is PieceKind.OUTPUT:
                values = [unknown(piece.text)]
            else:
                values = self._parameter(piece.text, depth)
            for value in values:
                self.budget.spend(value)
            yield values, piece.kind is PieceKind.VARIABLE and not piece.quoted

    def _parameter(self, expression: str, depth: int) -> list[str]:
        as_written = [unknown(f"${{{expression}}}")]
        found = _PARAMETER.fullmatch(expression)
        if found is None or depth > _DEEPEST:
            return as_written
        name, elements, operator, default = found.groups()
        values = self._lookup(name, all_elements=bool(elements))
        if not operator:
            return as_written if values is None else values
        if operator.endswith("+"):
            return [self._default(default, depth)] if values and any(values) else [""]
        if values is None or (not any(values) and operator.startswith(":")):
            return as_written if operator.endswith("?") else [self._default(default, depth)]
        return values

    def _lookup(self, name: str, *, all_elements: bool) -> list[str] | None:
        """The values of a parameter; None where nothing is known of it."""
        if name in ("@", "*"):
            return self.positional
        if place := name.lstrip("0") if name.isascii() and name.isdigit() else "":
            among = (self.positional or []) if len(place) <= _DIGITS else []
            return [among[int(place) - 1]] if among and int(place) <= len(among) else None
        if name in self.arrays:
            return self.arrays[name] if all_elements else self.arrays[name][:1]
        return [self.variables[name]] if name in self.variables else None

    def _default(self, text: str, depth: int) -> str:
        pieces = [piece for word in tokens(self.budget.spend(text)) if isinstance(word, Word) for piece in word.pieces]
        return self.text(pieces, depth + 1)

    def assign(self, word: Word, *, certain: bool) -> bool:
        """Carry out an assignment.

        Args:
            word: The word that may be one.
            certain: Whether it is carried out in any case.

        Returns:
            Whether the word is an assignment.
        """
        first = word.pieces[0] if word.pieces else None
        found = _ASSIGNED.fullmatch(first.text) if first and first.kind is PieceKind.TEXT and not first.quoted else None
        if found is None:
            return False
        name, more, start = found.groups()
        value = self.text([Piece(PieceKind.TEXT, start), *word.pieces[1:]])
        if more:
            value = self.budget.spend(self.variables.get(name, "") + value)
        self.arrays.pop(name, None)
        if not certain and self.variables.get(name) != value:
            value = unknown(f"${{{name}}}")
        self.variables[name] = value
        return True

    def write(self, path: str, text: str | None, *, appended: bool, certain: bool) -> None:
        """Write a file: what another branch may have written instead is not known."""
        path = path.removeprefix("./")
        before = self.files.get(path, "")
        if appended and text is not None:
            text = None if before is None else self.budget.spend(before + text)
        self.files[path] = text if certain or before in ("", text) else None

    def written(self, path: str) -> str | None:
        """The text of a file that a script has written; None where that is not known."""
        return self.files.get(path.removeprefix("./"))

    def set_positional(self, words: list[str], *, certain: bool) -> None:
        """Replace a script's own arguments, where they are known; what is added to them in a branch is not."""
        before = self.positional
        if before is None or certain:
            self.positional = words if before is not None else None
        elif words[: len(before)] == before:
            self.positional = [*before, unknown("${@}")]
        else:
            self.positional = None

    def of_child(self, variables: dict[str, str], positional: list[str]) -> Scope:
        """What another shell that this one starts knows."""
        return Scope(self.budget, variables, positional=positional, files=self.files)

    def assign_array(self, name: str, values: list[str], *, appended: bool, certain: bool) -> None:
        """Carry out the assignment of an array."""
        before = self.arrays.get(name, []) if appended or not certain else []
        new = values if certain else [unknown(f"${{{name}[@]}}")]
        for value in before:
            self.budget.spend(value)
        self.arrays[name] = [*before, *new]


def _fields(values: Iterable[tuple[list[str], bool]]) -> list[str]:
    """Put values together to words."""
    found: list[list[str]] = []
    joins = False
    for parts, split in values:
        for index, part in enumerate(parts):
            joins = joins and index == 0 and not (split and part[:1].isspace())
            for piece in part.split() if split else [part]:
                if joins:
                    found[-1].append(piece)
                else:
                    found.append([piece])
                joins = not split
            joins = not (split and part[-1:].isspace()) and (joins or bool(part))
    return ["".join(pieces) for pieces in found]
