import io
import os
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from function.preview.inputs import InputError, read
from tests.support.input_files import config, names, refused, write

pytestmark = pytest.mark.usefixtures("current_folder")


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


# ---------------------------------------------------------------------- limits


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
