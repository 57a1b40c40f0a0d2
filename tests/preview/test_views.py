import io
import json

import pytest
import yaml

from function.preview.documents import documents
from function.preview.views import VIEWS
from tests.support.settled import quickstart


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(view: str, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    VIEWS[view](quickstart(), out)
    return out.getvalue()


def test_every_view_prints_the_same_objects() -> None:
    expected = documents(quickstart())
    assert list(yaml.safe_load_all(shown("yaml"))) == expected
    assert json.loads(shown("json"))["items"] == expected


def test_a_tree_that_is_not_on_a_terminal_is_plain_and_not_cut() -> None:
    text = shown("tree")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) > 120
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_a_tree_on_a_terminal_is_as_wide_as_that_and_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown("tree", Terminal())
    assert "\x1b[32m  Ready" in text
    plain = shown("tree").splitlines()
    assert len(text.splitlines()) > len(plain)


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_input_gives_the_same_bytes(view: str) -> None:
    assert shown(view) == shown(view)
