import io
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from function.api.patterns import DNS_LABEL, MEANINGS
from function.preview.inputs import InputError, read
from tests.support.api import deployment
from tests.support.settled import EXAMPLES


def config(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **more}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files in messages are as short as they are given."""
    monkeypatch.chdir(tmp_path)


def write(name: str, *content: Any) -> str:
    """A file with a text, or with manifests."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content[0] if content and isinstance(content[0], str) else yaml.safe_dump_all(content)
    path.write_text(text, encoding="utf-8")
    return name


def names(*paths: str, stdin: str = "") -> list[str]:
    return [obj["metadata"]["name"] for obj in read(paths, io.StringIO(stdin))]


def refused(*paths: str, stdin: str = "") -> list[str]:
    with pytest.raises(InputError) as stopped:
        read(paths, io.StringIO(stdin))
    assert str(stopped.value) == "\n".join(stopped.value.problems)
    return list(stopped.value.problems)


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
    one, other = ({**config(), "metadata": {"name": "a", "namespace": space}} for space in ("x", "y"))
    assert len(read([write("a.yaml", one, other)])) == 2


# ---------------------------------------------------------------------- what cannot be read


UNREADABLE = {
    "YAML": ("a.yaml", "a: [1\nb: 2\n", "a.yaml:2:2: is not YAML: did not find expected ',' or ']'"),
    "tab": ("a.yaml", "a:\n\tb: 2\n", "a.yaml:2:1: is not YAML: found character that cannot start any token"),
    "key twice": ("a.yaml", "a: 1\na: 2\n", 'a.yaml:2:1: is not YAML: the key "a" is there twice'),
    "key of several": ("a.yaml", "? [a, b]\n: 1\n", "a.yaml:1:3: is not YAML: a key must be a text"),
    "template of a chart": ("a.yaml", "a: {{ .Values.x }}\n", "a.yaml:1:5: is not YAML: a key must be a text"),
    "tag": ("a.yaml", "a: !!map [x]\n", "a.yaml:1:4: is not YAML: a map is needed here"),
    "no number": ("a.yaml", "a: !!int x\n", "a.yaml: is not YAML: invalid literal for int() with base 10: 'x'"),
    "nested": ("a.yaml", "[" * 3000, "a.yaml:1:1001: is not YAML: exceeded maximum nesting depth"),
    "nested JSON": ("a.json", "[" * 100_000, "a.json: is nested too deeply"),
    "bytes": (
        "a.yaml",
        "apiVersion: v1\nkind: Secret\ndata: {x: !!binary aGk=}\n",
        "a.yaml: data.x is of type bytes, which JSON does not have",
    ),
    "anchor in itself": ("a.yaml", "a: &a [*a]\n", "a.yaml:1:4: is not YAML: found unconstructable recursive node"),
    "JSON": (
        "a.json",
        '{"a": 1,}',
        "a.json:1:9: is not JSON: Expecting property name enclosed in double quotes",
    ),
    "JSON key twice": ("a.json", '{"a": 1, "a": 2}', 'a.json: is not JSON: the key "a" is there twice'),
    "text": ("a.yaml", "hello", "a.yaml: is no manifest: a map is needed, not a text"),
    "list": ("a.yaml", "- a\n", "a.yaml: is no manifest: a map is needed, not a list"),
    "number": ("a.yaml", "5\n", "a.yaml: is no manifest: a map is needed, not a number"),
    "values of a chart": (
        "values.yaml",
        "image: x\n",
        "values.yaml: is no manifest: apiVersion is required, and must be a text",
    ),
    "no kind": ("a.yaml", "apiVersion: v1\n", "a.yaml: is no manifest: kind is required, and must be a text"),
    "no list": ("a.yaml", "apiVersion: v1\nkind: List\nitems: all\n", "a.yaml: List: items must be a list, not a text"),
    "kustomize": (
        "kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        "kustomization.yaml: is for kustomize; give what it makes: kubectl kustomize FOLDER | modelplane preview -",
    ),
}


