"""The manifests of the product's own pages work unchanged."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from function.api.kinds import by_kind
from function.api.validation import admit

PAGES = Path(__file__).parent / "documented"
EXAMPLES = Path(__file__).parents[2] / "examples"

DOCUMENTED = [
    (f"{path.parent.name}/{path.name}", obj)
    for folder in (PAGES, EXAMPLES)
    for path in sorted(folder.rglob("*.yaml"))
    for obj in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    if isinstance(obj, dict) and by_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
]
every_manifest = pytest.mark.parametrize(("path", "obj"), DOCUMENTED, ids=[path for path, _ in DOCUMENTED])


def test_there_are_documented_manifests() -> None:
    assert {obj["kind"] for _, obj in DOCUMENTED} >= {"ModelDeployment", "ModelService"}


@every_manifest
def test_a_documented_manifest_is_admitted_with_unknown_fields_refused(path: str, obj: dict[str, Any]) -> None:
    assert admit(obj, path).lines() == []


@every_manifest
def test_a_documented_manifest_is_read_without_loss(path: str, obj: dict[str, Any]) -> None:
    kind = by_kind(obj["apiVersion"], obj["kind"])
    assert kind is not None, path
    assert kind.spec.model_validate(obj["spec"]).plain() == obj["spec"]
