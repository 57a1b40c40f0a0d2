"""A deployment's situation: what it asks for, what there is, and what the scheduler makes of it."""

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
from function.deployment.demand import Demand
from function.deployment.fleet_view import read_clusters, unseen_cluster
from function.deployment.own_replicas import OwnReplica, read_replicas
from function.deployment.replica_manifest import replica_manifest, replica_name
from function.deployment.revisions import runs_workload
from function.inventory.permissions import Permissions
from function.inventory.pools import PublishedPool
from function.scheduling import Cluster, Fleet, NotPermitted, Plan, ReservedNamespace, ScheduledReplica, schedule

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
    """A deployment's situation.

    Attributes:
        demand: What it asks for.
        clusters: The clusters, by name.
        own: Its replicas, by what the scheduler knows of them.
        plan: What the scheduler makes of it.
        new: The replicas that are placed, as manifests, in the plan's order.
        faults: Clusters and replicas that could not be read, one sentence for each.
        dark: Clusters that hold replicas of the deployment and publish no node pools.
        absences: Clusters that hold replicas of the deployment and are not found any more.
        too_large: Whether replicas were not placed because the answer would be too large.
        crowded: Whether a replica found no place, and others are on their way out.
    """

    demand: Demand
    clusters: Mapping[str, Cluster]
    own: Mapping[ScheduledReplica, OwnReplica]
    plan: Plan
    new: tuple[Manifest, ...] = ()
    faults: tuple[str, ...] = ()
    dark: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()
    too_large: bool = False
    crowded: bool = False

    @property
    def kept(self) -> tuple[OwnReplica, ...]:
        """The replicas that stay."""
        return tuple(self.own[kept.replica] for kept in self.plan.kept)

    @property
    def scheduled(self) -> int:
        """How many of the wanted replicas have a place."""
        return min(len(self.plan.kept) + len(self.plan.placed), self.demand.replicas)

    @property
    def missed(self) -> tuple[Absence, ...]:
        """The clusters that are not found any more, and whose replicas stay all the same for now."""
        return tuple(absence for absence in self.absences if absence.cluster in self.clusters)

    @property
    def frozen(self) -> bool:
        """Whether replicas that are leaving stop where they are, because the spec is in doubt."""
        return bool(self.plan.invalid)

    def address(self, cluster: str) -> str:
        """The address of a cluster's gateway; empty while it is not known."""
        found = self.clusters.get(cluster)
        return found.gateway_address if found else ""


def assess(observation: Observation, demand: Demand, clusters: Required, replicas: Required) -> DeploymentState:
    """Assess a deployment's situation.

    Args:
        observation: The deployment with its observed children.
        demand: What it asks for.
        clusters: All InferenceClusters.
        replicas: All ModelReplicas.
    """
    view = read_clusters(clusters.unsorted)
    roster = read_replicas(observation, replicas.unsorted)
    timed = [timers.timed(observation, demand, _with_revision(replica, demand)) for replica in roster.own]
    own = {one.replica: one for one in timed}
    known = {cluster.name: cluster for cluster in view.clusters}
    absent = {replica.cluster for replica in own if not replica.terminating} - known.keys()
    missing = absences(observation, absent) if view.complete and known else ()
    waited = {one.cluster for one in missing if not one.is_over(observation.now)} if view.complete else absent
    known |= {name: unseen_cluster(name) for name in waited}
    fleet = Fleet(tuple(known.values()), (*own, *roster.others))
    barred = _barred(demand, view.permissions)
    wanted = replace(demand.wanted, backoff=timers.avoided(observation, demand), denied=barred)
    names = {replica.name for replica in fleet.replicas if replica.namespace == demand.namespace}
    plan = _with_free_names(schedule(fleet, wanted), demand, own, names)
    new = _new(demand, plan, view.pools)
    fitting = _fitting(observation, new)
    too_large = fitting < len(new)
    if too_large:
        plan = _with_free_names(schedule(fleet, replace(wanted, most_new=fitting)), demand, own, names)
        new = _new(demand, plan, view.pools)
    faults = (*(view.faults[name] for name in sorted(view.faults)), *roster.faults)
    inhabited = sorted({replica.cluster for replica in own} & known.keys() - view.faults.keys() - waited)
    dark = tuple(name for name in inhabited if known[name].pools is None)
    crowded = bool(plan.diagnosis) and any(replica.terminating for replica in fleet.replicas)
    return DeploymentState(demand, known, own, plan, new, faults, dark, missing, too_large, crowded)


def _barred(demand: Demand, permissions: Mapping[str, Permissions]) -> dict[str, NotPermitted | ReservedNamespace]:
    """Find the clusters that may take nothing new of the deployment."""
    granting = demand.granting
    why = {permission: _refusal(demand.namespace, granting, permission) for permission in set(permissions.values())}
    return {name: found for name, permission in permissions.items() if (found := why[permission]) is not None}


def _refusal(
    namespace: str, granting: Iterable[str], permissions: Permissions
) -> NotPermitted | ReservedNamespace | None:
    if permissions.reserve(namespace):
        return ReservedNamespace(namespace)
    withheld = permissions.withheld(granting)
    return NotPermitted(withheld) if withheld else None


def _with_revision(replica: OwnReplica, demand: Demand) -> OwnReplica:
    """Find out what a replica without a revision's label runs."""
    if replica.replica.revision or not runs_workload(replica.thing, demand.workload):
        return replica
    return replace(replica, replica=replace(replica.replica, revision=demand.revision))


def _with_free_names(plan: Plan, demand: Demand, own: Iterable[ScheduledReplica], names: Collection[str]) -> Plan:
    """Give new replicas another number where their name is that of a replica that exists, whosever that is."""
    used = {(replica.cluster, replica.index) for replica in own} | {(one.cluster, one.index) for one in plan.placed}

    def is_taken(cluster: str, index: int) -> bool:
        return replica_name(demand.namespace, demand.name, cluster, index) in names

    placed = list(plan.placed)
    for place, one in enumerate(placed):
        if is_taken(one.cluster, one.index):
            places = ((one.cluster, number) for number in itertools.count())
            free = next(it for it in places if it not in used and not is_taken(*it))
            used.add(free)
            placed[place] = replace(one, index=free[1])
    return replace(plan, placed=tuple(sorted(placed, key=lambda one: (one.cluster, one.index))))


def _new(demand: Demand, plan: Plan, pools: Mapping[str, Iterable[PublishedPool]]) -> tuple[Manifest, ...]:
    return tuple(replica_manifest(demand, placement, pools[placement.cluster]) for placement in plan.placed)


def _fitting(observation: Observation, new: Sequence[Manifest]) -> int:
    """Count the new replicas that the answer has room for."""
    if not new:
        return 0
    room = LARGEST - size_of_kept(observation.children.values())
    for count, body in enumerate(new):
        room -= size_of_new(body)
        if room < 0:
            return count
    return len(new)
