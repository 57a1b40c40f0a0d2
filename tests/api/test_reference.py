from collections.abc import Iterator

import pytest

from function.api.base import VALIDATIONS, Kind
from function.api.kinds import KINDS
from function.api.reference import page
from function.api.schema import Schema, of_kind


def fields(schema: Schema, above: str = "") -> Iterator[str]:
    """Paths of all fields, as the reference writes them."""
    for name, field in schema.get("properties", {}).items():
        path, inner = f"{above}{name}", field
        yield path
        while "items" in inner or "additionalProperties" in inner:
            path += "[]" if "items" in inner else "{}"
            inner = inner.get("items") or inner["additionalProperties"]
        yield from fields(inner, f"{path}.")


def messages(schema: Schema) -> Iterator[str]:
    yield from (rule["message"] for rule in schema.get(VALIDATIONS, ()))
    for inner in schema.get("properties", {}).values():
        yield from messages(inner)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from messages(schema[key])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_the_reference_has_every_field_and_every_rule_of_a_kind(kind: Kind) -> None:
    text = page([kind])
    rows = {line.split("|")[1].strip().strip("*").strip("`") for line in text.splitlines() if line.startswith("| ")}
    assert set(fields(of_kind(kind))) <= rows
    assert all(message in text for message in messages(of_kind(kind)))


def test_a_field_is_written_with_its_type_default_limits_and_meaning() -> None:
    rows = page(KINDS).splitlines()
    assert (
        "| `spec.endpoints[].weight` | integer | `1` | 0..1000000 | Share of the traffic, beside the weights of the"
        " other groups; 0 sends none. |"
    ) in rows
    assert (
        "| **`spec.endpoints`** | list of object |  | 1..16 items | Groups of endpoints, and how traffic is shared"
        " between them. |"
    ) in rows
