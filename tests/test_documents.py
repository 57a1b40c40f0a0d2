"""Commands in documents run, links lead somewhere, and what a document names exists."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from function.main import modelplane
from tests.support.settled import example

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob(".github/**/*.md"),
        *ROOT.glob("changelog.d/*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/*.md"),
    ]
)
FRAGMENTS = {page for page in ROOT.glob("changelog.d/*.md") if page.name != "README.md"}
"""Entries of the next changelog, which nothing links."""

BLOCK = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
CODE = re.compile(r"```.*?```", re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")

PREVIEWING = {"demo"}
"""Make targets that are run here. Of others it is enough that they exist: they run this, or write files."""

OUR_FOLDERS = (
    "bench/",
    "changelog.d/",
    "compositions/",
    "docs/",
    "examples/",
    "function/",
    "package/",
    "tests/",
    "xrds/",
)
RECIPES = "docs/recipes/"


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip():
                    yield str(page.relative_to(ROOT)), line.strip()


def targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def recipe(target: str) -> list[str]:
    """The command lines of a make target."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    body = re.search(rf"^{target}:.*\n((?:\t.*\n?)+)", text, re.MULTILINE)
    assert body, f"make {target} does nothing"
    return [line.strip().lstrip("@") for line in body.group(1).splitlines()]


def run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a `modelplane` command line in this process, and give what it prints."""
    program, *arguments = shlex.split(command.replace("$(BIN)", ".venv/bin"))
    assert program in {"modelplane", ".venv/bin/modelplane"}, f"do not know how to run {command}"
    assert modelplane(arguments) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("page", "command"), list(commands()))
def test_every_command_of_the_documents_runs(
    page: str, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    if command.startswith("make "):
        target = command.split()[1]
        assert target in targets(), page
        if target in PREVIEWING:
            assert [run(line, capsys) for line in recipe(target)]
        return
    assert run(command, capsys), page


def whole_manifests() -> Iterator[tuple[str, str]]:
    """The blocks of the documents that can be applied as they stand; others show a part."""
    for page in PAGES:
        for block in YAML.findall(page.read_text(encoding="utf-8")):
            if all({"apiVersion", "metadata", "spec"} <= set(document) for document in yaml.safe_load_all(block)):
                yield page.relative_to(ROOT).as_posix(), block


@pytest.mark.parametrize(("page", "manifests"), list(whole_manifests()), ids=lambda value: value.partition("\n")[0])
def test_whole_manifests_in_documents_settle(
    page: str, manifests: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "written.yaml"
    written.write_text(manifests, encoding="utf-8")
    assert modelplane(["preview", str(written)]) == 0, page
    clusters = [line for line in capsys.readouterr().out.splitlines() if "── cluster " in line]
    assert [line for line in clusters if not line.endswith("Ready") or line.endswith("NOT READY")] == []
    assert bool(clusters) == ("kind: InferenceCluster" in manifests)


def test_the_readme_begins_with_exactly_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Two commands")[2].partition("\n## ")[0]
    assert [line for block in BLOCK.findall(section) for line in block.split("\n") if line] == [
        "make demo",
        "make test",
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@every_page
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target, anchor in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" not in target:
            linked = page.parent / target if target else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"


@every_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    named = [code.split()[1] for code in INLINE.findall(page.read_text(encoding="utf-8")) if code.startswith("make ")]
    assert [target for target in named if target not in targets()] == []


@every_page
def test_every_file_of_ours_that_is_named_exists(page: Path) -> None:
    """Recipes name files that are to be written."""
    if page.relative_to(ROOT).as_posix().startswith(RECIPES):
        return
    for code in INLINE.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        path = code.partition("::")[0]
        if path.startswith(OUR_FOLDERS) and not set(path) & set(" <*={"):
            assert (ROOT / path).exists(), path


def test_every_decision_has_its_headings_and_its_row() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for number, page in enumerate(pages, 1):
        lines = page.read_text(encoding="utf-8").splitlines()
        title = lines[0].removeprefix(f"# {number:04d}. ")
        assert page.name.startswith(f"{number:04d}-")
        assert [line for line in lines if line.startswith("#")] == [
            f"# {number:04d}. {title}",
            "## Problem",
            "## Options",
            "## Decision",
            "## Consequences",
        ]
        assert f"| [{number:04d}]({page.name}) | {title} |" in index.splitlines()


def test_every_recipe_is_in_the_index() -> None:
    folder = ROOT / "docs" / "recipes"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert {target for target, _ in LINK.findall(index) if "/" not in target} == {
        page.name for page in folder.glob("*.md") if page.name != "README.md"
    }


def test_every_page_is_linked_from_another_one() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in PAGES
        for target, _ in LINK.findall(page.read_text(encoding="utf-8"))
        if target and "://" not in target
    }
    pages = [page for page in PAGES if page not in FRAGMENTS]
    alone = [page.relative_to(ROOT).as_posix() for page in pages if page not in linked]
    assert alone == [".github/pull_request_template.md", "README.md"]


def test_hooks_before_a_commit_run_tools_of_ours_and_fetch_nothing() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    tools = Path(sys.executable).parent  # of this environment, wherever it is; `make` sets it up in .venv
    for hook in repository["hooks"]:
        folder, _, tool = hook["entry"].split()[0].rpartition("/")
        assert folder == ".venv/bin"
        assert (tools / tool).exists(), hook["id"]


@pytest.mark.parametrize(
    "form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda form: form.stem
)
def test_an_issue_form_asks_each_question_once(form: Path) -> None:
    written = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(written)
    questions = [part["id"] for part in written["body"] if part["type"] != "markdown"]
    assert len(questions) == len(set(questions)) > 0


@pytest.mark.parametrize("folder", sorted((ROOT / "examples").iterdir()), ids=lambda p: p.name)
def test_every_example_has_a_page_and_settles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (folder / "README.md").exists()
    assert modelplane(["preview", *map(str, example(folder))]) == 0
    assert capsys.readouterr().out
