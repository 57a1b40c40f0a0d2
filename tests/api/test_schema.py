"""The schemas are structural, bounded and documented."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest

from function.api.base import (
    INT_OR_STRING,
    LIST_MAP_KEYS,
    LIST_TYPE,
    VALIDATIONS,
    IntOrString,
    Kind,
    Model,
    between,
    length,
)
from function.api.kinds import KINDS
from function.api.patterns import MEANINGS
from function.api.schema import Schema, of_kind, structural
from function.api.structure import problems

KEYWORDS = {
    "object": {"required", "properties", "additionalProperties", "minProperties", "maxProperties"},
    "array": {"items", "minItems", "maxItems", LIST_TYPE, LIST_MAP_KEYS},
    "string": {"enum", "pattern", "minLength", "maxLength", "format"},
    "integer": {"minimum", "maximum", "format"},
    "boolean": set(),
    INT_OR_STRING: {INT_OR_STRING, "pattern", "minLength", "maxLength", "minimum", "maximum"},
}
EVERYWHERE = {"type", "description", "default", VALIDATIONS}


def type_of(node: Schema) -> str:
    return str(node.get("type", INT_OR_STRING))


def nodes(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], f"{path}[]")


every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def bad(kind: Kind, wrong: Callable[[Schema], object]) -> list[str]:
    """Paths of the nodes of a kind's schema of which something is wrong."""
    return [path for path, schema in nodes(of_kind(kind), "") if wrong(schema)]


@every_kind
def test_every_node_has_one_type_and_only_keywords_of_that_type(kind: Kind) -> None:
    assert bad(kind, lambda node: not set(node) <= KEYWORDS[type_of(node)] | EVERYWHERE) == []
    assert bad(kind, lambda node: "properties" in node and "additionalProperties" in node) == []


@every_kind
def test_everything_is_bounded(kind: Kind) -> None:
    def unbounded(node: Schema) -> bool:
        match type_of(node):
            case "array":
                return "maxItems" not in node
            case "object":
                return "additionalProperties" in node and "maxProperties" not in node
            case "string":
                return "maxLength" not in node and "enum" not in node
            case "x-kubernetes-int-or-string":
                return "maxLength" not in node
            case "integer":
                return "maximum" not in node and node.get("format") != "int64"
            case _:
                return False

    assert bad(kind, unbounded) == []


@every_kind
def test_every_default_is_admitted_by_its_own_schema(kind: Kind) -> None:
    assert bad(kind, lambda node: "default" in node and list(problems(node["default"], node, ""))) == []


@every_kind
def test_keys_of_lists_are_scalars_that_are_always_there(kind: Kind) -> None:
    def lost(node: Schema) -> bool:
        item = node.get("items", {})
        return any(
            item["properties"][key]["type"] in {"object", "array"}
            or (key not in item["required"] and "default" not in item["properties"][key])
            for key in node.get(LIST_MAP_KEYS, ())
        )

    assert bad(kind, lost) == []
    assert bad(kind, lambda node: (node.get(LIST_TYPE) == "map") != (LIST_MAP_KEYS in node)) == []


@every_kind
def test_required_fields_exist(kind: Kind) -> None:
    assert bad(kind, lambda node: set(node.get("required", ())) - set(node.get("properties", ()))) == []


@every_kind
def test_every_pattern_has_words(kind: Kind) -> None:
    assert bad(kind, lambda node: "pattern" in node and node["pattern"] not in MEANINGS) == []


@every_kind
def test_rules_have_a_message_in_one_line(kind: Kind) -> None:
    def untidy(node: Schema) -> bool:
        rules = node.get(VALIDATIONS, ())
        return any(set(r) != {"rule", "message"} or r["message"] != " ".join(r["message"].split()) for r in rules)

    assert bad(kind, untidy) == []


@every_kind
def test_every_field_is_documented(kind: Kind) -> None:
    undocumented = [
        path
        for path, schema in nodes(of_kind(kind), "")
        if not path.endswith("[]") and path not in {"", ".status"} and not schema.get("description")
    ]
    assert undocumented == []


@every_kind
def test_rules_over_old_values_stand_only_where_the_old_value_can_be_found(kind: Kind) -> None:
    def lost(schema: Schema, path: str, *, findable: bool) -> Iterator[str]:
        if not findable and any("oldSelf" in rule["rule"] for rule in schema.get(VALIDATIONS, ())):
            yield path
        for name, inner in schema.get("properties", {}).items():
            yield from lost(inner, f"{path}.{name}", findable=findable)
        if "additionalProperties" in schema:
            yield from lost(schema["additionalProperties"], f"{path}[]", findable=findable)
        if "items" in schema:
            yield from lost(schema["items"], f"{path}[]", findable=findable and schema.get(LIST_TYPE) == "map")

    assert list(lost(of_kind(kind), "", findable=True)) == []


@every_kind
def test_of_the_spec_and_status_only_what_crossplane_carries_over_is_said(kind: Kind) -> None:
    schema = of_kind(kind)
    assert set(schema) <= {"type", "description", "required", "properties", VALIDATIONS}
    assert set(schema["properties"]) <= {"spec", "status"}
    assert set(schema["properties"]["spec"]) <= {"type", "description", "required", "properties", VALIDATIONS}
    assert set(schema["properties"].get("status", {})) <= {"type", "required", "properties", VALIDATIONS}
    assert "spec" in schema["required"]


@every_kind
def test_what_crossplane_adds_is_not_declared(kind: Kind) -> None:
    properties = of_kind(kind)["properties"]
    assert "crossplane" not in properties["spec"]["properties"]
    assert "conditions" not in properties.get("status", {}).get("properties", {})


def test_a_default_that_says_nothing_is_no_default_of_the_api() -> None:
    class Quiet(Model):
        text: str = ""
        flag: bool = False
        some: tuple[str, ...] = ()
        maybe: int | None = None
        zero: int = 0
        one: int = 1

    found = {name: schema.get("default") for name, schema in structural(Quiet)["properties"].items()}
    assert found == {"text": None, "flag": None, "some": None, "maybe": None, "zero": 0, "one": 1}


def test_a_union_of_types_is_refused() -> None:
    class Both(Model):
        port: int | str

    with pytest.raises(ValueError, match=r"Both\.port: a union of types is not structural"):
        structural(Both)


def test_a_number_or_a_text_has_kubernetes_own_keyword_and_limits_of_both() -> None:
    class Either(Model):
        port: Annotated[IntOrString, between(1, 65535), length(1, 15)] | None = None

    assert structural(Either)["properties"]["port"] == {
        INT_OR_STRING: True,
        "minLength": 1,
        "maxLength": 15,
        "minimum": 1,
        "maximum": 65535,
    }


def test_free_form_values_are_refused() -> None:
    class Anything(Model):
        value: Any

    with pytest.raises(ValueError, match=r"Anything\.value: not structural: no type"):
        structural(Anything)
