"""The state of a deployment: what it asks for, what there is, and what the scheduler makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from function.api import labels
from function.api.kinds import INFERENCE_CLUSTER, MODEL_CACHE, MODEL_ENDPOINT, MODEL_REPLICA
from function.composition import Manifest, Observation, Required, Requirement
from function.deployment import timers
from function.deployment.absence import Absence, absences
from function.deployment.answer_size import LARGEST, size_of_kept, size_of_new
from function.deployment.desired_state import DesiredState
from function.deployment.fleet_view import read_clusters, unseen_cluster
from function.deployment.own_replicas import OwnReplica, read_replicas
from function.deployment.replica_manifest import replica_manifest, replica_name
from function.deployment.revisions import runs_workload
from function.deployment.unservable import with_refusal
from function.inventory.permissions import Permissions
from function.inventory.pools import ObservedPool
from function.replica.permission import denied
from function.scheduling import Cluster, Denied, Fleet, Plan, ScheduledReplica, schedule

CLUSTERS: Final = Requirement(INFERENCE_CLUSTER.api_version, INFERENCE_CLUSTER.kind)
REPLICAS: Final = Requirement(MODEL_REPLICA.api_version, MODEL_REPLICA.kind)


def endpoints_requirement(namespace: str, deployment: str) -> Requirement:
    """The requirement of the ModelEndpoints among which a deployment's own are."""
    kind = MODEL_ENDPOINT
    return Requirement(kind.api_version, kind.kind, labels={labels.DEPLOYMENT: deployment}, namespace=namespace)


def cache_requirement(namespace: str, name: str) -> Requirement:
    """The requirement of the ModelCache that a deployment names."""
    return Requirement(MODEL_CACHE.api_version, MODEL_CACHE.kind, name=name, namespace=namespace)


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """The state of a deployment: what it asks for, what there is, and what the scheduler makes of it.

    Attributes:
        desired: What it asks for.
        clusters: The clusters, by name.
        own: Its replicas, by what the scheduler knows of them.
        plan: What the scheduler makes of it.
        new: The replicas that are placed, as manifests, in the plan's order.
        faults: Clusters and replicas that could not be read, one sentence for each.
        without_pools: Clusters that hold replicas of the deployment and publish no node pools.
        absences: Clusters that hold replicas of the deployment and are not found any more.
        too_large: Whether replicas were not placed because the answer would be too large.
        awaits_capacity: Whether a replica found no place while others are terminating.
    """

    desired: DesiredState
    clusters: Mapping[str, Cluster]
    own: Mapping[ScheduledReplica, OwnReplica]
    plan: Plan
    new: tuple[Manifest, ...] = ()
    faults: tuple[str, ...] = ()
    without_pools: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()
    too_large: bool = False
    awaits_capacity: bool = False

    @property
    def kept(self) -> tuple[OwnReplica, ...]:
        """The replicas that stay."""
        return tuple(self.own[kept.replica] for kept in self.plan.kept)

    @property
    def scheduled(self) -> int:
        """How many of the wanted replicas have a place."""
        return min(len(self.plan.kept) + len(self.plan.placed), self.desired.replicas)

    @property
    def missing(self) -> tuple[Absence, ...]:
        """The clusters that are not found any more, and whose replicas stay for now."""
        return tuple(absence for absence in self.absences if absence.cluster in self.clusters)

    @property
    def frozen(self) -> bool:
        """Whether replicas that are leaving stop where they are, because the spec is in doubt."""
        return bool(self.plan.invalid)

    def address(self, cluster: str) -> str:
        """The address of a cluster's gateway; empty while it is not known."""
        found = self.clusters.get(cluster)
        return found.gateway_address if found else ""


