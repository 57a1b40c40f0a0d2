import json
import shutil
from typing import Any

import pytest
import yaml

from function.api.patterns import DNS_LABEL, MEANINGS
from function.preview.inputs import read
from tests.support.api import deployment
from tests.support.input_files import config, names, refused, write
from tests.support.settled import EXAMPLES

pytestmark = pytest.mark.usefixtures("current_folder")


# ---------------------------------------------------------------------- what is read


def test_a_file_may_hold_several_documents_and_empty_ones_are_passed_over() -> None:
    assert names(write("a.yaml", "---\n# nothing\n---\n" + yaml.safe_dump_all([config("a"), None, config("b")]))) == [
        "a",
        "b",
    ]


def test_a_folder_is_read_with_all_below_it_in_the_order_of_file_names() -> None:
    write("in/b.yml", config("second"))
    write("in/a.yaml", config("first"))
    write("in/deep/er/c.json", json.dumps(config("third")))
    write("in/README.md", "not a manifest")
    assert names("in") == ["first", "second", "third"]


def test_paths_are_read_in_the_order_given() -> None:
    assert names(write("b.yaml", config("b")), write("a.yaml", config("a"))) == ["b", "a"]


def test_a_file_that_is_named_twice_is_read_once() -> None:
    write("in/a.yaml", config())
    assert names("in/a.yaml", "in", "./in/a.yaml") == ["a"]


@pytest.mark.parametrize("text", [yaml.safe_dump(config()), json.dumps(config(), indent="\t")], ids=["YAML", "JSON"])
def test_a_dash_is_standard_input(text: str) -> None:
    assert names("-", stdin=text) == ["a"]


def test_a_file_may_have_any_name_when_it_is_named_itself() -> None:
    assert names(write("manifests.txt", config())) == ["a"]


@pytest.mark.parametrize("kind", ["List", "ConfigMapList"])
def test_a_list_is_taken_apart(kind: str) -> None:
    listed = {"apiVersion": "v1", "kind": kind, "items": [config("a"), config("b")]}
    assert names(write("a.json", json.dumps(listed))) == ["a", "b"]
    assert names("-", stdin=yaml.safe_dump(listed)) == ["a", "b"]


def test_the_examples_are_read() -> None:
    kinds = {obj["kind"] for obj in read([str(EXAMPLES / "quickstart")])}
    assert kinds >= {"InferenceClass", "InferenceCluster", "InferenceGateway", "ModelDeployment", "ModelService"}


def test_a_manifest_is_given_back_as_it_is_written_without_defaults() -> None:
    obj = deployment()
    assert read([write("a.yaml", obj)]) == [obj]


def test_times_and_what_looks_like_hours_stay_texts_and_numbers_are_numbers() -> None:
    text = "{at: 2026-01-31, until: 2026-01-31T09:30:00Z, port: 1:30, half: 0.5, many: 10, hex: 0x10, on: 'yes'}"
    (obj,) = read([write("a.yaml", yaml.safe_dump(config()) + f"data: {text}\n")])
    assert obj["data"] == {
        "at": "2026-01-31",
        "until": "2026-01-31T09:30:00Z",
        "port": "1:30",
        "half": 0.5,
        "many": 10,
        "hex": 16,
        "on": "yes",
    }


def test_anchors_and_merge_keys_are_followed() -> None:
    text = yaml.safe_dump(config()) + "base: &base {x: '1', y: '2'}\ndata: {<<: *base, y: '3'}\n"
    (obj,) = read([write("a.yaml", text)])
    assert obj["data"] == {"x": "1", "y": "3"}


def test_a_foreign_kind_is_taken_as_it_is() -> None:
    widget: dict[str, Any] = {
        "apiVersion": "example.org/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "whatever": [1, None, {}],
    }
    assert read([write("a.yaml", widget)]) == [widget]


def test_another_projects_kind_that_is_named_like_one_of_ours_is_foreign() -> None:
    theirs = {"apiVersion": "llm-d.ai/v1alpha1", "kind": "ModelService", "metadata": {"name": "w"}, "spec": {"x": 1}}
    assert read([write("a.yaml", theirs)]) == [theirs]


def test_the_same_name_in_two_namespaces_is_two_objects() -> None:
    first, second = ({**config(), "metadata": {"name": "a", "namespace": space}} for space in ("x", "y"))
    assert len(read([write("a.yaml", first, second)])) == 2


# ---------------------------------------------------------------------- what is refused


def test_an_unknown_field_is_refused_with_file_document_object_path_and_what_was_meant() -> None:
    wrong = deployment()
    wrong["spec"]["replica"] = 1
    assert refused(write("a.yaml", config(), wrong)) == [
        'a.yaml (document 2): ModelDeployment/qwen-demo: spec.replica: unknown field; did you mean "replicas"?'
    ]


