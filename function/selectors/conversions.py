"""Conversions between types, as Go does them."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from function.selectors.arithmetic import int64, uint64
from function.selectors.values import EvaluationError, Uint

_DIGITS: Final = re.compile(r"[+-]?[0-9]+")
_LONGEST: Final = 40
_TENS: Final = "[0-9](?:_?[0-9])*"
_SIXTEENS: Final = "[0-9a-f](?:_?[0-9a-f])*"
_DOUBLE: Final = re.compile(
    rf"[+-]?(?:(?:{_TENS}(?:\.(?:{_TENS})?)?|\.{_TENS})(?:e[+-]?{_TENS})?|(?P<word>inf|infinity|nan)"
    rf"|(?P<hex>0x(?:_?{_SIXTEENS}(?:\.(?:{_SIXTEENS})?)?|\.{_SIXTEENS})p[+-]?{_TENS}))",
    re.IGNORECASE | re.ASCII,
)
_LARGEST_PLAIN: Final = 6
_SMALLEST_PLAIN: Final = -4


def same(value: Any) -> Any:
    """Keep a value."""
    return value


def bool_of_text(text: str) -> bool:
    """Read a boolean."""
    if text in {"1", "t", "T", "TRUE", "true", "True"}:
        return True
    if text in {"0", "f", "F", "FALSE", "false", "False"}:
        return False
    raise EvaluationError(f"{text[:40]!r} is not a boolean")


def _integer(text: str) -> int:
    """Read a decimal integer."""
    if not _DIGITS.fullmatch(text):
        raise EvaluationError(f"{text[:40]!r} is not an integer")
    sign = -1 if text[0] == "-" else 1
    # More digits than fit are cut, since Python refuses to read thousands of them.
    return sign * int(text.lstrip("+-").lstrip("0")[:_LONGEST] or "0")


def int_of_text(text: str) -> int:
    """Read an integer."""
    return int64(_integer(text))


def uint_of_text(text: str) -> Uint:
    """Read an integer without sign."""
    if text[:1] in ("+", "-"):
        raise EvaluationError(f"{text[:40]!r} is not an integer without sign")
    return uint64(_integer(text))


def double_of_text(text: str) -> float:
    """Read a double."""
    found = _DOUBLE.fullmatch(text)
    if found is None:
        raise EvaluationError(f"{text[:40]!r} is not a number")
    try:
        number = float.fromhex(text.replace("_", "")) if found["hex"] else float(text)
    except OverflowError:
        number = math.inf
    if math.isinf(number) and not found["word"]:
        raise EvaluationError(f"{text[:40]!r} does not fit a double")
    return number


def int_of_double(number: float) -> int:
    """Truncate a double; the largest and smallest integers are out of reach."""
    if not -(2.0**63) < number < 2.0**63:
        raise EvaluationError("integer overflow")
    return math.trunc(number)


def uint_of_double(number: float) -> Uint:
    """Truncate a double to an integer without sign."""
    if not 0 <= number < 2.0**64:
        raise EvaluationError("unsigned integer overflow")
    return Uint(math.trunc(number))


def int_of_uint(number: Uint) -> int:
    """Give an integer a sign."""
    return int64(int(number))


def text(value: Any) -> str:
    """Write a boolean or a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text_of_double(value) if isinstance(value, float) else str(int(value))


def _text_of_double(number: float) -> str:
    """Write a double with as few digits as tell it from others."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    digits = repr(number)
    sign = "-" if digits.startswith("-") else ""
    mantissa, _, exponent = digits.lstrip("-").partition("e")
    whole, _, part = mantissa.partition(".")
    figures = (whole + part).strip("0") or "0"
    leading = len(whole.lstrip("0")) if whole.strip("0") else -(len(part) - len(part.lstrip("0")))
    power = leading + int(exponent or 0) - 1 if number else 0
    if _SMALLEST_PLAIN <= power < _LARGEST_PLAIN:
        plain = f"{number:.{max(len(figures) - power - 1, 0)}f}".lstrip("-")
        return sign + plain
    part = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{sign}{figures[0]}{part}e{power:+03d}"


def text_of_bytes(content: bytes) -> str:
    """Decode UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise EvaluationError("the bytes are not UTF-8") from None
