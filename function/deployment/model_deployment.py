"""ModelDeployment: replicas placed over the fleet, each with an endpoint while it serves.

A replica's spec is written once, when it is placed; from then on it is re-emitted as it is.
Replicas that are no longer wanted leave in steps (`draining`). Only one fact takes a replica
and its endpoint away at once: its cluster has not existed for a while (`absence`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from function.api import labels
from function.api.kinds import MODEL_DEPLOYMENT, MODEL_ENDPOINT, MODEL_REPLICA
from function.api.model_deployment import ModelDeploymentSpec
from function.composition import (
    RENDERS,
    Composer,
    Composition,
    Doubt,
    Draft,
    Outcome,
)
from function.deployment import engine_status, placement_status, timers
from function.deployment.adoption import adoptable
from function.deployment.conditions import CACHE, SCHEDULED, VOCABULARY
from function.deployment.desired_state import CacheState, read_desired_state
from function.deployment.draining import Drain, drain_of
from function.deployment.endpoints import compose_endpoint, drain_orphan, may_have_lost_endpoint, while_draining
from function.deployment.own_replicas import ENDPOINT, REPLICA, OwnReplica, replica_key
from function.deployment.replica_manifest import replica_labels
from function.deployment.state import (
    CLUSTERS,
    REPLICAS,
    DeploymentState,
    assess,
    cache_requirement,
    endpoints_requirement,
)

CAPACITY_RETRY: Final = timedelta(seconds=10)
"""How soon to look again for nodes that a terminating replica frees: Crossplane does not call when they are free."""


def compose(draft: Draft) -> Composition:
    """Compose the replicas of a deployment and their endpoints."""
    seen = draft.observation
    spec = draft.spec(ModelDeploymentSpec)
    workload = spec.workload()
    reference = workload.model_cache_ref
    clusters = draft.require("clusters", CLUSTERS)
    replicas = draft.require("replicas", REPLICAS)
    endpoints = draft.require("endpoints", endpoints_requirement(seen.namespace, seen.name))
    cache = draft.require("cache", cache_requirement(seen.namespace, reference.name)) if reference else None
    asked = {"InferenceClusters": clusters, "ModelReplicas": replicas}
    unresolved = [what for what, answer in asked.items() if answer.unresolved]
    desired = read_desired_state(seen, spec, workload, cache)
    placement_status.set_cache_condition(draft, desired)
    if desired.cache is CacheState.UNRESOLVED:
        unresolved.append(f"ModelCache {desired.cache_name}")
    if unresolved:
        return draft.hold("InputUnresolved", f"{' and '.join(unresolved)} not fetched yet")
    engine_status.set_engines_condition(draft, desired)

    draft.adopt(adoptable(seen, replicas.unsorted, endpoints.unsorted))
    seen = draft.observation
    state = assess(seen, desired, clusters, replicas)
    for fault in state.faults:
        draft.skip("InputInvalid", fault)
    if state.plan.doubt:
        draft.set_condition(
            SCHEDULED, "NoClusters", "No InferenceClusters found, and replicas exist: nothing is changed"
        )
        return draft.hold("InputMissing", "no InferenceClusters were found although replicas run on some")
    if not state.clusters:
        draft.skip("InputMissing", "there are no InferenceClusters")
    for name in state.without_pools:
        draft.skip("InputMissing", f"InferenceCluster {name} publishes no node pools; replicas there stay")
    for absence in state.missing:
        draft.skip("InputMissing", placement_status.describe_absence(absence))
        draft.requeue_at(absence.expires_at)
    for moment in timers.deadlines(seen, desired, state.own.values()):
        draft.requeue_at(moment)
    if state.awaits_capacity:
        draft.requeue_at(seen.now + CAPACITY_RETRY)
    _compose_replicas(draft, state)
    placement_status.set_placement_conditions(draft, state)
    placement_status.publish(draft, state)
    return draft.finish(ready=placement_status.is_ready(draft, state))


def _compose_replicas(draft: Draft, state: DeploymentState) -> None:
    own, plan = state.own, state.plan
    for kept in plan.kept:
        _retain(draft, state, own[kept.replica])
    for replica, _ in plan.deletions:
        _remove(draft, state, own[replica])
    for replica in plan.terminating:
        _keep(draft, state, own[replica])
        _endpoint(draft, state, own[replica], draining=True, may_create=False)
    for replica in plan.lost:
        draft.drop(own[replica].key)
        draft.drop(own[replica].endpoint_key)
    for placement, body in zip(plan.placed, state.new, strict=True):
        key = replica_key(placement.cluster, placement.index)
        draft.child(key, body)
        draft.foreground_delete(key)
    _remove_orphans(draft, state)


def _retain(draft: Draft, state: DeploymentState, replica: OwnReplica) -> None:
    """Keep a replica, and its endpoint as far as it serves."""
    if state.frozen and replica.replica.draining:
        _drain(draft, state, replica, _drain_of(draft, replica))
        return
    _keep(draft, state, replica)
    draining = None if replica.serves is None else not replica.serves
    _endpoint(draft, state, replica, draining=draining, may_create=draining is False)


def _remove(draft: Draft, state: DeploymentState, replica: OwnReplica) -> None:
    """Take the next step of a replica that is no longer wanted."""
    drain = _drain_of(draft, replica)
    alone = draft.observed(replica.endpoint_key) is None and not may_have_lost_endpoint(
        replica, state.desired.namespace
    )
    if alone or drain.is_complete(draft.observation.now):
        draft.drop(replica.key)
        draft.drop(replica.endpoint_key)
        return
    draft.requeue_at(drain.completes_at)
    _drain(draft, state, replica, drain)


def _drain_of(draft: Draft, replica: OwnReplica) -> Drain:
    return drain_of(draft.observation, draft.observed(replica.endpoint_key), replica.obj)


def _drain(draft: Draft, state: DeploymentState, replica: OwnReplica, drain: Drain) -> None:
    """Keep a replica running with nothing new sent to it, and note since when."""
    _keep(draft, state, replica, drain.annotation)
    serves = while_draining(draft.observed(replica.endpoint_key), serves=replica.serves)
    may_create = may_have_lost_endpoint(replica, state.desired.namespace)
    noted = {**drain.annotation, **serves}
    _endpoint(draft, state, replica, draining=True, may_create=may_create, annotations=noted)


def _keep(
    draft: Draft, state: DeploymentState, replica: OwnReplica, annotations: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Re-emit a replica, with its labels and annotations anew."""
    draft.keep(replica.key, labels=_labels(state, replica), annotations=annotations)
    draft.foreground_delete(replica.key)


