"""What we ship: definitions, Compositions, and examples in a control plane that has settled."""

from functools import cache
from pathlib import Path

import yaml

from function.composition import Manifest
from function.preview.control_plane import ControlPlane
from tests.support.settled import EXAMPLES, settle
from tests.support.settled import example as example_paths

ROOT = Path(__file__).parents[2]
DEFINITION_FILES = sorted((ROOT / "xrds").glob("*.yaml"))
COMPOSITION_FILES = sorted((ROOT / "compositions").glob("*.yaml"))
EXAMPLE_NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


def load(path: Path) -> Manifest:
    """The only document of a file."""
    document: Manifest = yaml.safe_load(path.read_text())
    return document


DEFINITION_OF = {load(path)["spec"]["names"]["kind"]: path for path in DEFINITION_FILES}
"""The file with the definition of each kind."""

COMPOSITION_OF = {load(path)["spec"]["compositeTypeRef"]["kind"]: load(path) for path in COMPOSITION_FILES}
"""The Composition of each kind."""


@cache
def example(name: str) -> ControlPlane:
    """An example, settled. Shared: observe it, do not change it."""
    return settle(*example_paths(EXAMPLES / name))
