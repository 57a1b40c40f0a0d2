"""Modules and functions are short, and a class name means one class."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "function").rglob("*.py"))
TEST_MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))

MODULE_LINES = 400
FUNCTION_LINES = 60


@cache
def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def functions(path: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, less those of its docstring."""
    assert node.end_lineno
    first = node.body[0]
    documented = ast.get_docstring(node) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return node.end_lineno - node.lineno + 1 - docstring


@pytest.mark.parametrize("path", [*MODULES, *TEST_MODULES])
def test_a_module_is_short(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("path", MODULES)
def test_a_function_fits_a_screen(path: str) -> None:
    assert {node.name: lines(node) for node in functions(path) if lines(node) > FUNCTION_LINES} == {}


def test_a_class_name_means_one_class() -> None:
    defined = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                defined[node.name].append(path)
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}


def test_every_room_has_a_folder_of_tests() -> None:
    rooms = {path.name for path in (ROOT / "function").iterdir() if (path / "__init__.py").is_file()}
    without_tests = sorted(room for room in rooms if not list((ROOT / "tests" / room).glob("test_*.py")))
    assert without_tests == []
