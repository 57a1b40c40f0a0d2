"""The programs are built once for what they depend on, and a missing Go is said."""

import shutil
from pathlib import Path

import pytest

from tests.e2e import binaries


def test_what_was_built_is_not_built_again_and_needs_no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / binaries.key()).mkdir()
    monkeypatch.setenv("PATH", "")
    assert binaries.build(tmp_path).folder == tmp_path / binaries.key()


def test_without_go_it_says_what_is_not_checked_and_leaves_nothing_that_looks_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(binaries.BinariesError, match=r"NOT CHECKED: .* there is no `go` on the PATH"):
        binaries.build(tmp_path)
    assert not (tmp_path / binaries.key()).exists()


def test_a_failed_build_says_the_compilers_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text("#!/bin/sh\necho 'undefined: everything' >&2\nexit 7\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(go.parent))
    with pytest.raises(binaries.BinariesError, match=r"exit status 7:\nundefined: everything"):
        binaries.build(tmp_path)


@pytest.mark.parametrize("changed", ["go.mod", "go.sum", "xrdcheck/main.go"])
def test_a_change_of_a_version_or_a_source_is_built_anew(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = binaries.key()
    shutil.copytree(binaries.TOOLS, tmp_path / "tools")
    monkeypatch.setattr(binaries, "TOOLS", tmp_path / "tools")
    assert binaries.key() == before
    with (tmp_path / "tools" / changed).open("a") as file:
        file.write("// \n")
    assert binaries.key() != before
