"""Charts that the control cluster needs for its gateway, and the Releases that install them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, Object, releases, unstructured

RELEASE_LABEL: Final = "modelplane.ai/release"
PROVIDER_CONFIG: Final = "modelplane-in-cluster"
"""The provider config that reaches the control cluster itself."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the version that is installed unless the user names another.

    Attributes:
        name: Name of the chart.
        repository: Where it comes from.
        version: The version that a new installation gets.
        namespace: Where it is installed.
        fits: What its values and the objects composed beside it were checked against.
    """

    name: str
    repository: str
    version: str
    namespace: str
    fits: str


def provider_config() -> Manifest:
    """Build the provider config with which Helm installs on the control cluster itself."""
    return {
        "apiVersion": releases.API_VERSION,
        "kind": "ProviderConfig",
        "metadata": {"name": PROVIDER_CONFIG, "namespace": SYSTEM_NAMESPACE},
        "spec": {"credentials": {"source": "InjectedIdentity"}},
    }


def release(
    chart: Chart, version: str, values: Mapping[str, Any] | None = None, values_from: Sequence[Manifest] = ()
) -> Manifest:
    """Build the Release of a chart on the control cluster.

    Args:
        chart: The chart.
        version: Its version.
        values: Its values, which go over all others.
        values_from: Where more values are.
    """
    wanted: Manifest = {
        "chart": {"name": chart.name, "repository": chart.repository, "version": version},
        "namespace": chart.namespace,
    }
    if values:
        wanted["values"] = dict(values)
    if values_from:
        wanted["valuesFrom"] = [*values_from]
    return {
        "apiVersion": releases.API_VERSION,
        "kind": "Release",
        "metadata": {"namespace": SYSTEM_NAMESPACE, "labels": {RELEASE_LABEL: chart.name}},
        "spec": {
            "providerConfigRef": {"kind": "ProviderConfig", "name": PROVIDER_CONFIG},
            "forProvider": wanted,
        },
    }


def version_of(observed: Object | None) -> str:
    """The version of the chart that an observed Release installs; empty when there is none."""
    return unstructured.text(observed, "spec", "forProvider", "chart", "version")
