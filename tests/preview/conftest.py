"""Files for the tests of inputs."""

from pathlib import Path

import pytest


@pytest.fixture
def current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, so that the names of files in messages are as short as they are given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
