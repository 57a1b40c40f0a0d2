"""Bounds: what a schema lets through of a value.

The API server refuses a status as a whole for one text that is too long, one item too many or one that
comes twice. So what we publish is made to fit first. What does not fit is left out, and no more than
has to be: a field, an item of a list, or the object that cannot be without it. Only messages, which
nothing but people read, are cut: half a name or half an address is another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from function.api.base import LIST_MAP_KEYS, LIST_TYPE, whole
from function.api.schema import Schema
from function.api.structure import problems

_PROSE: Final = "message"
_CUT: Final = " ... (cut here)"
_LARGEST: Final = 2**53 - 1
"""No whole number beyond this is one to the API server when it comes as a double, as ours do."""

_LEFT_OUT: Final[Any] = object()


def cut(text: str, most: int) -> str:
    """Shorten a text to so many bytes of UTF-8, between two characters, and say at its end that it was longer.

    What UTF-8 has no bytes for becomes a question mark.
    """
    written = text.encode(errors="replace")
    if len(written) <= most:
        return written.decode()
    return written[: max(0, most - len(_CUT))].decode(errors="ignore") + _CUT[:most]


def bounded(value: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Copy an object without what its schema refuses, without nulls, and without what the schema does not know."""
    kept: dict[str, Any] | Any = _object(value, schema)
    return {} if kept is _LEFT_OUT else kept


def _kept(value: Any, schema: Schema, name: str) -> Any:
    """Copy a value as far as its schema lets it through; `_LEFT_OUT` when that is not at all."""
    match schema["type"]:
        case "object":
            return _object(value, schema) if isinstance(value, Mapping) else _LEFT_OUT
        case "array":
            return _list(value, schema, name) if isinstance(value, list | tuple) else _LEFT_OUT
        case "string":
            fitting = _text(value, schema, name) if isinstance(value, str) else value
        case "integer":
            fitting = whole(value)
            if isinstance(fitting, int) and abs(fitting) > _LARGEST:
                return _LEFT_OUT
        case _:
            fitting = value
    return _LEFT_OUT if any(problems(fitting, schema, "")) else fitting


def _object(value: Mapping[str, Any], schema: Schema) -> Any:
    """Copy a map with the fields that fit; of a map with too many entries, as many as there may be."""
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    kept = {}
    for key, item in value.items():
        inner = properties.get(key, others)
        found = _LEFT_OUT if inner is None or item is None else _kept(item, inner, key)
        if found is not _LEFT_OUT:
            kept[key] = found
    if any(key not in kept for key in schema.get("required", ())) or len(kept) < schema.get("minProperties", 0):
        return _LEFT_OUT
    most = schema.get("maxProperties", len(kept))
    return kept if len(kept) <= most else {key: kept[key] for key in sorted(kept)[:most]}


def _list(value: Sequence[Any], schema: Schema, name: str) -> Any:
    """Copy a list with the items that fit, each once where that counts, and no more than there may be."""
    keys = schema.get(LIST_MAP_KEYS, ())
    unique = keys or schema.get(LIST_TYPE) == "set"
    most = schema.get("maxItems", len(value))
    kept: list[Any] = []
    marks = set()
    for item in value:
        found = _kept(item, schema["items"], name)
        mark = repr([found.get(key) for key in keys] if keys and isinstance(found, dict) else found)
        if found is _LEFT_OUT or (unique and mark in marks):
            continue
        marks.add(mark)
        kept.append(found)
        if len(kept) == most:
            break
    return kept if len(kept) >= schema.get("minItems", 0) else _LEFT_OUT


def _text(value: str, schema: Schema, name: str) -> str:
    """Cut a message; of other texts only take out what cannot be written."""
    written = value.encode(errors="replace").decode()
    return cut(written, schema["maxLength"]) if name == _PROSE and "maxLength" in schema else written
