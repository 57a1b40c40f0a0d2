"""Objects as they come over the wire, read one field at a time.

Crossplane sends whole objects, most of which is never read: managed fields, references, pod templates. Converting
all of that to Python's own data would take far longer than everything else. So an object stays encoded, and a
field is decoded when it is read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from google.protobuf import struct_pb2

from function.composition.cache import Identity
from function.protocol import Fields, Items

_STRING, _STRUCT, _LIST = (
    number << 3 | 2
    for number in (
        struct_pb2.Value.STRING_VALUE_FIELD_NUMBER,
        struct_pb2.Value.STRUCT_VALUE_FIELD_NUMBER,
        struct_pb2.Value.LIST_VALUE_FIELD_NUMBER,
    )
)
"""How a value begins on the wire, by what it is."""

_NUMBER: Final = struct_pb2.Value.NUMBER_VALUE_FIELD_NUMBER << 3 | 1
_BOOL: Final = struct_pb2.Value.BOOL_VALUE_FIELD_NUMBER << 3
_DOUBLE: Final = struct.Struct("<d")

_LONG: Final = 0x80
"""Lengths from here on take more than one byte."""

_SHORT_HEADER: Final = 2
"""Bytes of a tag and of a length, or a boolean, that takes one byte."""


def _value(wire: bytes) -> Any:
    """Decode a value; the usual encodings of the most frequent types are decoded directly."""
    size = len(wire)
    kind = wire[0] if size >= _SHORT_HEADER else 0
    if kind == _STRING and size < _LONG and wire[1] == size - _SHORT_HEADER:
        return wire[_SHORT_HEADER:].decode()
    if kind == _STRUCT:
        if start := _content(wire, size):
            return Struct(Fields.FromString(wire[start:]))
    elif kind == _NUMBER and size == 1 + _DOUBLE.size:
        return _number(_DOUBLE.unpack_from(wire, 1)[0])
    elif kind == _LIST:
        if start := _content(wire, size):
            return [_value(value) for value in Items.FromString(wire[start:]).values]
    elif kind == _BOOL and size == _SHORT_HEADER and wire[1] < _LONG:
        return wire[1] != 0
    elif kind == _STRING and (start := _content(wire, size)):
        return wire[start:].decode()
    return _plain(struct_pb2.Value.FromString(wire))


def _content(wire: bytes, size: int) -> int:
    """Find where the content of a single-field value begins; 0 for any other value."""
    if size > _SHORT_HEADER:
        # Nearly all lengths take one byte or two.
        first, second = wire[1], wire[2]
        if first < _LONG:
            return _SHORT_HEADER if first == size - _SHORT_HEADER else 0
        if second < _LONG:
            return _SHORT_HEADER + 1 if (first & 0x7F | second << 7) == size - _SHORT_HEADER - 1 else 0
    length, shift, place = 0, 0, 1
    while place < size:
        byte = wire[place]
        length |= (byte & 0x7F) << shift
        shift, place = shift + 7, place + 1
        if byte < _LONG:
            return place if size == place + length else 0
    return 0


class Struct(Mapping[str, Any]):
    """A protobuf Struct as a mapping. It never changes; whole numbers, which arrive as doubles, are integers.

    Bytes inside that cannot be parsed raise `google.protobuf.message.DecodeError` when they are read.
    """

    __slots__ = ("_fields", "_known", "_message")

    def __init__(self, message: Any) -> None:
        """Take a parsed message, whose values are still bytes."""
        self._message = message
        self._fields = message.fields
        self._known: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """Read a field, or give the default when there is none."""
        known = self._known
        if key in known:
            return known[key]
        found = self._fields.get(key)
        if found is None:
            return default
        value = known[key] = self._read(found)
        return value

    def __getitem__(self, key: str) -> Any:
        known = self._known
        if key in known:
            return known[key]
        found = self._fields.get(key)
        if found is None:
            raise KeyError(key)
        value = known[key] = self._read(found)
        return value

    def __contains__(self, key: object) -> bool:
        return key in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._fields))

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return repr(self.plain())

    def first(self, key: str, field: str, text: str) -> Mapping[str, Any]:
        """Find the first map in a list that has this text in a field; an empty one when there is none."""
        found = self._fields.get(key)
        if key not in self._known and isinstance(found, bytes):
            sought = _written_text(text)
            for wire in _items(found):
                if sought in wire:
                    item = _value(wire)
                    if isinstance(item, Mapping) and item.get(field) == text:
                        return item
        items = self.get(key)
        listed = items if isinstance(items, list) else []
        return next((item for item in listed if isinstance(item, Mapping) and item.get(field) == text), {})

    def is_set(self, key: str) -> bool:
        """Tell whether a field holds anything; the items of a list are not read."""
        found = self._fields.get(key)
        if isinstance(found, bytes) and found and found[0] == _LIST and (start := _content(found, len(found))):
            return start < len(found)
        return bool(self.get(key))

    def plain(self) -> dict[str, Any]:
        """All of it as Python's own data."""
        return plain_struct(self.message())

    def message(self) -> struct_pb2.Struct:
        """All of it as protobuf's own message."""
        return struct_pb2.Struct.FromString(self._message.SerializeToString())

    def content(self, key: str | None = None) -> bytes:
        """Bytes that are the same for the same content of a field or of all, in whatever order it was sent."""
        if key is None:
            return self.message().SerializeToString(deterministic=True)
        found = self._fields.get(key, b"")
        wire = found if isinstance(found, bytes) else found.SerializeToString()
        return struct_pb2.Value.FromString(wire).SerializeToString(deterministic=True)

    _read = staticmethod(_value)


