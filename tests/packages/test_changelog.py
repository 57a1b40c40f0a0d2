"""Fragments become the changelog of a version."""

from pathlib import Path

import pytest

from function.packages.metadata import ROOT
from package.changelog import SECTIONS, FragmentError, fragments, joined, main

CHANGELOG = """# Changelog

## [Unreleased]

### Added

- First.

## [0.1.0] - 2026-01-01

### Added

- Oldest.
"""
RELEASED = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added

- First.
- Second, over
  two lines.

### Fixed

- Third.

## [0.1.0] - 2026-01-01

### Added

- Oldest.
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "README.md").touch()
    (tmp_path / "changelog.d" / "b.fixed.md").write_text("Third.\n")
    (tmp_path / "changelog.d" / "a.added.md").write_text("Second, over\ntwo lines.\n")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_a_release_joins_what_is_unreleased_and_the_fragments(checkout: Path) -> None:
    assert main(["0.2.0", "--date", "2026-12-01", "--root", str(checkout)]) == 0
    assert (checkout / "CHANGELOG.md").read_text() == RELEASED
    assert [path.name for path in (checkout / "changelog.d").iterdir()] == ["README.md"]


def test_without_a_change_there_is_nothing_to_release(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--date", "2026-12-01", "--root", str(checkout)]
    assert main(["0.2.0", *arguments]) == 0
    assert main(["0.3.0", *arguments]) == 1
    assert capsys.readouterr().err == "nothing has changed since the last version\n"
    assert (checkout / "CHANGELOG.md").read_text() == RELEASED


def test_a_version_is_released_once(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["0.1.0", "--date", "2026-12-01", "--root", str(checkout)]) == 1
    assert capsys.readouterr().err == "CHANGELOG.md has version 0.1.0 already\n"
    assert (checkout / "CHANGELOG.md").read_text() == CHANGELOG


@pytest.mark.parametrize(("version", "date"), [("v0.2.0", "2026-12-01"), ("0.2", "2026-12-01"), ("0.2.0", "today")])
def test_what_is_no_version_or_no_day_is_refused(checkout: Path, version: str, date: str) -> None:
    with pytest.raises(SystemExit):
        main([version, "--date", date, "--root", str(checkout)])
    assert (checkout / "CHANGELOG.md").read_text() == CHANGELOG


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "Text."),
        ("a.better.md", "Text."),
        ("A.added.md", "Text."),
        ("a.added.md", ""),
        ("a.added.md", "- Text."),
        ("a.added.md", "Text.\n\nMore."),
    ],
)
def test_a_fragment_with_another_form_is_refused_by_its_name(checkout: Path, name: str, text: str) -> None:
    (checkout / "changelog.d" / name).write_text(text)
    with pytest.raises(FragmentError, match=f"^{name} is not"):
        fragments(checkout)


def test_a_changelog_without_an_unreleased_part_is_refused() -> None:
    with pytest.raises(FragmentError, match="no heading"):
        joined("# Changelog\n", {}, "0.2.0", "2026-12-01")


def test_our_own_changelog_could_be_released() -> None:
    text = joined((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), fragments(ROOT), "9.9.9", "2026-12-01")
    released = text.partition("## [9.9.9] - 2026-12-01\n")[2].partition("\n## [")[0]
    headings = [line.removeprefix("### ").lower() for line in released.splitlines() if line.startswith("### ")]
    assert headings
    assert headings == [section for section in SECTIONS if section in headings]