def _endpoint(
    draft: Draft,
    state: DeploymentState,
    replica: OwnReplica,
    *,
    draining: bool | None,
    may_create: bool,
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> None:
    compose_endpoint(
        draft,
        replica.endpoint_key,
        replica.obj,
        state.address(replica.replica.cluster),
        _labels(state, replica),
        draining=draining,
        may_create=may_create and not labels.is_system_namespace(state.desired.namespace),
        annotations=annotations,
    )


def _labels(state: DeploymentState, replica: OwnReplica) -> dict[str, str]:
    return replica_labels(state.desired, replica.replica.cluster, replica.replica.index, replica.replica.revision)


def _remove_orphans(draft: Draft, state: DeploymentState) -> None:
    """Remove endpoints whose replica is gone, once they have drained."""
    replica_endpoints = {replica.endpoint_key for replica in state.own.values()}
    now = draft.observation.now
    for key, endpoint in sorted(draft.observation.children.items()):
        if not key.startswith(ENDPOINT) or key in replica_endpoints:
            continue
        drain = drain_of(draft.observation, endpoint)
        if drain.is_complete(now):
            draft.drop(key)
        else:
            draft.requeue_at(drain.completes_at)
            drain_orphan(draft, key, drain.annotation)


COMPOSER = Composer(
    api_version=MODEL_DEPLOYMENT.api_version,
    kind=MODEL_DEPLOYMENT.kind,
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt("clusters", empty=Outcome(conditions={SCHEDULED: "NoClusters"})),
        Doubt("replicas", empty=RENDERS),
        Doubt("endpoints", unresolved=RENDERS, empty=RENDERS, malformed=RENDERS),
        Doubt("cache", empty=Outcome(conditions={CACHE: "ModelCacheNotFound"})),
    ),
    children={f"{REPLICA}*": MODEL_REPLICA.kind, f"{ENDPOINT}*": MODEL_ENDPOINT.kind},
)