@pytest.mark.parametrize(("name", "text", "problem"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_document_that_is_no_manifest_is_refused_with_its_place(name: str, text: str, problem: str) -> None:
    assert refused(write(name, text)) == [problem]


def test_a_binary_file_is_refused() -> None:
    Path("a.yaml").write_bytes(b"a: \xff\xfe")
    assert refused("a.yaml") == ["a.yaml: is not text in UTF-8 (byte 3)"]


def test_a_path_that_does_not_exist_is_refused() -> None:
    assert refused("nowhere") == ["nowhere: no such file or folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="NOT CHECKED: root may read every file")
def test_a_file_that_may_not_be_read_is_refused() -> None:
    Path(write("a.yaml", config())).chmod(0)
    assert refused("a.yaml") == ["a.yaml: cannot be read: Permission denied"]


def test_a_folder_without_manifests_is_refused() -> None:
    write("in/notes.txt", "hello")
    assert refused("in") == ["in: no .yaml, .yml or .json files in this folder"]


@pytest.mark.parametrize("text", ["", "# a comment\n---\n---\n"], ids=["empty", "only comments"])
def test_an_empty_input_is_refused(text: str) -> None:
    assert refused(write("a.yaml", text)) == ["no manifests in a.yaml"]
    assert refused("-", stdin=text) == ["no manifests in -"]


def test_one_empty_file_among_others_is_passed_over() -> None:
    assert names(write("empty.yaml", ""), write("a.yaml", config())) == ["a"]


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
    ("api_version", "kind", "said"),
    [
        ("modelplane.ai/v1alpha1", "ModelDeploment", 'is no kind of modelplane.ai/v1alpha1; did you mean "ModelDep'),
        ("modelplane.ai/v1alpha1", "modeldeployment", 'is no kind of modelplane.ai/v1alpha1; did you mean "ModelDep'),
        ("modelplane.ai/v1", "ModelDeployment", "ModelDeployment is served as modelplane.ai/v1alpha1, not"),
        ("modelplane.io/v1alpha1", "ModelDeployment", "ModelDeployment is served as modelplane.ai/v1alpha1, not"),
        ("v1alpha1", "ModelDeployment", "ModelDeployment is served as modelplane.ai/v1alpha1, not"),
        ("modelplane.ai/v1alpha1", "ServingStack", "is served as infrastructure.modelplane.ai/v1alpha1, not"),
    ],
)
def test_a_kind_of_ours_misspelt_is_refused_with_what_was_meant(api_version: str, kind: str, said: str) -> None:
    (problem,) = refused(write("a.yaml", {**deployment(), "apiVersion": api_version, "kind": kind}))
    assert said in problem


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


# ---------------------------------------------------------------------- what never ends


def aliases(levels: int, each: str = "[{}]") -> str:
    """A manifest of a few hundred bytes in which each level repeats the one before nine times."""
    repeated = (each.format(", ".join([f"*a{level}"] * 9)) for level in range(levels - 1))
    lines = ["a0: &a0 {x: y}", *(f"a{level}: &a{level} {text}" for level, text in enumerate(repeated, 1))]
    return yaml.safe_dump(config()) + "\n".join(lines)


@pytest.mark.parametrize("each", ["[{}]", "{{<<: [{}]}}"], ids=["lists", "merge keys"])
def test_a_text_whose_anchors_repeat_more_than_fits_into_memory_is_refused(each: str) -> None:
    assert refused("-", stdin=aliases(12, each)) == [
        "standard input:1:1: is not YAML: its anchors repeat more than 1 MiB of it"
    ]


def test_anchors_that_repeat_a_little_are_followed() -> None:
    (obj,) = read(["-"], io.StringIO(aliases(4)))
    assert obj["a3"] == [[[{"x": "y"}] * 9] * 9] * 9


def test_what_is_nested_deeper_than_can_be_walked_through_is_refused_however_it_is_written() -> None:
    chain = "\n".join(["a0: &a0 [x]", *(f"a{level}: &a{level} [*a{level - 1}]" for level in range(1, 200))])
    assert refused("-", stdin=yaml.safe_dump(config()) + chain) == ["standard input: is nested too deeply"]
    assert refused("-", stdin="[" * 200 + "]" * 200) == ["standard input: is nested too deeply"]
    assert refused(write("a.json", "[" * 200 + "]" * 200)) == ["a.json: is nested too deeply"]


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_number_of_thousands_of_digits_is_refused(name: str) -> None:
    assert refused(write(name, '{"apiVersion": "v1", "kind": "ConfigMap", "x": ' + "9" * 5000 + "}")) == [
        f"{name}: has a number of too many digits"
    ]


def test_a_link_to_itself_is_refused() -> None:
    Path("self").symlink_to("self")
    assert refused("self") == ["self: cannot be read: Too many levels of symbolic links"]


def test_what_is_no_file_in_a_folder_is_refused_and_not_waited_for() -> None:
    write("in/a.yaml", config())
    Path("in/loop.yaml").symlink_to("loop.yaml")
    Path("in/none.yaml").symlink_to("nowhere")
    os.mkfifo("in/pipe.yaml")
    Path("in/up").symlink_to("..")
    Path("in/folder.yaml").mkdir()
    assert refused("in") == [
        "in/loop.yaml: is a link to itself",
        "in/none.yaml: is a link to nothing",
        "in/pipe.yaml: is no file",
    ]


def test_a_text_without_end_is_refused() -> None:
    assert refused("/dev/zero") == ["/dev/zero: has more than 64 MiB; give fewer manifests at once"]


def test_a_folder_of_countless_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("function.preview.files.MOST_FILES", 2)
    write("in/a.yaml", config("a"))
    write("in/b.yaml", config("b"))
    assert names("in") == ["a", "b"]
    write("in/c.yaml", config("c"))
    assert refused("in") == ["in: has more than 2 files; name the folder with the manifests"]


def test_a_path_that_no_system_can_have_is_refused() -> None:
    assert refused("a\0b") == ["a\0b: cannot be read: embedded null byte"]


WORDS = ("a", "kind", "apiVersion", "v1", "List", "items", "1", ".inf", "<<", "&x ", "*x")
SIGNS = (": ", "- ", "? ", "{", "}", "[", "]", ",", "\n", "  ", "\t", "---\n", '"', "'", "|")
TAGS = ("!!bool ", "!!float ", "!!int ", "!!map ", "!!omap ", "!!set ", "!!timestamp ", "!made-up ")


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS + SIGNS + TAGS), max_size=25).map("".join))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    with suppress(InputError):
        assert read(["-"], io.StringIO(text))
