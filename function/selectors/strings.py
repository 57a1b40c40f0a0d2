"""Functions on texts. Places are counted in characters."""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import Any, Final

import re2  # type: ignore[import-untyped]

from function.selectors.values import SIZE_PER_STEP, BudgetError, EvaluationBudget, EvaluationError, type_of

_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER: Final = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_SPACE: Final = (
    "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Unicode calls white space, as Go has it; Python strips more."""
_QUOTED: Final = str.maketrans(
    {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    | {"\\": "\\\\", '"': '\\"'}
)

_ONE_BYTE: Final = re.compile(r"(?s)(?:\\Q(?:.*?\\E|.*)|\\[^C]|[^\\])*+\\C")
"""A pattern with what matches one byte, which Go does not know."""
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 2**20
"""Bytes that a compiled pattern may take; any text that fits a selector does, written as a pattern."""

_COMPILED: Final = 50
"""Steps that it takes to compile a pattern, however short."""


def contains(text: str, part: str) -> bool:
    """Tell whether a text is part of another."""
    return part in text


def matches(text: str, pattern: str, budget: EvaluationBudget) -> bool:
    """Search a text for a regular expression in RE2's syntax.

    Raises:
        EvaluationError: The pattern is not one.
        BudgetError: The search would take too many steps.
    """
    budget.count_steps(_COMPILED + len(pattern) // SIZE_PER_STEP)
    expression = regular_expression(pattern)
    budget.charge_traversal((len(text) + 1) * int(expression.programsize) // SIZE_PER_STEP)
    try:
        return expression.search(text) is not None
    except UnicodeError:
        raise EvaluationError(f"{pattern[:40]!r} is not a regular expression of RE2") from None


@lru_cache(maxsize=64)
def regular_expression(pattern: str) -> Any:
    """Compile a regular expression in RE2's syntax. The library itself remembers 128 of them.

    Raises:
        EvaluationError: The pattern is not one.
    """
    if _ONE_BYTE.match(pattern):
        raise EvaluationError(f"{pattern[:40]!r} is not a regular expression of RE2 for texts: it has \\C")
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        if "too large" in str(error):
            raise BudgetError(f"{pattern[:40]!r} is too large a regular expression; repeat less in it") from None
        raise EvaluationError(f"{pattern[:40]!r} is not a regular expression of RE2") from None
    except UnicodeError:
        raise EvaluationError(f"{pattern[:40]!r} is not a regular expression of RE2") from None


def _within(text: str, place: int) -> int:
    """Check that a place is in a text, or at its end."""
    if not 0 <= place <= len(text):
        raise EvaluationError(f"no place {place} in a text of {len(text)}")
    return place


def char_at(text: str, place: int) -> str:
    """Read a character; at the end, an empty text."""
    return text[_within(text, place) : place + 1]


def index_of(text: str, part: str, begin: int = 0) -> int:
    """Find a part from a place on; -1 when there is none."""
    if not part:
        return begin
    if begin < 0:
        raise EvaluationError(f"no place {begin} in a text of {len(text)}")
    return text.find(part, begin)


def last_index_of(text: str, part: str, end: int | None = None) -> int:
    """Find the last part that begins no later than a place; -1 when there is none."""
    if not part:
        return len(text) if end is None else end
    if end is None:
        return _last(text, part)
    if end < 0:
        raise EvaluationError(f"no place {end} in a text of {len(text)}")
    return -1 if end >= len(text) else _last(text[: end + len(part)], part)


def _last(text: str, part: str) -> int:
    """Find the last part from behind: unlike `rfind`, in a time that does not multiply the lengths."""
    found = text[::-1].find(part[::-1])
    return found if found < 0 else len(text) - found - len(part)


def lower_ascii(text: str) -> str:
    """Write the letters of ASCII small."""
    return text.translate(_LOWER)


def upper_ascii(text: str) -> str:
    """Write the letters of ASCII large."""
    return text.translate(_UPPER)


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    """Replace parts, at most so many; all for a negative count."""
    return text.replace(old, new, max(count, -1))


def split(text: str, separator: str, count: int = -1) -> list[str]:
    """Split a text, into at most so many; into all for a negative count."""
    if count == 0:
        return []
    if not separator:
        parts = list(text)
        return parts if count < 0 or len(parts) <= count else [*parts[: count - 1], text[count - 1 :]]
    return text.split(separator, max(count - 1, -1))


def substring(text: str, begin: int, end: int | None = None) -> str:
    """Cut a part out of a text.

    Raises:
        EvaluationError: The part ends before it begins, or is not within the text.
    """
    if end is None:
        return text[_within(text, begin) :]
    if begin > end:
        raise EvaluationError(f"a part of a text cannot begin at {begin} and end at {end}")
    return text[_within(text, begin) : _within(text, end)]


def trim(text: str) -> str:
    """Strip white space."""
    return text.strip(_SPACE)


def join(parts: list[Any], separator: str = "") -> str:
    """Join texts.

    Raises:
        EvaluationError: One is no text.
    """
    for part in parts:
        if not isinstance(part, str):
            raise EvaluationError(f"{type_of(part).noun} cannot be joined to a text")
    return separator.join(parts)


def quote(text: str) -> str:
    """Write a text in quotes."""
    return f'"{text.translate(_QUOTED)}"'
