"""The API reference: every field of every kind, as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from function.api import patterns
from function.api.base import LIST_MAP_KEYS, VALIDATIONS, Kind
from function.api.schema import Schema, of_kind

_HEAD: Final = """\
# API reference

Made from the models in `function/api` by `python -m function.api.generate`; do not edit it here.

How to read the tables: **bold** fields are required where the object that holds them is present. `[]` is each
item of a list, `{}` each value of a map. A default is filled in by the API server when the object that holds
the field is present and the field is not. Every kind also has the conditions in `status.conditions` and
Crossplane's own settings in `spec.crossplane`. Names have at most 63 characters.
"""

_BOUNDS: Final = (
    ("minLength", "maxLength", "characters"),
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", "items"),
    ("minProperties", "maxProperties", "entries"),
)


def page(kinds: Iterable[Kind]) -> str:
    """Write the reference of the given kinds as Markdown."""
    kinds = tuple(kinds)
    lines = [_HEAD, "| Kind | Short name | Scope | Written by |", "|---|---|---|---|"]
    for kind in kinds:
        author = "Modelplane" if kind.internal else "you"
        anchor = kind.kind.lower()
        lines.append(f"| [{kind.kind}](#{anchor}) | `{kind.short}` | {kind.scope} | {author} |")
    for kind in kinds:
        lines += ["", *_section(kind)]
    return "\n".join(lines) + "\n"


def _section(kind: Kind) -> Iterator[str]:
    schema = of_kind(kind)
    yield f"## {kind.kind}"
    yield ""
    yield f"`apiVersion: {kind.api_version}`"
    yield ""
    yield kind.about
    if kind.columns:
        yield ""
        yield "`kubectl get` shows " + ", ".join(f"{c.name} (`{c.path}`)" for c in kind.columns) + "."
    if kind.scale:
        yield ""
        yield f"`kubectl scale` sets `{kind.scale.spec_path}`."
    rows = list(_rows(schema["properties"], set(schema["required"]), ""))
    yield ""
    yield "| Field | Type | Default | Limits | Meaning |"
    yield "|---|---|---|---|---|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    rules = list(_rules(schema, ""))
    if rules:
        yield ""
        yield "Rules:"
        yield ""
        for path, message in rules:
            yield f"- {f'`{path}`: ' if path else ''}{_cell(message)}"


def _rows(properties: Mapping[str, Schema], required: set[str], above: str) -> Iterator[tuple[str, ...]]:
    for name, schema in properties.items():
        path = f"{above}.{name}" if above else name
        inner, suffix = schema, ""
        while "items" in inner or "additionalProperties" in inner:
            suffix += "[]" if "items" in inner else "{}"
            inner = inner.get("items") or inner["additionalProperties"]
        shown = f"**`{path}`**" if name in required else f"`{path}`"
        default = f"`{_plain(schema['default'])}`" if "default" in schema else ""
        yield shown, _type(schema), default, _limits(schema), _cell(schema.get("description", ""))
        yield from _rows(inner.get("properties", {}), set(inner.get("required", ())), path + suffix)


def _type(schema: Schema) -> str:
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"map of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "integer or string"))


def _limits(schema: Schema) -> str:
    """Say what a value, and each item of a list or value of a map, must be."""
    phrases = []
    if "enum" in schema:
        phrases.append(", ".join(f"`{value}`" for value in schema["enum"]))
    for low, high, unit in _BOUNDS:
        if low in schema or high in schema:
            phrases.append(f"{_range(schema.get(low), schema.get(high))} {unit}".strip())
    if "pattern" in schema:
        phrases.append(patterns.MEANINGS[schema["pattern"]])
    if LIST_MAP_KEYS in schema:
        phrases.append(f"no two with the same {' and '.join(schema[LIST_MAP_KEYS])}")
    inner = schema.get("items") or schema.get("additionalProperties")
    if inner and "properties" not in inner and (limits := _limits(inner)):
        phrases.append(f"each: {limits}")
    return _cell("; ".join(phrases))


def _range(low: int | None, high: int | None) -> str:
    if low is None:
        return f"up to {high}"
    return f"at least {low}" if high is None else f"{low}..{high}" if low != high else str(low)


def _rules(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    for rule in schema.get(VALIDATIONS, ()):
        yield path, rule["message"]
    for name, child in schema.get("properties", {}).items():
        yield from _rules(child, f"{path}.{name}" if path else name)
    for key, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from _rules(schema[key], path + suffix)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
