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

from function.selectors import arithmetic, containers, conversions, growth, strings
from function.selectors.cost_model import (
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
from function.selectors.growth import CUT, EITHER, HELD, PART, SCALAR, Growth
from function.selectors.quantity import Quantity, is_quantity, parse_quantity
from function.selectors.quantity_value import Amount
from function.selectors.semver import Semver, is_semver, parse_semver
from function.selectors.types import SCALARS, Type
from function.selectors.values import EvaluationError, type_of


@dataclass(frozen=True, slots=True, eq=False)
class Overload:
    """One meaning of a function: types in, type out. A method's first type is its object's.

    Attributes:
        params: The types of the arguments.
        result: The type of the result.
        call: What it does; None for what is not evaluated as a call.
        price: What it costs.
        growth: How large the result is.
        method: Whether it is called on a value.
        linear: Whether it goes over its arguments: the places of those that may be large.
        budgeted: Whether it counts its own work: it is then given the budget as its last argument.
    """

    params: tuple[Type, ...]
    result: Type
    call: Callable[..., Any] | None
    price: Price
    growth: Growth
    method: bool
    linear: tuple[int, ...]
    budgeted: bool

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


def _declare(
    name: str,
    signatures: str,
    call: Callable[..., Any] | None = None,
    price: Price = ONE,
    growth: Growth | None = None,
    *,
    linear: bool = True,
    budgeted: bool = False,
) -> None:
    """Declare overloads that do the same: `A, B -> C`, or `A.(B) -> C` for a method; split by semicolons.

    How large the result is may be left out where it has no size.
    """
    for signature in signatures.split(";"):
        given, _, written = signature.partition("->")
        target, dot, rest = given.strip().partition(".(")
        params = [target, *_split(rest.removesuffix(")"))] if dot else list(_split(given))
        types, result = tuple(_type(param) for param in params), _type(written.strip())
        if growth is None and result.name not in _SIZELESS:
            raise TypeError(f"it is not declared how large the result of {name} can be")
        places = tuple(place for place, one in enumerate(types) if one.name not in _SIZELESS) if linear else ()
        overload = Overload(types, result, call, price, growth or SCALAR, bool(dot), places, budgeted)
        FUNCTIONS.setdefault(name, []).append(overload)


_SIZELESS: Final = SCALARS | {"timestamp", "duration"}
"""Types of which all values are equally large."""


def _operators() -> None:
    _declare("_?_:_", "bool, A, A -> A", growth=growth.CHOSEN)
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
    _declare("_+_", "string, string -> string; bytes, bytes -> bytes", arithmetic.joined, SUMMED, growth.SUMMED)
    _declare("_+_", "list<A>, list<A> -> list<A>", arithmetic.joined, ADDED, growth.LENGTHENED)
    _declare("-_", "int -> int", arithmetic.negative)
    _declare("-_", "double -> double", arithmetic.negative_double)
    for sign, compare in arithmetic.ORDERS.items():
        _declare(sign, "bool, bool -> bool", compare)
        for one in ("int", "uint", "double"):
            _declare(sign, "; ".join(f"{one}, {two} -> bool" for two in ("int", "uint", "double")), compare)
        _declare(sign, "string, string -> bool; bytes, bytes -> bool", compare, COMPARED)
    _times()
    _declare("_[_]", "list<A>, int -> A; map<A, B>, A -> B", growth=HELD)
    _declare("_[_]", "optional<list<V>>, int -> optional<V>; optional<map<K, V>>, K -> optional<V>", growth=HELD)
    _declare("_[?_]", "list<V>, int -> optional<V>; optional<list<V>>, int -> optional<V>", growth=HELD)
    _declare("_[?_]", "map<K, V>, K -> optional<V>; optional<map<K, V>>, K -> optional<V>", growth=HELD)
    _declare("_?._", "dyn, string -> optional<V>", growth=HELD)
    _declare("@in", "A, list<A> -> bool", price=LISTED)
    _declare("@in", "A, map<A, B> -> bool")
    _declare("@insert", "map<K, V>, K, V -> map<K, V>", containers.inserted, growth=growth.INSERTED, linear=False)
    _declare("@insert", "map<K, V>, map<K, V> -> map<K, V>", containers.merged, growth=growth.MERGED, linear=False)


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
        _declare("size", f"{kind} -> int; {kind}.() -> int", len, linear=False)
    _declare("dyn", "A -> dyn", conversions.same, growth=PART, linear=False)
    for kind in ("bool", "bytes", "double", "int", "string", "uint"):
        _declare(kind, f"{kind} -> {kind}", conversions.same, growth=PART, linear=False)
    _declare("bool", "string -> bool", conversions.bool_of_text)
    _declare("bytes", "string -> bytes", str.encode, TO_BYTES, growth.TO_BYTES)
    _declare("double", "int -> double; uint -> double", float)
    _declare("double", "string -> double", conversions.double_of_text)
    _declare("int", "double -> int", conversions.int_of_double)
    _declare("int", "string -> int", conversions.int_of_text)
    _declare("int", "uint -> int", conversions.int_of_uint)
    _declare("uint", "double -> uint", conversions.uint_of_double)
    _declare("uint", "int -> uint", arithmetic.uint64)
    _declare("uint", "string -> uint", conversions.uint_of_text)
    numbers = "bool -> string; double -> string; int -> string; uint -> string"
    _declare("string", numbers, conversions.text, growth=growth.NUMBER)
    _declare("string", "bytes -> string", conversions.text_of_bytes, TO_STRING, CUT)


def _texts() -> None:
    _declare("contains", "string.(string) -> bool", strings.contains, CONTAINED)
    _declare("endsWith", "string.(string) -> bool", str.endswith, STARTED)
    _declare("startsWith", "string.(string) -> bool", str.startswith, STARTED)
    _declare("matches", "string, string -> bool", strings.matches, budgeted=True)
    _declare("matches", "string.(string) -> bool", strings.matches, MATCHED, budgeted=True)
    _declare("charAt", "string.(int) -> string", strings.char_at, growth=growth.CHARACTER, linear=False)
    _declare("indexOf", "string.(string) -> int; string.(string, int) -> int", strings.index_of, SOUGHT)
    _declare("lastIndexOf", "string.(string) -> int; string.(string, int) -> int", strings.last_index_of, SOUGHT)
    for name, search in (("indexOf", containers.index_of), ("lastIndexOf", containers.last_index_of)):
        _declare(name, "list<T>.(T) -> int", search, SOUGHT, budgeted=True)
    _declare("lowerAscii", "string.() -> string", strings.lower_ascii, TRIMMED, CUT)
    _declare("upperAscii", "string.() -> string", strings.upper_ascii, TRIMMED, CUT)
    replaced = "string.(string, string) -> string; string.(string, string, int) -> string"
    _declare("replace", replaced, strings.replace, REPLACED, growth.REPLACED)
    split = "string.(string) -> list<string>; string.(string, int) -> list<string>"
    _declare("split", split, strings.split, SPLIT, growth.SPLIT)
    _declare("substring", "string.(int) -> string; string.(int, int) -> string", strings.substring, TRIMMED, CUT)
    _declare("trim", "string.() -> string", strings.trim, TRIMMED, CUT)
    joined = "list<string>.() -> string; list<string>.(string) -> string"
    _declare("join", joined, strings.join, JOINED, growth.JOINED)
    _declare("strings.quote", "string -> string", strings.quote, QUOTED, growth.QUOTED)


def _kubernetes() -> None:
    _declare("quantity", "string -> quantity", lambda text: Amount(parse_quantity(text)), TRAVERSED, growth.QUANTITY)
    _declare("isQuantity", "string -> bool", is_quantity, TRAVERSED)
    _declare("sign", "quantity -> int", lambda one: one.quantity.sign)
    _declare("isInteger", "quantity.() -> bool", lambda obj: obj.quantity.is_integer)
    _declare("asInteger", "quantity.() -> int", lambda one: one.quantity.integer)
    _declare("asApproximateFloat", "quantity.() -> double", lambda one: one.quantity.approximate)
    quantities, integer, grown = "quantity.(quantity) -> quantity", "quantity.(int) -> quantity", growth.CALCULATED
    _declare("add", quantities, lambda one, other: one.add(other.quantity), growth=grown)
    _declare("add", integer, lambda one, number: one.add(Quantity.of(number)), growth=grown)
    _declare("sub", quantities, lambda one, other: one.subtract(other.quantity), growth=grown)
    _declare("sub", integer, lambda one, number: one.subtract(Quantity.of(number)), growth=grown)
    _declare("semver", "string -> semver; string, bool -> semver", _semver, TRAVERSED, growth.VERSION)
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
    _declare("optional.of", "V -> optional<V>", containers.present, growth=PART, linear=False)
    _declare("optional.ofNonZeroValue", "V -> optional<V>", containers.present_unless_zero, growth=PART, linear=False)
    _declare("optional.none", "-> optional<V>", containers.missing, growth=growth.NONE)
    _declare("value", "optional<V>.() -> V", containers.value, growth=PART, linear=False)
    _declare("hasValue", "optional<V>.() -> bool", containers.has_value, linear=False)
    _declare("or", "optional<V>.(optional<V>) -> optional<V>", growth=EITHER)
    _declare("orValue", "optional<V>.(V) -> V", growth=EITHER)
    _declare("first", "list<V>.() -> optional<V>", containers.first, growth=HELD, linear=False)
    _declare("last", "list<V>.() -> optional<V>", containers.last, growth=HELD, linear=False)
    _declare("optional.unwrap", "list<optional<V>> -> list<V>", containers.unwrapped, growth=growth.UNWRAPPED)
    _declare("unwrapOpt", "list<optional<V>>.() -> list<V>", containers.unwrapped, growth=growth.UNWRAPPED)


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
