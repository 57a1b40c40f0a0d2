"""What the controllers of a cluster write into the status of its objects.

Everything that is applied comes up: one step after it was created, or changed, a workload is
where it should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from function.composition import Object, unstructured
from function.preview import gateway_api
from function.preview.conditions import condition, set_kubernetes_conditions
from function.preview.gateway_api import ClusterState
from function.preview.store import timestamp

_StatusFields: TypeAlias = dict[str, Any]


def initial_status(obj: Object, cluster: ClusterState) -> _StatusFields:
    """The status of an object that was just created."""
    describe = _INITIAL.get(unstructured.text(obj, "kind"))
    return describe(obj, cluster) if describe else settled_status(obj, cluster)


def settled_status(obj: Object, cluster: ClusterState) -> _StatusFields:
    """The status of an object that is where it should be; empty for kinds that have none."""
    describe = _SETTLED.get(unstructured.text(obj, "kind"))
    return describe(obj, cluster) if describe else {}


def _conditions(obj: Object, cluster: ClusterState, *conditions: Object) -> list[Any]:
    return set_kubernetes_conditions(unstructured.items(obj, "status", "conditions"), conditions, cluster.now)


def _replicas(obj: Object) -> int:
    return unstructured.integer(obj, "spec", "replicas", default=1)


def _deployment_initial(obj: Object, cluster: ClusterState) -> _StatusFields:
    replicas = _replicas(obj)
    if not replicas:
        return _deployment(obj, cluster)
    return {
        "observedGeneration": unstructured.integer(obj, "metadata", "generation"),
        "replicas": replicas,
        "updatedReplicas": replicas,
        "unavailableReplicas": replicas,
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


def _deployment(obj: Object, cluster: ClusterState) -> _StatusFields:
    replicas = _replicas(obj)
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return {
        "observedGeneration": unstructured.integer(obj, "metadata", "generation"),
        **{key: replicas for key in counts if replicas},
        "conditions": _conditions(
            obj,
            cluster,
            condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
            condition("Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed."),
        ),
    }


def _leader_worker_set_initial(obj: Object, cluster: ClusterState) -> _StatusFields:
    replicas = _replicas(obj)
    return {
        "replicas": replicas,
        "updatedReplicas": replicas,
        "conditions": _conditions(
            obj,
            cluster,
            condition("Progressing", "True", "GroupsProgressing", "Replicas are progressing"),
            condition("Available", "False", "GroupsProgressing", "Replicas are progressing"),
        ),
    }


def _leader_worker_set(obj: Object, cluster: ClusterState) -> _StatusFields:
    replicas = _replicas(obj)
    prefix = "leaderworkerset.sigs.k8s.io"
    return {
        "replicas": replicas,
        "readyReplicas": replicas,
        "updatedReplicas": replicas,
        "hpaPodSelector": f"{prefix}/name={unstructured.name_of(obj)},{prefix}/worker-index=0",
        "conditions": _conditions(
            obj,
            cluster,
            condition("Progressing", "False", "AllGroupsReady", "All replicas are ready"),
            condition("Available", "True", "AllGroupsReady", "All replicas are ready"),
        ),
    }


def _job(obj: Object, cluster: ClusterState) -> _StatusFields:
    completed = unstructured.text(obj, "status", "completionTime") or timestamp(cluster.now)
    return {
        "succeeded": unstructured.integer(obj, "spec", "completions", default=1),
        "startTime": unstructured.text(obj, "metadata", "creationTimestamp"),
        "completionTime": completed,
        "conditions": _conditions(
            obj,
            cluster,
            condition("SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods"),
            condition("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods"),
        ),
    }


def _job_initial(obj: Object, _: ClusterState) -> _StatusFields:
    return {"active": 1, "startTime": unstructured.text(obj, "metadata", "creationTimestamp")}


def _claim(obj: Object, _: ClusterState) -> _StatusFields:
    capacity = unstructured.mapping(obj, "spec", "resources", "requests")
    modes = unstructured.dig(obj, "spec", "accessModes", default=[])
    return {"phase": "Bound", "accessModes": list(modes), "capacity": dict(capacity)}


def _claim_initial(_: Object, __: ClusterState) -> _StatusFields:
    return {"phase": "Pending"}


def _namespace(_: Object, __: ClusterState) -> _StatusFields:
    return {"phase": "Active"}


def _service(_: Object, __: ClusterState) -> _StatusFields:
    return {"loadBalancer": {}}


def _definition(obj: Object, cluster: ClusterState) -> _StatusFields:
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


_StatusRule: TypeAlias = Callable[[Object, ClusterState], _StatusFields]

_INITIAL: Final[Mapping[str, _StatusRule]] = {
    "Deployment": _deployment_initial,
    "Job": _job_initial,
    "LeaderWorkerSet": _leader_worker_set_initial,
    "PersistentVolumeClaim": _claim_initial,
}

_SETTLED: Final[Mapping[str, _StatusRule]] = {
    "CustomResourceDefinition": _definition,
    "Deployment": _deployment,
    "Gateway": gateway_api.gateway,
    "GatewayClass": gateway_api.gateway_class,
    "HTTPRoute": gateway_api.route,
    "InferencePool": gateway_api.inference_pool,
    "Job": _job,
    "LeaderWorkerSet": _leader_worker_set,
    "Namespace": _namespace,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
}
