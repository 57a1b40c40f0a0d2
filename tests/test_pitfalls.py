"""Every pitfall has a test that is there, or a reason."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
AREAS: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((ROOT / "tests" / "pitfalls.yaml").read_text("utf-8"))
LISTED = [(f"{area} {name}", entry) for area, entries in AREAS.items() for name, entry in entries.items()]


def functions_of(path: str) -> set[str]:
    module = ast.parse((ROOT / path).read_text("utf-8"))
    return {one.name for one in module.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


@pytest.mark.parametrize("entry", [entry for _, entry in LISTED], ids=[name for name, _ in LISTED])
def test_a_pitfall_has_tests_that_exist_or_a_reason(entry: dict[str, Any]) -> None:
    assert set(entry) in ({"pitfall", "tests"}, {"pitfall", "reason"})
    for test in entry.get("tests", []):
        path, _, name = test.partition("::")
        assert name in functions_of(path), test


@pytest.mark.parametrize("area", AREAS)
def test_no_pitfall_is_left_out(area: str) -> None:
    letters = {name[0] for name in AREAS[area]}
    assert len(letters) == 1
    assert sorted(AREAS[area], key=lambda name: int(name[1:])) == [
        f"{letters.copy().pop()}{number}" for number in range(1, len(AREAS[area]) + 1)
    ]
