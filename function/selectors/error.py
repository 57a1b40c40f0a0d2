"""The error that tells why a text is no selector."""

from __future__ import annotations

from typing import Final

_BEFORE: Final = 50
_WIDTH: Final = 80
_LONGEST: Final = 400
"""Characters of the longest message."""


def cut(message: str) -> str:
    """Cut a message to what a person would read."""
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…"


class SelectorError(ValueError):
    """A text that is not a selector.

    Attributes:
        message: What is wrong, without the position.
        position: Where, from 0; None where no position is known.
        line: The line, from 1; 0 where no position is known.
        column: The column, from 1; 0 where no position is known.
        excerpt: The line, cut to what fits, and below it a caret; empty where no position is known.
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        """Tell what is wrong.

        Args:
            message: What is wrong.
            text: The selector.
            position: Where in it, from 0; None where no position is known.
        """
        super().__init__(cut(message))
        self.message = cut(message)
        self.position = position
        self.line = 0
        self.column = 0
        self.excerpt = ""
        if position is not None:
            begin = text.rfind("\n", 0, position) + 1
            end = text.find("\n", position)
            self.line = text.count("\n", 0, position) + 1
            self.column = position - begin + 1
            start = max(begin, position - _BEFORE)
            shown = text[start : end if end >= 0 else len(text)][:_WIDTH]
            self.excerpt = f"{shown}\n{' ' * (position - start)}^"

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})" if self.line else self.message
