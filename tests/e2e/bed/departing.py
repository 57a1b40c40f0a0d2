"""Deployments that are deleted while the tests of doubt go on."""

from __future__ import annotations

import time
from dataclasses import dataclass

from function.api.kinds import MODEL_DEPLOYMENT
from function.composition import objects, unstructured
from tests.e2e.bed import moving as scene
from tests.e2e.bed import restricted, topologies
from tests.e2e.bed.moving import Moving
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import REPLICAS, Serving
from tests.e2e.bed.second_team import BackgroundCheck, Leaving


@dataclass(frozen=True, slots=True)
class Departing:
    """Deployments without their services, in the background, and one together with its service, in the foreground.

    Attributes:
        since: When they were deleted, by `time.time`.
        alone: Sees those that went without their services gone.
        together: Sees the one that went with its service gone.
        abandoned: Replicas that went before what they had on their cluster.
    """

    since: float
    alone: BackgroundCheck
    together: BackgroundCheck
    abandoned: set[str]


def depart(bed: Bed, moving: Moving, leaving: Leaving) -> Departing:
    """Delete all that has moved, every topology, and the model of the second team; everything restarts meanwhile."""
    moving.stop()
    team, model, abandoned = leaving.serving.namespace, leaving.serving.name, set[str]()
    teams = (scene.NAMESPACE, topologies.NAMESPACE, restricted.NAMESPACE)
    for namespace in teams:
        bed.control.kubectl("delete", "modeldeployment", "--all", "-n", namespace, "--wait=false")
    bed.control.kubectl("delete", f"md/{model}", f"ms/{model}", "-n", team, "--cascade=foreground", "--wait=false")
    since = time.time()

    def alone() -> bool:
        empty = {namespace: _is_empty(bed, namespace, abandoned) for namespace in teams}
        return all(empty.values())

    def together() -> bool:
        replicas = {name.rpartition("-")[0] for name in names(bed, "ModelReplica", team)}
        return model not in names(bed, "ModelDeployment", team) | names(bed, "ModelService", team) | replicas

    found = Departing(since, BackgroundCheck(alone), BackgroundCheck(together), abandoned)
    bed.restart()
    return found


@dataclass(frozen=True, slots=True)
class ByHand:
    """One of two replicas, deleted by hand.

    Attributes:
        other: The identity of the other one.
        since: When it was deleted, by `time.time`.
        back: Sees a new one serve in its place.
    """

    other: str
    since: float
    back: BackgroundCheck


def delete_by_hand(serving: Serving) -> ByHand:
    """Delete one of two replicas, which is not how a replica leaves that is no longer wanted."""
    since = time.time()
    deleted, other = serving.replicas()
    serving.bed.control.kubectl.waiting(
        "delete", "modelreplica", unstructured.name_of(deleted), "-n", serving.namespace
    )

    def back() -> bool:
        found = {replica["metadata"]["uid"] for replica in serving.replicas()}
        return len(found) == len(serving.pods()) == REPLICAS and deleted["metadata"]["uid"] not in found

    return ByHand(other["metadata"]["uid"], since, BackgroundCheck(back))


def _is_empty(bed: Bed, namespace: str, abandoned: set[str]) -> bool:
    """Tell whether a namespace has no replicas; note those that went before what they had."""
    replicas = names(bed, "ModelReplica", namespace)
    owners = _owners(bed, namespace)
    abandoned.update(owners - replicas)
    return not (replicas or owners or names(bed, "ModelEndpoint", namespace))


def names(bed: Bed, kind: str, namespace: str) -> set[str]:
    """The names of all objects of one of our kinds."""
    return {unstructured.name_of(obj) for obj in bed.control.api.list(MODEL_DEPLOYMENT.api_version, kind, namespace)}


def _owners(bed: Bed, namespace: str) -> set[str]:
    """The replicas that have Objects."""
    found = bed.control.api.list(objects.API_VERSION, objects.KIND, namespace)
    owners = [owner for obj in found for owner in unstructured.items(obj, "metadata", "ownerReferences")]
    return {owner["name"] for owner in owners if owner["kind"] == "ModelReplica"}
