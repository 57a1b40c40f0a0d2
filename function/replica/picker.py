"""The endpoint picker: chooses the pod that answers a request, by what its cache holds and how busy it is.

The gateway asks it about every request for the pool. Both of its pods pick, each with its own view of
what the caches hold. Leader election is off: a pod on standby is never ready, so a rollout would wait
for it forever.
"""

from __future__ import annotations

import hashlib
from typing import Final

import yaml

from function.api import labels
from function.api.model_replica import ModelReplicaSpec
from function.composition import Manifest, Object, objects, unstructured
from function.replica.backend import Backend
from function.replica.ending import DRAIN_SECONDS, GRACE_SECONDS
from function.replica.identity import ReplicaIdentity, picker_name, pool_name
from function.replica.picker_scheduling import PARSERS, counting
from function.replica.pods import spread_constraint, tolerations
from function.replica.security_context import container_security_context, pod_security_context

POOL_GROUP: Final = "inference.networking.k8s.io"

IMAGE: Final = "ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.9.0"

READINESS: Final = f"{objects.AVAILABLE} && has(object.status.availableReplicas) && object.status.availableReplicas > 0"
"""Ready while a pod of any generation picks."""

_RBAC_RULES: Final = (
    ([""], ["pods"]),
    ([POOL_GROUP], ["inferencepools"]),
    (["inference.networking.x-k8s.io", "llm-d.ai"], ["inferenceobjectives", "inferencemodelrewrites"]),
)
"""What it reads, by API group; it does not start without any of these permissions, though a cluster may lack kinds."""

_RBAC: Final = "rbac.authorization.k8s.io"
_PORT: Final = 9002
_HEALTH_PORT: Final = 9003
_REPLICAS: Final = 2
_CONFIG: Final = "epp-config.yaml"
_CONFIG_DIR: Final = "/config"
_REQUESTS: Final = {"cpu": "500m", "memory": "512Mi"}
_CHECKSUM: Final = "modelplane.ai/epp-config-checksum"


def pool(replica: ReplicaIdentity, backend: Backend) -> Manifest:
    """Build the pool of the pods that answer requests."""
    return {
        "apiVersion": f"{POOL_GROUP}/v1",
        "kind": "InferencePool",
        "metadata": {"name": pool_name(replica), "namespace": replica.namespace},
        "spec": {
            "selector": {"matchLabels": {labels.SERVING: replica.name}},
            "targetPorts": [{"number": backend.port}],
            "endpointPickerRef": {
                "name": picker_name(replica),
                "port": {"number": _PORT},
                "failureMode": backend.scheduling.failure_mode,
            },
        },
    }


def pool_ref(replica: ReplicaIdentity) -> Manifest:
    """Build a backendRef to the pool."""
    return {"group": POOL_GROUP, "kind": "InferencePool", "name": pool_name(replica)}


def rbac(replica: ReplicaIdentity) -> tuple[Manifest, Manifest, Manifest]:
    """Build the picker's ServiceAccount, Role and RoleBinding."""
    meta = _meta(replica)
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "Role",
            "metadata": meta,
            "rules": [
                {"apiGroups": groups, "resources": plurals, "verbs": ["get", "watch", "list"]}
                for groups, plurals in _RBAC_RULES
            ],
        },
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "subjects": [{"kind": "ServiceAccount", **meta}],
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": meta["name"]},
        },
    )


