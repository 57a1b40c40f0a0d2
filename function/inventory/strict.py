"""Strict reading: what is not of the kind that it must be is named, instead of being read as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from function.composition import Object, unstructured


class UnreadableError(Exception):
    """A field is not what it must be; the text names it."""


def mapping(source: Object, *path: str, required: bool = False) -> Mapping[str, Any]:
    """Read a nested mapping; an absent one is empty unless it is required.

    Raises:
        UnreadableError: It is something else.
    """
    value = unstructured.dig(source, *path)
    if value is None and not required:
        return {}
    if not isinstance(value, Mapping):
        raise UnreadableError(f"{'.'.join(path)} is not an object")
    return value


def objects(source: Object, *path: str) -> list[Mapping[str, Any]]:
    """Read a nested list of mappings; an absent one is empty.

    Raises:
        UnreadableError: It is something else.
    """
    value = unstructured.dig(source, *path)
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        raise UnreadableError(f"{'.'.join(path)} is not a list of objects")
    return list(value)


def text(source: Object, field: str, where: str, *, required: bool = False) -> str:
    """Read a string; an absent one is empty unless it is required.

    Raises:
        UnreadableError: It is something else.
    """
    value = source.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value):
        raise UnreadableError(f"{field} in {where} is not a text")
    return value


def count(source: Object, field: str, where: str) -> int:
    """Read a whole number; an absent one is 0, and so is one below that.

    Raises:
        UnreadableError: It is something else.
    """
    value = source.get(field)
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnreadableError(f"{field} in {where} is not a whole number")
    return max(value, 0)
