"""What an endpoint composes, as it is observed."""

from typing import Any

from function.composition import Composition, Manifest
from tests.routing.builders import bare_endpoint
from tests.support.observe import with_condition

BACKEND = "a-0123456789ab"
ROUTING = {"backendName": BACKEND, "host": "203.0.113.4", "port": 80, "protocol": "http", "rewritePath": "/"}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": BACKEND, "namespace": "ml-team"}}
SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "a-ba9876543210", "namespace": "ml-team"},
    "addressType": "IPv4",
}


def running(url: str = "http://203.0.113.4/v1", **spec: Any) -> Manifest:
    """An endpoint that was Ready at another address."""
    obj = bare_endpoint(url, {"routing": ROUTING}, **spec)
    return with_condition(with_condition(obj, "Ready"), "RoutingReady", reason="BackendConfigured")


def bodies(made: Composition) -> dict[str, Manifest]:
    return {key: child.manifest for key, child in made.children.items()}


def on_port(number: Any, **more: Any) -> Manifest:
    """The Service as it is observed with a port."""
    return {**SERVICE, "spec": {"ports": [{"port": number, "protocol": "TCP", **more}]}}
