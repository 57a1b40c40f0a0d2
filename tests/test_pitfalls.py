"""Every pitfall has a test that is there, or a reason."""

import ast

import pytest

from tests.pitfalls import PAGE, ROOT, Pitfall, page, pitfalls

LISTED = list(pitfalls())
NUMBERS = {"serving": "R", "routing": "W", "hostile and careless users": "H"}
"""How the pitfalls of each area are named, in the order in which they are listed."""

LAST = {"serving": 23, "routing": 21, "hostile and careless users": 26}


def functions_of(path: str) -> set[str]:
    module = ast.parse((ROOT / path).read_text("utf-8"))
    return {one.name for one in module.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


@pytest.mark.parametrize("one", LISTED, ids=lambda one: f"{one.area} {one.name}")
def test_a_pitfall_has_tests_that_exist_or_a_reason(one: Pitfall) -> None:
    assert one.tests or one.reason
    for test in one.tests:
        path, _, name = test.partition("::")
        assert name in functions_of(path), test


def test_no_pitfall_is_left_out() -> None:
    wanted = [(area, f"{letter}{n}") for area, letter in NUMBERS.items() for n in range(1, LAST[area] + 1)]
    assert [(one.area, one.name) for one in LISTED] == wanted


def test_the_page_says_what_the_list_says() -> None:
    assert PAGE.read_text("utf-8") == page()
