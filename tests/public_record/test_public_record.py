"""What people have run into elsewhere goes well here, or is said: see README.md beside this."""

import re
from pathlib import Path

import pytest

from tests.public_record.record import CASES, FOLDER, KINDS, PreviewedCase, preview, read_case, unmet, values_at

ADDRESS = re.compile(r"https://[\w.-]+/[\w./-]+")
NAMES = [str(path.relative_to(FOLDER / "cases").with_suffix("")) for path in CASES]


@pytest.mark.parametrize("path", CASES, ids=NAMES)
def test_what_somebody_has_run_into_goes_well_or_is_said(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    assert list(unmet(case.checks, preview(case, tmp_path))) == [], case.fault


@pytest.mark.parametrize("path", CASES, ids=NAMES)
def test_every_case_has_a_source_and_can_fail(path: Path) -> None:
    case = read_case(path)
    assert ADDRESS.fullmatch(case.source)
    assert list(unmet(case.checks, PreviewedCase())) != []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_was_said_in_two_places(kind: str) -> None:
    sources = {read_case(FOLDER / "cases" / f"{name}.yaml").source for name in KINDS[kind]}
    assert len(sources) >= 2, sources


def test_every_case_is_of_a_kind() -> None:
    assert {name for names in KINDS.values() for name in names} == set(NAMES)


def test_a_path_finds_keys_items_and_what_lies_deeper() -> None:
    value = {"a": [{"name": "x", "b.c/d": 1}, {"name": "y", "e": {"port": 2}}], "port": 3}
    assert values_at(value, "a[*].name") == ["x", "y"]
    assert values_at(value, "a[name=x][b.c/d]") == [1]
    assert values_at(value, "a[1].e.port") == [2]
    assert values_at(value, "..port") == [2, 3]
    assert values_at(value, "a[name=z].e") == []


def test_a_check_about_an_object_that_is_not_there_fails() -> None:
    assert list(unmet([{"of": "Service", "never": "x"}], PreviewedCase())) != []
    assert list(unmet([{"of": "Service", "absent": True}], PreviewedCase())) == []
    service = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    there = PreviewedCase(objects=(service,))
    assert list(unmet([{"of": "Service", "at": "spec.ports[*].port", "are": [80]}], there)) == []
    assert list(unmet([{"of": "Service", "at": "spec.ports[*].port", "exclude": [80]}], there)) != []
    assert list(unmet([{"of": "Service", "named": "b", "at": "spec", "match": "80"}], there)) != []
    assert list(unmet([{"of": "Service", "at": "spec"}], there)) != []
