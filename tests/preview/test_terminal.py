"""What is never printed."""

from __future__ import annotations

import io
import json
import unicodedata
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from function.preview.documents import as_json, as_yaml
from function.preview.terminal import printable, without_passwords
from function.preview.views import VIEWS
from tests.preview.test_tree import new_plane

COLOUR = "a\x1b[31mred\x1b]0;title\x07"
TURNED = "a\u202eb"


def config(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"x": COLOUR}}, "data": data}


def shown(view: str, *manifests: Any, encoding: str = "utf-8") -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    VIEWS[view](new_plane(*manifests), out)
    out.seek(0)
    return out.read()


@given(st.text())
def test_a_printed_text_has_no_character_that_a_terminal_obeys(text: str) -> None:
    found = {unicodedata.category(char) for char in printable(text) if char not in "\n\t"}
    assert "Cc" not in found
    assert not set(printable(text)) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069")


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert printable(COLOUR + TURNED + "\x9b0m\r\n") == r"a\x1b[31mred\x1b]0;title\x07a\u202eb\x9b0m\r" + "\n"


URLS = {
    "http://user:hunter2@proxy:3128": "http://***@proxy:3128",
    "https://user:p@ss:w@example.com/v1?x=a@b": "https://***@example.com/v1?x=a@b",
    "https://token@example.com, https://other:x@example.org": "https://***@example.com, https://***@example.org",
    "https://example.com/v1?api-version=1&api_key=k&x=1&Token=t#k": "https://example.com/v1?api-version=1&api_key=***&x=1&Token=***#k",
    "https://example.com/@scope/a@1": "https://example.com/@scope/a@1",
    "oci://ghcr.io/a/b@sha256:0": "oci://ghcr.io/a/b@sha256:0",
    "someone@example.com": "someone@example.com",
}


@pytest.mark.parametrize(("text", "expected"), URLS.items())
def test_of_a_url_nobody_reads_who_logs_in_with_which_password(text: str, expected: str) -> None:
    assert printable(text) == expected
    assert without_passwords({"a": [{"b": text}], text: 1}) == {"a": [{"b": expected}], expected: 1}


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_prints_what_a_terminal_obeys_or_a_password(view: str) -> None:
    named = {**config(), "metadata": {"name": COLOUR + TURNED}}
    text = shown(view, config(x=COLOUR, y=f"{TURNED}\nz", proxy="http://user:hunter2@proxy"), named)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "hunter2" not in text
    assert "***@proxy" in text or view == "tree"


def test_a_line_of_the_tree_stays_one_line() -> None:
    named = {**config(), "metadata": {"name": "a\nServices: what a client calls"}}
    assert r"default/a\nServices: what a client calls" in shown("tree", named)


@pytest.mark.parametrize("unicode", [True, False])
def test_what_is_written_out_reads_as_it_was(unicode: bool) -> None:  # noqa: FBT001 - one case each
    objs = [config(x=COLOUR, y=TURNED, z="ü\x85\n")]
    assert list(yaml.safe_load_all(as_yaml(objs, unicode=unicode))) == objs
    assert json.loads(as_json(objs, unicode=unicode))["items"] == objs


@pytest.mark.parametrize("view", VIEWS)
def test_a_terminal_that_has_only_ascii_is_given_nothing_else(view: str) -> None:
    text = shown(view, config(x="ü 語"), {**config(), "metadata": {"name": "ü"}}, encoding="ascii")
    assert text.isascii()
    if view == "tree":
        assert text == (
            "Taken as given: no kinds of Modelplane\n+-- ConfigMap  default/a  with x\n`-- ConfigMap  default/\\xfc\n"
        )
