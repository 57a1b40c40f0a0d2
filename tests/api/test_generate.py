import json
from pathlib import Path
from typing import Final

import pytest
import yaml

from function.api.generate import files, main
from function.api.kinds import KINDS
from function.api.xrd import definition

MAX_BYTES: Final = 400_000
"""A quarter of what etcd takes by default: the API server stores a definition, and the CRD that is made of it."""


def test_each_kind_has_a_definition_and_each_composed_kind_a_composition() -> None:
    wanted = {f"xrds/{kind.name}.yaml" for kind in KINDS}
    wanted |= {f"compositions/{kind.name}.yaml" for kind in KINDS if kind.step}
    assert set(files()) == wanted | {"docs/api.md", "docs/pods.md"}


def test_no_definition_comes_near_the_size_that_etcd_takes() -> None:
    sizes = {kind.kind: len(json.dumps(definition(kind))) for kind in KINDS}
    assert {kind: size for kind, size in sizes.items() if size > MAX_BYTES} == {}


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
