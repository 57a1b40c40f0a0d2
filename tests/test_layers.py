"""A forbidden import breaks a contract of .importlinter, wherever in a room it stands."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code with its contracts."""
    shutil.copytree(ROOT / "function", tmp_path / "function", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(checkout: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT_IMPORTS), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)  # noqa: S603  # ours


def add_module(checkout: Path, module: str, text: str) -> None:
    """Write a module, and make every folder above it a package."""
    path = checkout.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in path.relative_to(checkout).parents:
        if folder.name:
            (checkout / folder / "__init__.py").touch()
    path.write_text(text, encoding="utf-8")


def test_the_code_keeps_every_contract(checkout: Path) -> None:
    result = lint(checkout)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("function.api.invented", "function.selectors.error"),
        ("function.api.invented", "function.deadline"),
        ("function.selectors.invented", "function.api.kinds"),
        ("function.composition.invented", "function.selectors.error"),
        ("function.composition.invented", "function.scheduling.reasons"),
        ("function.scheduling.filters.invented", "function.composition.names"),
        ("function.scheduling.scorers.invented", "function.api.kinds"),
        ("function.inventory.invented", "function.scheduling.reasons"),
        ("function.inventory.invented", "function.replica.resource_names"),
        ("function.replica.topologies.invented", "function.deployment.desired_state"),
        ("function.replica.topologies.invented", "function.routing.traffic"),
        ("function.deployment.invented", "function.routing.traffic"),
        ("function.deployment.invented", "function.fleet.access"),
        ("function.routing.gateways.invented", "function.fleet.access"),
        ("function.routing.gateways.invented", "function.replica.resource_names"),
        ("function.routing.gateways.invented", "function.inventory.nodes"),
        ("function.fleet.stack.invented", "function.routing.traffic"),
        ("function.fleet.stack.invented", "function.scheduling.reasons"),
        ("function.api.clouds.invented", "function.composition.names"),
        ("function.scheduling.invented", "random"),
        ("function.deployment.invented", "time"),
        ("function.routing.gateways.invented", "subprocess"),
        ("function.fleet.stack.invented", "google.protobuf"),
        ("function.preview.invented", "grpc"),
        ("function.preview.invented", "function.server"),
        ("function.invented_room.invented", "function.api.kinds"),
    ],
)
def test_a_forbidden_import_breaks_a_contract(checkout: Path, importer: str, imported: str) -> None:
    add_module(checkout, importer, f"import {imported}\n")
    result = lint(checkout)
    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout
    assert importer.removesuffix(".invented").rpartition(".")[2] in result.stdout


def test_a_module_of_the_scheduler_may_import_the_scheduler_and_the_selectors(checkout: Path) -> None:
    allowed = "import function.scheduling.reasons\nimport function.selectors\n"
    add_module(checkout, "function.scheduling.filters.invented", allowed)
    result = lint(checkout)
    assert result.returncode == 0, result.stdout
