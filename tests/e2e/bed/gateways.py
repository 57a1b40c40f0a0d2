"""Stands in for Envoy Gateway: the Gateway API's statuses, without any proxy.

A gateway exists for it once the stand-in for Helm has installed its chart. Routes are accepted
for the generation that they have, and their backends are looked up. As with Envoy Gateway, a class
with gateways has a finalizer that only the controller takes off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.composition import Manifest, Object, unstructured
from tests.e2e.bed.api import Api
from tests.e2e.bed.stand_in import condition, set_finalizer, set_status, timed

GATEWAY_API: Final = "gateway.networking.k8s.io/v1"

_FINALIZER: Final = "gateway-exists-finalizer.gateway.networking.k8s.io"
_SERVICE: Final = "v1"


@dataclass(frozen=True, slots=True)
class Controller:
    """A gateway controller on a cluster.

    Attributes:
        chart: The chart that installs it.
        name: The name by which classes refer to it.
        api: The cluster.
        address: The address that its Gateways get.
    """

    chart: str
    name: str
    api: Api
    address: str

    def step(self) -> None:
        """Say of every class, Gateway and route of its own how it is."""
        classes = [obj for obj in self.api.list(GATEWAY_API, "GatewayClass") if self._is_mine(obj)]
        names = {unstructured.name_of(class_) for class_ in classes}
        gateways = [
            obj
            for obj in self.api.list(GATEWAY_API, "Gateway")
            if unstructured.text(obj, "spec", "gatewayClassName") in names
        ]
        for obj in classes:
            used = any(
                unstructured.text(gateway, "spec", "gatewayClassName") == unstructured.name_of(obj)
                for gateway in gateways
            )
            set_finalizer(self.api, obj, _FINALIZER, present=used)
            self._say(obj, {}, condition("Accepted", "True", "Accepted", "", _generation(obj)))
        for obj in gateways:
            conditions = [condition(kind, "True", kind, "", _generation(obj)) for kind in ("Accepted", "Programmed")]
            listeners = [_listener(obj, item) for item in unstructured.items(obj, "spec", "listeners")]
            addresses = [{"type": "IPAddress", "value": self.address}]
            self._say(obj, {"addresses": addresses, "listeners": listeners}, *conditions)
        own_gateways = {(unstructured.namespace_of(gateway), unstructured.name_of(gateway)) for gateway in gateways}
        for route in self.api.list(GATEWAY_API, "HTTPRoute"):
            self._judge(route, own_gateways)

    def _is_mine(self, gateway_class: Object) -> bool:
        return unstructured.text(gateway_class, "spec", "controllerName") == self.name

    def _say(self, obj: Object, more: Object, *conditions: Object) -> None:
        before = unstructured.items(obj, "status", "conditions")
        set_status(self.api, obj, {**more, "conditions": timed(conditions, before)})

    def _judge(self, route: Object, own_gateways: set[tuple[str, str]]) -> None:
        before = {str(item.get("parentRef")): item for item in unstructured.items(route, "status", "parents")}
        parents = []
        for ref in unstructured.items(route, "spec", "parentRefs"):
            place = (
                unstructured.text(ref, "namespace") or unstructured.namespace_of(route),
                unstructured.text(ref, "name"),
            )
            if place not in own_gateways:
                continue
            missing = [name for name in _backends(route) if self._lacks(route, name)]
            generation = _generation(route)
            resolved = condition("ResolvedRefs", "True", "ResolvedRefs", "", generation)
            if missing:
                message = f"{missing[0].get('kind', 'Service')} {missing[0]['name']} not found"
                resolved = condition("ResolvedRefs", "False", "BackendNotFound", message, generation)
            conditions = [condition("Accepted", "True", "Accepted", "", generation), resolved]
            old = unstructured.items(before.get(str(ref), {}), "conditions")
            parents.append({"parentRef": dict(ref), "controllerName": self.name, "conditions": timed(conditions, old)})
        if parents:
            set_status(self.api, route, {"parents": parents})

    def _lacks(self, route: Object, backend: Mapping[str, Any]) -> bool:
        namespace = backend.get("namespace") or unstructured.namespace_of(route)
        group, kind = backend.get("group", ""), backend.get("kind", "Service")
        api_version = f"{group}/v1" if group else _SERVICE
        return self.api.get(api_version, kind, backend["name"], namespace) is None


def _backends(route: Object) -> Iterator[Mapping[str, Any]]:
    for rule in unstructured.items(route, "spec", "rules"):
        yield from unstructured.items(rule, "backendRefs")


def _generation(obj: Object) -> int:
    return unstructured.integer(obj, "metadata", "generation")


def _listener(gateway: Object, listener: Object) -> Manifest:
    before = next(
        (
            unstructured.items(status, "conditions")
            for status in unstructured.items(gateway, "status", "listeners")
            if status.get("name") == listener["name"]
        ),
        [],
    )
    kinds = ("Accepted", "Programmed", "ResolvedRefs")
    conditions = [condition(kind, "True", kind, "", _generation(gateway)) for kind in kinds]
    routes = [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}]
    return {
        "name": listener["name"],
        "attachedRoutes": 0,
        "supportedKinds": routes,
        "conditions": timed(conditions, before),
    }
