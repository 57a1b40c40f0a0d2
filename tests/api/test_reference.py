from collections.abc import Iterator

import pytest

from function.api.base import VALIDATIONS, Kind, Model
from function.api.kinds import KINDS
from function.api.reference import SHARED, page, shared
from function.api.schema import Schema, of_kind, structural


def fields(schema: Schema, above: str = "") -> Iterator[str]:
    """Paths of all fields, as the reference writes them; those of shared objects stand with these."""
    for name, field in schema.get("properties", {}).items():
        path, inner = f"{above}{name}", field
        yield path
        while "items" in inner or "additionalProperties" in inner:
            path += "[]" if "items" in inner else "{}"
            inner = inner.get("items") or inner["additionalProperties"]
        if not shared(inner):
            yield from fields(inner, f"{path}.")


def messages(schema: Schema) -> Iterator[str]:
    yield from (rule["message"] for rule in schema.get(VALIDATIONS, ()))
    for inner in schema.get("properties", {}).values():
        yield from messages(inner)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from messages(schema[key])


def rows(text: str) -> set[str]:
    return {line.split("|")[1].strip().strip("*").strip("`") for line in text.splitlines() if line.startswith("| ")}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_reference_has_every_field_and_every_rule_of_a_kind(kind: Kind) -> None:
    text = page([kind])
    assert set(fields(of_kind(kind))) <= rows(text)
    assert all(message in text for message in messages(of_kind(kind)))


@pytest.mark.parametrize("model", SHARED, ids=lambda model: model.__name__)
def test_every_shared_object_is_linked_and_has_its_fields_in_a_section_of_its_own(model: type[Model]) -> None:
    text = page(KINDS)
    assert f"[{model.__name__}](#{model.__name__.lower()})" in text
    section = text.partition(f"### {model.__name__}\n")[2].partition("\n### ")[0]
    bases = [base for base in SHARED if base is not model and issubclass(model, base)]
    inherited = {name for base in bases for name in fields(structural(base))}
    assert all(f"All of [{base.__name__}]" in section for base in bases)
    assert set(fields(structural(model))) - inherited == rows(section) - {"Field"}


def test_a_field_is_written_with_its_type_default_limits_and_meaning() -> None:
    lines = page(KINDS).splitlines()
    assert (
        "| `spec.endpoints[].weight` | integer | `1` | 0..1000000 | Share of the traffic, beside the weights of the"
        " other groups; 0 sends none. |"
    ) in lines
    assert (
        "| **`spec.endpoints`** | list of object |  | 1..16 items | Groups of endpoints, and how traffic is shared"
        " between them. |"
    ) in lines
