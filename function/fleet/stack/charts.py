"""The charts of the serving stack: where they come from, which versions, and their Releases.

The versions are those of the product's release 0.3, which were published to work together. A
version that is installed stays until the user asks for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from function.api.serving_stack import ServingStackSpec
from function.composition import Manifest, Object, unstructured
from function.fleet.stack import chart_values
from function.fleet.stack.inference_extension import CRDS, resource_name
from function.fleet.stack.parts import Part

API_VERSION: Final = "helm.m.crossplane.io/v1beta1"
KIND: Final = "Release"

_EXTERNAL_NAME: Final = "crossplane.io/external-name"
_ENVOY: Final = "oci://docker.io/envoyproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(Part):
    """A chart.

    Attributes:
        name: Name of the chart.
        repository: Its public repository.
        version: The version that a new stack gets.
        namespace: The namespace on the cluster that it fills.
    """

    name: str
    repository: str
    version: str
    namespace: str


CHARTS: Final[tuple[Chart, ...]] = (
    Chart(
        key="cert-manager",
        component="certManager",
        name="cert-manager",
        repository="https://charts.jetstack.io",
        version="v1.17.1",
        namespace="cert-manager",
    ),
    Chart(
        key="envoy-gateway",
        component="envoyGateway",
        after=("cert-manager", *(resource_name(crd) for crd in CRDS)),
        name="gateway-helm",
        repository=_ENVOY,
        version="v1.8.1",
        namespace="envoy-gateway-system",
    ),
    Chart(
        key="ai-gateway-crds",
        component="aiGateway",
        name="ai-gateway-crds-helm",
        repository=_ENVOY,
        version="v0.7.0",
        namespace="envoy-ai-gateway-system",
    ),
    Chart(
        key="ai-gateway",
        component="aiGateway",
        after=("ai-gateway-crds", "envoy-gateway"),
        name="ai-gateway-helm",
        repository=_ENVOY,
        version="v0.7.0",
        namespace="envoy-ai-gateway-system",
    ),
    Chart(
        key="prometheus",
        component="prometheus",
        after=("cert-manager",),
        name="kube-prometheus-stack",
        repository="https://prometheus-community.github.io/helm-charts",
        version="72.6.2",
        namespace="monitoring",
    ),
    Chart(
        key="leader-worker-set",
        component="leaderWorkerSet",
        after=("cert-manager",),
        name="lws",
        repository="oci://registry.k8s.io/lws/charts",
        version="v0.8.0",
        namespace="lws-system",
    ),
    Chart(
        key="node-feature-discovery",
        component="nodeFeatureDiscovery",
        after=("cert-manager",),
        name="node-feature-discovery",
        repository="oci://registry.k8s.io/nfd/charts",
        version="0.18.3",
        namespace="node-feature-discovery",
    ),
    Chart(
        key="dra-driver",
        component="nvidiaDraDriver",
        after=("node-feature-discovery",),
        name="dra-driver-nvidia-gpu",
        repository="oci://registry.k8s.io/dra-driver-nvidia/charts",
        version="0.4.0",
        namespace="dra-driver-nvidia-gpu",
    ),
)
"""Every chart, in the order in which they are named to the user."""


def release(chart: Chart, spec: ServingStackSpec, provider_config: str, observed: Object | None) -> Manifest:
    """Build the Release of a chart.

    The name and namespace that it has on the cluster never change, and its version only when asked.

    Args:
        chart: The chart.
        spec: The stack's spec.
        provider_config: The ProviderConfig of provider-helm that reaches the cluster.
        observed: The Release as it is; None before it is there.
    """
    wanted = unstructured.text(spec.versions.plain(), str(chart.component))
    current = unstructured.mapping(observed, "spec", "forProvider")
    values: dict[str, Any] = chart_values.of(chart.key, spec.nvidia_driver_root)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "annotations": {
                _EXTERNAL_NAME: unstructured.annotations(observed).get(_EXTERNAL_NAME) or f"mp-{chart.name}",
            },
        },
        "spec": {
            "providerConfigRef": {"kind": "ProviderConfig", "name": provider_config},
            "forProvider": {
                "chart": {
                    "name": chart.name,
                    "repository": unstructured.text(spec.chart_repositories.plain(), str(chart.component))
                    or chart.repository,
                    "version": wanted or unstructured.text(current, "chart", "version") or chart.version,
                },
                "namespace": unstructured.text(current, "namespace") or chart.namespace,
                "values": values,
            },
        },
    }
