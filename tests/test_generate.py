"""What is generated from the code is up to date, and one command writes it."""

from pathlib import Path

import pytest

from function.api.generated_files import ROOT, GeneratedFiles
from tests.generate import everything, main


def test_every_generated_file_is_up_to_date() -> None:
    assert everything().stale(ROOT) == [], "run: make generate"


def test_what_is_generated_is_in_known_places() -> None:
    assert {path.partition("/")[0] for path in everything().texts} == {"compositions", "docs", "package", "xrds"}
    assert {path for path in everything().texts if path.startswith("docs/")} == {
        "docs/api.md",
        "docs/conditions.md",
        "docs/pitfalls.md",
        "docs/pods.md",
    }


def test_one_command_writes_everything_from_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()
    assert main(["--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"written: {path}" for path in sorted(everything().texts)]
    assert everything().stale(tmp_path) == []
    assert main(["--check", "--root", str(tmp_path)]) == 0


def test_a_file_that_is_no_longer_generated_is_stale_only_in_a_folder_of_generated_files(tmp_path: Path) -> None:
    for folder in ("all", "some"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "old.yaml").touch()
    generated = GeneratedFiles({}, ["all"])
    assert generated.stale(tmp_path) == ["all/old.yaml"]
    generated.write(tmp_path, "all/old.yaml")
    assert generated.stale(tmp_path) == []
