"""Recipes stay true: their modules can be copied as they are, and what they refer to is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "docs" / "recipes"
MODULE = re.compile(r'^`(function/\S+\.py)`:\n\n```python\n(""".*?)^```', re.DOTALL | re.MULTILINE)
PAGES = {page.name: page.read_text("utf-8") for page in RECIPES.glob("*.md")}
MODULES = {path: code for page in PAGES.values() for path, code in MODULE.findall(page)}
FILE = r"`((?:function|tests|docs|examples|changelog\.d)/[^`<\s]*)`"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_recipe_names_is_there(page: str) -> None:
    named = set(re.findall(FILE, PAGES[page])) - MODULES.keys()
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_what_a_recipe_says_is_in_a_file_is_in_it(page: str) -> None:
    said = re.findall(rf"`(\w+)`(?:,| of `\w+`)* (?:in|of|\|) {FILE}", PAGES[page])
    assert [(name, path) for name, path in said if name not in (ROOT / path).read_text("utf-8")] == []


def test_recipes_show_modules() -> None:
    assert set(MODULES) == {"function/api/clouds/orbit.py", "function/routing/gateways/harbor.py"}


@pytest.mark.parametrize("command", [("check",), ("format", "--diff")], ids=" ".join)
@pytest.mark.parametrize("path", MODULES)
def test_a_module_of_a_recipe_passes_lint_as_it_is(path: str, command: tuple[str, ...]) -> None:
    done = subprocess.run(  # noqa: S603  # our own page
        [sys.executable, "-m", "ruff", *command, "--quiet", "--no-cache", "--stdin-filename", path, "-"],
        cwd=ROOT,
        input=MODULES[path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
