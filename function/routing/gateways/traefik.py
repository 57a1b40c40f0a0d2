"""Traefik, with MetalLB as its load balancer where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from function.api.inference_gateway import InferenceGatewaySpec, Traefik
from function.composition import Doubt, Draft, Manifest, Reason, Severity, Status, Vocabulary, readiness
from function.routing.gateway_api import API_VERSION, GATEWAY_NAME, Definitions
from function.routing.gateway_conditions import ADDRESS, CONTROLLER, SUPPORTED
from function.routing.gateways import charts, controller, listeners, metallb, protection
from function.routing.gateways.backend_tls_policy import BackendTLSPolicies
from function.routing.gateways.charts import Chart
from function.routing.gateways.http_route import HTTPRoutes
from function.routing.gateways.listeners import GatewayListeners, ListenerPort

TRAEFIK: Final = Chart(
    "traefik",
    "https://traefik.github.io/charts",
    "41.1.0",
    "traefik-system",
    fits="Traefik v3.7.9; values of chart 41; Gateway API v1.5.1, standard channel",
)

OLDEST: Final = "41.0.2"
"""The first chart whose Traefik keeps two services apart that share an endpoint."""

CONTROLLER_NAME: Final = "traefik.io/gateway-controller"
PRODUCT: Final = "Traefik"

LISTENERS: Final = GatewayListeners(
    "traefik", CONTROLLER_NAME, ListenerPort("web", 8000), ListenerPort("websecure", 8443)
)
"""Their ports are those inside of Traefik, which its Service exposes as 80 and 443."""

_CONDITIONS: Final[Vocabulary] = {
    CONTROLLER: {
        "ReleaseFailed": Reason(
            Status.FALSE,
            "Helm could not install or change the gateway's controller, or a change is not done after 15 minutes; the "
            "message says why. What is installed goes on, and whether requests are answered is told by Ready.",
            "Correct what the message says, such as spec.traefik.version: Helm does not try again what failed before "
            "the Release is changed.",
            Severity.WARNING,
        ),
    },
    SUPPORTED: {
        "OlderThanSupported": Reason(
            Status.FALSE,
            "The chart is older than Modelplane supports: before 41.0.2, services that share an endpoint overwrite "
            "each other's paths.",
            "Raise spec.traefik.version.",
            Severity.WARNING,
        ),
        "NotComparable": Reason(
            Status.UNKNOWN,
            "The version of the chart is no semantic version, so it cannot be compared with what is supported.",
            "Write a full version of the chart in spec.traefik.version.",
        ),
    },
    ADDRESS: {
        "WaitingForAddress": Reason(
            Status.FALSE,
            "The Gateway has no address; one that it had before stays published.",
            "See that the cluster gives addresses to Services of type LoadBalancer, or set loadBalancer: MetalLB.",
        ),
    },
    **metallb.CONDITIONS,
}

_REPLICAS: Final = 2
_LONGEST_UPLOAD: Final = "1h"
"""How long a request may take to arrive, body and all; Traefik's own bound is a minute. Answers have none."""

_ENTRY_POINT: Final = {
    "http": {"encodedCharacters": {"allowEncodedSlash": False}},
    "transport": {"respondingTimeouts": {"readTimeout": _LONGEST_UPLOAD}},
}
_VALUES: Final[dict[str, Any]] = {
    "providers": {
        "kubernetesGateway": {
            "enabled": True,
            "statusAddress": {"service": {"namespace": TRAEFIK.namespace, "name": "traefik"}},
        },
        "kubernetesIngress": {"enabled": False},
    },
    # A fixed name, so that statusAddress can refer to it.
    "service": {"nameOverride": "traefik"},
    # Both are composed here; the chart would make the class even without the gateway.
    "gateway": {"enabled": False},
    "gatewayClass": {"enabled": False},
    # A path is matched before an encoded slash in it is decoded, and rewritten after: a public path, followed by
    # "..%2f", would lead to one that is not.
    "ports": {LISTENERS.http.name: _ENTRY_POINT, LISTENERS.https.name: _ENTRY_POINT},
}


