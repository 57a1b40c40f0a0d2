"""Bounds: what a schema lets through of a value.

The API server refuses a status as a whole for one text that is too long, one item too many or one that
comes twice. So what we publish is made to fit first. What does not fit is left out, and no more than
has to be: a field, an item of a list, or the object that cannot be without it. Only messages, which
nothing but people read, are cut: half a name or half an address is another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from function.api.base import LIST_MAP_KEYS, LIST_TYPE, as_integer
from function.api.schema import Schema
from function.api.structure import problems

_MESSAGE_FIELD: Final = "message"
_CUT_NOTE: Final = " ... (cut here)"
_MAX_SAFE_INTEGER: Final = 2**53 - 1
"""No whole number beyond this is one to the API server when it comes as a double, as ours do."""

_OMITTED: Final[Any] = object()


def cut(text: str, limit: int) -> str:
    """Shorten a text to so many bytes of UTF-8, between two characters, and say at its end that it was longer.

    What UTF-8 has no bytes for becomes a question mark.
    """
    written = text.encode(errors="replace")
    if len(written) <= limit:
        return written.decode()
    return written[: max(0, limit - len(_CUT_NOTE))].decode(errors="ignore") + _CUT_NOTE[:limit]


def bounded(value: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """Copy an object without what its schema refuses, without nulls, and without what the schema does not know."""
    kept: dict[str, Any] | Any = _object(value, schema)
    return {} if kept is _OMITTED else kept


def _kept(value: Any, schema: Schema, name: str) -> Any:
    """Copy a value as far as its schema lets it through; `_LEFT_OUT` when that is not at all."""
    match schema["type"]:
        case "object":
            return _object(value, schema) if isinstance(value, Mapping) else _OMITTED
        case "array":
            return _list(value, schema, name) if isinstance(value, list | tuple) else _OMITTED
        case "string":
            fitting = _text(value, schema, name) if isinstance(value, str) else value
        case "integer":
            fitting = as_integer(value)
            if isinstance(fitting, int) and abs(fitting) > _MAX_SAFE_INTEGER:
                return _OMITTED
        case _:
            fitting = value
    return _OMITTED if any(problems(fitting, schema, "")) else fitting


def _object(value: Mapping[str, Any], schema: Schema) -> Any:
    """Copy a map with the fields that fit; of a map with too many entries, as many as there may be."""
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    kept = {}
    for key, item in value.items():
        inner = properties.get(key, others)
        found = _OMITTED if inner is None or item is None else _kept(item, inner, key)
        if found is not _OMITTED:
            kept[key] = found
    if any(key not in kept for key in schema.get("required", ())) or len(kept) < schema.get("minProperties", 0):
        return _OMITTED
    limit = schema.get("maxProperties", len(kept))
    return kept if len(kept) <= limit else {key: kept[key] for key in sorted(kept)[:limit]}


def _list(value: Sequence[Any], schema: Schema, name: str) -> Any:
    """Copy a list with the items that fit, each once where that counts, and no more than there may be."""
    keys = schema.get(LIST_MAP_KEYS, ())
    unique = keys or schema.get(LIST_TYPE) == "set"
    limit = schema.get("maxItems", len(value))
    kept: list[Any] = []
    seen = set()
    for item in value:
        found = _kept(item, schema["items"], name)
        identity = repr([found.get(key) for key in keys] if keys and isinstance(found, dict) else found)
        if found is _OMITTED or (unique and identity in seen):
            continue
        seen.add(identity)
        kept.append(found)
        if len(kept) == limit:
            break
    return kept if len(kept) >= schema.get("minItems", 0) else _OMITTED


def _text(value: str, schema: Schema, name: str) -> str:
    """Cut a message; of other texts only take out what cannot be written."""
    written = value.encode(errors="replace").decode()
    return cut(written, schema["maxLength"]) if name == _MESSAGE_FIELD and "maxLength" in schema else written
