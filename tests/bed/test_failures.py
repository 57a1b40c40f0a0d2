"""What fails first on the bed is said first and once, and what depends on it is not tried."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.shipped import ROOT

CONFTEST = """\
import sys
import pytest
from tests.e2e.bed.failures import Failures
from tests.e2e.bed.processes import BedError, EndedError

def tell(text):
    with open("told", "a") as told:
        told.write(text.replace("\\n", " | ") + "\\n")

def pytest_configure(config):
    config.pluginmanager.register(Failures({"plane"}, (EndedError,), tell, lambda: "the end of its log"))

@pytest.fixture(scope="session")
def plane():
    PLANE

@pytest.fixture(scope="session")
def scene(plane):
    SCENE

@pytest.fixture
def mine(plane):
    raise BedError("only here")
"""

TESTS = """\
import pytest
from tests.e2e.bed.processes import EndedError

@pytest.mark.parametrize("number", range(20))
def test_needs_the_plane(plane, number):
    assert number != WRONG

@pytest.mark.parametrize("number", range(10))
def test_needs_a_scene(scene, number):
    pass

def test_has_a_step_of_its_own(mine):
    pass

def test_ends_with_a_program(plane):
    ENDS

def test_comes_last(plane):
    pass
"""


def _run(
    folder: Path, plane: str = "pass", scene: str = "pass", wrong: int = -1, ends: str = "pass"
) -> tuple[int, str, list[str]]:
    """Run tests of which some step fails: the exit status, the last line, and what was said meanwhile."""
    (folder / "conftest.py").write_text(CONFTEST.replace("PLANE", plane).replace("SCENE", scene))
    (folder / "test_bed.py").write_text(TESTS.replace("WRONG", str(wrong)).replace("ENDS", ends))
    (folder / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(  # ourselves
        (sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "test_bed.py"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = folder / "told"
    return done.returncode, done.stdout, lines.read_text().splitlines() if lines.exists() else []


def test_a_step_that_everything_needs_ends_the_run_with_one_error_said_first(tmp_path: Path) -> None:
    status, printed, lines = _run(tmp_path, plane='raise BedError("the port was taken")')
    assert status == 1
    assert printed.splitlines()[-1].startswith("1 error in ")
    (first,) = lines
    assert first.startswith("FAILED, as the first: setup of test_bed.py::test_needs_the_plane[0] | ")
    assert first.endswith("BedError: the port was taken | the end of its log")
    assert printed.index("what failed first") < printed.index("== ERRORS ==")
    assert "32 of 33 checks were not tried" in printed
    assert "the run ends here: plane has failed, which everything else needs" in printed


def test_a_step_that_some_checks_need_fails_once_and_they_are_skipped(tmp_path: Path) -> None:
    status, printed, lines = _run(tmp_path, scene='raise BedError("nothing moves")')
    assert status == 1
    assert "22 passed, 9 skipped, 2 errors" in printed.splitlines()[-1]
    assert "SKIPPED [9]" in printed
    assert "NOT CHECKED: scene has failed before" in printed
    first, second = lines
    assert first.startswith("FAILED, as the first: setup of test_bed.py::test_needs_a_scene[0] | ")
    assert second == "FAILED: setup of test_bed.py::test_has_a_step_of_its_own"


def test_a_program_that_has_ended_ends_the_run_wherever_it_is_noticed(tmp_path: Path) -> None:
    status, printed, _ = _run(tmp_path, ends='raise EndedError("crossplane ended with status 2")')
    assert status == 1
    assert "the run ends here: crossplane ended with status 2" in printed
    assert "1 of 33 checks were not tried" in printed
    assert "1 failed, 30 passed, 1 error" in printed.splitlines()[-1]


def test_a_check_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    status, printed, lines = _run(tmp_path, wrong=7)
    assert status == 1
    assert "1 failed, 31 passed, 1 error" in printed.splitlines()[-1]
    assert lines[0].startswith("FAILED, as the first: test_bed.py::test_needs_the_plane[7] | assert 7 != 7")
    first, _, rest = printed.partition("== ERRORS ==")
    assert "what failed first" in first
    assert "test_needs_the_plane[7]" in first
    assert "NOT CHECKED" not in rest


@pytest.mark.parametrize("step", ['pytest.skip("no network")', "pass"])
def test_a_step_that_is_skipped_or_succeeds_ends_nothing(tmp_path: Path, step: str) -> None:
    _, printed, _ = _run(tmp_path, plane=step)
    assert "the run ends here" not in printed
    assert "were not tried" not in printed


def test_a_run_that_is_told_to_stop_says_at_what_and_what_it_has_not_tried(tmp_path: Path) -> None:
    status, printed, lines = _run(tmp_path, ends="raise KeyboardInterrupt")
    assert status == pytest.ExitCode.INTERRUPTED
    assert lines[-1] == "told to stop, at test_bed.py::test_ends_with_a_program"
    assert "2 of 33 checks were not tried" in printed