class Object(Struct):
    """A whole object, of which the first two levels are parsed.

    Attributes:
        identity: What the API server knows its content by; None where that is not known.
    """

    __slots__ = ("identity",)

    def __init__(self, message: Any) -> None:
        super().__init__(message)
        self.identity: Identity | None = None

    @staticmethod
    def _read(found: Any) -> Any:
        kind = found.WhichOneof("kind")
        if kind == "struct_value":
            return Struct(found.struct_value)
        if kind == "string_value":
            return found.string_value
        return _plain(struct_pb2.Value.FromString(found.SerializeToString()))


def written(fields: Mapping[str, Any], over: bytes = b"") -> bytes:
    """Write a mapping as a Struct's bytes, always in the same order.

    Args:
        fields: The mapping.
        over: A Struct's bytes, of which the fields that are not written stay.
    """
    message = struct_pb2.Struct.FromString(over)
    _fill_struct(message, fields)
    return message.SerializeToString(deterministic=True)


def plain_struct(message: struct_pb2.Struct) -> dict[str, Any]:
    """Turn a Struct into plain data. Whole numbers, which arrive as doubles, become integers."""
    return {key: _plain(value) for key, value in message.fields.items()}


def _items(wire: bytes) -> list[bytes]:
    """Read a list no further than to the bytes of its items; anything else has none."""
    start = _content(wire, len(wire))
    return list(Items.FromString(wire[start:]).values) if start and wire[0] == _LIST else []


@lru_cache(maxsize=256)
def _written_text(text: str) -> bytes:
    """Encode a text in the usual way."""
    return struct_pb2.Value(string_value=text).SerializeToString()


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return plain_struct(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "number_value":
        return _number(value.number_value)
    return value.bool_value if kind == "bool_value" else None


def _number(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def _fill_struct(message: struct_pb2.Struct, fields: Mapping[str, Any]) -> None:
    for key, value in fields.items():
        _fill(message.fields[key], value)


def _fill(target: struct_pb2.Value, value: Any) -> None:
    if isinstance(value, Struct):
        target.struct_value.CopyFrom(value.message())
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        _fill_struct(target.struct_value, value)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item)
    else:
        target.number_value = value
