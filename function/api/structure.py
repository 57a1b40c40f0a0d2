"""Structure: what the API server does with an object before it looks at rules.

Nulls are dropped, defaults filled in, and what is left is compared with the schema: unknown
fields, types, required fields, limits.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from function.api import patterns
from function.api.base import INT_OR_STRING, LIST_MAP_KEYS, LIST_TYPE, as_integer
from function.api.schema import Schema

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    INT_OR_STRING: (int, str),
}
_NAMES: Final[Mapping[type, str]] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}
_EXPECTED: Final[Mapping[str, str]] = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    INT_OR_STRING: "a whole number or a string",
}
_DATE_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[-+]([01]\d|2[0-3]):[0-5]\d)",
)
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an object is refused.

    Attributes:
        path: The field, such as `spec.engines[0].name`; empty for the object as a whole.
        message: What is wrong with it and, if that can be guessed, what was meant.
        fatal: False for a field that is merely not known: the object is judged as if it were not there.
        detail: What of the value is wrong, for a message that is the same for every value; may be empty.
    """

    path: str
    message: str
    fatal: bool = True
    detail: str = ""

    def __str__(self) -> str:
        """Path, message and detail, as they are shown to a person."""
        return ": ".join(filter(None, (self.path, self.message, self.detail)))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Say what a word was probably meant to be, or what could have stood there."""
    candidates = sorted(known)
    lowered = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{lowered[close[0]]}"?'
    return f"known here: {', '.join(candidates)}" if candidates else "nothing is known here"


def child(path: str, key: str) -> str:
    """Path of a field."""
    return f"{path}.{key}" if path else key


def entry(path: str, key: str | int) -> str:
    """Path of a list's item or a map's value."""
    return f"{path}[{key}]"


def completed(value: Any, schema: Schema) -> Any:
    """Copy a value as the API server would store it: without nulls, with defaults, whole numbers as integers.

    A default below an object that is absent is not filled in.
    """
    if isinstance(value, Mapping) and ("properties" in schema or "additionalProperties" in schema):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties")
        filled = {}
        for name, item in value.items():
            key = _key(name)
            inner = properties.get(key, others)
            if item is not None:
                filled[key] = item if inner is None else completed(item, inner)
        for key, inner in properties.items():
            if key not in filled and "default" in inner:
                filled[key] = completed(inner["default"], inner)
        return filled
    if isinstance(value, (list, tuple)) and "items" in schema:
        return [completed(item, schema["items"]) for item in value]
    return as_integer(value) if schema.get("type") == "integer" or INT_OR_STRING in schema else value


def pruned(value: Any, schema: Schema) -> Any:
    """Copy a value without the fields that the schema does not know."""
    if isinstance(value, dict) and "additionalProperties" in schema:
        return {key: pruned(item, schema["additionalProperties"]) for key, item in value.items()}
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {key: pruned(item, properties[key]) for key, item in value.items() if key in properties}
    if isinstance(value, list) and "items" in schema:
        return [pruned(item, schema["items"]) for item in value]
    return value


def problems(value: Any, schema: Schema, path: str) -> Iterator[Problem]:
    """Compare a completed value with its schema, in the order in which it is written."""
    kind = schema.get("type", INT_OR_STRING)
    if isinstance(value, bool) != (kind == "boolean") or not isinstance(value, _TYPES[kind]):
        yield Problem(
            path, f"must be {_EXPECTED[kind]}, not {_NAMES.get(type(value), type(value).__name__)}: {_show(value)}"
        )
        return
    if isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _list(value, schema, path)
    elif isinstance(value, (str, int)):
        yield from _scalar(value, schema, path)


def _object(value: dict[str, Any], schema: Schema, path: str) -> Iterator[Problem]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    low, high = schema.get("minProperties", 0), schema.get("maxProperties")
    known = value.keys() if others is not None else value.keys() & properties.keys()
    if not low <= len(known) <= (len(known) if high is None else high):
        some = f"must set at least {low} of: {', '.join(properties)}"
        yield Problem(
            path, some if others is None else f"must have {_count(low, high, 'entry', 'entries')}, has {len(known)}"
        )
    for key in schema.get("required", ()):
        if key not in value:
            yield Problem(child(path, key), "is required")
    for key, item in value.items():
        if others is not None:
            yield from problems(item, others, entry(path, key))
        elif key in properties:
            yield from problems(item, properties[key], child(path, key))
        else:
            yield Problem(child(path, key), f"unknown field; {_elsewhere(key, schema, path)}", fatal=False)


def _list(value: list[Any], schema: Schema, path: str) -> Iterator[Problem]:
    low, high = schema.get("minItems", 0), schema.get("maxItems")
    if not low <= len(value) <= (len(value) if high is None else high):
        yield Problem(path, f"must have {_count(low, high, 'item', 'items')}, has {len(value)}")
    for index, item in enumerate(value):
        yield from problems(item, schema["items"], entry(path, index))
    keys = schema.get(LIST_MAP_KEYS, ())
    unique = keys or schema.get(LIST_TYPE) == "set"
    first: dict[str, int] = {}
    for index, item in enumerate(value):
        if not unique or (keys and not isinstance(item, dict)):
            continue
        mark = repr([item.get(key) for key in keys] if keys else item)
        if mark in first:
            shown = ", ".join(f"{key} {_show(item.get(key))}" for key in keys) if keys else _show(item)
            yield Problem(entry(path, index), f"duplicate of {entry(path, first[mark])}: {shown}")
        first.setdefault(mark, index)


def _scalar(value: str | int, schema: Schema, path: str) -> Iterator[Problem]:
    if "enum" in schema and value not in schema["enum"]:
        options = schema["enum"]
        wrong = suggestion(str(value), options)
        hint = f"; {wrong}" if wrong.startswith("did") else ""
        yield Problem(path, f"must be {' or '.join(f'{_show(o)}' for o in options)}, not {_show(value)}{hint}")
        return
    if isinstance(value, str):
        low, high = schema.get("minLength", 0), schema.get("maxLength")
        if not low <= len(value) <= (len(value) if high is None else high):
            yield Problem(path, f"must have {_count(low, high, 'character', 'characters')}, has {len(value)}")
            return  # as the API server, which looks at no pattern of a text that is too short or too long
        pattern = schema.get("pattern")
        if pattern and not _compiled(pattern).search(value):
            yield Problem(path, f"must be {patterns.MEANINGS[pattern]}, not {_show(value)}")
        if schema.get("format") == "date-time" and not _DATE_TIME.fullmatch(value):
            yield Problem(path, f"must be a time such as 2026-01-31T09:30:00Z, not {_show(value)}")
    elif isinstance(value, int):
        low, high = schema.get("minimum"), schema.get("maximum")
        if value < (value if low is None else low) or value > (value if high is None else high):
            expected = f"at least {low}" if high is None else f"{low} to {high}"
            yield Problem(path, f"must be {expected}, not {value}")


def _elsewhere(key: str, schema: Schema, path: str) -> str:
    """Say what an unknown field was probably meant to be: here, or one or two objects further down."""
    properties = schema.get("properties", {})
    hint = suggestion(key, properties)
    if hint.startswith("did"):
        return hint
    for name, inner in properties.items():
        for below, fields in ((name, inner), *((f"{name}.{n}", s) for n, s in inner.get("properties", {}).items())):
            if key in fields.get("properties", {}):
                return f'did you mean "{child(child(path, below), key)}"?'
    return hint


def _key(key: object) -> str:
    """Write a key as JSON does: YAML has numbers and booleans for keys too."""
    return str(key).lower() if isinstance(key, bool) else str(key)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; its end is the end of the text, as in RE2, not a last line break."""
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _count(low: int, high: int | None, singular: str, plural: str) -> str:
    if high is None:
        return f"at least {low} {singular if low == 1 else plural}"
    expected = f"exactly {high}" if low == high else f"{low} to {high}" if low else f"at most {high}"
    return f"{expected} {singular if high == 1 else plural}"


def _show(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."
