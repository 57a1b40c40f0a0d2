"""What ages in the serving stack: its charts and definitions, each with the version that a new stack gets.

These versions were published to work together, as release 0.3 of the product. An installed chart keeps its version
until the user asks for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """A version of a chart.

    Attributes:
        repository: Its public repository.
        name: Name of the chart.
        version: The version.
    """

    repository: str
    name: str
    version: str


_ENVOY: Final = "oci://docker.io/envoyproxy"
_AI_GATEWAY: Final = "v0.7.0"
"""The AI gateway and its definitions fit together in one version only."""

CERT_MANAGER: Final = ChartVersion("https://charts.jetstack.io", "cert-manager", "v1.17.1")
ENVOY_GATEWAY: Final = ChartVersion(_ENVOY, "gateway-helm", "v1.8.1")
AI_GATEWAY_CRDS: Final = ChartVersion(_ENVOY, "ai-gateway-crds-helm", _AI_GATEWAY)
AI_GATEWAY: Final = ChartVersion(_ENVOY, "ai-gateway-helm", _AI_GATEWAY)
PROMETHEUS: Final = ChartVersion(
    "https://prometheus-community.github.io/helm-charts", "kube-prometheus-stack", "72.6.2"
)
LEADER_WORKER_SET: Final = ChartVersion("oci://registry.k8s.io/lws/charts", "lws", "v0.8.0")
NODE_FEATURE_DISCOVERY: Final = ChartVersion("oci://registry.k8s.io/nfd/charts", "node-feature-discovery", "0.18.3")
DRA_DRIVER: Final = ChartVersion("oci://registry.k8s.io/dra-driver-nvidia/charts", "dra-driver-nvidia-gpu", "0.4.0")

INFERENCE_EXTENSION: Final = "v1.0.1"
"""Bundle of the definitions of the Gateway API inference extension."""
