"""A deployment's status and conditions: how many replicas, where, and why not more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from function.api import content, labels
from function.composition import Draft, Manifest, readiness, timestamps, unstructured
from function.deployment import rollout_status, timers
from function.deployment.absence import Absence
from function.deployment.conditions import CACHE, DRIFTED, OVERCOMMITTED, PROGRESSING, READY, SCHEDULED
from function.deployment.desired_state import CacheState, DesiredState
from function.deployment.endpoints import is_draining
from function.deployment.own_replicas import OwnReplica
from function.deployment.replica_manifest import replica_name
from function.deployment.rollout_status import listing
from function.deployment.state import DeploymentState
from function.replica.permission import remedy, withheld
from function.scheduling import (
    HoldDetails,
    HoldReason,
    InvalidSelector,
    Kept,
    NotPermitted,
    PodsTooPrivileged,
    ReservedNamespace,
    few,
)

_MAX_MISSING: Final = 256


def set_cache_condition(draft: Draft, desired: DesiredState) -> None:
    """Say what is known of the deployment's ModelCache."""
    name = desired.cache_name
    match desired.cache:
        case CacheState.NOT_NEEDED:
            draft.set_condition(CACHE, "NoCacheNeeded")
        case CacheState.UNRESOLVED:
            draft.set_condition(CACHE, "ModelCacheUnresolved", f"Waiting for ModelCache {name}")
        case CacheState.MISSING:
            message = f"ModelCache {name} not found in namespace {desired.namespace}; holding replica placement"
            draft.set_condition(CACHE, "ModelCacheNotFound", message)
            draft.skip("InputMissing", message)
        case CacheState.UNREADABLE:
            message = f"ModelCache {name} cannot be read; holding replica placement"
            draft.set_condition(CACHE, "ModelCacheUnreadable", message)
            draft.doubt("InputInvalid", message)
        case CacheState.FOUND:
            draft.set_condition(CACHE, "ModelCacheResolved")


def set_placement_conditions(draft: Draft, state: DeploymentState) -> None:
    """Say how many replicas have a place and serve, and what is the matter with their places."""
    draft.set_condition(SCHEDULED, *_scheduled(state))
    draft.set_condition(READY, *_ready(state))
    draft.set_condition(PROGRESSING, *rollout_status.progress(state))
    if state.plan.invalid and state.plan.kept:
        draft.carry_condition(DRIFTED)
        draft.carry_condition(OVERCOMMITTED)
        return
    draft.set_condition(DRIFTED, *_drifted(state))
    draft.set_condition(OVERCOMMITTED, *_overcommitted(state))


def serving(state: DeploymentState) -> int:
    """Count the replicas that stay and are observed to serve."""
    return sum(kept.serves is True for kept in state.kept)


def is_ready(draft: Draft, state: DeploymentState) -> bool:
    """Tell whether enough replicas are reached: they serve, and services may send requests to their endpoints.

    A deployment that was Ready stays so while replicas and endpoints that do not say whether they are could
    make up the number.
    """
    needed = state.desired.needed
    reached = [_is_reached(draft, kept) for kept in state.kept]
    was_ready = unstructured.is_true(draft.observation.composite, "Ready")
    return reached.count(True) >= needed or (was_ready and len(reached) - reached.count(False) >= needed)


def _is_reached(draft: Draft, replica: OwnReplica) -> bool | None:
    """Tell whether requests can reach a replica; None while it or its endpoint says neither.

    An endpoint that has never said anything is new, and has never been reached.
    """
    endpoint = draft.observed(replica.endpoint_key)
    answers = {replica.serves, readiness.serves(endpoint)}
    if False in answers or is_draining(endpoint) or not unstructured.condition(endpoint, "Ready"):
        return False
    return True if answers == {True} else None


def describe_absence(absence: Absence) -> str:
    """Say of a missing cluster what becomes of its replicas, and when."""
    until = timestamps.text_of(absence.expires_at)
    return f"InferenceCluster {absence.cluster} is not found any more; replicas there stay until {until}"


