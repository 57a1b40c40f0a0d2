"""What a replica has on its cluster beside its pods: workloads, claims, and the path that leads to them."""

from __future__ import annotations

from typing import Final

from function.api import labels
from function.api.devices import ResolvedDeviceRequest
from function.api.engines import PlacedEngine, PlacedMember
from function.composition import Manifest, objects
from function.serving.pods import PORT_NAME, Replica, claim_template_name, pod_template, workload_name

SERVED: Final = f"{objects.AVAILABLE} && has(object.status.availableReplicas) && object.status.availableReplicas > 0"
"""Ready once a pod answers. A Deployment of one pod that may be unavailable calls itself Available without any."""

ROUTABLE: Final = (
    "has(object.status) && has(object.status.parents) && object.status.parents.exists(p, has(p.conditions) && "
    'p.conditions.exists(c, c.type == "Accepted" && c.status == "True") && '
    'p.conditions.exists(c, c.type == "ResolvedRefs" && c.status == "True"))'
)
"""Ready once a gateway has accepted the route and found what it leads to."""

_GATEWAY: Final = {"name": "inference-gateway", "namespace": labels.SYSTEM_NAMESPACE}
_SERVICE_PORT: Final = 80


def deployment(replica: Replica, engine: PlacedEngine, member: PlacedMember) -> Manifest:
    """Build the Deployment of an engine with one Standalone member.

    A pod that is replaced goes before its successor comes: in a pool that is full there is no
    node for both.
    """
    name = workload_name(replica, engine.name)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": replica.namespace},
        "spec": {
            "replicas": engine.copies,
            "selector": {"matchLabels": {labels.WORKLOAD: name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "template": pod_template(replica, engine, member, {labels.WORKLOAD: name}),
        },
    }


def claim_template(replica: Replica, engine: PlacedEngine, member: PlacedMember) -> Manifest:
    """Build the template of the claims that a member's pods take their devices through."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {
            "name": claim_template_name(replica, engine.name, member.role),
            "namespace": replica.namespace,
        },
        "spec": {"spec": {"devices": {"requests": [_request(one) for one in member.device_requests]}}},
    }


def _request(asked: ResolvedDeviceRequest) -> Manifest:
    exactly: Manifest = {"deviceClassName": asked.device_class_name, "count": asked.count}
    selectors = [{"cel": {"expression": one.cel}} for one in asked.selectors if one.cel]
    if selectors:
        exactly["selectors"] = selectors
    return {"name": asked.name, "exactly": exactly}


def service(replica: Replica) -> Manifest:
    """Build the Service in front of the pods that answer requests."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": replica.service, "namespace": replica.namespace},
        "spec": {
            "selector": {labels.SERVING: replica.name},
            "ports": [{"name": "http", "port": _SERVICE_PORT, "protocol": "TCP", "targetPort": PORT_NAME}],
        },
    }


def route(replica: Replica) -> Manifest:
    """Build the route from the cluster's gateway: the replica's path, less the path itself.

    There is no time limit, since an answer may stream for as long as the client listens.
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
                    "backendRefs": [{"kind": "Service", "name": replica.service, "port": _SERVICE_PORT}],
                }
            ],
        },
    }
