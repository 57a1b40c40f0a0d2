"""Operators on numbers and on what else has an order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from function.selectors.values import EvaluationError, Uint, order

_INT64: Final = 2**63
_UINT64: Final = 2**64

Binary: TypeAlias = Callable[[Any, Any], Any]


def int64(number: int) -> int:
    """Check that a result fits 64 bits."""
    if not -_INT64 <= number < _INT64:
        raise EvaluationError("integer overflow")
    return number


def uint64(number: int) -> Uint:
    """Check that a result fits 64 bits without sign."""
    if not 0 <= number < _UINT64:
        raise EvaluationError("unsigned integer overflow")
    return Uint(number)


def negative(number: int) -> int:
    """Negate an integer."""
    return int64(-number)


def negative_double(number: float) -> float:
    """Negate a double."""
    return -number


def negation(flag: bool) -> bool:  # noqa: FBT001 - the flag is the operand
    """Negate a boolean."""
    return not flag


def joined(left: Any, right: Any) -> Any:
    """Append one text or list to another."""
    return left + right


def _quotient(left: int, right: int) -> int:
    """Divide as Go does, towards zero."""
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    """Divide as Go does; the remainder has the sign of the dividend."""
    if right == 0:
        raise EvaluationError("modulus by zero")
    # As Go has it, this overflows because the quotient does.
    return left - right * int64(_quotient(left, right))


def _double_quotient(left: float, right: float) -> float:
    """Divide doubles; by zero gives infinity, or no number."""
    if right != 0:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _checked(operate: Binary) -> tuple[Binary, Binary]:
    """Define an operator on both kinds of integers, with their overflow."""
    return (
        lambda left, right: int64(operate(int(left), int(right))),
        lambda left, right: uint64(operate(int(left), int(right))),
    )


INTEGERS: Final[Mapping[str, tuple[Binary, Binary]]] = {
    "_+_": _checked(lambda left, right: left + right),
    "_-_": _checked(lambda left, right: left - right),
    "_*_": _checked(lambda left, right: left * right),
    "_/_": _checked(_quotient),
    "_%_": _checked(_remainder),
}
"""Operators on integers with and without sign."""

DOUBLES: Final[Mapping[str, Binary]] = {
    "_+_": lambda left, right: left + right,
    "_-_": lambda left, right: left - right,
    "_*_": lambda left, right: left * right,
    "_/_": _double_quotient,
}
"""Operators on doubles."""


def _ordering(test: Callable[[int], bool]) -> Binary:
    def compare(left: Any, right: Any) -> bool:
        if left != left or right != right:  # noqa: PLR0124 - true of what is no number
            raise EvaluationError("what is no number has no order")
        return test(order(left, right))

    return compare


ORDERS: Final[Mapping[str, Binary]] = {
    "_<_": _ordering(lambda found: found < 0),
    "_<=_": _ordering(lambda found: found <= 0),
    "_>_": _ordering(lambda found: found > 0),
    "_>=_": _ordering(lambda found: found >= 0),
}
"""Operators on all that has an order."""
