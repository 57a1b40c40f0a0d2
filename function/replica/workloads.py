"""What runs the pods of an engine: a Deployment, or a LeaderWorkerSet for a gang, and the claims of either."""

from __future__ import annotations

from typing import Final, Literal

from function.api import labels
from function.api.devices import ResolvedDeviceRequest
from function.api.engines import PlacedEngine, PlacedMember
from function.composition import Manifest, Object, objects, unstructured
from function.inventory.nodes import pods_per_copy
from function.replica.identity import Replica, claim_template_name, deployment_name, gang_name
from function.replica.pods import pod_template, pods_of

WorkloadKind = Literal["Deployment", "LeaderWorkerSet"]

_COUNTS: Final = (
    "has(object.status.{ready}) && has(object.status.updatedReplicas)"
    " && object.status.{ready} + object.status.updatedReplicas > object.status.replicas"
)
"""More are ready or up to date than there are, so at least one is both: this generation serves."""

SERVED: Final[dict[WorkloadKind, str]] = {
    "Deployment": (
        f"{objects.AVAILABLE} && has(object.status.observedGeneration)"
        " && object.status.observedGeneration >= object.metadata.generation"
        f" && {_COUNTS.format(ready='availableReplicas')}"
    ),
    "LeaderWorkerSet": (
        f"has(object.status) && {_COUNTS.format(ready='readyReplicas')}"
        " && object.spec.replicas - object.status.readyReplicas <= 1"
    ),
}
"""Ready once this generation answers, with at most one copy missing.

A Deployment of one pod that may be unavailable calls itself Available without any. A
LeaderWorkerSet says of which generation it speaks by its counts alone.
"""


def rollout(there: Object) -> str:
    """Say how far the pods of a workload are replaced, while some of them answer; empty when none are replaced.

    Args:
        there: The workload as it is on the cluster.
    """
    copies = unstructured.integer(there, "spec", "replicas", default=1)
    updated = unstructured.integer(there, "status", "updatedReplicas")
    count = "availableReplicas" if there.get("kind") == "Deployment" else "readyReplicas"
    answer = unstructured.integer(there, "status", count)
    return f"{updated} of {copies} copies are replaced, {answer} answer" if answer and updated < copies else ""


def workload_kind(engine: PlacedEngine) -> WorkloadKind:
    """What runs an engine: its copies are single pods, or gangs of pods."""
    return "Deployment" if engine.members[0].role == "Standalone" else "LeaderWorkerSet"


def workload_name(replica: Replica, engine: PlacedEngine) -> str:
    """Name what runs an engine."""
    name = deployment_name if workload_kind(engine) == "Deployment" else gang_name
    return name(replica, engine.name)


def workload(replica: Replica, engine: PlacedEngine) -> Manifest:
    """Build what runs an engine."""
    build = _deployment if workload_kind(engine) == "Deployment" else _leader_worker_set
    return build(replica, engine, workload_name(replica, engine))


def _deployment(replica: Replica, engine: PlacedEngine, name: str) -> Manifest:
    """A pod that is replaced goes before its successor comes: in a pool that is full there is no node for both."""
    (member,) = engine.members
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


def _leader_worker_set(replica: Replica, engine: PlacedEngine, name: str) -> Manifest:
    """All pods of a gang start together, since a leader is not ready without its workers, and restart together."""
    members = {member.role: member for member in engine.members}
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": name, "namespace": replica.namespace},
        "spec": {
            "replicas": engine.copies,
            "startupPolicy": "LeaderCreated",
            "rolloutStrategy": {
                "type": "RollingUpdate",
                "rollingUpdateConfiguration": {"maxSurge": 0, "maxUnavailable": 1},
            },
            "leaderWorkerTemplate": {
                "size": 1 + pods_per_copy(members["Worker"]),
                "restartPolicy": "RecreateGroupOnPodRestart",
                "leaderTemplate": pod_template(replica, engine, members["Leader"], {labels.GANG_ROLE: "leader"}),
                "workerTemplate": pod_template(replica, engine, members["Worker"], {}),
            },
        },
    }


def disruption_budget(replica: Replica, engine: PlacedEngine) -> Manifest:
    """Build what lets nodes be emptied one copy at a time. A pod that does not answer anyway may always go.

    The pods of a gang count together: without one of them the others answer nothing.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": workload_name(replica, engine), "namespace": replica.namespace},
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": pods_of(replica, engine)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
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
        "spec": {"spec": {"devices": {"requests": [_request(request) for request in member.device_requests]}}},
    }


def _request(asked: ResolvedDeviceRequest) -> Manifest:
    exactly: Manifest = {"deviceClassName": asked.device_class_name, "count": asked.count}
    selectors = [{"cel": {"expression": selector.cel}} for selector in asked.selectors if selector.cel]
    if selectors:
        exactly["selectors"] = selectors
    return {"name": asked.name, "exactly": exactly}
