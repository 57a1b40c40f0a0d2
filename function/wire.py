"""Protobuf's wire format, read no further than to one field."""

from __future__ import annotations

from typing import Final

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LONG: Final = 0x80
_MOST_BYTES: Final = 10
"""A number takes no more bytes than these."""


def find(wire: memoryview, *path: int) -> memoryview:
    """Find a message inside a message by the numbers of fields; empty when it is not there or cannot be read.

    Of a field that comes several times the last one counts. Takes as long as there are fields beside the path, however
    large these are.
    """
    for number in path:
        wire = _field(wire, number)
    return wire


def _field(wire: memoryview, wanted: int) -> memoryview:
    found, place = wire[:0], 0
    try:
        while place < len(wire):
            tag, place = _number(wire, place)
            kind, size = tag & 7, 0
            if kind == _VARINT:
                _, place = _number(wire, place)
            elif kind == _BYTES:
                size, place = _number(wire, place)
                if tag >> 3 == wanted:
                    found = wire[place : place + size]
            elif kind in (_FIXED_32, _FIXED_64):
                size = 4 if kind == _FIXED_32 else 8
            else:
                return wire[:0]
            place += size
    except IndexError:
        return wire[:0]
    return found


def _number(wire: memoryview, place: int) -> tuple[int, int]:
    """Read a number, and tell where it ends."""
    number = 0
    for index in range(_MOST_BYTES):
        byte = wire[place + index]
        number |= (byte & 0x7F) << (7 * index)
        if byte < _LONG:
            return number, place + index + 1
    raise IndexError
