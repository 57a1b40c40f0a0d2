"""A package offers what its `__all__` lists, and nothing by accident."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import function

PACKAGES = sorted(info.name for info in pkgutil.walk_packages(function.__path__, "function.") if info.ispkg)


def source(package: ModuleType) -> ast.Module:
    assert package.__file__
    return ast.parse(Path(package.__file__).read_text(encoding="utf-8"))


def bound(package: ModuleType) -> Iterator[str]:
    """The public names that a package's module binds itself; what `typing` and the like bring is no offer."""
    for node in source(package).body:
        for name in _names(node):
            if not name.startswith("_"):
                yield name


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.ImportFrom(module=str(module)) if module.partition(".")[0] == "function":
            return [alias.asname or alias.name for alias in node.names]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def offered(package: ModuleType) -> Any:
    return getattr(package, "__all__", None)


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_that_offers_something_lists_each_of_it_once(name: str) -> None:
    package = importlib.import_module(name)
    if offered(package) is None:
        assert list(bound(package)) == [], "it has no `__all__`"
    else:
        assert len(offered(package)) == len(set(offered(package)))
        assert [word for word in offered(package) if not hasattr(package, word)] == []


@pytest.mark.parametrize("name", [name for name in PACKAGES if offered(importlib.import_module(name)) is not None])
def test_what_a_package_imports_from_our_modules_and_does_not_offer_it_uses(name: str) -> None:
    package = importlib.import_module(name)
    nodes = ast.walk(source(package))
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert sorted(set(bound(package)) - set(offered(package)) - used) == []
