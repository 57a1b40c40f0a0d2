"""The packages that are pushed: both of ours as they are built, and stand-ins for the providers'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import yaml

from function.composition import Manifest
from function.packages import composed, dependencies
from function.packages.metadata import Release
from package import build, oci, tree
from tests.e2e.bed import definitions
from tests.e2e.bed.processes import BedError
from tests.e2e.bed.progress_log import log_line
from tests.e2e.binaries import Binaries

ARCHITECTURE: Final = "amd64"
"""Crossplane looks at the metadata of an image only, and no container runs here."""

NEEDED: Final = dependencies.needed(composed.check())
"""The providers on which our Configuration depends."""


def ours(release: Release, folder: Path) -> dict[str, Path]:
    """Build a release into a folder as `make package` does, and give what is to be pushed where.

    Beside the packages the folder then has install.yaml and modelplane.yaml.
    """
    log_line("stand-in: the image of the function's package has no Python; our function runs as a process")
    log_line("stand-in: crane pushes the packages, where a user takes crossplane xpkg push")
    program = {tree.PROGRAM: oci.File(f"stands in for the function {release.version}\n".encode(), executable=True)}
    image = build.runtime(oci.empty(ARCHITECTURE), program)
    configuration, function = list(build.build(release, iter([image]), folder))[-2:]
    return {
        f"{release.configuration}:{release.version}": configuration,
        f"{release.function}:{release.version}": function,
    }


def providers(binaries: Binaries, place: str, folder: Path) -> dict[str, Path]:
    """Build packages under the providers' names and versions.

    Args:
        binaries: Has the definitions of provider-kubernetes.
        place: Where they are pushed to.
        folder: Where they are written to.

    Raises:
        BedError: When our Configuration depends on a provider that has no stand-in.
    """
    log_line("stand-in: the package of provider-helm has short definitions of the bed's own")
    log_line("stand-in: the package of provider-kubernetes has the metadata and definitions of its Go module")
    missing = [provider.name for provider in NEEDED if provider.name not in _TEXTS]
    if missing:
        raise BedError(f"the bed has no stand-in for the packages {', '.join(missing)}; add them to bed/packages.py")
    made = {}
    for provider in NEEDED:
        text = _TEXTS[provider.name](binaries)
        written = folder / f"{provider.name}.xpkg"
        oci.write(build.package(oci.empty(ARCHITECTURE), text), written)
        made[f"{place}/{provider.name}:{provider.version}"] = written
    return made


def _kubernetes(binaries: Binaries) -> str:
    folder = binaries.folders["provider-kubernetes"]
    paths = (folder / "package" / "crossplane.yaml", *sorted((folder / "crds").glob("*.yaml")))
    return "\n---\n".join(path.read_text() for path in paths)


def _helm(_binaries: Binaries) -> str:
    metadata: Manifest = {
        "apiVersion": "meta.pkg.crossplane.io/v1",
        "kind": "Provider",
        "metadata": {"name": dependencies.HELM.name},
        "spec": {"capabilities": ["SafeStart"]},
    }
    return yaml.safe_dump_all([metadata, *definitions.helm()])


_TEXTS: Final[Mapping[str, Callable[[Binaries], str]]] = {
    dependencies.HELM.name: _helm,
    dependencies.KUBERNETES.name: _kubernetes,
}
"""What Crossplane reads of each provider's package."""
