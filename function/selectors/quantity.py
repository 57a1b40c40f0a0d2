"""Quantities of Kubernetes, e.g. `40Gi` or `500m`, with its arithmetic.

Kubernetes keeps a quantity as a 64-bit integer with a decimal scale where that is easy, and as
an arbitrary decimal with nine places otherwise. The difference shows: only the first kind can
be an integer to a selector, so `1.0`, `1000m` and `1Pi` are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TEXT: Final = re.compile(
    r"(?P<sign>[+-]?)0*+(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]+)",
)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

_NANO: Final = -9
_INT64: Final = 2**63
LARGEST_EXPONENT: Final = 1_000
"""Kubernetes allows larger decimal exponents; to compare them takes it forever."""

_DIGITS: Final = 18
"""Digits of which any number fits 64 bits."""

_LONGEST: Final = 1_000
"""Characters of the longest text that is read."""

_BINARY_DIGITS: Final = 14
"""Digits that a number with a binary suffix may have, its factor included."""


class QuantityError(ValueError):
    """A text is not a quantity, or a quantity is not what it must be."""


class QuantityLimitError(QuantityError):
    """A text may be a quantity, but is larger than what is read here."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """A quantity. Equal are quantities of equal value, however written.

    Attributes:
        unscaled: The digits.
        scale: The power of ten that they count.
        small: Whether Kubernetes keeps it as a 64-bit integer with a scale.
    """

    unscaled: int
    scale: int
    small: bool

    @classmethod
    def of(cls, number: int) -> Quantity:
        """Make the quantity of a 64-bit integer."""
        return cls(number, 0, small=True)

    def compare(self, other: Quantity) -> int:
        """Compare by value: -1, 0 or 1."""
        scale = min(self.scale, other.scale)
        mine, theirs = self._at(scale), other._at(scale)
        return (mine > theirs) - (mine < theirs)

    def add(self, other: Quantity) -> Quantity:
        """Add exactly; the sum has the finer scale of the two."""
        if self.small and other.small:
            if other.unscaled == 0:
                return self
            if self.unscaled == 0:
                return other
        scale = min(self.scale, other.scale)
        mine, theirs = self._at(scale), other._at(scale)
        small = self.small and other.small and all(_is_int64(number) for number in (mine, theirs, mine + theirs))
        return Quantity(mine + theirs, scale, small)

    def subtract(self, other: Quantity) -> Quantity:
        """Subtract exactly; the difference has the finer scale of the two."""
        return self.add(Quantity(-other.unscaled, other.scale, other.small and _is_int64(-other.unscaled)))

    @property
    def sign(self) -> int:
        """Tell whether it is negative, zero or positive: -1, 0 or 1."""
        return (self.unscaled > 0) - (self.unscaled < 0)

    @property
    def is_integer(self) -> bool:
        """Whether `integer` has an answer."""
        return self.small and self.scale >= 0 and _is_int64(self._at(0))

    @property
    def integer(self) -> int:
        """The value as a 64-bit integer.

        Raises:
            QuantityError: Kubernetes does not take it for one.
        """
        if not self.is_integer:
            raise QuantityError("the quantity cannot be taken as an integer")
        return self._at(0)

    @property
    def approximate(self) -> float:
        """The value as a double; infinite where it is too large for one."""
        try:
            digits = float(self.unscaled)
        except OverflowError:
            return float("inf") if self.unscaled > 0 else float("-inf")
        return digits * float(f"1e{self.scale}") if self.unscaled else 0.0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        return self.compare(other) == 0

    def __hash__(self) -> int:
        """Hash alike what is equal: without trailing zeros."""
        unscaled, scale = self.unscaled, self.scale
        while unscaled and unscaled % 10 == 0:
            unscaled, scale = unscaled // 10, scale + 1
        return hash((unscaled, scale if unscaled else 0))

    def _at(self, scale: int) -> int:
        """Count in units of a finer scale."""
        return int(self.unscaled * 10 ** (self.scale - scale))


def parse_quantity(text: str) -> Quantity:
    """Parse a quantity as Kubernetes does.

    An optional sign, decimal digits with an optional point, and a suffix: binary (`Ki` to `Ei`),
    decimal (`n` to `E`) or an exponent (`e3`, `E-3`). A suffix without digits counts as zero
    where Kubernetes says so. Binary quantities stop at 2^63-1; what is finer than a billionth is
    rounded away from zero.

    Raises:
        QuantityError: The text is not a quantity, its exponent is beyond 1,000, or it is longer
            than 1,000 characters.
    """
    if len(text) > _LONGEST:
        raise QuantityLimitError(f"{_shown(text)} is too long for a quantity")
    parts = _TEXT.fullmatch(text)
    if parts is None or not text:
        raise QuantityError(f"{_shown(text)} is not a quantity, e.g. 40Gi or 500m")
    whole, part, suffix = parts["whole"] or "0", parts["part"] or "", parts["suffix"]
    no_digits = not any(character.isdigit() for character in text[: parts.start("suffix")])
    sign = -1 if parts["sign"] == "-" else 1
    binary = _BINARY.get(suffix)
    if binary is not None:
        easy = not part and _BINARY_DIGITS - binary * 3 // 10 - len(whole) >= 0
        unscaled, scale = int(whole + part) << binary, -len(part)
    else:
        exponent = _DECIMAL[suffix] if suffix in _DECIMAL else _exponent(suffix)
        unscaled, scale = int(whole + part), exponent - len(part)
        easy = len(whole) + len(part) <= _DIGITS and scale >= _NANO
    if easy and _is_int64(unscaled):
        return Quantity(sign * unscaled, scale, small=True)
    if no_digits:
        raise QuantityError(f"{_shown(text)} is not a quantity: it has no digits")
    nanos = _round_up(unscaled, scale - _NANO)
    if binary is not None:
        nanos = min(nanos, (_INT64 - 1) * 10**-_NANO)
    return Quantity(sign * nanos, _NANO, small=False)


def is_quantity(text: str) -> bool:
    """Tell whether a text is a quantity.

    Raises:
        QuantityLimitError: The text is larger than what is read here.
    """
    try:
        parse_quantity(text)
    except QuantityLimitError:
        raise
    except QuantityError:
        return False
    return True


def _exponent(suffix: str) -> int:
    """Read `e3` or `E-3`."""
    digits = suffix[1:].lstrip("+-").lstrip("0")
    if len(digits) > len(str(LARGEST_EXPONENT)) or int(digits or "0") > LARGEST_EXPONENT:
        raise QuantityLimitError(f"the exponent of a quantity is limited to {LARGEST_EXPONENT}")
    return -int(digits or "0") if "-" in suffix else int(digits or "0")


def _round_up(unscaled: int, scale: int) -> int:
    """Multiply by a power of ten, rounding away from zero."""
    return int(unscaled * 10**scale if scale >= 0 else -(-unscaled // 10**-scale))


def _is_int64(number: int) -> bool:
    return -_INT64 <= number < _INT64


def _shown(text: str) -> str:
    """Quote a text for a message, cut to what a person would read."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")  # noqa: PLR2004 - about half a line
