"""InferenceGateways that have come up, as they are observed."""

from collections.abc import Mapping
from typing import Any

from function.composition import Composition, Manifest
from tests.routing.builders import composed_gateway, gateway, true
from tests.support.observe import ready

POOL = {"loadBalancer": "MetalLB", "metallb": {"addressPool": "192.0.2.0/24"}}
PLURALS = {
    "ProviderConfig": "providerconfigs",
    "Release": "releases",
    "Gateway": "gateways",
    "GatewayClass": "gatewayclasses",
    "Usage": "usages",
}


def observed(made: Composition, *keys: str) -> dict[str, Manifest]:
    """Children of an answer as they are observed, and up."""
    return {key: up(made.children[key].manifest) for key in keys or made.children}


def up(body: Manifest) -> Manifest:
    """An object as it is observed when all is well."""
    meta = {"name": f"default-{body['kind'].lower()}", **body["metadata"]}
    obj = {**body, "metadata": meta}
    if body["kind"] == "Release":
        return ready(obj)
    if body["kind"] == "GatewayClass":
        return {**obj, "status": {"conditions": true("Accepted")}}
    if body["kind"] == "Gateway":
        addresses = [{"type": "IPAddress", "value": "192.0.2.1"}]
        return {**obj, "status": {"addresses": addresses, "conditions": true("Accepted", "Programmed")}}
    return obj


def running(obj: Mapping[str, Any]) -> dict[str, Manifest]:
    """What is observed of a gateway that has come up."""
    children: dict[str, Manifest] = {}
    for _ in range(4):
        children = observed(composed_gateway(obj, children))
    return children


def with_status(children: Mapping[str, Manifest], key: str, **status: Any) -> dict[str, Manifest]:
    return {**children, key: {**children[key], "status": status}}


def of_generation(gateway_seen: Manifest, generation: int) -> Manifest:
    return {**gateway_seen, "metadata": {**gateway_seen["metadata"], "generation": generation}}


def up_and_ready() -> Manifest:
    return gateway({"address": "192.0.2.1", "conditions": true("Ready", "GatewayAPIReady")})
