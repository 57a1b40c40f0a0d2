"""The facts that we rely on are those of the definitions, and they refuse what a definition would refuse."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from function.api.generated_files import ROOT
from tests.schemas import extract
from tests.support import crd_schemas
from tests.support.crd_schemas import facts, kinds_with_facts, violations

DEFINITION: dict[str, Any] = {
    "names": {"kind": "Example"},
    "versions": [
        {
            "name": "v1",
            "schema": {
                "openAPIV3Schema": {
                    "type": "object",
                    "required": ["spec"],
                    "properties": {
                        "metadata": {"type": "object"},
                        "spec": {
                            "type": "object",
                            "required": ["mode", "target"],
                            "properties": {
                                "mode": {"type": "string", "enum": ["A", "B"], "description": "Words of others."},
                                "target": {
                                    "type": "object",
                                    "required": ["name"],
                                    "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
                                },
                                "port": {"x-kubernetes-int-or-string": True},
                                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                                "values": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                "items": {
                                    "type": "array",
                                    "items": {"type": "object", "properties": {"name": {"type": "string"}}},
                                },
                                "unused": {"type": "string"},
                            },
                        },
                    },
                }
            },
        }
    ],
}
COMPOSED: dict[str, Any] = {
    "apiVersion": "example.org/v1",
    "kind": "Example",
    "metadata": {"name": "a"},
    "spec": {
        "mode": "A",
        "target": {"name": "a"},
        "port": "http",
        "labels": {"app": "a"},
        "values": {"anything": {"at": "all"}},
        "items": [{"name": "a"}],
    },
}


def test_a_table_has_what_we_compose_and_what_is_required_beside_it() -> None:
    schema = extract.schema_of(DEFINITION, "v1")
    used = set(extract.paths({"spec": {"port": 80, "items": [{"name": "a"}], "labels": {"app": "a"}}}, schema))
    assert dict(extract.facts(schema, used)) == {
        "spec": {"type": "object", "required": True},
        "spec.mode": {"type": "string", "enum": ["A", "B"], "required": True},
        "spec.target": {"type": "object", "required": True},
        "spec.target.name": {"type": "string", "required": True},
        "spec.port": {"type": "int-or-string"},
        "spec.labels": {"type": "object"},
        "spec.labels.*": {"type": "string"},
        "spec.items": {"type": "array"},
        "spec.items[]": {"type": "object"},
        "spec.items[].name": {"type": "string"},
    }


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table that was made from what we compose, with no definition at hand."""
    definitions, tables = tmp_path / "definitions", tmp_path / "tables"
    tables.mkdir()
    for module, name, folder in (
        (extract, "DEFINITIONS", definitions),
        (extract, "TABLES", tables),
        (crd_schemas, "FOLDER", definitions),
    ):
        monkeypatch.setattr(module, name, folder)
    monkeypatch.setattr(extract, "read_definition", lambda _: DEFINITION)
    extract.add("examples.example.org", COMPOSED)
    return "examples.example.org"


def with_spec(**changes: Any) -> dict[str, Any]:
    return {**COMPOSED, "spec": {**COMPOSED["spec"], **changes}}


def without(field: str) -> dict[str, Any]:
    return {**COMPOSED, "spec": {name: value for name, value in COMPOSED["spec"].items() if name != field}}


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (COMPOSED, None),
        (with_spec(values={"other": 1}, labels={"any": "key"}, port=80), None),
        (with_spec(mode="C"), "$.spec.mode: 'C' is not one of ['A', 'B']"),
        (with_spec(mode=1), "$.spec.mode: 1 is not of type 'string'"),
        (with_spec(suprise=1), "$.spec: Additional properties are not allowed ('suprise' was unexpected)"),
        (with_spec(unused="a"), "$.spec: Additional properties are not allowed ('unused' was unexpected)"),
        (with_spec(items=[{"nmae": "a"}]), "$.spec.items[0]: Additional properties are not allowed ('nmae' was"),
        (with_spec(labels={"app": 1}), "$.spec.labels.app: 1 is not of type 'string'"),
        (with_spec(target={}), "$.spec.target: 'name' is a required property"),
        (without("mode"), "$.spec: 'mode' is a required property"),
        ({"apiVersion": "example.org/v1", "kind": "Example"}, "$: 'spec' is a required property"),
    ],
)
def test_without_the_definition_the_facts_refuse_what_it_would_refuse(
    written: str, obj: dict[str, Any], problem: str | None
) -> None:
    facts.cache_clear()
    found = violations(obj, written.partition(".")[0])
    facts.cache_clear()
    if problem is None:
        assert found == []
    else:
        assert [line.startswith(problem) for line in found][:1] == [True], found
        assert found[0].endswith("(by tests/schemas/examples.example.org.yaml)")


def test_every_table_is_what_the_script_makes_of_its_definition() -> None:
    at_hand = [name for name in extract.names() if (extract.DEFINITIONS / f"{name}.yaml").is_file()]
    if not at_hand:
        pytest.skip("NOT CHECKED: no definition is at hand; our objects are checked against the facts of tests/schemas")
    assert extract.generated(at_hand).stale(ROOT) == [], "run: make schemas"


@pytest.mark.parametrize("name", extract.names())
def test_a_table_holds_facts_alone_and_is_a_schema(name: str) -> None:
    table = extract.read(name)
    assert set(table) == {"kind", "versions"}
    for version, rows in table["versions"].items():
        assert rows
        assert {key for row in rows.values() for key in row} <= {"type", "enum", "required"}
        jsonschema.Draft202012Validator.check_schema(facts(name, version))


def test_every_kind_has_one_table() -> None:
    assert len(kinds_with_facts()) == len(extract.names())
