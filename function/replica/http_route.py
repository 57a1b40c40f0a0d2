"""How requests reach a replica on its cluster: the HTTPRoute of the gateway, and the Service in front of the pods."""

from __future__ import annotations

from typing import Final

from function.api import labels
from function.composition import Manifest
from function.composition.gateway_address import GATEWAY_NAME
from function.replica.backend import Backend
from function.replica.identity import ReplicaIdentity
from function.replica.pods import PORT_NAME

READINESS: Final = (
    "has(object.status) && has(object.status.parents) && object.status.parents.exists(p, has(p.conditions) && "
    'p.conditions.exists(c, c.type == "Accepted" && c.status == "True") && '
    'p.conditions.exists(c, c.type == "ResolvedRefs" && c.status == "True"))'
)
"""Ready once a gateway has accepted the route and resolved its backend."""

_GATEWAY: Final = {"name": GATEWAY_NAME, "namespace": labels.SYSTEM_NAMESPACE}
_SERVICE_PORT: Final = 80


def service(replica: ReplicaIdentity, backend: Backend) -> Manifest:
    """Build the Service in front of the pods that answer requests."""
    target = PORT_NAME if backend.by_name else backend.port
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": replica.service, "namespace": replica.namespace},
        "spec": {
            "selector": {labels.SERVING: replica.name},
            "ports": [{"name": "http", "port": _SERVICE_PORT, "protocol": "TCP", "targetPort": target}],
        },
    }


def service_ref(replica: ReplicaIdentity) -> Manifest:
    """Build a backendRef to that Service."""
    return {"kind": "Service", "name": replica.service, "port": _SERVICE_PORT}


def http_route(replica: ReplicaIdentity, backend_ref: Manifest) -> Manifest:
    """Build the HTTPRoute: it matches the replica's path and strips it.

    There is no timeout, since an answer may stream for as long as the client listens.

    Args:
        replica: The replica.
        backend_ref: A reference to the Service or the InferencePool.
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
                    "backendRefs": [backend_ref],
                }
            ],
        },
    }
