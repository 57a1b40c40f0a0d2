"""The page about performance has what the bench measures."""

from pathlib import Path

import pytest

from bench.__main__ import IDLE_LIMIT, START_LIMIT
from bench.cases import CASES, GROWTH, GROWTH_LIMIT, UNRESOLVED_LIMIT, Case

PAGE = (Path(__file__).parents[1] / "docs" / "performance.md").read_text(encoding="utf-8")
ROWS = {cells[1]: cells for line in PAGE.splitlines() if len(cells := [cell.strip() for cell in line.split("|")]) > 2}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_call_is_within_the_limit_that_is_held(case: Case) -> None:
    ratio, limit = ROWS[case.name][5:7]
    assert float(limit) == case.within
    assert float(ratio) <= case.within


@pytest.mark.parametrize("what", GROWTH)
def test_each_growth_is_within_the_limit_that_is_held(what: str) -> None:
    factor, limit = ROWS[what][4:6]
    assert float(limit) == GROWTH_LIMIT
    assert float(factor) <= GROWTH_LIMIT


def test_the_other_limits_are_those_that_are_held() -> None:
    assert f"({UNRESOLVED_LIMIT * 1e3:g} is allowed)" in PAGE
    assert f"({START_LIMIT:g} are allowed)" in PAGE
    assert f"({IDLE_LIMIT} are allowed)" in PAGE
