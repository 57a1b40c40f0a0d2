"""What a gateway controller writes into the status of Gateway API objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from function.composition import Manifest, Object, unstructured
from function.preview.conditions import condition, set_kubernetes_conditions

GROUP: Final = "gateway.networking.k8s.io"

_CERTIFICATE: Final = ("tls.crt", "tls.key")


@dataclass(frozen=True, slots=True)
class ClusterState:
    """The cluster that an object is on.

    Attributes:
        now: The time.
        find: Gives the cluster's objects of a kind.
        address: Gives the address that the cluster assigned, or assigns now, to a gateway.
    """

    now: datetime
    find: Callable[[str], Iterable[Object]]
    address: Callable[[Object], str]

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """An object of the cluster; None when it is not there."""
        for obj in self.find(kind):
            if unstructured.name_of(obj) == name and unstructured.namespace_of(obj) == namespace:
                return obj
        return None


def gateway_class(obj: Object, cluster: ClusterState) -> dict[str, Any]:
    """The status of a GatewayClass: accepted."""
    accepted = condition("Accepted", "True", "Accepted", "Handled by the controller", generation=_generation(obj))
    return {
        "conditions": set_kubernetes_conditions(
            unstructured.items(obj, "status", "conditions"), [accepted], cluster.now
        )
    }


def gateway(obj: Object, cluster: ClusterState) -> dict[str, Any]:
    """The status of a Gateway once its class is accepted: its address, and whether each of its listeners works."""
    generation = _generation(obj)
    existing = unstructured.items(obj, "status", "conditions")
    class_ = cluster.get("GatewayClass", "", unstructured.text(obj, "spec", "gatewayClassName"))
    if class_ is None or not unstructured.is_true(class_, "Accepted"):
        pending = [
            condition(kind, "Unknown", "Pending", "Waiting for controller", generation=generation)
            for kind in ("Accepted", "Programmed")
        ]
        return {"conditions": set_kubernetes_conditions(existing, pending, cluster.now)}
    before = {unstructured.text(old, "name"): old for old in unstructured.items(obj, "status", "listeners")}
    listeners = [
        _listener(obj, listener, before.get(unstructured.text(listener, "name"), {}), cluster)
        for listener in unstructured.items(obj, "spec", "listeners")
    ]
    if all(map(_is_programmed, listeners)):
        conditions = [
            condition("Accepted", "True", "Accepted", "Gateway successfully scheduled", generation=generation),
            condition("Programmed", "True", "Programmed", "Address assigned to the Gateway", generation=generation),
        ]
    else:
        wrong = "All Listeners must be valid"
        conditions = [condition("Accepted", "False", "ListenersNotValid", wrong, generation=generation)]
    return {
        "addresses": [{"type": "IPAddress", "value": cluster.address(obj)}],
        "conditions": _replaced_conditions(existing, conditions, cluster.now),
        "listeners": listeners,
    }


def route(obj: Object, cluster: ClusterState) -> dict[str, Any]:
    """The status of an HTTPRoute: what each gateway that it names says about it."""
    generation = _generation(obj)
    old = unstructured.items(obj, "status", "parents")
    parents = []
    for parent in unstructured.items(obj, "spec", "parentRefs"):
        namespace = unstructured.text(parent, "namespace") or unstructured.namespace_of(obj)
        named = cluster.get("Gateway", namespace, unstructured.text(parent, "name"))
        if not any(map(_is_programmed, unstructured.items(named, "status", "listeners"))):
            continue
        class_ = cluster.get("GatewayClass", "", unstructured.text(named, "spec", "gatewayClassName"))
        existing = next((entry for entry in old if entry.get("parentRef") == parent), {})
        conditions = [
            condition("Accepted", "True", "Accepted", "Route is accepted", generation=generation),
            _resolved(obj, cluster, generation),
        ]
        parents.append(
            {
                "parentRef": dict(parent),
                "controllerName": unstructured.text(class_, "spec", "controllerName"),
                "conditions": set_kubernetes_conditions(
                    unstructured.items(existing, "conditions"), conditions, cluster.now
                ),
            }
        )
    return {"parents": parents}


def inference_pool(obj: Object, cluster: ClusterState) -> dict[str, Any]:
    """The status of an InferencePool: accepted by the gateways of the routes that lead to it."""
    name, namespace = unstructured.name_of(obj), unstructured.namespace_of(obj)
    old = unstructured.items(obj, "status", "parents")
    parents: list[Manifest] = []
    for http_route in cluster.find("HTTPRoute"):
        names = {unstructured.text(ref, "name") for ref in backends(http_route) if ref.get("kind") == "InferencePool"}
        if unstructured.namespace_of(http_route) != namespace or name not in names:
            continue
        for parent in unstructured.items(http_route, "status", "parents"):
            ref = {key: parent["parentRef"][key] for key in ("name", "namespace") if key in parent["parentRef"]}
            ref = {"group": GROUP, "kind": "Gateway", **ref}
            existing = next((entry for entry in old if entry.get("parentRef") == ref), {})
            conditions = [condition(k, "True", k, generation=_generation(obj)) for k in ("Accepted", "ResolvedRefs")]
            parents.append(
                {
                    "parentRef": ref,
                    "conditions": set_kubernetes_conditions(
                        unstructured.items(existing, "conditions"), conditions, cluster.now
                    ),
                }
            )
    return {"parents": parents} if parents else {}


def backends(obj: Object) -> list[Mapping[str, Any]]:
    """Every backend reference of a route, in order."""
    return [ref for rule in unstructured.items(obj, "spec", "rules") for ref in unstructured.items(rule, "backendRefs")]


def _resolved(obj: Object, cluster: ClusterState, generation: int) -> Manifest:
    for ref in backends(obj):
        kind = unstructured.text(ref, "kind") or "Service"
        namespace = unstructured.text(ref, "namespace") or unstructured.namespace_of(obj)
        if cluster.get(kind, namespace, unstructured.text(ref, "name")) is None:
            missing = f"{kind} {namespace}/{unstructured.text(ref, 'name')} not found"
            return condition("ResolvedRefs", "False", "BackendNotFound", missing, generation=generation)
    message = "All references are resolved"
    return condition("ResolvedRefs", "True", "ResolvedRefs", message, generation=generation)


def _listener(obj: Object, listener: Object, old: Object, cluster: ClusterState) -> Manifest:
    generation = _generation(obj)
    problem = _certificate_problem(obj, listener, cluster)
    if problem:
        conditions = [
            condition("ResolvedRefs", "False", "InvalidCertificateRef", problem, generation=generation),
            condition("Programmed", "False", "Invalid", "Invalid CertificateRefs", generation=generation),
        ]
    else:
        kinds = ("Accepted", "Programmed", "ResolvedRefs")
        conditions = [condition(kind, "True", kind, generation=generation) for kind in kinds]
    return {
        "name": unstructured.text(listener, "name"),
        "supportedKinds": [{"group": GROUP, "kind": "HTTPRoute"}],
        "conditions": _replaced_conditions(unstructured.items(old, "conditions"), conditions, cluster.now),
    }


def _replaced_conditions(existing: Iterable[Object], conditions: Sequence[Object], now: datetime) -> list[Any]:
    """Set these conditions and no others: any that is left out goes."""
    kinds = {unstructured.text(entry, "type") for entry in conditions}
    kept = [entry for entry in existing if unstructured.text(entry, "type") in kinds]
    return set_kubernetes_conditions(kept, conditions, now)


def _is_programmed(listener: Object) -> bool:
    """Tell whether a listener, by its status, answers requests."""
    return unstructured.is_true({"status": listener}, "Programmed")


def _certificate_problem(obj: Object, listener: Object, cluster: ClusterState) -> str:
    """Why a listener has no certificate, in Traefik's words; empty when it has one or needs none."""
    for ref in unstructured.items(listener, "tls", "certificateRefs"):
        namespace = unstructured.text(ref, "namespace") or unstructured.namespace_of(obj)
        name = unstructured.text(ref, "name")
        where = f"{namespace}/{name}"
        cannot = f"Cannot load CertificateRef {where}"
        secret = cluster.get("Secret", namespace, name)
        if secret is None:
            return f'{cannot}: getting secret: secret "{name}" not found'
        data = {**unstructured.mapping(secret, "data"), **unstructured.mapping(secret, "stringData")}
        missing = [key for key in _CERTIFICATE if key not in data]
        empty = missing or [key for key in _CERTIFICATE if not data[key]]
        if empty:
            how = "is missing the following" if missing else "contains the following empty"
            entries = f"secret {where} {how} TLS data entries: {', '.join(empty)}"
            return f"{cannot}: getting certificate blocks: {entries}"
    return ""


def _generation(obj: Object) -> int:
    return unstructured.integer(obj, "metadata", "generation")