def publish(draft: Draft, state: DeploymentState) -> None:
    """Publish the deployment's status."""
    desired = state.desired
    before = unstructured.mapping(draft.observation.status, "revision")
    since = unstructured.text(before, "since") if before.get("name") == desired.revision else ""
    missing = state.absences[:_MAX_MISSING]
    draft.publish(
        {
            "replicas": {
                "desired": desired.replicas,
                "total": state.scheduled,
                "ready": min(serving(state), desired.replicas),
            },
            "placements": _placements(state),
            "selector": f"{labels.DEPLOYMENT}={desired.name}",
            "revision": {"name": desired.revision, "since": since or timestamps.text_of(draft.observation.latest)},
            "revisions": rollout_status.counts(state),
            "avoid": timers.recorded_backoffs(draft.observation, desired, state.plan),
            **({"missing": [absence.entry() for absence in missing]} if missing else {}),
        }
    )


def _placements(state: DeploymentState) -> list[Manifest]:
    desired = state.desired
    found: list[tuple[tuple[str, int], Manifest]] = []
    for kept in state.kept:
        pools = sorted({pool for _, pool in kept.replica.pool_assignments if pool})
        entry = _placement(kept.replica.name, kept.replica.cluster, pools, kept.replica.revision)
        found.append(((kept.replica.cluster, kept.replica.index), {**entry, "serving": kept.serves is True}))
    for new in state.plan.placed:
        name = replica_name(desired.namespace, desired.name, new.cluster, new.index)
        pools = sorted({engine.pool for engine in new.engines})
        found.append(
            ((new.cluster, new.index), {**_placement(name, new.cluster, pools, new.revision), "serving": False})
        )
    return [entry for _, entry in sorted(found, key=lambda pair: (*pair[0], pair[1].get("replica", "")))]


def _placement(name: str, cluster: str, pools: Sequence[str], revision: str) -> Manifest:
    entry: dict[str, Any] = {"replica": name, "cluster": cluster, "pools": list(pools), "revision": revision}
    return {key: value for key, value in entry.items() if value}


# ---------------------------------------------------------------------- conditions


def _scheduled(state: DeploymentState) -> tuple[str, str]:
    desired, plan = state.desired, state.plan
    placed, wanted = state.scheduled, desired.replicas
    if not state.clusters:
        return "NoClusters", "No InferenceClusters found: create one"
    if plan.invalid:
        return "InvalidNodeSelector", f"Invalid nodeSelector CEL expression: {_invalid(plan.invalid)}"
    if plan.held is not None and plan.held.always:
        return _held(state, plan.held)
    if wanted == 0:
        return "ScaledToZero", "0 replicas are asked for"
    if placed < wanted:
        return _short(state)
    clusters = sorted({placement.cluster for placement in plan.placed} | {kept.replica.cluster for kept in state.kept})
    message = (
        f"Scheduled {placed} of {wanted} replicas across {len(clusters)} cluster{'s'[: len(clusters) > 1]}: "
        f"{listing(clusters)}"
    )
    return ("ReplicasCreated" if state.kept else "Scheduling"), message


def _held(state: DeploymentState, held: HoldReason) -> tuple[str, str]:
    """Say why nothing new may be placed."""
    desired = state.desired
    details = HoldDetails(
        desired.namespace,
        state.scheduled,
        desired.replicas,
        desired.cache_name,
        desired.size,
        content.MAX_CHARACTERS,
        desired.conflicts if held is HoldReason.SELECTOR_CONFLICT else desired.clashes,
    )
    return held.condition, held.message(details)


def _short(state: DeploymentState) -> tuple[str, str]:
    """Say why fewer replicas have a place than are asked for."""
    desired, plan = state.desired, state.plan
    placed, wanted = state.scheduled, desired.replicas
    if plan.held is not None:
        return _held(state, plan.held)
    if state.too_large:
        return "ResponseTooLarge", (
            f"{placed} of {wanted} placed; with more, the answer to Crossplane would be larger than 3.5 MiB: "
            "shorten the pod templates or split the deployment"
        )
    denied = _denied(state)
    if denied is not None:
        return denied
    reason = "PartiallyScheduled" if placed else "InsufficientCapacity"
    return reason, plan.diagnosis.message(placed, wanted)


