"""The functions that a selector may call, as tables of overloads.

One table serves twice: while compiling, to refuse a call that no value can make right, and
while evaluating, to find what a call means for the values at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2  # type: ignore[import-untyped]

from function.selectors.quantity import Quantity, QuantityError, is_quantity, parse_quantity
from function.selectors.semver import Semver, SemverError, is_semver, parse_semver
from function.selectors.values import (
    BOOL,
    BYTES,
    DOUBLE,
    DYN,
    INT,
    LIST,
    MAP,
    QUANTITY,
    SEMVER,
    STRING,
    UINT,
    Budget,
    EvaluationError,
    Type,
    Uint,
    type_of,
)

_INT64: Final = 2**63
_UINT64: Final = 2**64


@dataclass(frozen=True, slots=True)
class Overload:
    """One meaning of a function: types in, type out. A method's first type is its object's."""

    params: tuple[Type, ...]
    result: Type
    call: Callable[..., Any]

    def takes(self, types: Sequence[Type]) -> bool:
        """Tell whether values of these types may be given; one that is not known may be."""
        return len(types) == len(self.params) and all(
            given.name == param.name or DYN in (given, param) for given, param in zip(types, self.params, strict=True)
        )


def call(overloads: Sequence[Overload], name: str, values: Sequence[Any], budget: Budget) -> Any:
    """Call a function.

    Raises:
        EvaluationError: No overload takes these values, or the function has no result for them.
    """
    types = [type_of(value) for value in values]
    for overload in overloads:
        if overload.takes(types):
            budget.spend(1 + sum(len(value) for value in values if isinstance(value, str | bytes | list)) // 64)
            try:
                return overload.call(*values)
            except (QuantityError, SemverError) as error:
                raise EvaluationError(str(error)) from None
    given = ", ".join(one.name for one in types)
    raise EvaluationError(f"{name} is not defined for ({given})")


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


def _whole(number: float) -> int:
    """Truncate a double."""
    if math.isnan(number) or math.isinf(number):
        raise EvaluationError("a double that is no number cannot be an integer")
    return math.trunc(number)


def _integer_text(text: str) -> int:
    """Read a decimal integer."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 20:  # noqa: PLR2004 - digits of 64 bits
        raise EvaluationError(f"{text[:40]!r} is not an integer")
    return int(text)


def _double_text(text: str) -> float:
    """Read a double."""
    try:
        return float(text) if text == text.strip() and "_" not in text else float("")
    except ValueError:
        raise EvaluationError(f"{text[:40]!r} is not a number") from None


def _bool_text(text: str) -> bool:
    """Read a boolean as Go does."""
    if text in {"1", "t", "T", "TRUE", "true", "True"}:
        return True
    if text in {"0", "f", "F", "FALSE", "false", "False"}:
        return False
    raise EvaluationError(f"{text[:40]!r} is not a boolean")


def _text(content: bytes) -> str:
    """Decode UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise EvaluationError("the bytes are not UTF-8") from None


def _number_text(number: float) -> str:
    """Write a number as Go does: doubles without a needless fraction."""
    text = repr(number)
    return text.removesuffix(".0") if isinstance(number, float) else str(int(number))


def matches(text: str, pattern: str) -> bool:
    """Search a text for a regular expression in RE2's syntax.

    Raises:
        EvaluationError: The pattern is not one.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.search(pattern, text, options) is not None
    except (re2.error, UnicodeError):
        raise EvaluationError(f"{pattern[:40]!r} is not a regular expression of RE2") from None


def _truncating_division(left: int, right: int) -> int:
    """Divide as Go does, towards zero."""
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    """Divide as Go does; the remainder has the sign of the dividend."""
    if right == 0:
        raise EvaluationError("modulus by zero")
    return left - right * _truncating_division(left, right)


def _double_division(left: float, right: float) -> float:
    """Divide doubles; by zero gives infinity, or no number."""
    if right != 0:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


_NUMERIC: Final = ((INT, int64), (UINT, uint64))


def _arithmetic(operate: Callable[[Any, Any], Any]) -> tuple[Overload, ...]:
    """Define an operator on both kinds of integers, with their overflow."""
    return tuple(
        Overload((kind, kind), kind, lambda left, right, check=check: check(operate(int(left), int(right))))
        for kind, check in _NUMERIC
    )


def _joined(*kinds: Type) -> tuple[Overload, ...]:
    return tuple(Overload((kind, kind), kind, lambda left, right: left + right) for kind in kinds)


OPERATORS: Final[Mapping[str, tuple[Overload, ...]]] = {
    "+": (*_arithmetic(lambda a, b: a + b), *_joined(DOUBLE, STRING, BYTES, LIST)),
    "-": (*_arithmetic(lambda a, b: a - b), Overload((DOUBLE, DOUBLE), DOUBLE, lambda a, b: a - b)),
    "*": (*_arithmetic(lambda a, b: a * b), Overload((DOUBLE, DOUBLE), DOUBLE, lambda a, b: a * b)),
    "/": (*_arithmetic(_truncating_division), Overload((DOUBLE, DOUBLE), DOUBLE, _double_division)),
    "%": _arithmetic(_remainder),
    "negate": (
        Overload((INT,), INT, lambda number: int64(-number)),
        Overload((DOUBLE,), DOUBLE, lambda number: -number),
    ),
}

