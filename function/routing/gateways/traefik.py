"""Traefik as the front door: its Release, its GatewayClass and its Gateway."""

from __future__ import annotations

from typing import Any, Final

from function.api.inference_gateway import InferenceGatewaySpec, Traefik
from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Draft, Manifest, Object, readiness, releases, unstructured
from function.composition.gateway_address import choose_address
from function.routing.gateway_api import API_VERSION, CONTROLLER_NAME, Definitions
from function.routing.gateway_conditions import ADDRESS, CONTROLLER, SUPPORTED, TLS
from function.routing.gateways import charts, protection
from function.routing.gateways.charts import TRAEFIK
from function.routing.http_route import GATEWAY
from function.selectors.semver import SemverError, parse_semver

OLDEST: Final = "41.0.2"
"""The first chart whose Traefik keeps two services apart that share an endpoint."""

CLASS: Final = "traefik"
_WEB: Final = 8000
_WEBSECURE: Final = 8443
_SECURE: Final = "websecure"
_REPLICAS: Final = 2
_PLAIN: Final = {"http": {"encodedCharacters": {"allowEncodedSlash": False}}}
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
    "ports": {"web": _PLAIN, _SECURE: _PLAIN},
}


def compose(draft: Draft, spec: InferenceGatewaySpec, definitions: Definitions) -> None:
    """Compose Traefik, each part once what it needs is observed, or once it is there itself."""
    asked = spec.traefik.version if spec.traefik else ""
    seen = draft.observed("traefik")
    version = asked or charts.version_of(seen) or TRAEFIK.version
    if seen is not None or (definitions.good and draft.observed("provider-config-helm") is not None):
        draft.child("traefik", charts.release(TRAEFIK, version, _values(spec), _values_from(spec)))
        draft.child("usage-pc-by-traefik", protection.provider_config_by(TRAEFIK))
    may_begin = definitions.good and readiness.of(seen).ready
    if may_begin or draft.observed("gateway-class") is not None:
        draft.child("gateway-class", gateway_class())
        usage = protection.release_by(TRAEFIK, API_VERSION, "GatewayClass", CLASS)
        draft.child("usage-traefik-by-gateway-class", usage)
    if may_begin or draft.observed("gateway") is not None:
        draft.child("gateway", gateway(spec))
        usage = protection.release_by(TRAEFIK, API_VERSION, "Gateway", GATEWAY)
        draft.child("usage-traefik-by-gateway", usage)
    draft.delete_before("gateway-class", "gateway")
    _say_controller(draft, definitions)
    _say_version(draft, version, is_asked=bool(asked))


def _values(spec: InferenceGatewaySpec) -> Manifest:
    wanted = spec.traefik or Traefik()
    values = {**_VALUES, "deployment": {"replicas": _REPLICAS if wanted.replicas is None else wanted.replicas}}
    if wanted.service_annotations:
        values["service"] = {**_VALUES["service"], "annotations": dict(wanted.service_annotations)}
    return values


def _values_from(spec: InferenceGatewaySpec) -> list[Manifest]:
    """The user's own values. The provider merges those that a Release has itself over them."""
    wanted = spec.traefik or Traefik()
    return [{"configMapKeyRef": {"name": one.name, "key": one.key}} for one in wanted.values_from]


def gateway_class() -> Manifest:
    """Build Traefik's GatewayClass."""
    return {
        "apiVersion": API_VERSION,
        "kind": "GatewayClass",
        "metadata": {"name": CLASS},
        "spec": {"controllerName": CONTROLLER_NAME},
    }


def gateway(spec: InferenceGatewaySpec) -> Manifest:
    """Build the Gateway; its ports are those inside of Traefik, which its Service exposes as 80 and 443."""
    allowed = {"namespaces": _namespaces(spec)}
    listeners: list[Manifest] = [{"name": "web", "protocol": "HTTP", "port": _WEB, "allowedRoutes": allowed}]
    if spec.tls is not None:
        certificate = {"kind": "Secret", "name": spec.tls.secret_ref.name}
        listeners.append(
            {
                "name": _SECURE,
                "protocol": "HTTPS",
                "port": _WEBSECURE,
                "tls": {"mode": "Terminate", "certificateRefs": [certificate]},
                "allowedRoutes": allowed,
            }
        )
    return {
        "apiVersion": API_VERSION,
        "kind": "Gateway",
        "metadata": {"name": GATEWAY, "namespace": SYSTEM_NAMESPACE},
        "spec": {"gatewayClassName": CLASS, "listeners": listeners},
    }


