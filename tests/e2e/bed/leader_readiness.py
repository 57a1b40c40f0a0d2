"""Stands in for engines of several nodes: a leader is Ready while all its workers are."""

from __future__ import annotations

from typing import Final

from function.composition import Manifest, unstructured
from tests.e2e.bed.api import Api
from tests.e2e.bed.kubelets import LEADER, WORKER_INDEX

_SET: Final = "leaderworkerset.sigs.k8s.io/name"
_GROUP: Final = "leaderworkerset.sigs.k8s.io/group-index"
_SIZE: Final = "leaderworkerset.sigs.k8s.io/size"
_OF_READINESS: Final = ("Ready", "ContainersReady")


def lead(api: Api) -> None:
    """Say of every leader on a cluster whether it is Ready."""
    for leader in api.list("v1", "Pod", **{WORKER_INDEX: LEADER}):
        if "deletionTimestamp" in leader["metadata"] or not unstructured.text(leader, "status", "podIP"):
            continue
        leader_labels = unstructured.labels(leader)
        gang = api.list(
            "v1", "Pod", unstructured.namespace_of(leader), **{_SET: leader_labels[_SET], _GROUP: leader_labels[_GROUP]}
        )
        ready_workers = [
            pod
            for pod in gang
            if unstructured.labels(pod)[WORKER_INDEX] != LEADER and unstructured.is_true(pod, "Ready")
        ]
        ready = len(ready_workers) == int(unstructured.annotations(leader)[_SIZE]) - 1
        if ready != unstructured.is_true(leader, "Ready"):
            api.patch(leader, {"status": _status(leader, ready=ready)}, "status")


def _status(leader: Manifest, *, ready: bool) -> Manifest:
    """What a kubelet writes when a pod's readiness probe begins to fail, or to succeed."""
    word = "True" if ready else "False"
    return {
        "conditions": [
            {**item, "status": word} if item["type"] in _OF_READINESS else item
            for item in leader["status"]["conditions"]
        ],
        "containerStatuses": [{**item, "ready": ready} for item in leader["status"]["containerStatuses"]],
    }
