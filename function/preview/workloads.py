"""What the controllers of a cluster write into the status of its objects.

Everything that is applied comes up: one step after it was created, or changed, a workload is
where it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from function.composition import Object, unstructured
from function.preview import gateway_api
from function.preview.conditions import condition, turned
from function.preview.gateway_api import ClusterState
from function.preview.store import timestamp

_Status: TypeAlias = dict[str, Any]


def begun(obj: Object, cluster: ClusterState) -> _Status:
    """The status of an object that was just created."""
    starts = _BEGUN.get(unstructured.text(obj, "kind"))
    return starts(obj, cluster) if starts else settled(obj, cluster)


def settled(obj: Object, cluster: ClusterState) -> _Status:
    """The status of an object that is where it should be; empty for kinds that have none."""
    ends = _SETTLED.get(unstructured.text(obj, "kind"))
    return ends(obj, cluster) if ends else {}


def _conditions(obj: Object, cluster: ClusterState, *said: Object) -> list[Any]:
    return turned(unstructured.items(obj, "status", "conditions"), said, cluster.now)


def _copies(obj: Object) -> int:
    return unstructured.integer(obj, "spec", "replicas", default=1)


def _deployment_begun(obj: Object, cluster: ClusterState) -> _Status:
    copies = _copies(obj)
    if not copies:
        return _deployment(obj, cluster)
    return {
        "observedGeneration": unstructured.integer(obj, "metadata", "generation"),
        "replicas": copies,
        "updatedReplicas": copies,
        "unavailableReplicas": copies,
        "conditions": _conditions(
            obj,
            cluster,
            condition(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
            ),
            condition("Progressing", "True", "ReplicaSetUpdated", "ReplicaSet is progressing."),
        ),
    }


def _deployment(obj: Object, cluster: ClusterState) -> _Status:
    copies = _copies(obj)
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {
        "observedGeneration": unstructured.integer(obj, "metadata", "generation"),
        **{key: copies for key in counts if copies},
        "conditions": _conditions(
            obj,
            cluster,
            condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            condition("Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed."),
        ),
    }


def _gangs_begun(obj: Object, cluster: ClusterState) -> _Status:
    copies = _copies(obj)
    return {
        "replicas": copies,
        "updatedReplicas": copies,
        "conditions": _conditions(
            obj,
            cluster,
            condition("Progressing", "True", "GroupsProgressing", "Replicas are progressing"),
            condition("Available", "False", "GroupsProgressing", "Replicas are progressing"),
        ),
    }


def _gangs(obj: Object, cluster: ClusterState) -> _Status:
    copies = _copies(obj)
    prefix = "leaderworkerset.sigs.k8s.io"
    return {
        "replicas": copies,
        "readyReplicas": copies,
        "updatedReplicas": copies,
        "hpaPodSelector": f"{prefix}/name={unstructured.name_of(obj)},{prefix}/worker-index=0",
        "conditions": _conditions(
            obj,
            cluster,
            condition("Progressing", "False", "AllGroupsReady", "All replicas are ready"),
            condition("Available", "True", "AllGroupsReady", "All replicas are ready"),
        ),
    }


def _job(obj: Object, cluster: ClusterState) -> _Status:
    ended = unstructured.text(obj, "status", "completionTime") or timestamp(cluster.now)
    return {
        "succeeded": unstructured.integer(obj, "spec", "completions", default=1),
        "startTime": unstructured.text(obj, "metadata", "creationTimestamp"),
        "completionTime": ended,
        "conditions": _conditions(
            obj,
            cluster,
            condition("SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods"),
            condition("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods"),
        ),
    }


def _job_begun(obj: Object, _: ClusterState) -> _Status:
    return {"active": 1, "startTime": unstructured.text(obj, "metadata", "creationTimestamp")}


def _claim(obj: Object, _: ClusterState) -> _Status:
    capacity = unstructured.mapping(obj, "spec", "resources", "requests")
    modes = unstructured.dig(obj, "spec", "accessModes", default=[])
    return {"phase": "Bound", "accessModes": list(modes), "capacity": dict(capacity)}


def _claim_begun(_: Object, __: ClusterState) -> _Status:
    return {"phase": "Pending"}


def _namespace(_: Object, __: ClusterState) -> _Status:
    return {"phase": "Active"}


def _service(_: Object, __: ClusterState) -> _Status:
    return {"loadBalancer": {}}


def _definition(obj: Object, cluster: ClusterState) -> _Status:
    names = dict(unstructured.mapping(obj, "spec", "names"))
    return {
        "acceptedNames": names,
        "storedVersions": [
            unstructured.text(version, "name")
            for version in unstructured.items(obj, "spec", "versions")
            if version.get("storage")
        ],
        "conditions": _conditions(
            obj,
            cluster,
            condition("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
            condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
        ),
    }


_Rule: TypeAlias = Callable[[Object, ClusterState], _Status]

_BEGUN: Final[Mapping[str, _Rule]] = {
    "Deployment": _deployment_begun,
    "Job": _job_begun,
    "LeaderWorkerSet": _gangs_begun,
    "PersistentVolumeClaim": _claim_begun,
}

_SETTLED: Final[Mapping[str, _Rule]] = {
    "CustomResourceDefinition": _definition,
    "Deployment": _deployment,
    "Gateway": gateway_api.gateway,
    "GatewayClass": gateway_api.gateway_class,
    "HTTPRoute": gateway_api.route,
    "InferencePool": gateway_api.inference_pool,
    "Job": _job,
    "LeaderWorkerSet": _gangs,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
}
