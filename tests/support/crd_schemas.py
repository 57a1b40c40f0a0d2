"""Schemas of third-party kinds, with unknown fields refused.

The facts that we rely on stand in tests/schemas; where the definitions themselves are at hand, both are asked.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.schemas import extract

FOLDER = extract.DEFINITIONS


def violations(obj: dict[str, Any], plural: str) -> list[str]:
    """What a kind's facts and its definition say against an object; skips the test where neither is at hand."""
    group, version = obj["apiVersion"].split("/")
    name = f"{plural}.{group}"
    defined = (FOLDER / f"{name}.yaml").is_file()
    if defined and os.environ.get("EXTRACT_FACTS"):
        extract.add(name, obj)
        facts.cache_clear()
    if not (extract.TABLES / f"{name}.yaml").is_file():
        if not defined:
            pytest.skip(f"NOT CHECKED: neither facts nor the definition of {name} are at hand")
        return [f"{name} has no table of facts; see tests/schemas/extract.py"]
    found = (
        [f"{problem} (by its definition)" for problem in _problems(obj, _definition(name, version))] if defined else []
    )
    return found or [f"{problem} (by tests/schemas/{name}.yaml)" for problem in _problems(obj, facts(name, version))]


def _problems(obj: dict[str, Any], schema: Any) -> list[str]:
    errors = jsonschema.Draft202012Validator(schema).iter_errors(obj)
    return [f"{error.json_path}: {error.message}" for error in errors]


@cache
def _definition(name: str, version: str) -> Any:
    return _schema(FOLDER / f"{name}.yaml", version)


@cache
def _schema(path: Path, version: str) -> Any:
    schema = extract.schema_of(extract.read_definition(path), version)
    properties = {**schema["properties"], "metadata": {"x-kubernetes-preserve-unknown-fields": True}}
    return strict({**schema, "properties": properties})


@cache
def facts(name: str, version: str) -> Any:
    """The schema that a table of facts amounts to: fields that have no row are refused."""
    rows = extract.read(name)["versions"].get(version, {})
    properties = {**{key: {} for key in extract.OF_EVERY_KIND}, **_from_rows(rows)["properties"]}
    required = [path for path, row in rows.items() if path.isidentifier() and row.get("required")]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _from_rows(rows: extract.Rows) -> dict[str, Any]:
    """The schema of an object, by the rows of its fields and of theirs."""
    root: dict[str, Any] = {"properties": {}}
    nodes = {"": root}
    for path, row in rows.items():
        node = nodes[path] = _from_row(row)
        if path.endswith("[]"):
            nodes[path.removesuffix("[]")]["items"] = node
            continue
        parent, _, step = path.rpartition(".")
        if step == "*":
            nodes[parent]["additionalProperties"] = node
            continue
        nodes[parent].setdefault("properties", {})[step] = node
        if row.get("required"):
            nodes[parent].setdefault("required", []).append(step)
    return root


def _from_row(row: extract.Row) -> dict[str, Any]:
    node: dict[str, Any] = {}
    if row["type"] == "int-or-string":
        node["type"] = ["integer", "string"]
    elif row["type"] != "any":
        node["type"] = row["type"]
    if row["type"] == "object":
        node["additionalProperties"] = False
    if "enum" in row:
        node["enum"] = row["enum"]
    return node


@cache
def kinds_with_facts() -> dict[tuple[str, str], str]:
    """The plural of every kind that has a table of facts, by group and kind."""
    split = {name: name.partition(".") for name in extract.names()}
    return {(group, extract.read(name)["kind"]): plural for name, (plural, _, group) in split.items()}


def strict(node: Any) -> Any:
    """Refuse fields that an object's schema does not name."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: strict(value) for key, value in node.items()}
    free = node.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in node
    if isinstance(node.get("properties"), dict) and "type" in node and not free:
        closed["additionalProperties"] = False
    return closed
