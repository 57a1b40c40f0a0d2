"""Requests as Crossplane sends them: Go writes the entries of a map in another order each time.

The order matters here: whoever remembers what he has read by its bytes must not profit from an order
that is always the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from google.protobuf import struct_pb2

Blob = bytes

_MORE = 0x80
"""Set in each byte of a number but the last."""


def request(
    composite: Mapping[str, Any],
    children: Mapping[str, Mapping[str, Any]],
    required: Mapping[str, Iterable[Blob]],
    order: random.Random,
) -> Blob:
    """Write a request.

    Args:
        composite: The composite.
        children: Observed children, by composition resource name.
        required: Required objects that are written already, by requirement.
        order: Decides the order of entries.
    """
    head = fnv1.RunFunctionRequest(meta=fnv1.RequestMeta(tag="bench"))
    head.observed.composite.resource.ParseFromString(encode(composite, order))
    for key, child in children.items():
        head.observed.resources[key].resource.ParseFromString(encode(child, order))
    found = b"".join(
        _field(fnv1.RunFunctionRequest, "required_resources", _entry(key, _resources(blobs)))
        for key, blobs in required.items()
    )
    return head.SerializeToString() + found


def encode(fields: Mapping[str, Any], order: random.Random) -> Blob:
    """Write plain data as a protobuf Struct."""
    entries = [_ENTRY + _sized(_entry(key, _value(value, order))) for key, value in fields.items()]
    order.shuffle(entries)
    return b"".join(entries)


def _resources(blobs: Iterable[Blob]) -> Blob:
    return b"".join(_field(fnv1.Resources, "items", _field(fnv1.Resource, "resource", blob)) for blob in blobs)


def _value(value: Any, order: random.Random) -> Blob:
    if isinstance(value, Mapping):
        return _STRUCT + _sized(encode(value, order))
    if isinstance(value, list | tuple):
        return _LIST + _sized(b"".join(_ITEM + _sized(_value(item, order)) for item in value))
    return _leaf(value)


@lru_cache(maxsize=100_000, typed=True)
def _leaf(value: Any) -> Blob:
    holder = struct_pb2.ListValue()
    holder.append(value)
    return holder.values[0].SerializeToString()


def _entry(key: str, value: Blob) -> Blob:
    return _key(key) + _VALUE + _sized(value)


@lru_cache(maxsize=100_000)
def _key(key: str) -> Blob:
    return _KEY + _sized(key.encode())


def _field(message: Any, name: str, content: Blob) -> Blob:
    return _tag(message.DESCRIPTOR.fields_by_name[name].number) + _sized(content)


def _sized(content: Blob) -> Blob:
    return _varint(len(content)) + content


@lru_cache(maxsize=100_000)
def _varint(number: int) -> Blob:
    parts = bytearray()
    while number >= _MORE:
        parts.append(number % _MORE | _MORE)
        number //= _MORE
    parts.append(number)
    return bytes(parts)


def _tag(number: int) -> Blob:
    return _varint(number << 3 | 2)


_ENTRY = _tag(struct_pb2.Struct.FIELDS_FIELD_NUMBER)
_KEY, _VALUE = _tag(1), _tag(2)
_STRUCT = _tag(struct_pb2.Value.STRUCT_VALUE_FIELD_NUMBER)
_LIST = _tag(struct_pb2.Value.LIST_VALUE_FIELD_NUMBER)
_ITEM = _tag(struct_pb2.ListValue.VALUES_FIELD_NUMBER)
