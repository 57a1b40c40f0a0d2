"""Modelplane installed as docs/install.md says, from a registry on loopback; and what is missing in an installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from function.api.clouds.cloud import PUBLISHER
from function.api.compositions import FUNCTION
from function.api.labels import CROSSPLANE_NAMESPACE
from function.composition import Manifest, Object, unstructured
from function.packages import files
from function.packages.metadata import CONFIGURATION, Release, release
from tests.e2e.bed import packages
from tests.e2e.bed.api import Api, load
from tests.e2e.bed.kubernetes import Cluster
from tests.e2e.bed.processes import Processes
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.registry import Registry
from tests.e2e.bed.stand_in import condition, set_status, timed
from tests.e2e.binaries import Binaries
from tests.e2e.shipped import COMPOSITION_FILES, DEFINITION_FILES

PACKAGES: Final = "pkg.crossplane.io/v1"
EXTENSIONS: Final = "apiextensions.crossplane.io"

_CONFIGS: Final = "pkg.crossplane.io/v1beta1"
_SECONDS: Final = 180
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

    def publish(self, of: Release) -> None:
        """Build and push both packages of a release."""
        for reference, archive in packages.ours(of, self._folder(of)).items():
            self.registry.push(archive, reference)

    def publish_providers(self, binaries: Binaries) -> None:
        """Push the packages of the providers that ours depend on."""
        folder = self.processes.folder / "providers"
        for reference, archive in packages.providers(binaries, self._mirror, folder).items():
            self.registry.push(archive, reference)

    def install(self, of: Release) -> None:
        """Do what docs/install.md says for a release that is published."""
        self.apply_prerequisites(of)
        self.processes.until("the function is Healthy", lambda: self.runs("Function", FUNCTION, of), _SECONDS)
        self.apply_configuration(of)
        self.processes.until("everything is installed", lambda: next(self._gaps(), None) is None, _SECONDS)

    def apply_prerequisites(self, of: Release) -> None:
        """Apply install.yaml, and what a user of a mirror adds to it."""
        install = self._folder(of) / Path(files.INSTALL).name
        log_line(f"setting: packages of {PUBLISHER} are taken from {self._mirror}")
        self.control.kubectl.apply_objects([_rewriting(self._mirror)])
        self.control.kubectl.apply(install, server_side=True)
        self.control.kubectl.apply_objects(self._mirrored(load(install)))

    def apply_configuration(self, of: Release) -> None:
        """Ask for the Configuration."""
        self.control.kubectl.apply(self._folder(of) / Path(files.CONFIGURATION_PACKAGE).name, server_side=True)

    def runs(self, kind: str, name: str, of: Release) -> bool:
        """Tell whether a package of ours is as it should be in a release, and no other revision of it is in force."""
        if list(self.ill([(kind, name)], PACKAGES)):
            return False
        revisions = self.control.api.list(PACKAGES, f"{kind}Revision", **{"pkg.crossplane.io/package": name})
        active = [revision["spec"]["image"] for revision in revisions if revision["spec"]["desiredState"] == "Active"]
        return active == [f"{of.registry}/{name}:{of.version}"]

    def missing(self) -> list[str]:
        """Say what is not there, or not as it should be; empty when everything is."""
        return list(self._gaps())

    def _gaps(self) -> Iterator[str]:
        yield from self.ill((*_OURS, *_PROVIDERS), PACKAGES)
        yield from self.ill(_kinds_and_names(DEFINITION_FILES), f"{EXTENSIONS}/v2", ("Established",))
        yield from self.ill([("ManagedResourceActivationPolicy", CONFIGURATION)], _ACTIVATED, ())
        activated = [("ManagedResourceDefinition", name) for name in self.activated()]
        yield from self.ill(activated, _ACTIVATED, ("Established",))
        yield from self.ill(_kinds_and_names(COMPOSITION_FILES), f"{EXTENSIONS}/v1", ())

    def activated(self) -> list[str]:
        """The managed resources that our activation policy names, as the cluster has it."""
        policy = self.control.api.get(_ACTIVATED, "ManagedResourceActivationPolicy", CONFIGURATION) or {}
        return [str(name) for name in unstructured.mapping(policy, "spec").get("activate", ())]

    def unresolved(self) -> str:
        """What Crossplane says about dependencies that cannot be resolved; empty when they are."""
        lock = self.control.api.get(_CONFIGS, "Lock", "lock") or {}
        return unstructured.text(unstructured.condition(lock, "Resolved"), "message")

    def explain(self) -> str:
        """Say what is missing, and which dependencies cannot be resolved; empty when all is well."""
        return "\n".join(filter(None, (*self.missing(), self.unresolved())))

    def ill(
        self,
        expected: Iterable[tuple[str, str]],
        api_version: str,
        conditions: tuple[str, ...] = ("Installed", "Healthy"),
    ) -> Iterator[str]:
        """Say which objects are not there, or lack a condition, and why."""
        pairs = list(expected)
        objs = (obj for kind in sorted({kind for kind, _ in pairs}) for obj in self.control.api.list(api_version, kind))
        found = {(obj["kind"], unstructured.name_of(obj)): obj for obj in objs}
        for kind, name in pairs:
            if (kind, name) not in found:
                yield f"{kind} {name} is not there"
            for condition_type in conditions if (kind, name) in found else ():
                condition = unstructured.condition(found[kind, name], condition_type)
                if condition.get("status") != "True":
                    words = condition.get("message") or condition.get("reason") or "not said yet"
                    yield f"{kind} {name} is not {condition_type}: {words}"

    @property
    def _mirror(self) -> str:
        return f"{self.registry.address}/mirror"

    def _folder(self, of: Release) -> Path:
        return self.processes.folder / f"release-{of.version}"

    def _mirrored(self, objs: list[Manifest]) -> list[Manifest]:
        """The runtime configs of providers once more, for where they are mirrored: Crossplane looks at that place."""
        return [
            {
                **obj,
                "metadata": {"name": f"mirrored-{unstructured.name_of(obj)}"},
                "spec": _moved(obj["spec"], self._mirror),
            }
            for obj in objs
            if obj["kind"] == "ImageConfig" and _prefix(obj["spec"]).startswith(PUBLISHER)
        ]


def run_deployments(api: Api) -> None:
    """Stand in for the pods of packages: say of every Deployment of Crossplane's namespace that it is available."""
    for deployment in api.list("apps/v1", "Deployment", CROSSPLANE_NAMESPACE):
        conditions = [condition("Available", "True", "MinimumReplicasAvailable", "no pod runs; the bed says so")]
        set_status(
            api, deployment, {"conditions": timed(conditions, unstructured.items(deployment, "status", "conditions"))}
        )


def _kinds_and_names(paths: Iterable[Path]) -> list[tuple[str, str]]:
    return [(obj["kind"], unstructured.name_of(obj)) for path in paths for obj in load(path)]


def _rewriting(mirror: str) -> Manifest:
    return {
        "apiVersion": _CONFIGS,
        "kind": "ImageConfig",
        "metadata": {"name": "mirror"},
        "spec": {"matchImages": [{"type": "Prefix", "prefix": PUBLISHER}], "rewriteImage": {"prefix": mirror}},
    }


def _prefix(spec: Mapping[str, object]) -> str:
    return unstructured.text(unstructured.items(spec, "matchImages")[0], "prefix")


def _moved(spec: Object, mirror: str) -> Manifest:
    moved = _prefix(spec).replace(PUBLISHER, mirror)
    return {**spec, "matchImages": [{"type": "Prefix", "prefix": moved}]}