@dataclass(frozen=True, slots=True)
class TraefikInstallation:
    """Traefik as an InferenceGateway asks for it.

    Attributes:
        spec: What is asked for.
        load_balancer: MetalLB as it is asked for.
    """

    spec: InferenceGatewaySpec
    load_balancer: metallb.MetalLBInstallation

    def compose(self, draft: Draft, definitions: Definitions) -> bool:
        """Compose MetalLB and Traefik, each part once what it needs is observed, or once it is there itself."""
        self.load_balancer.compose(draft)
        _compose(draft, self.spec, definitions)
        LISTENERS.set_tls(draft, self.spec)
        return listeners.set_address(draft)

    def address(self, draft: Draft) -> str:
        """The Gateway's address."""
        return listeners.address_of(draft)


@dataclass(frozen=True, slots=True)
class TraefikGateway:
    """Traefik behind the protocol; see there."""

    backend: str = PRODUCT
    controller_name: str = CONTROLLER_NAME
    definitions: Sequence[str] = (
        "gatewayclasses",
        "gateways",
        "httproutes",
        "grpcroutes",
        "referencegrants",
        "tlsroutes",
        "backendtlspolicies",
    )
    """What Traefik watches, whatever is routed: while one of them is not served, it does nothing at all."""

    host: str = f"traefik.{TRAEFIK.namespace}.svc"

    @property
    def routes(self) -> HTTPRoutes:
        """Traefik rewrites the path of each backend."""
        return HTTPRoutes(self.controller_name)

    @property
    def policies(self) -> BackendTLSPolicies:
        """Traefik reads a policy's host name and authorities."""
        return BackendTLSPolicies(self.controller_name)

    @property
    def conditions(self) -> Vocabulary:
        """What Traefik has in words of its own, and what MetalLB has."""
        return _CONDITIONS

    @property
    def doubts(self) -> Sequence[Doubt]:
        """Only MetalLB requires anything."""
        return metallb.DOUBTS

    @property
    def children(self) -> Mapping[str, str]:
        """The parts of Traefik and of MetalLB."""
        return {
            "gateway": "Gateway",
            "gateway-class": "GatewayClass",
            "traefik": "Release",
            "usage-pc-by-traefik": "Usage",
            "usage-traefik-by-gateway": "Usage",
            "usage-traefik-by-gateway-class": "Usage",
            **metallb.CHILDREN,
        }

    def prepare(self, draft: Draft, spec: InferenceGatewaySpec) -> TraefikInstallation:
        """Require what MetalLB depends on."""
        return TraefikInstallation(spec, metallb.prepare(draft, spec))


GATEWAY: Final = TraefikGateway()


def _compose(draft: Draft, spec: InferenceGatewaySpec, definitions: Definitions) -> None:
    asked = spec.traefik.version if spec.traefik else ""
    release = draft.observed("traefik")
    version = asked or charts.version_of(release) or TRAEFIK.version
    if release is not None or (definitions.good and draft.observed("provider-config-helm") is not None):
        draft.child("traefik", charts.release(TRAEFIK, version, _values(spec), _values_from(spec)))
        draft.child("usage-pc-by-traefik", protection.provider_config_by(TRAEFIK))
    may_begin = definitions.good and readiness.of(release).ready
    if may_begin or draft.observed(listeners.CLASS) is not None:
        draft.child(listeners.CLASS, LISTENERS.gateway_class())
        usage = protection.release_by(TRAEFIK, API_VERSION, "GatewayClass", LISTENERS.class_name)
        draft.child("usage-traefik-by-gateway-class", usage)
    if may_begin or draft.observed(listeners.GATEWAY) is not None:
        draft.child(listeners.GATEWAY, LISTENERS.gateway(spec))
        usage = protection.release_by(TRAEFIK, API_VERSION, "Gateway", GATEWAY_NAME)
        draft.child("usage-traefik-by-gateway", usage)
    draft.delete_before(listeners.CLASS, listeners.GATEWAY)
    controller.set_controller(draft, TRAEFIK, PRODUCT, definitions)
    controller.set_supported(draft, TRAEFIK, PRODUCT, version, oldest=OLDEST, is_asked=bool(asked))


def _values(spec: InferenceGatewaySpec) -> Manifest:
    wanted = spec.traefik or Traefik()
    values = {**_VALUES, "deployment": {"replicas": _REPLICAS if wanted.replicas is None else wanted.replicas}}
    if wanted.service_annotations:
        values["service"] = {**_VALUES["service"], "annotations": dict(wanted.service_annotations)}
    return values


def _values_from(spec: InferenceGatewaySpec) -> list[Manifest]:
    """The user's own values. The provider merges those that a Release has itself over them."""
    wanted = spec.traefik or Traefik()
    return [{"configMapKeyRef": {"name": source.name, "key": source.key}} for source in wanted.values_from]
