"""What each package says about itself, and the objects that ask Crossplane to install it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from function.api.compositions import FUNCTION
from function.composition import Manifest
from function.packages.composed import Composed, ServedBy
from function.packages.dependencies import needed

ROOT: Final = Path(__file__).resolve().parents[2]
CONFIGURATION: Final = "modelplane"
CROSSPLANE: Final = ">=v2.3.0"
REGISTRY: Final = "registry.example.com/modelplane"
"""A registry that cannot exist: packages name their own place, so whoever publishes them says where."""

_PACKAGES: Final = "pkg.crossplane.io/v1"
_METADATA: Final = "meta.pkg.crossplane.io/v1"


@dataclass(frozen=True, slots=True)
class Release:
    """What is released, and where to.

    Attributes:
        version: Version of both packages, with its v.
        registry: Registry and folder that they are pushed to.
    """

    version: str
    registry: str = REGISTRY

    @property
    def function(self) -> str:
        """Where the function's package is, without its version."""
        return f"{self.registry}/{FUNCTION}"

    @property
    def configuration(self) -> str:
        """Where the Configuration's package is, without its version."""
        return f"{self.registry}/{CONFIGURATION}"


def project() -> dict[str, Any]:
    """Read what the repository says about itself."""
    declared: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return declared


def release(registry: str = REGISTRY) -> Release:
    """The release that this repository makes."""
    return Release(f"v{project()['version']}", registry)


def function_metadata() -> Manifest:
    """Build the metadata of the function's package."""
    return {
        "apiVersion": _METADATA,
        "kind": "Function",
        "metadata": {
            "name": FUNCTION,
            "annotations": {
                "meta.crossplane.io/license": "Apache-2.0",
                "meta.crossplane.io/description": "Schedules, renders and routes AI models: all of Modelplane's logic.",
            },
        },
        "spec": {"capabilities": ["composition"], "crossplane": {"version": CROSSPLANE}},
    }


def configuration_metadata(release: Release, composed: Iterable[Composed]) -> Manifest:
    """Build the metadata of the Configuration: everything is asked for in the one version that fits."""
    function = {
        "apiVersion": _PACKAGES,
        "kind": "Function",
        "package": release.function,
        "version": release.version,
    }
    providers = [
        {"apiVersion": _PACKAGES, "kind": "Provider", "package": provider.package, "version": provider.version}
        for provider in needed(composed)
    ]
    return {
        "apiVersion": _METADATA,
        "kind": "Configuration",
        "metadata": {
            "name": CONFIGURATION,
            "annotations": {
                "meta.crossplane.io/license": "Apache-2.0",
                "meta.crossplane.io/description": "The API of Modelplane: a control plane for AI inference.",
            },
        },
        "spec": {"crossplane": {"version": CROSSPLANE}, "dependsOn": [function, *providers]},
    }


def activation_policy(composed: Iterable[Composed]) -> Manifest:
    """Build the policy that activates the managed resources that are composed, each by its name."""
    return {
        "apiVersion": "apiextensions.crossplane.io/v1alpha1",
        "kind": "ManagedResourceActivationPolicy",
        "metadata": {"name": CONFIGURATION},
        "spec": {"activate": sorted(row.name for row in composed if row.served_by is ServedBy.MANAGED)},
    }


def function_package(release: Release) -> Manifest:
    """Build what installs the function, under the name that the Compositions use.

    Left to the Configuration's dependency, Crossplane would name it after its place in the registry.
    """
    return _package("Function", FUNCTION, f"{release.function}:{release.version}")


def configuration_package(release: Release) -> Manifest:
    """Build what installs the Configuration."""
    return _package("Configuration", CONFIGURATION, f"{release.configuration}:{release.version}")


def _package(kind: str, name: str, package: str) -> Manifest:
    return {"apiVersion": _PACKAGES, "kind": kind, "metadata": {"name": name}, "spec": {"package": package}}
