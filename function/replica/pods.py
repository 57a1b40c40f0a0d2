"""The pods of a replica: what the user wrote, and what Modelplane adds.

Image, command, arguments and environment pass through as they were written. Added are the pool
that the pod is pinned to, the devices that it claims, tolerations, shared memory, probes, time to
terminate, labels, and whatever the topology of its engine needs. One argument is added, and only
in one case: the model for an image of vLLM that would otherwise serve a tiny default model beside
the cached one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from function.api import labels
from function.api.engines import EngineServing, PlacedEngine, PlacedMember, Role
from function.composition import Manifest
from function.replica import cached_model, ending
from function.replica.cached_model import MODELS_PATH
from function.replica.identity import ConfigSource, ReplicaIdentity, claim_name, claim_template_name
from function.replica.references import with_copies
from function.replica.topologies.registry import topology_of
from function.replica.topologies.topology import Topology

PORT_NAME: Final = "engine"
"""Name of the engine's port; Services refer to it, so engines may listen on different numbers."""

_CLAIM: Final = "devices"
_GPU_TAINT: Final = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
_SHARED_MEMORY: Final = "dshm"
_CACHE: Final = "model-cache"
_PROBE_SECONDS: Final = 10
_PROBE_TIMEOUT: Final = 5
_LIVENESS_FAILURES: Final = 6
"""Failed probes after which an engine counts as hung: a busy engine may miss some."""


def pod_templates(replica: ReplicaIdentity, engine: PlacedEngine) -> dict[Role, Manifest]:
    """Build the pod template of each member of an engine.

    Args:
        replica: The replica that the pods belong to.
        engine: The engine.
    """
    topology = topology_of(engine)
    return {member.role: _pod_template(replica, engine, member, topology) for member in engine.members}


def _pod_template(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Manifest:
    serves = member is topology.serving_member(engine)
    metadata = member.template.metadata
    annotations = dict(metadata.annotations) if metadata else {}
    own = {
        labels.DEPLOYMENT: replica.deployment,
        labels.REPLICA: replica.name,
        labels.ENGINE: engine.name,
        **({labels.SERVING: replica.name} if serves else {}),
        **topology.pod_labels(replica, engine, member),
    }
    written = dict(metadata.labels) if metadata else {}
    others = {key: value for key, value in written.items() if not key.startswith(labels.RESERVED_PREFIX)}
    return {
        "metadata": {
            "labels": {**others, **{key: value for key, value in own.items() if value}},
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": _pod_spec(replica, engine, member, topology),
    }


def pod_selector(replica: ReplicaIdentity, engine: PlacedEngine) -> dict[str, str]:
    """The labels that select all pods of an engine."""
    return {labels.REPLICA: replica.name, labels.ENGINE: engine.name}


def _pod_spec(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Manifest:
    side_cars = topology.side_cars(engine) if member is topology.serving_member(engine) else []
    spec: Manifest = {
        "nodeSelector": {labels.POOL: member.node_pool_name},
        "tolerations": tolerations(member),
        **(
            {"initContainers": [{**side_car, "restartPolicy": "Always"} for side_car in side_cars]} if side_cars else {}
        ),
        "containers": [_container(replica, engine, member, topology)],
        "terminationGracePeriodSeconds": ending.GRACE_SECONDS,
        "automountServiceAccountToken": member.template.spec.automount_service_account_token,
        "volumes": [
            {"name": _SHARED_MEMORY, "emptyDir": {"medium": "Memory"}},
            *_cache_volumes(replica),
        ],
    }
    if member.device_requests:
        template = claim_template_name(replica, engine.name, member.role)
        spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimTemplateName": template}]
    if engine.copies > 1:
        spec["topologySpreadConstraints"] = [spread_constraint(pod_selector(replica, engine))]
    if member.template.spec.image_pull_secrets:
        secrets = [secret.name for secret in member.template.spec.image_pull_secrets]
        spec["imagePullSecrets"] = [
            {"name": replica.copy_names.get(ConfigSource("Secret", name), name)} for name in secrets
        ]
    return spec


def tolerations(*members: PlacedMember) -> list[Manifest]:
    """Tolerate the taints of the nodes that members run on."""
    found: list[Manifest] = [dict(_GPU_TAINT)]
    for toleration in (toleration.plain() for member in members for toleration in member.tolerations):
        if toleration not in found:
            found.append(toleration)
    return found


def spread_constraint(selected: Mapping[str, str]) -> Manifest:
    """Prefer nodes that run fewer of the selected pods."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(selected)},
    }


def _cache_volumes(replica: ReplicaIdentity) -> list[Manifest]:
    if not replica.cache:
        return []
    claim = claim_name(replica.namespace, replica.cache)
    return [{"name": _CACHE, "persistentVolumeClaim": {"claimName": claim}}]


def _container(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Manifest:
    serves = member is topology.serving_member(engine)
    written = member.template.container
    body: Manifest = {"name": written.name, "image": written.image}
    if written.command:
        body["command"] = list(written.command)
    args = cached_model.arguments(written, cached=bool(replica.cache) and serves)
    if args:
        body["args"] = args
    variables = topology.env(engine, member, [variable.plain() for variable in written.env])
    env = [with_copies(variable, replica.copy_names) for variable in variables]
    if env:
        body["env"] = env
    resources = _resources(member)
    if resources:
        body["resources"] = resources
    ports = topology.ports(engine)
    if serves:
        body["ports"] = [{"name": PORT_NAME, "containerPort": ports.engine}]
    mounts = [{"name": _SHARED_MEMORY, "mountPath": "/dev/shm"}]  # noqa: S108  # a mount in the engine's container
    if replica.cache:
        mounts.append({"name": _CACHE, "mountPath": MODELS_PATH})
    waiting = ending.waits_for(engine, member, (ports.engine, ports.pool) if serves else ())
    probes = _probes(engine.serving) if serves else {}
    return {**body, "volumeMounts": mounts, **probes, **ending.lifecycle(written, waiting)}


def _resources(member: PlacedMember) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if member.device_requests:
        found["claims"] = [{"name": _CLAIM}]
    if member.resources and member.resources.requests:
        found["requests"] = dict(member.resources.requests)
    return found


def _probes(serving: EngineServing) -> Manifest:
    """Allow the engine the time it needs to load its weights, and restart it after a minute without an answer."""
    probe = {
        "httpGet": {"path": serving.health_path or "/health", "port": PORT_NAME},
        "periodSeconds": _PROBE_SECONDS,
        "timeoutSeconds": _PROBE_TIMEOUT,
    }
    failures = max(1, -(-serving.startup_seconds // _PROBE_SECONDS))
    return {
        "startupProbe": {**probe, "failureThreshold": failures},
        "readinessProbe": probe,
        "livenessProbe": {
            **probe,
            "failureThreshold": _LIVENESS_FAILURES,
            "terminationGracePeriodSeconds": ending.HUNG_SECONDS,
        },
    }