def assess(observation: Observation, desired: DesiredState, clusters: Required, replicas: Required) -> DeploymentState:
    """Assess the state of a deployment.

    Args:
        observation: The deployment with its observed children.
        desired: What it asks for.
        clusters: All InferenceClusters.
        replicas: All ModelReplicas.
    """
    view = read_clusters(clusters.unsorted)
    desired = with_refusal(desired, view.pools)
    listed = read_replicas(observation, replicas.unsorted)
    timed = [timers.with_timers(observation, desired, _with_revision(replica, desired)) for replica in listed.own]
    own = {replica.replica: replica for replica in timed}
    known = {cluster.name: cluster for cluster in view.clusters}
    absent = {replica.cluster for replica in own if not replica.terminating} - known.keys()
    missing = absences(observation, absent) if view.complete and known else ()
    tolerated = (
        {absence.cluster for absence in missing if not absence.has_expired(observation.now)}
        if view.complete
        else absent
    )
    known |= {name: unseen_cluster(name) for name in tolerated}
    fleet = Fleet(tuple(known.values()), (*own, *listed.others))
    refused = _denied(desired, view.permissions)
    request = replace(desired.request, backoff=timers.backoffs(observation, desired), denied=refused)
    names = {replica.name for replica in fleet.replicas if replica.namespace == desired.namespace}
    plan = _with_free_names(schedule(fleet, request), desired, own, names)
    new = _new_manifests(desired, plan, view.pools)
    fitting = _count_fitting(observation, new)
    too_large = fitting < len(new)
    if too_large:
        plan = _with_free_names(schedule(fleet, replace(request, max_new=fitting)), desired, own, names)
        new = _new_manifests(desired, plan, view.pools)
    faults = (*(view.faults[name] for name in sorted(view.faults)), *listed.faults)
    in_use = sorted({replica.cluster for replica in own} & known.keys() - view.faults.keys() - tolerated)
    without_pools = tuple(name for name in in_use if known[name].pools is None)
    awaits_capacity = bool(plan.diagnosis) and any(replica.terminating for replica in fleet.replicas)
    return DeploymentState(desired, known, own, plan, new, faults, without_pools, missing, too_large, awaits_capacity)


def _denied(desired: DesiredState, permissions: Mapping[str, Permissions]) -> dict[str, Denied]:
    """Find the clusters that may take nothing new of the deployment."""
    demands = desired.demands
    refusals = {permission: denied(desired.namespace, demands, permission) for permission in set(permissions.values())}
    return {name: found for name, permission in permissions.items() if (found := refusals[permission]) is not None}


def _with_revision(replica: OwnReplica, desired: DesiredState) -> OwnReplica:
    """Find out what a replica without a revision's label runs."""
    if replica.replica.revision or not runs_workload(replica.obj, desired.workload):
        return replica
    return replace(replica, replica=replace(replica.replica, revision=desired.revision))


def _with_free_names(
    plan: Plan, desired: DesiredState, own: Iterable[ScheduledReplica], names: Collection[str]
) -> Plan:
    """Give new replicas another number where their name is that of a replica that exists, of whichever deployment."""
    used = {(replica.cluster, replica.index) for replica in own} | {
        (placement.cluster, placement.index) for placement in plan.placed
    }

    def is_taken(cluster: str, index: int) -> bool:
        return replica_name(desired.namespace, desired.name, cluster, index) in names

    placed = list(plan.placed)
    for position, placement in enumerate(placed):
        if is_taken(placement.cluster, placement.index):
            candidates = ((placement.cluster, index) for index in itertools.count())
            free = next(place for place in candidates if place not in used and not is_taken(*place))
            used.add(free)
            placed[position] = replace(placement, index=free[1])
    return replace(plan, placed=tuple(sorted(placed, key=lambda placement: (placement.cluster, placement.index))))


def _new_manifests(
    desired: DesiredState, plan: Plan, pools: Mapping[str, Iterable[ObservedPool]]
) -> tuple[Manifest, ...]:
    return tuple(replica_manifest(desired, placement, pools[placement.cluster]) for placement in plan.placed)


def _count_fitting(observation: Observation, new: Sequence[Manifest]) -> int:
    """Count the new replicas that the answer has room for."""
    if not new:
        return 0
    left = LARGEST - size_of_kept(observation.children.values())
    for count, body in enumerate(new):
        left -= size_of_new(body)
        if left < 0:
            return count
    return len(new)
