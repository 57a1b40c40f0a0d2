"""Control planes that have settled, for every test that starts from a running fleet."""

from functools import cache
from pathlib import Path

from function.composers import COMPOSERS
from function.composition import Composer, Manifest, Observation, manifest
from function.preview.control_plane import ControlPlane
from function.preview.inputs import read

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(folder: Path) -> tuple[Path, ...]:
    """What to preview for an example: its folder, with the quickstart's fleet when it has none of its own."""
    brings_clusters = any("kind: InferenceCluster\n" in file.read_text("utf-8") for file in folder.rglob("*.yaml"))
    return (folder,) if brings_clusters else (EXAMPLES / "quickstart" / "fleet", folder)


def settle(*paths: Path) -> ControlPlane:
    """A control plane with the manifests of these files and folders, settled."""
    plane = ControlPlane()
    plane.apply(read([str(path) for path in paths]))
    plane.settle()
    return plane


@cache
def quickstart() -> ControlPlane:
    """The settled quickstart. Shared: observe it, do not change it."""
    return settle(EXAMPLES / "quickstart")


def composites(plane: ControlPlane) -> list[tuple[Composer, Manifest]]:
    """Every composite of a control plane with its composer, in a stable order."""
    found = [
        (composer, thing)
        for (api_version, kind), composer in COMPOSERS.items()
        for thing in plane.list(api_version, kind)
    ]
    return sorted(found, key=lambda pair: (pair[0].kind, manifest.namespace_of(pair[1]), manifest.name_of(pair[1])))


def observe(plane: ControlPlane, composite: Manifest) -> Observation:
    """What the composer of a composite would be given now."""
    return plane.observe(
        str(composite["apiVersion"]),
        str(composite["kind"]),
        manifest.namespace_of(composite),
        manifest.name_of(composite),
    )
