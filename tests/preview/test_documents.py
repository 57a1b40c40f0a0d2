import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from function.api.validation import admit
from function.composition import Manifest, Observation, objects, unstructured
from function.preview.control_plane import ControlPlane
from function.preview.documents import as_json, as_yaml, documents
from tests.support.settled import EXAMPLES, quickstart, settle
from tests.support.small_plane import KINDS, answer, app, config, settled

BY, ON = "modelplane.ai/composed-by", "modelplane.ai/on-cluster"


def found(kind: str, name: str, documents: list[Manifest]) -> Manifest:
    (obj,) = [obj for obj in documents if (obj["kind"], unstructured.name_of(obj)) == (kind, name)]
    return obj


def note(obj: Manifest, key: str) -> str:
    return unstructured.annotations(obj).get(key, "")


# ---------------------------------------------------------------------- what is printed


def test_what_was_given_is_there_without_a_parent_and_what_was_composed_names_its_own() -> None:
    shown = documents(settled(lambda _: answer({"a": config("a")})))
    assert [(obj["kind"], note(obj, BY)) for obj in shown] == [("ConfigMap", "App/shop"), ("App", "")]


def test_a_composed_object_is_printed_as_a_user_would_write_it() -> None:
    shown = documents(settled(lambda _: answer({"a": config("a")})))
    assert found("ConfigMap", "a", shown) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "a",
            "namespace": "team",
            "annotations": {"crossplane.io/composition-resource-name": "a", BY: "App/shop"},
        },
        "data": {"key": "value"},
    }


def test_a_composite_carries_its_status_and_nothing_of_crossplanes() -> None:
    shown = documents(settled(lambda _: answer({"a": config("a")}, status={"x": 1})))
    obj = found("App", "shop", shown)
    assert list(obj) == ["apiVersion", "kind", "metadata", "spec", "status"]
    assert obj["metadata"] == {"name": "shop", "namespace": "team"}
    assert obj["spec"] == {"size": 1}
    assert obj["status"]["x"] == 1
    assert {condition["type"] for condition in obj["status"]["conditions"]} == {"Ready", "Synced"}


def test_what_the_installation_brings_is_not_printed() -> None:
    kinds = {document["kind"] for document in documents(settled(lambda _: answer()))}
    assert kinds == {"App"}


def test_the_content_of_secrets_is_hidden() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": "team"},
        "data": {"token": "aGVsbG8="},
        "stringData": {"other": "hello"},
    }
    plane = ControlPlane(lambda _: answer(), kinds=KINDS)
    plane.apply([secret])
    text = as_yaml(documents(plane))
    assert "aGVsbG8=" not in text
    assert "hello" not in text
    assert found("Secret", "token", documents(plane))["data"] == {"token": "***"}


def test_an_object_on_a_cluster_stands_for_the_object_that_brings_it_there() -> None:
    shown = documents(quickstart())
    assert [obj for obj in shown if objects.is_object(obj)] == []
    on = {note(obj, ON) for obj in shown}
    assert on == {"", "ams-1", "osl-1"}
    deployments = [obj for obj in shown if obj["kind"] == "Deployment"]
    assert [(note(deployment, ON), note(deployment, BY).split("/")[0]) for deployment in deployments] == [
        ("ams-1", "ModelReplica"),
        ("ams-1", "ModelReplica"),
    ]
    assert all(deployment["metadata"]["namespace"] == "ml-team" for deployment in deployments)


def test_every_composed_object_has_a_parent_that_is_printed_too() -> None:
    shown = documents(quickstart())
    there = {f"{obj['kind']}/{unstructured.name_of(obj)}" for obj in shown}
    applied = {str(ref) for ref in quickstart().applied}
    for obj in shown:
        parent = note(obj, BY)
        title = "/".join(filter(None, (obj["kind"], unstructured.namespace_of(obj), unstructured.name_of(obj))))
        assert parent in there if parent else title in applied


def test_only_composites_carry_a_status() -> None:
    with_status = {document["kind"] for document in documents(quickstart()) if "status" in document}
    assert with_status == {composite["kind"] for composite in quickstart().composites}


def test_nothing_is_printed_empty_or_null_at_the_top() -> None:
    faults = [
        (document["kind"], key)
        for document in documents(quickstart())
        for key, v in document.items()
        if v in (None, {})
    ]
    assert faults == []


def test_what_is_printed_of_our_own_kinds_is_admitted_again() -> None:
    assert [line for document in documents(quickstart()) for line in admit(document).lines()] == []


# ---------------------------------------------------------------------- how it is printed


def test_yaml_has_one_document_for_each_object() -> None:
    shown = documents(quickstart())
    text = as_yaml(shown)
    assert text.startswith("---\n")
    assert list(yaml.safe_load_all(text)) == shown


def test_json_is_one_list_of_the_same_objects() -> None:
    shown = documents(quickstart())
    text = as_json(shown)
    assert text.endswith("}\n")
    assert json.loads(text) == {"apiVersion": "v1", "kind": "List", "items": shown}


def test_a_text_of_several_lines_is_printed_as_such_and_nothing_by_reference() -> None:
    shared = {"a": "1"}
    text = as_yaml([{"one": shared, "other": shared, "script": "first\nsecond\n"}])
    assert text == "---\none:\n  a: '1'\nother:\n  a: '1'\nscript: |\n  first\n  second\n"


def test_a_long_text_stays_on_its_line_and_letters_stay_letters() -> None:
    words = " ".join(["größe"] * 100)
    assert as_yaml([{"a": words}]) == f"---\na: {words}\n"
    assert words in as_json([{"a": words}])


# ---------------------------------------------------------------------- same input, same bytes


def files(folder: Path) -> list[Path]:
    """The quickstart, each object in a file of its own."""
    paths = sorted((EXAMPLES / "quickstart").rglob("*.yaml"))
    objs = [obj for path in paths for obj in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    result = []
    for number, obj in enumerate(objs):
        path = folder / f"{number}.yaml"
        path.write_text(yaml.safe_dump(obj, sort_keys=False), encoding="utf-8")
        result.append(path)
    return result


@pytest.mark.parametrize("turned", [3, -1], ids=["rotated", "reversed"])
def test_the_order_of_the_input_changes_no_byte(turned: int, tmp_path: Path) -> None:
    ordered = files(tmp_path)
    other = ordered[::-1] if turned < 0 else [*ordered[turned:], *ordered[:turned]]
    assert as_yaml(documents(settle(*other))) == as_yaml(documents(quickstart()))


def test_two_composites_of_one_name_are_told_apart_by_namespace() -> None:
    def composing(observation: Observation) -> Any:
        return answer({"a": config(observation.name)})

    orders = list(itertools.permutations([app("x", "one"), app("x", "two"), app("y", "one")]))
    texts = set()
    for order in orders:
        plane = ControlPlane(composing, kinds=KINDS)
        plane.apply(order)
        plane.settle()
        texts.add(as_yaml(documents(plane)))
    assert len(texts) == 1