def _denied(state: DeploymentState) -> tuple[str, str] | None:
    """Say what keeps replicas from every cluster that is asked for, where that is a matter of permission."""
    desired, considered = state.desired, state.plan.diagnosis.considered
    namespace, counted = desired.namespace, f"{state.scheduled} of {desired.replicas} placed"
    if considered and all(isinstance(reason, ReservedNamespace) for _, reason in considered):
        where = "deploy in another one, or have it added to spec.namespaces.allowed of an InferenceCluster"
        return "NamespaceReserved", f"{counted}; namespace {namespace} is reserved: {where}"
    found = [(name, reason) for name, reason in considered if isinstance(reason, NotPermitted | PodsTooPrivileged)]
    if len(found) < len(considered) or not found:
        return None
    name, reason = min(found, key=lambda pair: (_lacking(pair[1]), pair[0]))
    advice = f"{remedy(reason)} InferenceCluster {name}"
    if isinstance(reason, PodsTooPrivileged):
        return "NotPermitted", f"{counted}; no cluster permits the pods: {withheld(reason, name, namespace)}: {advice}"
    lacks = f"no cluster permits pods to have what grants them something, {name} not {few(reason.keys)}"
    return "NotPermitted", f"{counted}; {lacks}: {advice}"


def _lacking(reason: NotPermitted | PodsTooPrivileged) -> int:
    return len(reason.keys if isinstance(reason, NotPermitted) else reason.violations)


def _invalid(selectors: Sequence[InvalidSelector]) -> str:
    """Say where selectors are wrong, and show the place in the first with a caret below it."""
    places = listing(
        (
            f"engine {bad.engine}, member {bad.role}, request {bad.request}, selector {bad.selector + 1}: {bad.message}"
            for bad in selectors
        ),
        "; ",
    )
    excerpt = selectors[0].excerpt
    return f"{places}\n{excerpt}" if excerpt else places


def _ready(state: DeploymentState) -> tuple[str, str]:
    wanted, ready = state.desired.replicas, min(serving(state), state.desired.replicas)
    if wanted == 0:
        return "ScaledToZero", "0 replicas are asked for"
    if not state.scheduled:
        return "NoReplicasScheduled", f"0 of {wanted} ready"
    counted = f"{ready} of {wanted} ready"
    if ready >= wanted:
        return "AllReplicasReady", counted
    return "ModelStarting", "; ".join([counted, *_not_ready(state)])


def _not_ready(state: DeploymentState) -> list[str]:
    """Name the first replica that does not serve, and count those that have no place."""
    reasons = [
        f"{kept.replica.name} on {kept.replica.cluster}: {_failure_message(kept)}"
        for kept in state.kept
        if not kept.serves
    ]
    missing = state.desired.replicas - state.scheduled
    return [*reasons[:1], *([f"{missing} without a place"] if missing > 0 else [])]


def _failure_message(replica: OwnReplica) -> str:
    model = unstructured.condition(replica.obj, "ModelReady")
    message = unstructured.text(model, "message") if model.get("status") != "True" else ""
    return message or readiness.of(replica.obj).message


def _drifted(state: DeploymentState) -> tuple[str, str]:
    kept = state.plan.kept
    if state.missing:
        return "ClusterMissing", listing(map(describe_absence, state.missing), "; ")
    found = [f"{_location(entry)}: {_drift(entry)}" for entry in kept if entry.drift or entry.drain or entry.draining]
    if not found:
        return "InPlace", ""
    if any(entry.drain for entry in kept):
        return "DrainBlocked", listing(found, "; ")
    return ("Draining" if any(entry.draining for entry in kept) else "Drifted"), listing(found, "; ")


def _location(kept: Kept) -> str:
    return f"{kept.replica.name} on {kept.replica.cluster}"


def _drift(kept: Kept) -> str:
    leaves = ["asked to leave, and goes once a successor serves elsewhere"] if kept.draining else []
    return "; ".join([*leaves, *(part.phrase for part in (kept.drain, kept.drift) if part is not None)])


def _overcommitted(state: DeploymentState) -> tuple[str, str]:
    found = [
        f"pool {pool.pool} of cluster {pool.cluster} has {pool.nodes} nodes and its replicas take {pool.reserved}"
        for pool in state.plan.overcommitted
    ]
    return ("PoolOvercommitted", listing(found, "; ")) if found else ("WithinCapacity", "")
