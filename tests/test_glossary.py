"""The glossary has the words that the code has."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| (?!Word \||-)([^|]+) \|", re.MULTILINE)


def words() -> list[str]:
    """The words of the glossary, without what is said of them in brackets."""
    cells = ROW.findall((ROOT / "docs/glossary.md").read_text(encoding="utf-8"))
    return [re.sub(r" \(.*\)| \*", "", word) for cell in cells for word in cell.split(", ")]


@cache
def sources() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("function/**/*.py"))}


def defined(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@cache
def names() -> frozenset[str]:
    """Modules, classes, functions, fields and variables."""
    modules = (path.stem for path in sources())
    return frozenset([*modules, *(name for source in sources().values() for name in defined(source))])


def spelling(word: str) -> re.Pattern[str]:
    """How prose or a name writes a word: `serving stack`, `serving_stack` or `ServingStack`."""
    phrase = r"[\s_]*".join(word.split())
    return re.compile(rf"(?<![a-z]){phrase}s?(?![a-z])", re.IGNORECASE)


def test_no_word_is_explained_twice() -> None:
    assert len(words()) == len(set(words()))


@pytest.mark.parametrize("word", words())
def test_every_word_of_the_glossary_is_used_in_the_code_as_it_is_written_there(word: str) -> None:
    if word.startswith("`"):
        assert word.strip("`") in names()
    else:
        assert any(spelling(word).search(source) for source in sources().values())
