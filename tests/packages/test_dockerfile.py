"""The Dockerfile, as far as it can be read: nothing here can build it."""

import fnmatch
import re
import tomllib

import pytest

from function.packages.metadata import ROOT
from package import build, tree

LINES = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def words(instruction: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{instruction} ")]


def test_both_stages_are_on_the_slim_image_of_the_python_that_packages_are_built_for() -> None:
    assert words("ARG") == [f"PYTHON={tree.PYTHON}"]
    assert words("FROM") == ["python:${PYTHON}-slim AS build", "python:${PYTHON}-slim"]


def test_the_image_runs_as_the_user_of_the_package_and_serves_by_itself() -> None:
    assert words("USER") == [build._USER]
    (entry,) = words("ENTRYPOINT")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert entry == '["function"]'
    assert "function" in scripts
    assert "PYTHONDONTWRITEBYTECODE=1" in words("ENV")[0]


@pytest.mark.parametrize("source", sorted({name for line in words("COPY")[:2] for name in line.split()[:-1]}))
def test_what_is_copied_is_there_and_not_ignored(source: str) -> None:
    name = source.removeprefix("./")
    assert (ROOT / name).exists()
    assert f"!{name}" in IGNORED


def test_everything_else_is_ignored() -> None:
    assert IGNORED[0] == "*"
    copied = {name for line in words("COPY")[:2] for name in line.split()[:-1]}
    assert {line[1:] for line in IGNORED if line.startswith("!")} == copied == set(tree._SOURCES)
    assert any(fnmatch.fnmatch("function/api/__pycache__", pattern) for pattern in IGNORED[1:])


def test_no_instruction_is_unknown() -> None:
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "ENTRYPOINT"}
    assert {line.split()[0] for line in LINES if re.match(r"[A-Z]", line)} == known
