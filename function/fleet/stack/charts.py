"""The charts of the serving stack and their Releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from function.api.serving_stack import ServingStackSpec
from function.composition import Manifest, Object, releases, unstructured
from function.fleet.stack import namespaces, versions
from function.fleet.stack.chart_values import values_of
from function.fleet.stack.inference_extension import CRDS, resource_name
from function.fleet.stack.parts import Part
from function.fleet.stack.versions import ChartVersion

_EXTERNAL_NAME: Final = "crossplane.io/external-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChart(Part):
    """A chart of the stack.

    Attributes:
        chart: The chart, with the version that a new stack gets.
        namespace: The namespace on the cluster that it fills.
    """

    chart: ChartVersion
    namespace: str


CHARTS: Final[tuple[StackChart, ...]] = (
    StackChart(
        key="cert-manager",
        component="certManager",
        chart=versions.CERT_MANAGER,
        namespace="cert-manager",
    ),
    StackChart(
        key="envoy-gateway",
        component="envoyGateway",
        after=("cert-manager", *(resource_name(crd) for crd in CRDS)),
        chart=versions.ENVOY_GATEWAY,
        namespace=namespaces.ENVOY_GATEWAY,
    ),
    StackChart(
        key="ai-gateway-crds",
        component="aiGateway",
        chart=versions.AI_GATEWAY_CRDS,
        namespace=namespaces.AI_GATEWAY,
    ),
    StackChart(
        key="ai-gateway",
        component="aiGateway",
        after=("ai-gateway-crds", "envoy-gateway"),
        chart=versions.AI_GATEWAY,
        namespace=namespaces.AI_GATEWAY,
    ),
    StackChart(
        key="prometheus",
        component="prometheus",
        after=("cert-manager",),
        chart=versions.PROMETHEUS,
        namespace="monitoring",
    ),
    StackChart(
        key="leader-worker-set",
        component="leaderWorkerSet",
        after=("cert-manager",),
        chart=versions.LEADER_WORKER_SET,
        namespace="lws-system",
    ),
    StackChart(
        key="node-feature-discovery",
        component="nodeFeatureDiscovery",
        after=("cert-manager",),
        chart=versions.NODE_FEATURE_DISCOVERY,
        namespace="node-feature-discovery",
    ),
    StackChart(
        key="dra-driver",
        component="nvidiaDraDriver",
        after=("node-feature-discovery",),
        chart=versions.DRA_DRIVER,
        namespace=namespaces.DRA_DRIVER,
    ),
)
"""Every chart, in the order in which they are named to the user."""


def release(part: StackChart, spec: ServingStackSpec, provider_config: str, observed: Object | None) -> Manifest:
    """Build the Release of a chart.

    The name and namespace that it has on the cluster never change, and its version only when asked.

    Args:
        part: The chart.
        spec: The stack's spec.
        provider_config: The ProviderConfig of provider-helm that reaches the cluster.
        observed: The Release as it is; None before it is there.
    """
    component = str(part.component)
    wanted = unstructured.text(spec.versions.plain(), component)
    mirror = unstructured.text(spec.chart_repositories.plain(), component)
    current = unstructured.mapping(observed, "spec", "forProvider")
    values: dict[str, Any] = values_of(
        part.key, spec.nvidia_driver_root, [toleration.plain() for toleration in spec.tolerations]
    )
    return {
        "apiVersion": releases.API_VERSION,
        "kind": releases.KIND,
        "metadata": {
            "annotations": {
                _EXTERNAL_NAME: unstructured.annotations(observed).get(_EXTERNAL_NAME) or f"mp-{part.chart.name}",
            },
        },
        "spec": {
            "providerConfigRef": {"kind": "ProviderConfig", "name": provider_config},
            "forProvider": {
                "chart": {
                    "name": part.chart.name,
                    "repository": mirror or part.chart.repository,
                    "version": wanted or unstructured.text(current, "chart", "version") or part.chart.version,
                },
                "namespace": unstructured.text(current, "namespace") or part.namespace,
                "values": values,
            },
        },
    }