def test_an_item_of_a_list_is_named_by_its_number() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [config(), {"kind": "x"}]}
    assert refused("-", stdin=yaml.safe_dump(listed)) == [
        "standard input (item 2): is no manifest: apiVersion is required, and must be a text"
    ]


def test_every_problem_is_told_at_once() -> None:
    assert refused(write("a.yaml", "- a"), "nowhere", write("b.yaml", "b: [")) == [
        "nowhere: no such file or folder",
        "b.yaml:2:1: is not YAML: did not find expected node content",
        "a.yaml: is no manifest: a map is needed, not a list",
    ]


def test_an_object_that_is_given_twice_with_two_meanings_is_refused_with_both_places_and_what_to_do() -> None:
    write("a.yaml", config(data={"x": "1"}))
    write("b.yaml", config("b"), config(data={"x": "2"}, immutable=True))
    (problem,) = refused("a.yaml", "b.yaml")
    assert problem == (
        "b.yaml (document 2): ConfigMap/default/a is given twice, and differs from the one in a.yaml in "
        "data, immutable: leave one of them out, or make them the same"
    )


def test_an_object_that_is_given_twice_with_one_meaning_is_one() -> None:
    space: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml-team"}}
    write("a.yaml", space, config())
    write("b.yaml", space, config("b"), {**config(), "metadata": {"name": "a", "namespace": "default"}})
    assert names("a.yaml", "b.yaml") == ["ml-team", "a", "b"]


@pytest.mark.parametrize(
    ("api_version", "kind", "meant"),
    [
        ("modelplane.ai/v1alpha1", "ModelDeploment", 'is no kind of modelplane.ai/v1alpha1; did you mean "ModelDep'),
        ("modelplane.ai/v1alpha1", "modeldeployment", 'is no kind of modelplane.ai/v1alpha1; did you mean "ModelDep'),
        ("modelplane.ai/v1", "ModelDeployment", "ModelDeployment is served as modelplane.ai/v1alpha1, not"),
        ("modelplane.io/v1alpha1", "ModelDeployment", "ModelDeployment is served as modelplane.ai/v1alpha1, not"),
        ("v1alpha1", "ModelDeployment", "ModelDeployment is served as modelplane.ai/v1alpha1, not"),
        ("modelplane.ai/v1alpha1", "ServingStack", "is served as infrastructure.modelplane.ai/v1alpha1, not"),
    ],
)
def test_a_kind_of_ours_misspelt_is_refused_with_what_was_meant(api_version: str, kind: str, meant: str) -> None:
    (problem,) = refused(write("a.yaml", {**deployment(), "apiVersion": api_version, "kind": kind}))
    assert meant in problem


METADATA = {
    "no name": ({}, "ConfigMap/?: metadata.name: is required, and must be a text"),
    "a number": ({"name": 5}, "ConfigMap/?: metadata.name: is required, and must be a text"),
    "namespace": ({"namespace": 5}, "ConfigMap/a: metadata.namespace: must be a text, not a number"),
    "namespace's form": (
        {"namespace": "My Team"},
        f'ConfigMap/a: metadata.namespace: must be up to 63 {MEANINGS[DNS_LABEL]}, not "My Team"',
    ),
    "labels": ({"labels": ["a"]}, "ConfigMap/a: metadata.labels: must be a map, not a list"),
    "label": (
        {"labels": {"version": 2}},
        "ConfigMap/a: metadata.labels[version]: must be a text, not a number: 2; put it in quotes",
    ),
    "annotation": (
        {"annotations": {"on": True}},
        "ConfigMap/a: metadata.annotations[on]: must be a text, not true or false: True; put it in quotes",
    ),
}


@pytest.mark.parametrize(("meta", "problem"), METADATA.values(), ids=METADATA)
def test_metadata_that_the_api_server_refuses_is_refused_for_every_kind(meta: dict[str, Any], problem: str) -> None:
    meta = meta if "name" in meta or not meta else {"name": "a", **meta}
    assert refused(write("a.yaml", {**config(), "metadata": meta})) == [f"a.yaml: {problem}"]


def test_labels_of_our_own_kinds_are_judged_too() -> None:
    obj = deployment()
    obj["metadata"]["labels"] = {"tier": 1}
    assert refused(write("a.yaml", obj)) == [
        "a.yaml: ModelDeployment/qwen-demo: metadata.labels[tier]: must be a text, not a number: 1; put it in quotes"
    ]


def test_a_copy_of_a_folder_given_too_changes_nothing() -> None:
    write("in/a.yaml", config(), config("b"))
    shutil.copytree("in", "copy")
    assert names("in", "copy") == ["a", "b"]