def config_map(replica: ReplicaIdentity, backend: Backend) -> Manifest:
    """Build the ConfigMap with the picker's configuration."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _meta(replica),
        "data": {_CONFIG: _config_text(backend)},
    }


def service(replica: ReplicaIdentity) -> Manifest:
    """Build the Service through which the gateway reaches the picker."""
    port = {"name": "grpc-ext-proc", "port": _PORT, "protocol": "TCP", "targetPort": _PORT, "appProtocol": "http2"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(replica),
        "spec": {"selector": _selector(replica), "ports": [port]},
    }


def deployment(replica: ReplicaIdentity, backend: Backend, spec: ModelReplicaSpec) -> Manifest:
    """Build the picker's Deployment. It reads its configuration only at start, so a change replaces its pods.

    It needs its token to ask the cluster's API server what `rbac` lets it read.
    """
    checksum = hashlib.sha256(_config_text(backend).encode()).hexdigest()
    pod_labels = {**_selector(replica), labels.REPLICA: replica.name}
    if replica.deployment:
        pod_labels[labels.DEPLOYMENT] = replica.deployment
    members = [member for engine in spec.engines for member in engine.members]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(replica),
        "spec": {
            "replicas": _REPLICAS,
            "selector": {"matchLabels": _selector(replica)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": pod_labels, "annotations": {_CHECKSUM: checksum}},
                "spec": {
                    "serviceAccountName": picker_name(replica),
                    "automountServiceAccountToken": True,
                    "securityContext": pod_security_context(),
                    # A request stays with its picker until it is answered.
                    "terminationGracePeriodSeconds": GRACE_SECONDS,
                    "tolerations": tolerations(*members),
                    "topologySpreadConstraints": [spread_constraint(_selector(replica))],
                    "containers": [_container(replica)],
                    "volumes": [{"name": "config", "configMap": {"name": picker_name(replica)}}],
                },
            },
        },
    }


def same_config(obj: Object, other: Object) -> bool:
    """Tell whether two Deployments of a picker have the same configuration."""
    path = ("spec", "template", "metadata", "annotations", _CHECKSUM)
    return bool(unstructured.text(obj, *path)) and unstructured.text(obj, *path) == unstructured.text(other, *path)


def _container(replica: ReplicaIdentity) -> Manifest:
    probe = {"grpc": {"port": _HEALTH_PORT}}
    return {
        "name": "epp",
        "image": IMAGE,
        "args": [
            f"--pool-name={pool_name(replica)}",
            f"--pool-namespace={replica.namespace}",
            f"--pool-group={POOL_GROUP}",
            f"--config-file={_CONFIG_DIR}/{_CONFIG}",
            f"--grpc-port={_PORT}",
            f"--grpc-health-port={_HEALTH_PORT}",
            "--tracing=false",
        ],
        "ports": [
            {"name": "grpc", "containerPort": _PORT},
            {"name": "grpc-health", "containerPort": _HEALTH_PORT},
        ],
        "readinessProbe": {**probe, "periodSeconds": 2},
        "livenessProbe": {**probe, "initialDelaySeconds": 5, "periodSeconds": 10},
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "resources": {"requests": dict(_REQUESTS)},
        "securityContext": container_security_context(),
        "volumeMounts": [{"name": "config", "mountPath": _CONFIG_DIR, "readOnly": True}],
    }


def _config_text(backend: Backend) -> str:
    # A size that it reads from the first engine's metrics would change while it runs, and what it remembers with it.
    producer = {
        "type": "approx-prefix-cache-producer",
        "parameters": {
            "autoTune": False,
            "blockSizeTokens": backend.block_size,
            "lruCapacityPerServer": 31250,
        },
    }
    scheduling = backend.scheduling if backend.metrics.tell_queues else counting(backend.scheduling)
    # Entries are copied, since YAML would refer to one that stands there twice.
    profiles = [
        {**profile, "plugins": [dict(plugin) for plugin in profile["plugins"]]} for profile in scheduling.profiles
    ]
    parsers = [{"type": parser} for parser in PARSERS]
    body = {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        "plugins": [producer, *scheduling.plugins, *backend.metrics.plugins, *parsers],
        "schedulingProfiles": profiles,
        "requestHandler": {"parsers": [{"pluginRef": parser} for parser in PARSERS]},
    }
    return yaml.safe_dump(body, sort_keys=False)


def _meta(replica: ReplicaIdentity) -> dict[str, str]:
    return {"name": picker_name(replica), "namespace": replica.namespace}


def _selector(replica: ReplicaIdentity) -> dict[str, str]:
    return {labels.PICKER: replica.name}
