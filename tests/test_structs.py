"""Objects read from the wire are the plain data that they were written from, in whatever order and way that was."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf import struct_pb2
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from bench import wire
from function.composition import unstructured
from function.protocol import Request
from function.structs import Object, Struct, plain_struct, written


def _unsigned(number: float) -> float:
    """A zero has no sign once it has been an integer."""
    return number + 0.0


TEXT = st.text(max_size=200)
LEAF = st.none() | st.booleans() | TEXT | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False).map(_unsigned)
DATA = st.recursive(
    LEAF, lambda inside: st.lists(inside, max_size=4) | st.dictionaries(TEXT, inside, max_size=4), max_leaves=20
)
FIELDS = st.dictionaries(TEXT, DATA, max_size=5)
SEEDS = st.integers(0, 2**32)


def read(fields: Mapping[str, Any], seed: int = 0) -> Object:
    return read_wire(wire.encode(fields, random.Random(seed)))  # noqa: S311  # an order, no secret


def read_wire(content: bytes) -> Object:
    request = Request()
    request.observed.composite.resource.ParseFromString(content)
    return Object(request.observed.composite.resource)


def test_whole_numbers_are_integers_and_others_are_not() -> None:
    found = read({"a": {"n": 2, "f": 1.5, "b": True, "l": [3, {"m": -4}], "none": None}})
    assert found == {"a": {"n": 2, "f": 1.5, "b": True, "l": [3, {"m": -4}], "none": None}}
    assert [type(found["a"][key]) for key in "nfb"] == [int, float, bool]


@given(FIELDS, SEEDS)
def test_what_is_read_is_what_was_written(fields: dict[str, Any], seed: int) -> None:
    found = read(fields, seed)
    assert found == fields
    assert found.plain() == fields
    assert unstructured.plain(found) == fields
    assert sorted(found) == sorted(fields)
    assert len(found) == len(fields)


@given(FIELDS, SEEDS)
def test_what_is_written_again_has_the_bytes_of_plain_data(fields: dict[str, Any], seed: int) -> None:
    assert written(read(fields, seed)) == written(fields)
    assert written({"inside": read(fields, seed)}) == written({"inside": fields})
    assert plain_struct(struct_pb2.Struct.FromString(written(fields))) == fields


@given(DATA, SEEDS, SEEDS)
def test_content_is_the_same_in_any_order(value: Any, first_seed: int, second_seed: int) -> None:
    first, second = (read({"a": {"b": value}}, seed) for seed in (first_seed, second_seed))
    assert unstructured.content(first, "a") == unstructured.content(second, "a")
    assert unstructured.content(first["a"], "b") == unstructured.content(second["a"], "b")


@pytest.mark.parametrize(("obj", "other"), [({}, {"b": None}), ({"b": 1}, {"b": "1"}), ({"b": []}, {"b": {}})])
def test_content_differs_where_data_does(obj: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    assert unstructured.content(read({"a": obj}), "a") != unstructured.content(read({"a": other}), "a")
    assert unstructured.content({"a": obj}, "a") != unstructured.content({"a": other}, "a")


CONDITIONS = [{"type": "ChildrenReady", "status": "False"}, {"type": "Ready", "status": "True"}]


@pytest.mark.parametrize("kind", ["Ready", "ChildrenReady", "Held", "x" * 200])
@pytest.mark.parametrize(
    "conditions",
    [
        CONDITIONS,
        [],
        [None, "Ready", 7, *CONDITIONS],
        [{"type": 1}, {"reason": "Ready"}],
        "Ready",
        {"type": "Ready"},
        7,
    ],
)
def test_a_condition_is_found_as_in_plain_data(conditions: Any, kind: str) -> None:
    obj = {"status": {"conditions": conditions}}
    assert unstructured.condition(read(obj), kind) == unstructured.condition(obj, kind)
    known = read(obj)
    assert known["status"].get("conditions") == conditions
    assert unstructured.condition(known, kind) == unstructured.condition(obj, kind)


def test_a_condition_with_a_long_type_is_found() -> None:
    long = {"type": "x" * 300, "status": "True"}
    assert unstructured.condition(read({"status": {"conditions": [long]}}), long["type"]) == long


def test_a_field_that_is_not_there_is_absent() -> None:
    found = read({"a": {"b": None}})
    assert "c" not in found
    assert found.get("c", 7) == 7
    assert found["a"].get("b", 7) is None
    for place in (found, found["a"]):
        with pytest.raises(KeyError):
            place["c"]


def test_what_is_written_in_an_uncommon_way_is_read_all_the_same() -> None:
    """A length may take more bytes than it needs, and of a field that is there twice the last counts."""
    text = b"\x1a\x82\x00hi"
    twice = (
        struct_pb2.Value(number_value=1).SerializeToString() + struct_pb2.Value(string_value="hi").SerializeToString()
    )
    for odd in (text, twice):
        entry = b"\x0a\x01b\x12" + bytes([len(odd)]) + odd
        inside = b"\x2a" + bytes([len(entry) + 2]) + b"\x0a" + bytes([len(entry)]) + entry
        outside = b"\x0a\x01a\x12" + bytes([len(inside)]) + inside
        content = b"\x0a" + bytes([len(outside)]) + outside
        assert plain_struct(struct_pb2.Struct.FromString(content)) == {"a": {"b": "hi"}}
        assert read_wire(content) == {"a": {"b": "hi"}}


@pytest.mark.parametrize("junk", [b"\x2a\x01\xff", b"\x1a\x7f", b"\x32\x02\x0a\x7f"])
def test_bytes_that_are_no_data_are_an_error_where_they_are_read(junk: bytes) -> None:
    request = Request()
    request.observed.composite.resource.fields["a"].struct_value.fields["b"] = junk
    found = Object(request.observed.composite.resource)
    assert isinstance(found["a"], Struct)
    with pytest.raises(DecodeError):
        found["a"]["b"]
