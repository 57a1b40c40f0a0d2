from pathlib import Path

import pytest
import yaml

from function.api.generate import files, main
from function.api.kinds import KINDS


def test_each_kind_has_a_definition_and_each_composed_kind_a_composition() -> None:
    wanted = {f"xrds/{kind.name}.yaml" for kind in KINDS}
    wanted |= {f"compositions/{kind.name}.yaml" for kind in KINDS if kind.step}
    assert set(files()) == wanted | {"docs/api.md"}


def test_files_are_plain_yaml_without_references() -> None:
    for path, text in files().items():
        if path.endswith(".yaml"):
            events = list(yaml.parse(text, Loader=yaml.SafeLoader))
            assert not [event for event in events if isinstance(event, yaml.AliasEvent)], path


def test_checking_writes_nothing_and_fails_while_something_is_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert "stale: docs/api.md" in capsys.readouterr().out.splitlines()
    assert list(tmp_path.iterdir()) == []


def test_writing_makes_everything_and_removes_what_nothing_makes_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "xrds" / "modelthings.modelplane.ai.yaml"
    old.parent.mkdir()
    old.write_text("apiVersion: v1\n")
    assert main(["--root", str(tmp_path)]) == 0
    assert "removed: xrds/modelthings.modelplane.ai.yaml" in capsys.readouterr().out.splitlines()
    assert not old.exists()
    assert main(["--check", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
