"""The programs are built once for what they depend on, each by itself, and a missing Go is said."""

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e import binaries, programs
from tests.e2e.programs import BED, RENDERING, Program

XRDCHECK, CROSSPLANE, _ = RENDERING
(TRAEFIK,) = (program for program in BED if program.name == "traefik")


def test_what_was_built_is_not_built_again_and_needs_no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / XRDCHECK.key()).mkdir()
    monkeypatch.setenv("PATH", "")
    assert binaries.build([XRDCHECK], tmp_path).xrdcheck == tmp_path / XRDCHECK.key() / "xrdcheck"


def test_without_go_it_says_what_is_not_checked_and_leaves_nothing_that_looks_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(binaries.BinariesError, match=r"NOT CHECKED: .* there is no `go` on the PATH"):
        binaries.build([XRDCHECK], tmp_path)
    assert not (tmp_path / XRDCHECK.key()).exists()


def test_a_failed_build_says_the_compilers_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text("#!/bin/sh\necho 'undefined: everything' >&2\nexit 7\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", str(go.parent))
    with pytest.raises(binaries.BinariesError, match=r"exit status 7:\nundefined: everything"):
        binaries.build([XRDCHECK], tmp_path)


@pytest.mark.parametrize(
    ("changed", "program", "anew"),
    [
        ("go.mod", XRDCHECK, True),
        ("go.sum", CROSSPLANE, True),
        ("xrdcheck/main.go", XRDCHECK, True),
        ("xrdcheck/main.go", CROSSPLANE, False),
        ("kwok/go.mod", CROSSPLANE, False),
        ("traefik/lego/acme/acme.go", TRAEFIK, True),
        ("traefik/lego/go.mod", TRAEFIK, True),
        ("traefik/ext/ext.go", TRAEFIK, True),
        ("traefik/ext/go.mod", TRAEFIK, True),
    ],
)
def test_a_program_is_built_anew_for_its_own_versions_and_sources_only(
    changed: str, program: Program, *, anew: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = program.key()
    shutil.copytree(programs.TOOLS, tmp_path / "tools")
    monkeypatch.setattr(programs, "TOOLS", tmp_path / "tools")
    assert program.key() == before
    with (tmp_path / "tools" / changed).open("a") as file:
        file.write("// \n")
    assert (program.key() != before) == anew


def test_only_builds_of_the_same_program_that_were_unused_for_weeks_are_removed(tmp_path: Path) -> None:
    kept = [tmp_path / XRDCHECK.key(), tmp_path / "xrdcheck-0000000000000001", tmp_path / "other-0000000000000002"]
    old = tmp_path / "xrdcheck-0000000000000003"
    for folder in (*kept, old):
        folder.mkdir()
    for folder in (kept[2], old):
        os.utime(folder, (0, 0))
    binaries.build([XRDCHECK], tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)
