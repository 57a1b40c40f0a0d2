"""A pod template takes what Kubernetes' PodSpec has, or says why it does not."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from function.api.base import INT_OR_STRING
from function.api.generated_files import ROOT
from function.api.pod_template import PodSpec
from function.api.pods.left_out import LEFT_OUT
from function.api.schema import Schema, structural
from tests.schemas import extract
from tests.support.api import deployment, engine, member, refused, template

FACTS: Final[dict[str, dict[str, Any]]] = yaml.safe_load(extract.PODS.read_text(encoding="utf-8"))


def fields(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """Every field below a schema, with whether it is required."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}", inner, name in schema.get("required", ())
        yield from below(inner, f"{path}{name}")


def below(schema: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    for key, step in (("items", "[]"), ("additionalProperties", ".*")):
        if key in schema:
            yield f"{path}{step}", schema[key], False
            yield from below(schema[key], f"{path}{step}")
    yield from fields(schema, f"{path}.")


def is_below(path: str, parents: Any) -> bool:
    return any(path == parent or path.startswith((f"{parent}.", f"{parent}[")) for parent in parents)


OURS: Final = {path: (schema, needed) for path, schema, needed in fields(structural(PodSpec))}


def test_every_field_of_kubernetes_is_taken_or_left_out_with_a_reason() -> None:
    assert [path for path in FACTS if path not in OURS and not is_below(path, LEFT_OUT)] == []


def test_what_is_left_out_exists_in_kubernetes_and_not_here() -> None:
    assert sorted(LEFT_OUT.keys() - FACTS.keys()) == []
    assert sorted(path for path in OURS if is_below(path, LEFT_OUT)) == []


def test_every_field_exists_in_kubernetes_with_the_same_type() -> None:
    def kind(schema: Schema) -> str:
        return "int-or-string" if INT_OR_STRING in schema else str(schema["type"])

    def counterpart(path: str) -> str:
        return path if path == "initContainers[]" else path.replace("initContainers[]", "containers[]", 1)

    found = {path: kind(schema) for path, (schema, _) in OURS.items()}
    expected = {path: FACTS.get(counterpart(path), {}).get("type") for path in OURS}
    native = {"initContainers[].restartPolicy": "string"}
    assert found == expected | native


def test_what_kubernetes_requires_is_required() -> None:
    lenient = [path for path, (_, needed) in OURS.items() if FACTS.get(path, {}).get("required") and not needed]
    assert lenient == []


def test_init_containers_have_the_fields_of_containers_and_a_restart_policy() -> None:
    at, of_init = "containers[].", "initContainers[]."
    own = {path.removeprefix(at) for path in OURS if path.startswith(at)}
    assert {path.removeprefix(of_init) for path in OURS if path.startswith(of_init)} - own == {"restartPolicy"}


def test_the_table_is_what_the_script_makes_of_the_definition() -> None:
    if not extract.DEFINITIONS.is_dir():
        pytest.skip("NOT CHECKED: no definition is at hand")
    assert extract.pod_spec().stale(ROOT) == [], "run: make schemas"


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        ({"nodeName": "a"}, "nodeName", LEFT_OUT["nodeName"]),
        (
            {"containers": [{"name": "engine", "image": "i", "stdin": True}]},
            "containers[0].stdin",
            LEFT_OUT["containers[].stdin"],
        ),
        (
            {"initContainers": [{"name": "a", "image": "i", "tty": True}]},
            "initContainers[0].tty",
            LEFT_OUT["containers[].tty"],
        ),
    ],
)
def test_a_field_that_is_left_out_is_named_with_its_reason(spec: dict[str, Any], field: str, reason: str) -> None:
    found = refused(deployment(engines=[engine("q", member(template=template(**spec)))]))
    at = "spec.engines[0].members[0].template.spec"
    assert found == [f"{at}.{field}: unknown field, which pods of Modelplane do not have: {reason}"]
