"""Every command in a document runs, and every link in one leads somewhere."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from function.main import modelplane
from tests.support.settled import example

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")

MADE_BY_CI = {"make test"}
"""Commands that are not run here, because they run this."""


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip():
                    yield str(page.relative_to(ROOT)), line.strip()


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def recipe(target: str) -> list[str]:
    """The command lines of a make target."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    body = re.search(rf"^{target}:.*\n((?:\t.*\n?)+)", text, re.MULTILINE)
    assert body, f"make {target} does nothing"
    return [line.strip().lstrip("@") for line in body.group(1).splitlines()]


def run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a `modelplane` command line in this process, and give what it prints."""
    words = shlex.split(command.replace("$(BIN)", ".venv/bin"))
    assert words[0] in {"modelplane", ".venv/bin/modelplane"}, f"do not know how to run {command}"
    assert modelplane(words[1:]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("page", "command"), list(commands()))
def test_every_command_of_the_documents_runs(
    page: str, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    if command in MADE_BY_CI:
        return
    if command.startswith("make "):
        target = command.removeprefix("make ")
        assert target in targets(), page
        assert [run(line, capsys) for line in recipe(target)]
        return
    assert run(command, capsys), page


def test_the_readme_begins_with_exactly_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Two commands")[2].partition("\n## ")[0]
    assert [line for block in BLOCK.findall(section) for line in block.split("\n") if line] == [
        "make demo",
        "make test",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("folder", sorted((ROOT / "examples").iterdir()), ids=lambda p: p.name)
def test_every_example_has_a_page_and_settles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (folder / "README.md").exists()
    assert modelplane(["preview", *map(str, example(folder))]) == 0
    assert capsys.readouterr().out
