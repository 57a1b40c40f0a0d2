"""The functions that a selector may call, as a table of overloads.

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

from function.selectors import arithmetic, containers, conversions, strings
from function.selectors.amount import Amount
from function.selectors.price import (
    ADDED,
    COMPARED,
    CONTAINED,
    EQUALLED,
    FREE,
    JOINED,
    LISTED,
    MATCHED,
    ONE,
    QUOTED,
    REPLACED,
    SOUGHT,
    SPLIT,
    STARTED,
    SUMMED,
    TO_BYTES,
    TO_STRING,
    TRAVERSED,
    TRIMMED,
    Price,
)
from function.selectors.quantity import Quantity, is_quantity, parse_quantity
from function.selectors.semver import Semver, is_semver, parse_semver
from function.selectors.types import Type
from function.selectors.values import EvaluationError, type_of


@dataclass(frozen=True, slots=True, eq=False)
class Overload:
    """One meaning of a function: types in, type out. A method's first type is its object's.

    Attributes:
        params: The types of the arguments.
        result: The type of the result.
        call: What it does; None for what is not evaluated as a call.
        price: What it costs.
        method: Whether it is called on a value.
    """

    params: tuple[Type, ...]
    result: Type
    call: Callable[..., Any] | None
    price: Price
    method: bool

    def takes(self, values: Sequence[Any]) -> bool:
        """Tell whether these values may be given."""
        return len(values) == len(self.params) and all(
            param.open or param.variable or param.name == type_of(value).name
            for param, value in zip(self.params, values, strict=True)
        )


FUNCTIONS: Final[dict[str, list[Overload]]] = {}
"""All overloads by name."""


@cache
def _type(text: str) -> Type:
    """Read a type: a name, or a name with others in angle brackets; one capital letter is a variable."""
    name, _, inner = text.removesuffix(">").partition("<")
    if re.fullmatch(r"[A-Z]", name):
        return Type(f"?{name}")
    return Type(name, tuple(_type(part) for part in _split(inner)))


def _split(text: str) -> Iterator[str]:
    """Split at commas that stand in no brackets."""
    depth, cuts = 0, [-1]
    for place, character in enumerate(text):
        depth += (character == "<") - (character == ">")
        if character == "," and depth == 0:
            cuts.append(place)
    return (part.strip() for part in (text[one + 1 : two] for one, two in pairwise([*cuts, len(text)])) if part)


def _declare(name: str, signatures: str, call: Callable[..., Any] | None = None, price: Price = ONE) -> None:
    """Declare overloads that do the same: `A, B -> C`, or `A.(B) -> C` for a method; split by semicolons."""
    for signature in signatures.split(";"):
        given, _, result = signature.partition("->")
        target, dot, rest = given.strip().partition(".(")
        params = [target, *_split(rest.removesuffix(")"))] if dot else list(_split(given))
        types = tuple(_type(param) for param in params)
        FUNCTIONS.setdefault(name, []).append(Overload(types, _type(result.strip()), call, price, bool(dot)))


def _operators() -> None:
    _declare("_?_:_", "bool, A, A -> A")
    for name in ("_&&_", "_||_"):
        _declare(name, "bool, bool -> bool", price=FREE)
    _declare("!_", "bool -> bool", arithmetic.negation)
    _declare("@not_strictly_false", "bool -> bool")
    _declare("_==_", "A, A -> bool", price=EQUALLED)
    _declare("_!=_", "A, A -> bool", price=COMPARED)
    for sign, operate in arithmetic.INTEGERS.items():
        _declare(sign, "int, int -> int", operate[0])
        _declare(sign, "uint, uint -> uint", operate[1])
    for sign, of_doubles in arithmetic.DOUBLES.items():
        _declare(sign, "double, double -> double", of_doubles)
    _declare("_+_", "string, string -> string; bytes, bytes -> bytes", arithmetic.joined, SUMMED)
    _declare("_+_", "list<A>, list<A> -> list<A>", arithmetic.joined, ADDED)
    _declare("-_", "int -> int", arithmetic.negative)
    _declare("-_", "double -> double", arithmetic.negative_double)
    for sign, compare in arithmetic.ORDERS.items():
        _declare(sign, "bool, bool -> bool", compare)
        for one in ("int", "uint", "double"):
            _declare(sign, "; ".join(f"{one}, {two} -> bool" for two in ("int", "uint", "double")), compare)
        _declare(sign, "string, string -> bool; bytes, bytes -> bool", compare, COMPARED)
    _times()
    _declare("_[_]", "list<A>, int -> A; map<A, B>, A -> B")
    _declare("_[_]", "optional<list<V>>, int -> optional<V>; optional<map<K, V>>, K -> optional<V>")
    _declare("_[?_]", "list<V>, int -> optional<V>; optional<list<V>>, int -> optional<V>")
    _declare("_[?_]", "map<K, V>, K -> optional<V>; optional<map<K, V>>, K -> optional<V>")
    _declare("_?._", "dyn, string -> optional<V>")
    _declare("@in", "A, list<A> -> bool", price=LISTED)
    _declare("@in", "A, map<A, B> -> bool")
    _declare("@insert", "map<K, V>, K, V -> map<K, V>", containers.inserted)
    _declare("@insert", "map<K, V>, map<K, V> -> map<K, V>", containers.merged)


def _times() -> None:
    """Declare what exists only of times, since null may stand for one; there are none here."""
    for sign in arithmetic.ORDERS:
        _declare(sign, "timestamp, timestamp -> bool; duration, duration -> bool")
    _declare("_+_", "duration, duration -> duration; duration, timestamp -> timestamp")
    _declare("_+_", "timestamp, duration -> timestamp")
    _declare("_-_", "duration, duration -> duration; timestamp, duration -> timestamp")
    _declare("_-_", "timestamp, timestamp -> duration")


def _conversions() -> None:
    for kind in ("bytes", "list<A>", "map<A, B>", "string"):
        _declare("size", f"{kind} -> int; {kind}.() -> int", len)
    _declare("dyn", "A -> dyn", conversions.same)
    for kind in ("bool", "bytes", "double", "int", "string", "uint"):
        _declare(kind, f"{kind} -> {kind}", conversions.same)
    _declare("bool", "string -> bool", conversions.bool_of_text)
    _declare("bytes", "string -> bytes", str.encode, TO_BYTES)
    _declare("double", "int -> double; uint -> double", float)
    _declare("double", "string -> double", conversions.double_of_text)
    _declare("int", "double -> int", conversions.int_of_double)
    _declare("int", "string -> int", conversions.int_of_text)
    _declare("int", "uint -> int", conversions.int_of_uint)
    _declare("uint", "double -> uint", conversions.uint_of_double)
    _declare("uint", "int -> uint", arithmetic.uint64)
    _declare("uint", "string -> uint", conversions.uint_of_text)
    _declare("string", "bool -> string; double -> string; int -> string; uint -> string", conversions.text)
    _declare("string", "bytes -> string", conversions.text_of_bytes, TO_STRING)


def _texts() -> None:
    _declare("contains", "string.(string) -> bool", strings.contains, CONTAINED)
    _declare("endsWith", "string.(string) -> bool", str.endswith, STARTED)
    _declare("startsWith", "string.(string) -> bool", str.startswith, STARTED)
    _declare("matches", "string, string -> bool", strings.matches)
    _declare("matches", "string.(string) -> bool", strings.matches, MATCHED)
    _declare("charAt", "string.(int) -> string", strings.char_at)
    _declare("indexOf", "string.(string) -> int; string.(string, int) -> int", strings.index_of, SOUGHT)
    _declare("lastIndexOf", "string.(string) -> int; string.(string, int) -> int", strings.last_index_of, SOUGHT)
    for name, search in (("indexOf", containers.index_of), ("lastIndexOf", containers.last_index_of)):
        _declare(name, "list<T>.(T) -> int", search, SOUGHT)
    _declare("lowerAscii", "string.() -> string", strings.lower_ascii, TRIMMED)
    _declare("upperAscii", "string.() -> string", strings.upper_ascii, TRIMMED)
    replaced = "string.(string, string) -> string; string.(string, string, int) -> string"
    _declare("replace", replaced, strings.replace, REPLACED)
    _declare("split", "string.(string) -> list<string>; string.(string, int) -> list<string>", strings.split, SPLIT)
    _declare("substring", "string.(int) -> string; string.(int, int) -> string", strings.substring, TRIMMED)
    _declare("trim", "string.() -> string", strings.trim, TRIMMED)
    _declare("join", "list<string>.() -> string; list<string>.(string) -> string", strings.join, JOINED)
    _declare("strings.quote", "string -> string", strings.quote, QUOTED)


def _kubernetes() -> None:
    _declare("quantity", "string -> quantity", lambda text: Amount(parse_quantity(text)), TRAVERSED)
    _declare("isQuantity", "string -> bool", is_quantity, TRAVERSED)
    _declare("sign", "quantity -> int", lambda one: one.quantity.sign)
    _declare("isInteger", "quantity.() -> bool", lambda one: one.quantity.is_integer)
    _declare("asInteger", "quantity.() -> int", lambda one: one.quantity.integer)
    _declare("asApproximateFloat", "quantity.() -> double", lambda one: one.quantity.approximate)
    _declare("add", "quantity.(quantity) -> quantity", lambda one, other: one.add(other.quantity))
    _declare("add", "quantity.(int) -> quantity", lambda one, number: one.add(Quantity.of(number)))
    _declare("sub", "quantity.(quantity) -> quantity", lambda one, other: one.subtract(other.quantity))
    _declare("sub", "quantity.(int) -> quantity", lambda one, number: one.subtract(Quantity.of(number)))
    _declare("semver", "string -> semver; string, bool -> semver", _semver, TRAVERSED)
    _declare("isSemver", "string -> bool; string, bool -> bool", _is_semver, TRAVERSED)
    for kind in ("quantity", "semver"):
        _declare("compareTo", f"{kind}.({kind}) -> int", lambda one, other: one.compare(other))
        _declare("isGreaterThan", f"{kind}.({kind}) -> bool", lambda one, other: one.compare(other) > 0)
        _declare("isLessThan", f"{kind}.({kind}) -> bool", lambda one, other: one.compare(other) < 0)
    for part in ("major", "minor", "patch"):
        _declare(part, "semver.() -> int", lambda version, part=part: _signed(getattr(version, part)))


def _semver(text: str, normalize: bool = False) -> Semver:  # noqa: FBT001, FBT002 - as selectors call it
    return parse_semver(text, normalize=normalize)


def _is_semver(text: str, normalize: bool = False) -> bool:  # noqa: FBT001, FBT002 - as selectors call it
    return is_semver(text, normalize=normalize)


def _signed(number: int) -> int:
    """Read the bits of an integer without sign as one with a sign, as Kubernetes does."""
    return number - 2**64 if number >= 2**63 else number


def _optionals() -> None:
    _declare("optional.of", "V -> optional<V>", containers.present)
    _declare("optional.ofNonZeroValue", "V -> optional<V>", containers.present_unless_zero)
    _declare("optional.none", "-> optional<V>", containers.missing)
    _declare("value", "optional<V>.() -> V", containers.value)
    _declare("hasValue", "optional<V>.() -> bool", containers.has_value)
    _declare("or", "optional<V>.(optional<V>) -> optional<V>")
    _declare("orValue", "optional<V>.(V) -> V")
    _declare("first", "list<V>.() -> optional<V>", containers.first)
    _declare("last", "list<V>.() -> optional<V>", containers.last)
    _declare("optional.unwrap", "list<optional<V>> -> list<V>", containers.unwrapped)
    _declare("unwrapOpt", "list<optional<V>>.() -> list<V>", containers.unwrapped)


for _group in (_operators, _conversions, _texts, _kubernetes, _optionals):
    _group()

CONVERSIONS: Final = frozenset({"bool", "bytes", "double", "dyn", "int", "string", "uint"})
"""Functions that Kubernetes calls on constants before there is a device."""

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
"""Functions of Kubernetes that are refused by name, and what they are about."""


def refuse(name: str, values: Sequence[Any]) -> EvaluationError:
    """Make the error for a call that no overload takes."""
    if name == "!_":
        return EvaluationError(f"the operand of ! is {type_of(values[0]).noun}, not a bool")
    shown = name.strip("_@")
    given = ", ".join(type_of(value).name for value in values)
    return EvaluationError(f"{shown} is not defined for ({given})")