def address_of(draft: Draft) -> str:
    """The Gateway's address: as it reports it, or as published while it has none; empty when there never was one."""
    known = unstructured.text(draft.observation.status, "address")
    return choose_address(draft.observed("gateway"), known) or known


def say_address(draft: Draft) -> bool:
    """Say what the Gateway's address is; tell whether requests are answered there."""
    seen = draft.observed("gateway")
    known = unstructured.text(draft.observation.status, "address")
    address = choose_address(seen, known)
    if address:
        draft.set_condition(ADDRESS, "AddressAssigned", address)
    else:
        stays = f"; {known} stays published" if known else ""
        draft.set_condition(ADDRESS, "WaitingForAddress", f"The Gateway has no address yet{stays}")
    return bool(address) and _programmed(draft, seen)


def say_tls(draft: Draft, spec: InferenceGatewaySpec) -> None:
    """Say whether the gateway answers https."""
    if spec.tls is None:
        draft.set_condition(TLS, "NotConfigured")
        return
    secret = f"Secret {SYSTEM_NAMESPACE}/{spec.tls.secret_ref.name}"
    seen = draft.observed("gateway")
    for listener in unstructured.items(seen, "status", "listeners"):
        if unstructured.text(listener, "name") != _SECURE:
            continue
        for kind in ("ResolvedRefs", "Programmed"):
            found = unstructured.condition({"status": listener}, kind)
            if not unstructured.is_current(found, seen):
                draft.carry_condition(TLS)
                return
            if found.get("status") != "True":
                said = unstructured.text(found, "message") or unstructured.text(found, "reason") or "nothing reported"
                draft.set_condition(TLS, "Waiting", f"{secret}: listener {_SECURE}: {kind}: {said}")
                return
        draft.set_condition(TLS, "Serving", secret)
        return
    draft.set_condition(TLS, "Waiting", f"{secret}: the Gateway does not report listener {_SECURE} yet")


def _namespaces(spec: InferenceGatewaySpec) -> Manifest:
    wanted = spec.route_namespaces.match_labels if spec.route_namespaces else {}
    if not wanted:
        return {"from": "All"}
    return {"from": "Selector", "selector": {"matchLabels": dict(wanted)}}


def _programmed(draft: Draft, seen: Object | None) -> bool:
    """Whether the Gateway works; while it does not say so of what it is now, whether it did."""
    said = [unstructured.condition(seen, kind) for kind in ("Accepted", "Programmed")]
    status = [one.get("status") for one in said if unstructured.is_current(one, seen)]
    if "False" in status:
        return False
    return status == ["True", "True"] or unstructured.is_true(draft.observation.composite, "Ready")


def _say_controller(draft: Draft, definitions: Definitions) -> None:
    seen, now = draft.observed("traefik"), draft.observation.now
    judged, until, failure = readiness.of(seen), releases.changing_until(seen, now), releases.failure(seen, now)
    if seen is None and not definitions.good:
        draft.set_condition(CONTROLLER, "WaitingForGatewayAPI", "Traefik is installed once GatewayAPIReady is True")
    elif judged.ready:
        draft.set_condition(CONTROLLER, "ControllerHealthy", f"Traefik chart {charts.version_of(seen)} is installed")
    elif until is not None and unstructured.is_true(draft.observation.composite, CONTROLLER):
        draft.requeue_at(until)
        draft.set_condition(CONTROLLER, "Changing", f"Release traefik: {judged.message}")
    elif failure:
        draft.set_condition(CONTROLLER, "ReleaseFailed", f"Release traefik: {judged.message}, {failure}")
    else:
        draft.set_condition(CONTROLLER, "Installing", f"Release traefik: {judged.message}")


def _say_version(draft: Draft, version: str, *, is_asked: bool) -> None:
    try:
        supported = not parse_semver(version, normalize=True) < parse_semver(OLDEST)
    except SemverError:
        draft.set_condition(SUPPORTED, "NotComparable", f"Chart version {version} is no semantic version")
        return
    if supported:
        draft.set_condition(SUPPORTED, "Supported", f"Traefik chart {version}; checked against {TRAEFIK.fits}")
    else:
        known = f"at least {OLDEST} is supported, {TRAEFIK.version} is the default"
        why = "is used as asked for" if is_asked else "is kept"
        draft.set_condition(SUPPORTED, "OlderThanSupported", f"Traefik chart {version} {why}; {known}")
