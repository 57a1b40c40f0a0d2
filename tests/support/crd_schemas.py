"""Schemas of third-party kinds, with unknown fields refused."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "crds"


def violations(obj: dict[str, Any], plural: str) -> list[str]:
    """What a kind's definition says against an object; skips the test where definitions are not at hand."""
    group, version = obj["apiVersion"].split("/")
    path = FOLDER / f"{plural}.{group}.yaml"
    if not path.is_file():
        pytest.skip(f"NOT CHECKED against its definition: {path} is missing")
    validator = jsonschema.Draft202012Validator(_schema(path, version))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(obj)]


@cache
def _schema(path: Path, version: str) -> Any:
    versions = _spec(path)["versions"]
    schema = next(v for v in versions if v["name"] == version)["schema"]["openAPIV3Schema"]
    schema["properties"]["metadata"] = {"x-kubernetes-preserve-unknown-fields": True}
    return strict(schema)


@cache
def definitions() -> dict[tuple[str, str], str]:
    """The plural of every kind whose definition is at hand, by group and kind."""
    specs = map(_spec, sorted(FOLDER.glob("*.yaml")))
    return {(spec["group"], spec["names"]["kind"]): spec["names"]["plural"] for spec in specs}


def _spec(path: Path) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)["spec"]  # noqa: S506  # safe, and fast


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
