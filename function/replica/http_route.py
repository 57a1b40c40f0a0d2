"""How requests reach a replica on its cluster: the HTTPRoute of the gateway, and the Service in front of the pods.

To pods that speak TLS the route leads through a Backend, a kind of Envoy Gateway's that makes it speak TLS to that
Service. It verifies no certificate: those of engines are their teams' own. By a Service alone Envoy Gateway speaks
TLS only where a BackendTLSPolicy names an authority (Envoy Gateway 1.8.1).
"""

from __future__ import annotations

from typing import Any, Final

from function.api import labels
from function.api.engines import Scheme
from function.composition import Manifest, Object, unstructured
from function.composition.gateway_address import GATEWAY_NAME
from function.replica.backend import Backend
from function.replica.identity import ReplicaIdentity
from function.replica.topologies.topology import port_name

READINESS: Final = (
    "has(object.status) && has(object.status.parents) && object.status.parents.exists(p, has(p.conditions) && "
    'p.conditions.exists(c, c.type == "Accepted" && c.status == "True") && '
    'p.conditions.exists(c, c.type == "ResolvedRefs" && c.status == "True"))'
)
"""Ready once a gateway has accepted the route and resolved its backend."""

_GATEWAY: Final = {"name": GATEWAY_NAME, "namespace": labels.SYSTEM_NAMESPACE}
_SERVICE_PORT: Final = 80
"""Of the pods' first port; further ones follow it."""

_BACKEND_GROUP: Final = "gateway.envoyproxy.io"
_BACKEND: Final = "Backend"


def service(replica: ReplicaIdentity, backend: Backend) -> Manifest:
    """Build the Service in front of the pods that answer requests."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": replica.service, "namespace": replica.namespace},
        "spec": {
            "selector": {labels.SERVING: replica.name},
            "ports": [
                {
                    "name": f"http-{index}" if index else "http",
                    "port": _SERVICE_PORT + index,
                    "protocol": "TCP",
                    "targetPort": port_name(index) if backend.by_name else number,
                }
                for index, number in enumerate(backend.ports)
            ],
        },
    }


def tls_backend(replica: ReplicaIdentity, backend: Backend) -> Manifest:
    """Build the Backend by which the gateway speaks TLS to that Service, on each of its ports."""
    hostname = f"{replica.service}.{replica.namespace}.svc.cluster.local"
    return {
        "apiVersion": f"{_BACKEND_GROUP}/v1alpha1",
        "kind": _BACKEND,
        "metadata": {"name": replica.service, "namespace": replica.namespace},
        "spec": {
            "endpoints": [
                {"fqdn": {"hostname": hostname, "port": _SERVICE_PORT + index}} for index in range(len(backend.ports))
            ],
            "tls": {"insecureSkipVerify": True},
        },
    }


def service_refs(replica: ReplicaIdentity, backend: Backend) -> list[Manifest]:
    """Build the backendRefs that lead to the Service: one for each of its ports, all of which get the same share."""
    if backend.scheme is Scheme.HTTPS:
        return [{"group": _BACKEND_GROUP, "kind": _BACKEND, "name": replica.service}]
    return [
        {"kind": "Service", "name": replica.service, "port": _SERVICE_PORT + index}
        for index in range(len(backend.ports))
    ]


def backend_refs(route: Object) -> list[dict[str, Any]]:
    """Read where a route that has been composed earlier leads."""
    rules = unstructured.items(route, "spec", "rules")
    return [dict(unstructured.plain(ref)) for rule in rules for ref in unstructured.items(rule, "backendRefs")]


def leads_to_tls(refs: list[Manifest]) -> bool:
    """Tell whether backendRefs lead through a Backend."""
    return any(ref.get("kind") == _BACKEND for ref in refs)


def http_route(replica: ReplicaIdentity, backend_refs: list[Manifest]) -> Manifest:
    """Build the HTTPRoute: it matches the replica's path and strips it.

    There is no timeout, since an answer may stream for as long as the client listens.

    Args:
        replica: The replica.
        backend_refs: References to the Service's ports or the InferencePool.
    """
    rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": replica.service, "namespace": replica.namespace},
        "spec": {
            "parentRefs": [dict(_GATEWAY)],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": replica.path}}],
                    "filters": [{"type": "URLRewrite", "urlRewrite": rewrite}],
                    "timeouts": {"request": "0s"},
                    "backendRefs": backend_refs,
                }
            ],
        },
    }
