"""The GatewayClass and the Gateway of a controller: how they are composed, and what they report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.api.inference_gateway import InferenceGatewaySpec
from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Draft, Manifest, Object, unstructured
from function.composition.gateway_address import choose_address
from function.routing.gateway_api import API_VERSION, GATEWAY_NAME
from function.routing.gateway_conditions import ADDRESS, TLS

CLASS: Final = "gateway-class"
"""The composition resource name of the GatewayClass."""

GATEWAY: Final = "gateway"
"""The composition resource name of the Gateway."""


@dataclass(frozen=True, slots=True)
class ListenerPort:
    """A listener of the Gateway.

    Attributes:
        name: Its name.
        port: The port that the controller listens on for it, which its Service may expose as another.
    """

    name: str
    port: int


@dataclass(frozen=True, slots=True)
class GatewayListeners:
    """The GatewayClass and the Gateway of a controller.

    Attributes:
        class_name: Name of the GatewayClass.
        controller_name: The controller that it belongs to.
        http: The listener for clear text.
        https: The listener for TLS, which is there once a certificate is given.
    """

    class_name: str
    controller_name: str
    http: ListenerPort
    https: ListenerPort

    def gateway_class(self) -> Manifest:
        """Build the GatewayClass."""
        return {
            "apiVersion": API_VERSION,
            "kind": "GatewayClass",
            "metadata": {"name": self.class_name},
            "spec": {"controllerName": self.controller_name},
        }

    def gateway(self, spec: InferenceGatewaySpec) -> Manifest:
        """Build the Gateway."""
        allowed = {"namespaces": _namespaces(spec)}
        listeners: list[Manifest] = [
            {"name": self.http.name, "protocol": "HTTP", "port": self.http.port, "allowedRoutes": allowed}
        ]
        if spec.tls is not None:
            certificate = {"kind": "Secret", "name": spec.tls.secret_ref.name}
            listeners.append(
                {
                    "name": self.https.name,
                    "protocol": "HTTPS",
                    "port": self.https.port,
                    "tls": {"mode": "Terminate", "certificateRefs": [certificate]},
                    "allowedRoutes": allowed,
                }
            )
        return {
            "apiVersion": API_VERSION,
            "kind": "Gateway",
            "metadata": {"name": GATEWAY_NAME, "namespace": SYSTEM_NAMESPACE},
            "spec": {"gatewayClassName": self.class_name, "listeners": listeners},
        }

    def set_tls(self, draft: Draft, spec: InferenceGatewaySpec) -> None:
        """Set the condition that tells whether the gateway answers https."""
        if spec.tls is None:
            draft.set_condition(TLS, "NotConfigured")
            return
        secret = f"Secret {SYSTEM_NAMESPACE}/{spec.tls.secret_ref.name}"
        gateway = draft.observed(GATEWAY)
        for listener in unstructured.items(gateway, "status", "listeners"):
            if unstructured.text(listener, "name") != self.https.name:
                continue
            for kind in ("ResolvedRefs", "Programmed"):
                found = unstructured.condition({"status": listener}, kind)
                if not unstructured.is_current(found, gateway):
                    draft.carry_condition(TLS)
                    return
                if found.get("status") != "True":
                    why = unstructured.text(found, "message") or unstructured.text(found, "reason")
                    message = f"{secret}: listener {self.https.name}: {kind}: {why or 'nothing reported'}"
                    draft.set_condition(TLS, "Waiting", message)
                    return
            draft.set_condition(TLS, "Serving", secret)
            return
        draft.set_condition(TLS, "Waiting", f"{secret}: the Gateway does not report listener {self.https.name} yet")


def address_of(draft: Draft) -> str:
    """The Gateway's address: as it reports it, or as published while it has none; empty when there never was one."""
    published = unstructured.text(draft.observation.status, "address")
    return choose_address(draft.observed(GATEWAY), published) or published


def set_address(draft: Draft) -> bool:
    """Set the condition that tells the Gateway's address; tell whether requests are answered there."""
    gateway = draft.observed(GATEWAY)
    published = unstructured.text(draft.observation.status, "address")
    address = choose_address(gateway, published)
    if address:
        draft.set_condition(ADDRESS, "AddressAssigned", address)
    else:
        stays = f"; {published} stays published" if published else ""
        draft.set_condition(ADDRESS, "WaitingForAddress", f"The Gateway has no address yet{stays}")
    return bool(address) and _programmed(draft, gateway)


def _namespaces(spec: InferenceGatewaySpec) -> Manifest:
    wanted = spec.route_namespaces.plain() if spec.route_namespaces else {}
    selector = {field: asked for field, asked in wanted.items() if asked}
    return {"from": "Selector", "selector": selector} if selector else {"from": "All"}


def _programmed(draft: Draft, gateway: Object | None) -> bool:
    """Whether the Gateway works; while it does not report on what it is now, whether it did."""
    conditions = [unstructured.condition(gateway, kind) for kind in ("Accepted", "Programmed")]
    status = [condition.get("status") for condition in conditions if unstructured.is_current(condition, gateway)]
    if "False" in status:
        return False
    return status == ["True", "True"] or unstructured.is_true(draft.observation.composite, "Ready")
