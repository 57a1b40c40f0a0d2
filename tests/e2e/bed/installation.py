"""Modelplane installed as docs/install.md says, from a registry on loopback; and what is missing in an installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from function.api.compositions import FUNCTION
from function.api.labels import CROSSPLANE_NAMESPACE
from function.composition import Manifest, Object, manifest
from function.packages import files
from function.packages.dependencies import PUBLISHER
from function.packages.metadata import CONFIGURATION, Release, release
from tests.e2e.bed import packages
from tests.e2e.bed.api import Api, load
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.processes import Processes, say
from tests.e2e.bed.registry import Registry
from tests.e2e.bed.stand_in import condition, set_status, timed
from tests.e2e.binaries import Binaries
from tests.e2e.shipped import COMPOSITION_FILES, DEFINITION_FILES

PACKAGES: Final = "pkg.crossplane.io/v1"
EXTENSIONS: Final = "apiextensions.crossplane.io"

_CONFIGS: Final = "pkg.crossplane.io/v1beta1"
_SECONDS: Final = 90
_OURS: Final = (("Function", FUNCTION), ("Configuration", CONFIGURATION))
_PROVIDERS: Final = tuple(("Provider", f"upbound-{provider.name}") for provider in packages.NEEDED)
_ACTIVATED: Final = f"{EXTENSIONS}/v1alpha1"


@dataclass(frozen=True, slots=True)
class Installation:
    """What is installed on the control cluster.

    Attributes:
        processes: What runs.
        control: The control cluster.
        registry: Where packages are pushed to.
    """

    processes: Processes
    control: Cluster
    registry: Registry

    def release(self, version: str = "") -> Release:
        """A release in the registry: the one that the repository makes, or another version of it."""
        place = f"{self.registry.address}/modelplane"
        return Release(version, place) if version else release(place)

    def publish(self, of: Release) -> Path:
        """Build and push both packages, and give the folder with the manifests that install them."""
        folder = self.processes.folder / f"release-{of.version}"
        for reference, archive in packages.ours(of, folder).items():
            self.registry.push(archive, reference)
        return folder

    def mirror(self, binaries: Binaries) -> None:
        """Push the providers' packages, and have Crossplane look for them there."""
        mirror = f"{self.registry.address}/mirror"
        folder = self.processes.folder / "providers"
        for reference, archive in packages.providers(binaries, mirror, folder).items():
            self.registry.push(archive, reference)
        say(f"setting: packages of {PUBLISHER} are taken from the registry on loopback")
        self.control.kubectl.apply_objects([_rewriting(mirror)])

    def install(self, folder: Path) -> None:
        """Do what docs/install.md says, with the manifests of a folder."""
        install = folder / Path(files.INSTALL).name
        self.control.kubectl.apply(install, server_side=True)
        self.control.kubectl.apply_objects(self._mirrored(load(install)))
        self.await_healthy("Function", FUNCTION)
        self.control.kubectl.apply(folder / Path(files.ASKED).name, server_side=True)
        self.await_healthy("Configuration", CONFIGURATION)
        self.processes.until("everything is installed", lambda: not self.missing(), _SECONDS)

    def await_healthy(self, kind: str, name: str) -> None:
        """Wait until a package is as it should be."""
        self.processes.until(
            f"{kind} {name} is Healthy", lambda: not list(self.ill([(kind, name)], PACKAGES)), _SECONDS
        )

    def missing(self) -> list[str]:
        """Say what is not there, or not as it should be; empty when everything is."""
        names = [load(path)[0]["metadata"]["name"] for path in DEFINITION_FILES]
        definitions = [("CompositeResourceDefinition", name) for name in names]
        activated = [("ManagedResourceDefinition", name) for name in self.activated()]
        return [
            *self.ill((*_OURS, *_PROVIDERS), PACKAGES),
            *self.ill(definitions, f"{EXTENSIONS}/v2", ("Established",)),
            *self.ill(activated, _ACTIVATED, ("Established",)),
            *(
                f"Composition {name} is not there"
                for name in (load(path)[0]["metadata"]["name"] for path in COMPOSITION_FILES)
                if self.control.api.get(f"{EXTENSIONS}/v1", "Composition", name) is None
            ),
        ]

    def activated(self) -> list[str]:
        """The managed resources that our activation policy names, as the cluster has it."""
        policy = self.control.api.get(_ACTIVATED, "ManagedResourceActivationPolicy", CONFIGURATION) or {}
        return [str(name) for name in manifest.mapping(policy, "spec").get("activate", ())]

    def explain(self) -> str:
        """Say what is missing, and what Crossplane says about the dependencies of all packages."""
        lock = self.control.api.get(_CONFIGS, "Lock", "lock") or {}
        said = manifest.condition(lock, "Resolved").get("message", "")
        return "\n".join([*self.missing(), *([f"dependencies: {said}"] if said else [])])

    def ill(
        self,
        wanted: Iterable[tuple[str, str]],
        api_version: str,
        conditions: tuple[str, ...] = ("Installed", "Healthy"),
    ) -> Iterator[str]:
        """Say which objects are not there, or lack a condition, and why."""
        for kind, name in wanted:
            found = self.control.api.get(api_version, kind, name)
            if found is None:
                yield f"{kind} {name} is not there"
                continue
            for wanted_condition in conditions:
                said = manifest.condition(found, wanted_condition)
                if said.get("status") != "True":
                    words = said.get("message") or said.get("reason") or "not said yet"
                    yield f"{kind} {name} is not {wanted_condition}: {words}"

    def _mirrored(self, things: list[Manifest]) -> list[Manifest]:
        """The runtime configs of providers once more, for where they are mirrored: Crossplane looks at that place."""
        mirror = f"{self.registry.address}/mirror"
        return [
            {
                **thing,
                "metadata": {"name": f"mirrored-{manifest.name_of(thing)}"},
                "spec": _moved(thing["spec"], mirror),
            }
            for thing in things
            if thing["kind"] == "ImageConfig" and _prefix(thing["spec"]).startswith(PUBLISHER)
        ]


def run_deployments(api: Api) -> None:
    """Stand in for the pods of packages: say of every Deployment of Crossplane's namespace that it is available."""
    for one in api.list("apps/v1", "Deployment", CROSSPLANE_NAMESPACE):
        said = [condition("Available", "True", "MinimumReplicasAvailable", "no pod runs; the bed says so")]
        set_status(api, one, {"conditions": timed(said, manifest.items(one, "status", "conditions"))})


def _rewriting(mirror: str) -> Manifest:
    return {
        "apiVersion": _CONFIGS,
        "kind": "ImageConfig",
        "metadata": {"name": "mirror"},
        "spec": {"matchImages": [{"type": "Prefix", "prefix": PUBLISHER}], "rewriteImage": {"prefix": mirror}},
    }


def _prefix(spec: Mapping[str, object]) -> str:
    return manifest.text(manifest.items(spec, "matchImages")[0], "prefix")


def _moved(spec: Object, mirror: str) -> Manifest:
    moved = _prefix(spec).replace(PUBLISHER, mirror)
    return {**spec, "matchImages": [{"type": "Prefix", "prefix": moved}]}
