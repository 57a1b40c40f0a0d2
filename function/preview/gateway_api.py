"""What a gateway controller writes into the status of Gateway API objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from function.composition import Manifest, Object, unstructured
from function.preview.conditions import condition, turned

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
    return {"conditions": turned(unstructured.items(obj, "status", "conditions"), [accepted], cluster.now)}


def gateway(obj: Object, cluster: ClusterState) -> dict[str, Any]:
    """The status of a Gateway once its class is accepted: its address, and whether each of its listeners works."""
    generation = _generation(obj)
    seen = unstructured.items(obj, "status", "conditions")
    its_class = cluster.get("GatewayClass", "", unstructured.text(obj, "spec", "gatewayClassName"))
    if its_class is None or not unstructured.is_true(its_class, "Accepted"):
        pending = [
            condition(kind, "Unknown", "Pending", "Waiting for controller", generation=generation)
            for kind in ("Accepted", "Programmed")
        ]
        return {"conditions": turned(seen, pending, cluster.now)}
    before = {unstructured.text(old, "name"): old for old in unstructured.items(obj, "status", "listeners")}
    listeners = [
        _listener(obj, listener, before.get(unstructured.text(listener, "name"), {}), cluster)
        for listener in unstructured.items(obj, "spec", "listeners")
    ]
    if all(map(_works, listeners)):
        said = [
            condition("Accepted", "True", "Accepted", "Gateway successfully scheduled", generation=generation),
            condition("Programmed", "True", "Programmed", "Address assigned to the Gateway", generation=generation),
        ]
    else:
        wrong = "All Listeners must be valid"
        said = [condition("Accepted", "False", "ListenersNotValid", wrong, generation=generation)]
    return {
        "addresses": [{"type": "IPAddress", "value": cluster.address(obj)}],
        "conditions": _anew(seen, said, cluster.now),
        "listeners": listeners,
    }


def route(obj: Object, cluster: ClusterState) -> dict[str, Any]:
    """The status of an HTTPRoute: what each gateway that it names says about it."""
    generation = _generation(obj)
    old = unstructured.items(obj, "status", "parents")
    parents = []
    for parent in unstructured.items(obj, "spec", "parentRefs"):
        namespace = unstructured.text(parent, "namespace") or unstructured.namespace_of(obj)
        found = cluster.get("Gateway", namespace, unstructured.text(parent, "name"))
        if not any(map(_works, unstructured.items(found, "status", "listeners"))):
            continue
        its_class = cluster.get("GatewayClass", "", unstructured.text(found, "spec", "gatewayClassName"))
        seen = next((entry for entry in old if entry.get("parentRef") == parent), {})
        said = [
            condition("Accepted", "True", "Accepted", "Route is accepted", generation=generation),
            _resolved(obj, cluster, generation),
        ]
        parents.append(
            {
                "parentRef": dict(parent),
                "controllerName": unstructured.text(its_class, "spec", "controllerName"),
                "conditions": turned(unstructured.items(seen, "conditions"), said, cluster.now),
            }
        )
    return {"parents": parents}


def inference_pool(obj: Object, cluster: ClusterState) -> dict[str, Any]:
    """The status of an InferencePool: accepted by the gateways of the routes that lead to it."""
    name, namespace = unstructured.name_of(obj), unstructured.namespace_of(obj)
    old = unstructured.items(obj, "status", "parents")
    parents: list[Manifest] = []
    for leading in cluster.find("HTTPRoute"):
        names = {unstructured.text(ref, "name") for ref in backends(leading) if ref.get("kind") == "InferencePool"}
        if unstructured.namespace_of(leading) != namespace or name not in names:
            continue
        for parent in unstructured.items(leading, "status", "parents"):
            ref = {key: parent["parentRef"][key] for key in ("name", "namespace") if key in parent["parentRef"]}
            ref = {"group": GROUP, "kind": "Gateway", **ref}
            seen = next((entry for entry in old if entry.get("parentRef") == ref), {})
            said = [condition(k, "True", k, generation=_generation(obj)) for k in ("Accepted", "ResolvedRefs")]
            parents.append(
                {"parentRef": ref, "conditions": turned(unstructured.items(seen, "conditions"), said, cluster.now)}
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
    said = "All references are resolved"
    return condition("ResolvedRefs", "True", "ResolvedRefs", said, generation=generation)


def _listener(obj: Object, listener: Object, old: Object, cluster: ClusterState) -> Manifest:
    generation = _generation(obj)
    problem = _certificate_problem(obj, listener, cluster)
    if problem:
        said = [
            condition("ResolvedRefs", "False", "InvalidCertificateRef", problem, generation=generation),
            condition("Programmed", "False", "Invalid", "Invalid CertificateRefs", generation=generation),
        ]
    else:
        kinds = ("Accepted", "Programmed", "ResolvedRefs")
        said = [condition(kind, "True", kind, generation=generation) for kind in kinds]
    return {
        "name": unstructured.text(listener, "name"),
        "supportedKinds": [{"group": GROUP, "kind": "HTTPRoute"}],
        "conditions": _anew(unstructured.items(old, "conditions"), said, cluster.now),
    }


def _anew(seen: Iterable[Object], said: Sequence[Object], now: datetime) -> list[Any]:
    """Set conditions and no others: what is not said any more goes."""
    kinds = {unstructured.text(one, "type") for one in said}
    return turned([one for one in seen if unstructured.text(one, "type") in kinds], said, now)


def _works(listener: Object) -> bool:
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
        lacking = missing or [key for key in _CERTIFICATE if not data[key]]
        if lacking:
            how = "is missing the following" if missing else "contains the following empty"
            entries = f"secret {where} {how} TLS data entries: {', '.join(lacking)}"
            return f"{cannot}: getting certificate blocks: {entries}"
    return ""


def _generation(obj: Object) -> int:
    return unstructured.integer(obj, "metadata", "generation")
