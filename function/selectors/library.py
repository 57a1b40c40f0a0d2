"""The standard and Kubernetes function library, as a table of overload declarations.

One table serves three times: to infer types and refuse a call that no value can make right, to
estimate what a call costs, and to find what it means for the values at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

from function.selectors import arithmetic, containers, conversions, size_model, strings
from function.selectors.cost_model import (
    AFFIX,
    COMPARISON,
    CONCATENATION,
    CONSTANT,
    EQUALITY,
    FREE,
    JOIN,
    LIST_CONCATENATION,
    LIST_MEMBERSHIP,
    QUOTE,
    REGEX_MATCH,
    REPLACE,
    SEARCH,
    SPLIT,
    SUBSTRING,
    SUBSTRING_SEARCH,
    TO_BYTES,
    TO_STRING,
    TRAVERSAL,
    CallCost,
)
from function.selectors.quantity import Quantity, is_quantity, parse_quantity
from function.selectors.quantity_value import QuantityValue
from function.selectors.semver import Semver, is_semver, parse_semver
from function.selectors.size_model import AT_MOST_FIRST, EITHER, ELEMENT, OPERAND, SCALAR, ResultSize
from function.selectors.types import SCALARS, Type
from function.selectors.values import EvaluationError, type_of


@dataclass(frozen=True, slots=True, eq=False)
class Overload:
    """An overload of a function. The first parameter of a member function is its target.

    Attributes:
        params: The types of the arguments.
        result: The type of the result.
        call: The implementation; None where evaluation is not a plain call.
        cost: Its cost, estimated and actual.
        result_size: How large the result is.
        method: Whether it is a member function.
        linear: The indices of arguments that may be large and are traversed.
        budgeted: Whether it counts its own steps; it then takes the budget as its last argument.
    """

    params: tuple[Type, ...]
    result: Type
    call: Callable[..., Any] | None
    cost: CallCost
    result_size: ResultSize
    method: bool
    linear: tuple[int, ...]
    budgeted: bool

    def takes(self, values: Sequence[Any]) -> bool:
        """Tell whether it accepts values."""
        return len(values) == len(self.params) and all(
            param.dynamic or param.variable or param.name == type_of(value).name
            for param, value in zip(self.params, values, strict=True)
        )


FUNCTIONS: Final[dict[str, list[Overload]]] = {}
"""All overloads by name."""


@cache
def _type(text: str) -> Type:
    """Parse a type: a name, maybe with parameters in angle brackets; a single capital letter is a type parameter."""
    name, _, inner = text.removesuffix(">").partition("<")
    if re.fullmatch(r"[A-Z]", name):
        return Type(f"?{name}")
    return Type(name, tuple(_type(part) for part in _split(inner)))


def _split(text: str) -> Iterator[str]:
    """Split at commas outside of angle brackets."""
    depth, cuts = 0, [-1]
    for place, character in enumerate(text):
        depth += (character == "<") - (character == ">")
        if character == "," and depth == 0:
            cuts.append(place)
    return (part.strip() for part in (text[start + 1 : end] for start, end in pairwise([*cuts, len(text)])) if part)


def _declare(
    name: str,
    signatures: str,
    call: Callable[..., Any] | None = None,
    cost: CallCost = CONSTANT,
    result_size: ResultSize | None = None,
    *,
    linear: bool = True,
    budgeted: bool = False,
) -> None:
    """Declare overloads with one implementation: `A, B -> C`, or `A.(B) -> C` for a member, separated by semicolons.

    How large the result is may be left out where it has no size.
    """
    for signature in signatures.split(";"):
        given, _, written = signature.partition("->")
        target, dot, rest = given.strip().partition(".(")
        params = [target, *_split(rest.removesuffix(")"))] if dot else list(_split(given))
        types, result = tuple(_type(param) for param in params), _type(written.strip())
        if result_size is None and result.name not in _SIZELESS:
            raise TypeError(f"it is not declared how large the result of {name} can be")
        large = tuple(index for index, param in enumerate(types) if param.name not in _SIZELESS) if linear else ()
        overload = Overload(types, result, call, cost, result_size or SCALAR, bool(dot), large, budgeted)
        FUNCTIONS.setdefault(name, []).append(overload)


_SIZELESS: Final = SCALARS | {"timestamp", "duration"}
"""Types whose values have no size."""


def _operators() -> None:
    _declare("_?_:_", "bool, A, A -> A", result_size=size_model.BRANCH)
    for name in ("_&&_", "_||_"):
        _declare(name, "bool, bool -> bool", cost=FREE)
    _declare("!_", "bool -> bool", arithmetic.negation)
    _declare("@not_strictly_false", "bool -> bool")
    _declare("_==_", "A, A -> bool", cost=EQUALITY)
    _declare("_!=_", "A, A -> bool", cost=COMPARISON)
    for sign, operate in arithmetic.INTEGERS.items():
        _declare(sign, "int, int -> int", operate[0])
        _declare(sign, "uint, uint -> uint", operate[1])
    for sign, of_doubles in arithmetic.DOUBLES.items():
        _declare(sign, "double, double -> double", of_doubles)
    _declare(
        "_+_",
        "string, string -> string; bytes, bytes -> bytes",
        arithmetic.joined,
        CONCATENATION,
        size_model.CONCATENATION,
    )
    _declare("_+_", "list<A>, list<A> -> list<A>", arithmetic.joined, LIST_CONCATENATION, size_model.LIST_CONCATENATION)
    _declare("-_", "int -> int", arithmetic.negative)
    _declare("-_", "double -> double", arithmetic.negative_double)
    for sign, compare in arithmetic.ORDERS.items():
        _declare(sign, "bool, bool -> bool", compare)
        for left in ("int", "uint", "double"):
            _declare(sign, "; ".join(f"{left}, {right} -> bool" for right in ("int", "uint", "double")), compare)
        _declare(sign, "string, string -> bool; bytes, bytes -> bool", compare, COMPARISON)
    _times()
    _declare("_[_]", "list<A>, int -> A; map<A, B>, A -> B", result_size=ELEMENT)
    _declare(
        "_[_]", "optional<list<V>>, int -> optional<V>; optional<map<K, V>>, K -> optional<V>", result_size=ELEMENT
    )
    _declare("_[?_]", "list<V>, int -> optional<V>; optional<list<V>>, int -> optional<V>", result_size=ELEMENT)
    _declare("_[?_]", "map<K, V>, K -> optional<V>; optional<map<K, V>>, K -> optional<V>", result_size=ELEMENT)
    _declare("_?._", "dyn, string -> optional<V>", result_size=ELEMENT)
    _declare("@in", "A, list<A> -> bool", cost=LIST_MEMBERSHIP)
    _declare("@in", "A, map<A, B> -> bool")
    _declare(
        "@insert", "map<K, V>, K, V -> map<K, V>", containers.inserted, result_size=size_model.INSERT, linear=False
    )
    _declare(
        "@insert", "map<K, V>, map<K, V> -> map<K, V>", containers.merged, result_size=size_model.MERGE, linear=False
    )


def _times() -> None:
    """Declare the operators of timestamps and durations: no value has such a type, but null is assignable to them."""
    for sign in arithmetic.ORDERS:
        _declare(sign, "timestamp, timestamp -> bool; duration, duration -> bool")
    _declare("_+_", "duration, duration -> duration; duration, timestamp -> timestamp")
    _declare("_+_", "timestamp, duration -> timestamp")
    _declare("_-_", "duration, duration -> duration; timestamp, duration -> timestamp")
    _declare("_-_", "timestamp, timestamp -> duration")


def _conversions() -> None:
    for kind in ("bytes", "list<A>", "map<A, B>", "string"):
        _declare("size", f"{kind} -> int; {kind}.() -> int", len, linear=False)
    _declare("dyn", "A -> dyn", conversions.same, result_size=OPERAND, linear=False)
    for kind in ("bool", "bytes", "double", "int", "string", "uint"):
        _declare(kind, f"{kind} -> {kind}", conversions.same, result_size=OPERAND, linear=False)
    _declare("bool", "string -> bool", conversions.bool_of_text)
    _declare("bytes", "string -> bytes", str.encode, TO_BYTES, size_model.TO_BYTES)
    _declare("double", "int -> double; uint -> double", float)
    _declare("double", "string -> double", conversions.double_of_text)
    _declare("int", "double -> int", conversions.int_of_double)
    _declare("int", "string -> int", conversions.int_of_text)
    _declare("int", "uint -> int", conversions.int_of_uint)
    _declare("uint", "double -> uint", conversions.uint_of_double)
    _declare("uint", "int -> uint", arithmetic.uint64)
    _declare("uint", "string -> uint", conversions.uint_of_text)
    numbers = "bool -> string; double -> string; int -> string; uint -> string"
    _declare("string", numbers, conversions.text, result_size=size_model.NUMBER)
    _declare("string", "bytes -> string", conversions.text_of_bytes, TO_STRING, AT_MOST_FIRST)


def _texts() -> None:
    _declare("contains", "string.(string) -> bool", strings.contains, SUBSTRING_SEARCH)
    _declare("endsWith", "string.(string) -> bool", str.endswith, AFFIX)
    _declare("startsWith", "string.(string) -> bool", str.startswith, AFFIX)
    _declare("matches", "string, string -> bool", strings.matches, budgeted=True)
    _declare("matches", "string.(string) -> bool", strings.matches, REGEX_MATCH, budgeted=True)
    _declare("charAt", "string.(int) -> string", strings.char_at, result_size=size_model.CHARACTER, linear=False)
    _declare("indexOf", "string.(string) -> int; string.(string, int) -> int", strings.index_of, SEARCH)
    _declare("lastIndexOf", "string.(string) -> int; string.(string, int) -> int", strings.last_index_of, SEARCH)
    for name, search in (("indexOf", containers.index_of), ("lastIndexOf", containers.last_index_of)):
        _declare(name, "list<T>.(T) -> int", search, SEARCH, budgeted=True)
    _declare("lowerAscii", "string.() -> string", strings.lower_ascii, SUBSTRING, AT_MOST_FIRST)
    _declare("upperAscii", "string.() -> string", strings.upper_ascii, SUBSTRING, AT_MOST_FIRST)
    replaced = "string.(string, string) -> string; string.(string, string, int) -> string"
    _declare("replace", replaced, strings.replace, REPLACE, size_model.REPLACE)
    split = "string.(string) -> list<string>; string.(string, int) -> list<string>"
    _declare("split", split, strings.split, SPLIT, size_model.SPLIT)
    _declare(
        "substring", "string.(int) -> string; string.(int, int) -> string", strings.substring, SUBSTRING, AT_MOST_FIRST
    )
    _declare("trim", "string.() -> string", strings.trim, SUBSTRING, AT_MOST_FIRST)
    joined = "list<string>.() -> string; list<string>.(string) -> string"
    _declare("join", joined, strings.join, JOIN, size_model.JOIN)
    _declare("strings.quote", "string -> string", strings.quote, QUOTE, size_model.QUOTE)


def _kubernetes() -> None:
    _declare(
        "quantity",
        "string -> quantity",
        lambda text: QuantityValue(parse_quantity(text)),
        TRAVERSAL,
        size_model.QUANTITY,
    )
    _declare("isQuantity", "string -> bool", is_quantity, TRAVERSAL)
    _declare("sign", "quantity -> int", lambda value: value.quantity.sign)
    _declare("isInteger", "quantity.() -> bool", lambda value: value.quantity.is_integer)
    _declare("asInteger", "quantity.() -> int", lambda value: value.quantity.integer)
    _declare("asApproximateFloat", "quantity.() -> double", lambda value: value.quantity.approximate)
    quantities, integer, grown = "quantity.(quantity) -> quantity", "quantity.(int) -> quantity", size_model.ARITHMETIC
    _declare("add", quantities, lambda value, other: value.add(other.quantity), result_size=grown)
    _declare("add", integer, lambda value, number: value.add(Quantity.of(number)), result_size=grown)
    _declare("sub", quantities, lambda value, other: value.subtract(other.quantity), result_size=grown)
    _declare("sub", integer, lambda value, number: value.subtract(Quantity.of(number)), result_size=grown)
    _declare("semver", "string -> semver; string, bool -> semver", _semver, TRAVERSAL, size_model.VERSION)
    _declare("isSemver", "string -> bool; string, bool -> bool", _is_semver, TRAVERSAL)
    for kind in ("quantity", "semver"):
        _declare("compareTo", f"{kind}.({kind}) -> int", lambda value, other: value.compare(other))
        _declare("isGreaterThan", f"{kind}.({kind}) -> bool", lambda value, other: value.compare(other) > 0)
        _declare("isLessThan", f"{kind}.({kind}) -> bool", lambda value, other: value.compare(other) < 0)
    for part in ("major", "minor", "patch"):
        _declare(part, "semver.() -> int", lambda version, part=part: _signed(getattr(version, part)))


def _semver(text: str, normalize: bool = False) -> Semver:  # noqa: FBT001, FBT002 - as selectors call it
    return parse_semver(text, normalize=normalize)


def _is_semver(text: str, normalize: bool = False) -> bool:  # noqa: FBT001, FBT002 - as selectors call it
    return is_semver(text, normalize=normalize)


def _signed(number: int) -> int:
    """Reinterpret an unsigned 64-bit integer as a signed one, as Kubernetes does."""
    return number - 2**64 if number >= 2**63 else number


def _optionals() -> None:
    _declare("optional.of", "V -> optional<V>", containers.present, result_size=OPERAND, linear=False)
    _declare(
        "optional.ofNonZeroValue", "V -> optional<V>", containers.present_unless_zero, result_size=OPERAND, linear=False
    )
    _declare("optional.none", "-> optional<V>", containers.missing, result_size=size_model.NONE)
    _declare("value", "optional<V>.() -> V", containers.value, result_size=OPERAND, linear=False)
    _declare("hasValue", "optional<V>.() -> bool", containers.has_value, linear=False)
    _declare("or", "optional<V>.(optional<V>) -> optional<V>", result_size=EITHER)
    _declare("orValue", "optional<V>.(V) -> V", result_size=EITHER)
    _declare("first", "list<V>.() -> optional<V>", containers.first, result_size=ELEMENT, linear=False)
    _declare("last", "list<V>.() -> optional<V>", containers.last, result_size=ELEMENT, linear=False)
    _declare("optional.unwrap", "list<optional<V>> -> list<V>", containers.unwrapped, result_size=size_model.UNWRAP)
    _declare("unwrapOpt", "list<optional<V>>.() -> list<V>", containers.unwrapped, result_size=size_model.UNWRAP)


for _group in (_operators, _conversions, _texts, _kubernetes, _optionals):
    _group()

CONVERSIONS: Final = frozenset({"bool", "bytes", "double", "dyn", "int", "string", "uint"})
"""Functions that Kubernetes folds when their argument is constant."""

UNSUPPORTED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("sum", "min", "max", "isSorted", "slice", "flatten", "sort", "sortBy", "distinct"), "lists"),
    **dict.fromkeys(("reverse", "lists.range"), "lists"),
    **dict.fromkeys(("sets.contains", "sets.equivalent", "sets.intersects"), "sets"),
    **dict.fromkeys(("find", "findAll"), "regular expressions"),
    **dict.fromkeys(("isURL", "url", "getScheme", "getHostname", "getHost", "getPort"), "URLs"),
    **dict.fromkeys(("getEscapedPath", "getQuery"), "URLs"),
    **dict.fromkeys(("isIP", "ip", "ip.isCanonical", "family", "isUnspecified", "isLoopback"), "IP addresses"),
    **dict.fromkeys(("isLinkLocalMulticast", "isLinkLocalUnicast", "isGlobalUnicast"), "IP addresses"),
    **dict.fromkeys(("isCIDR", "cidr", "containsIP", "containsCIDR", "masked", "prefixLength"), "CIDRs"),
    **dict.fromkeys(("format", "format.named", "validate"), "formats"),
    **dict.fromkeys((f"format.{name}" for name in ("dns1123Label", "dns1123Subdomain", "dns1035Label")), "formats"),
    **dict.fromkeys(("duration", "timestamp", "getFullYear", "getMonth", "getDayOfYear", "getDate"), "time"),
    **dict.fromkeys(("getDayOfMonth", "getDayOfWeek", "getHours", "getMinutes", "getSeconds"), "time"),
    "getMilliseconds": "time",
    "type": "types",
}
"""Functions of Kubernetes that are refused by name, with their topic."""


def refuse(name: str, values: Sequence[Any]) -> EvaluationError:
    """Make the error for a call without a matching overload."""
    if name == "!_":
        return EvaluationError(f"the operand of ! is {type_of(values[0]).noun}, not a bool")
    shown = name.strip("_@")
    given = ", ".join(type_of(value).name for value in values)
    return EvaluationError(f"{shown} is not defined for ({given})")
