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
        said = unstructured.labels(leader)
        gang = api.list("v1", "Pod", unstructured.namespace_of(leader), **{_SET: said[_SET], _GROUP: said[_GROUP]})
        there = [
            one
            for one in gang
            if unstructured.labels(one)[WORKER_INDEX] != LEADER and unstructured.is_true(one, "Ready")
        ]
        ready = len(there) == int(unstructured.annotations(leader)[_SIZE]) - 1
        if ready != unstructured.is_true(leader, "Ready"):
            api.patch(leader, {"status": _status(leader, ready=ready)}, "status")


def _status(leader: Manifest, *, ready: bool) -> Manifest:
    """What a kubelet writes when a pod's readiness probe begins to fail, or to succeed."""
    word = "True" if ready else "False"
    return {
        "conditions": [
            {**one, "status": word} if one["type"] in _OF_READINESS else one for one in leader["status"]["conditions"]
        ],
        "containerStatuses": [{**one, "ready": ready} for one in leader["status"]["containerStatuses"]],
    }