_SIZES: Final = tuple(Overload((kind,), INT, len) for kind in (STRING, BYTES, LIST, MAP))

FUNCTIONS: Final[Mapping[str, tuple[Overload, ...]]] = {
    "size": _SIZES,
    "matches": (Overload((STRING, STRING), BOOL, matches),),
    "int": (
        Overload((INT,), INT, int),
        Overload((UINT,), INT, lambda number: int64(int(number))),
        Overload((DOUBLE,), INT, lambda number: int64(_whole(number))),
        Overload((STRING,), INT, lambda text: int64(_integer_text(text))),
    ),
    "uint": (
        Overload((UINT,), UINT, Uint),
        Overload((INT,), UINT, uint64),
        Overload((DOUBLE,), UINT, lambda number: uint64(_whole(number))),
        Overload((STRING,), UINT, lambda text: uint64(_integer_text(text))),
    ),
    "double": (
        *(Overload((kind,), DOUBLE, float) for kind in (DOUBLE, INT, UINT)),
        Overload((STRING,), DOUBLE, _double_text),
    ),
    "string": (
        Overload((STRING,), STRING, str),
        Overload((BOOL,), STRING, lambda flag: "true" if flag else "false"),
        Overload((BYTES,), STRING, _text),
        *(Overload((kind,), STRING, _number_text) for kind in (INT, UINT, DOUBLE)),
    ),
    "bytes": (Overload((BYTES,), BYTES, bytes), Overload((STRING,), BYTES, str.encode)),
    "bool": (Overload((BOOL,), BOOL, bool), Overload((STRING,), BOOL, _bool_text)),
    "quantity": (Overload((STRING,), QUANTITY, parse_quantity),),
    "isQuantity": (Overload((STRING,), BOOL, is_quantity),),
    "sign": (Overload((QUANTITY,), INT, lambda quantity: quantity.sign),),
    "semver": (
        Overload((STRING,), SEMVER, parse_semver),
        Overload((STRING, BOOL), SEMVER, lambda text, normalize: parse_semver(text, normalize=normalize)),
    ),
    "isSemver": (
        Overload((STRING,), BOOL, is_semver),
        Overload((STRING, BOOL), BOOL, lambda text, normalize: is_semver(text, normalize=normalize)),
    ),
}
"""Functions that are called by their name alone."""


def _ordered(test: Callable[[int], Any], result: Type) -> tuple[Overload, ...]:
    """Define a comparison on quantities and on versions."""
    return (
        Overload((QUANTITY, QUANTITY), result, lambda left, right: test(left.compare(right))),
        Overload((SEMVER, SEMVER), result, lambda left, right: test(left.compare(right))),
    )


def _on_quantities(operate: Callable[[Quantity, Quantity], Quantity]) -> tuple[Overload, ...]:
    """Define a method that takes a quantity or an integer."""
    return (
        Overload((QUANTITY, QUANTITY), QUANTITY, operate),
        Overload((QUANTITY, INT), QUANTITY, lambda quantity, number: operate(quantity, Quantity.of(number))),
    )


METHODS: Final[Mapping[str, tuple[Overload, ...]]] = {
    "size": _SIZES,
    "contains": (Overload((STRING, STRING), BOOL, lambda text, part: part in text),),
    "startsWith": (Overload((STRING, STRING), BOOL, str.startswith),),
    "endsWith": (Overload((STRING, STRING), BOOL, str.endswith),),
    "matches": (Overload((STRING, STRING), BOOL, matches),),
    "isInteger": (Overload((QUANTITY,), BOOL, lambda quantity: quantity.is_integer),),
    "asInteger": (Overload((QUANTITY,), INT, lambda quantity: quantity.integer),),
    "asApproximateFloat": (Overload((QUANTITY,), DOUBLE, lambda quantity: quantity.approximate),),
    "add": _on_quantities(Quantity.add),
    "sub": _on_quantities(Quantity.subtract),
    "compareTo": _ordered(int, INT),
    "isGreaterThan": _ordered(lambda order: order > 0, BOOL),
    "isLessThan": _ordered(lambda order: order < 0, BOOL),
    **{
        part: (Overload((SEMVER,), INT, lambda version, part=part: int64(_part(version, part))),)
        for part in ("major", "minor", "patch")
    },
}
"""Functions that are called on a value."""


def _part(version: Semver, part: str) -> int:
    number: int = getattr(version, part)
    return number


UNSUPPORTED: Final = frozenset(
    {"timestamp", "duration", "type", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek"}
    | {"getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds", "bind", "optMap", "optFlatMap"}
    | {"lowerAscii", "upperAscii", "split", "join", "replace", "substring", "indexOf", "lastIndexOf", "charAt"}
    | {"trim", "format", "reverse", "quote", "sum", "min", "max", "isSorted", "find", "findAll", "equivalent"}
    | {"intersects", "url", "isURL", "ip", "isIP", "cidr", "isCIDR", "includes", "hasValue", "orValue", "value"}
    | {"transformList", "transformMap", "transformMapEntry", "existsOne"},
)
"""Functions of Kubernetes' selectors that are refused by name."""

MACROS: Final[Mapping[str, tuple[int, ...]]] = {
    "all": (2,),
    "exists": (2,),
    "exists_one": (2,),
    "filter": (2,),
    "map": (2, 3),
}
"""Macros that are called on a list or map, with how many arguments they take."""
