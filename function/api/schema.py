"""Schemas: the models as Kubernetes wants them, structural OpenAPI v3.

References are inlined, since the API server follows none. A union with null becomes an optional
field. Titles go; descriptions, which are the models' own documentation, stay. A default that says
nothing (null, false, empty) is no default of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from function.api.base import (
    INT_OR_STRING,
    LIST_MAP_KEYS,
    LIST_TYPE,
    VALIDATIONS,
    Kind,
    Model,
    Rule,
    is_api_default,
)

Schema: TypeAlias = dict[str, Any]
"""A structural schema; never changed once made."""

_ORDER: Final = (
    "description",
    "type",
    INT_OR_STRING,
    "format",
    "default",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    LIST_TYPE,
    LIST_MAP_KEYS,
    VALIDATIONS,
    "required",
    "properties",
    "additionalProperties",
    "items",
)
"""Every keyword that a schema may have, in the order in which it is written."""


@cache
def structural(model: type[Model]) -> Schema:
    """Make the structural schema of a model.

    Raises:
        ValueError: A model uses something that a structural schema cannot say.
    """
    raw = model.model_json_schema(by_alias=True, mode="validation")
    return _structural(raw, raw.get("$defs", {}), model.__name__)


@cache
def of_kind(kind: Kind) -> Schema:
    """Make the schema of a kind's objects, less what Crossplane adds to it.

    Of the spec's and the status's own keywords only those stand here that Crossplane carries over
    into the definition that the API server sees.
    """
    properties = {"spec": structural(kind.spec)}
    if kind.status:
        properties["status"] = of_status(kind)
    schema: Schema = {"description": kind.about, "type": "object"}
    if kind.rules:
        schema[VALIDATIONS] = [written(rule) for rule in kind.rules]
    return {**schema, "required": ["spec"], "properties": properties}


@cache
def of_status(kind: Kind) -> Schema:
    """Make the schema of a kind's status, less its conditions: an object without fields when it has no others."""
    status: Schema = structural(kind.status) if kind.status else {"type": "object"}
    return {key: status[key] for key in ("type", VALIDATIONS, "properties") if key in status}


def written(rule: Rule) -> dict[str, str]:
    """Write a rule as a schema has it."""
    return {"rule": rule.rule, "message": rule.message}


def _structural(node: Mapping[str, Any], definitions: Mapping[str, Any], where: str) -> Schema:
    node = _resolved(node, definitions, where)
    schema: Schema = {}
    for key, value in node.items():
        match key:
            case "title" | "$defs":
                continue
            case "properties":
                schema[key] = {n: _structural(v, definitions, f"{where}.{n}") for n, v in value.items()}
            case "items" | "additionalProperties":
                schema[key] = _structural(value, definitions, f"{where}[]")
            case "const":
                schema["enum"] = [value]
            case "default":
                if is_api_default(value):
                    schema[key] = value
            case _:
                schema[key] = value
    if schema.get("type") == "integer" and "maximum" not in schema:
        schema["format"] = "int64"
    unknown = [key for key in schema if key not in _ORDER]
    if unknown or ("type" in schema) == (INT_OR_STRING in schema):
        raise ValueError(f"{where}: not structural: {', '.join(unknown) or 'no type'}")
    return {key: schema[key] for key in _ORDER if key in schema}


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Follow references and drop null from unions; what stands beside them wins."""
    resolved = dict(node)
    while "$ref" in resolved or "anyOf" in resolved:
        if "$ref" in resolved:
            target = definitions[resolved.pop("$ref").removeprefix("#/$defs/")]
        else:
            options = [option for option in resolved.pop("anyOf") if option != {"type": "null"}]
            if len(options) != 1:
                raise ValueError(f"{where}: a union of types is not structural")
            target = options[0]
        resolved = {**target, **resolved}
    return resolved
