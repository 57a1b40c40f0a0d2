"""What an API server says about a field: the words that a user reads, built from what matters in them."""

from __future__ import annotations

import json
from typing import Any


def unknown(path: str) -> str:
    """No schema knows the field."""
    return f'unknown field "{path}"'


def required(path: str) -> str:
    """The field is missing."""
    return f"{path}: Required value"


def broken(path: str, message: str, value: object = None) -> str:
    """A rule does not hold; of a single value the server repeats it."""
    shown = "" if value is None else f"{_shown(value)}: "
    return f"{path}: Invalid value: {shown}{message}"


def mismatch(path: str, value: str, pattern: str) -> str:
    """The value has another syntax."""
    return broken(path, f"{path} in body should match '{pattern}'", value)


def below(path: str, value: int, minimum: int) -> str:
    """The number is too small."""
    return broken(path, f"{path} in body should be greater than or equal to {minimum}", value)


def above(path: str, value: int, maximum: int) -> str:
    """The number is too large."""
    return broken(path, f"{path} in body should be less than or equal to {maximum}", value)


def unsupported(path: str, value: str, *supported: str) -> str:
    """The value is none of those that there are."""
    return f"{path}: Unsupported value: {_shown(value)}: supported values: {', '.join(map(_shown, supported))}"


def other_type(path: str, expected: str, found: str) -> str:
    """The value has another type."""
    return broken(path, f'{path} in body must be of type {expected}: "{found}"', found)


def too_short(path: str, value: str, minimum: int = 1) -> str:
    """The text is too short."""
    return broken(path, f"{path} in body should be at least {minimum} chars long", value)


def too_long(path: str, maximum: int) -> str:
    """The text is too long."""
    return f"{path}: Too long: may not be more than {maximum} bytes"


def too_few(path: str, minimum: int = 1, number: int = 0) -> str:
    """The list has too few items."""
    return broken(path, f"{path} in body should have at least {minimum} items", number)


def too_many(path: str, number: int, maximum: int) -> str:
    """The list has too many items."""
    return f"{path}: Too many: {number}: must have at most {maximum} {'item' if maximum == 1 else 'items'}"


def too_empty(path: str) -> str:
    """The object has no field, or the map no entry."""
    return broken(path, f"{path} in body should have at least 1 properties", 0)


def duplicate(path: str, **keys: Any) -> str:
    """The item has the keys of an earlier one."""
    return f"{path}: Duplicate value: {json.dumps(keys, sort_keys=True, separators=(',', ':'))}"


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
