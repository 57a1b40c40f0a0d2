"""Every pitfall has a test that is there, or a reason."""

import ast

import pytest

from tests.pitfalls import ROOT, Pitfall, pitfalls

LISTED = list(pitfalls())
NUMBERS = {"serving": "R", "routing": "W", "hostile and careless users": "H"}
"""How the pitfalls of each area are named, in the order in which they are listed."""

LAST = {"serving": 23, "routing": 21, "hostile and careless users": 26}


def functions_of(path: str) -> set[str]:
    module = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("pitfall", LISTED, ids=lambda pitfall: f"{pitfall.area} {pitfall.name}")
def test_a_pitfall_has_tests_that_exist_or_a_reason(pitfall: Pitfall) -> None:
    assert pitfall.tests or pitfall.reason
    for test in pitfall.tests:
        path, _, name = test.partition("::")
        assert name in functions_of(path), test


def test_no_pitfall_is_left_out() -> None:
    expected = [(area, f"{letter}{n}") for area, letter in NUMBERS.items() for n in range(1, LAST[area] + 1)]
    assert [(pitfall.area, pitfall.name) for pitfall in LISTED] == expected
