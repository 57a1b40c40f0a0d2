"""Conditions and status of a ModelReplica: its progress, why it does not serve yet, and what runs for it."""

from __future__ import annotations

from collections.abc import Mapping

from function.api.engines import PlacedEngine
from function.api.model_replica import ModelReplicaSpec
from function.composition import Composition, Draft, Manifest, Object, Required, objects, readiness, unstructured
from function.replica import pod_reasons, references
from function.replica.backend import Backend
from function.replica.conditions import ACCEPTED, READY
from function.replica.identity import ReplicaIdentity
from function.replica.resource_names import DISRUPTION, PODS, WORKLOAD
from function.replica.topologies.counts import CopyCounts, count_pods
from function.replica.topologies.registry import topology_of


def finish(
    draft: Draft, spec: ModelReplicaSpec, replica: ReplicaIdentity, backend: Backend, pods: Required, *, ready: bool
) -> Composition:
    """Set conditions and status of a replica that is rendered, and end its answer.

    Args:
        draft: The answer, with all its children.
        spec: The replica's spec.
        replica: Its identity.
        backend: How requests reach its pods.
        pods: What is observed of its pods.
        ready: Whether it serves.
    """
    workloads = _workloads(spec)
    pending = [key for key in workloads if not objects.remote(draft.observed(key))]
    serves = {key: readiness.serves(draft.observed(key)) for key in required_names(draft)}
    image = spec.engines[0].members[0].template.container.image
    progress = f"{len(workloads) - len(pending)} of {len(workloads)} workloads are on {spec.cluster_name}"
    accepted = "; ".join((progress, *backend.warnings))
    others = sorted(draft.keys - {PODS})
    refused = [f"{key}: {error}" for key in others if (error := _sync_error(draft.observed(key)))]
    if refused:
        draft.set_condition(ACCEPTED, "NotSynced", refused[0])
    elif pending:
        draft.set_condition(ACCEPTED, "Deploying", f"{accepted}; composing {image}")
    else:
        draft.set_condition(ACCEPTED, "Accepted", accepted)
    if ready:
        rollouts = [f"{key}: {progress}" for key, progress in sorted(replacing(draft, spec).items())]
        draft.set_condition(READY, "Serving", "; ".join((f"{replica.path} is served", *rollouts)))
    elif pending:
        message = f"{pending[0]} is not on {spec.cluster_name} yet"
        reason = readiness.of(draft.observed(pending[0])).message
        draft.set_condition(READY, "WaitingForModel", f"{message}: {reason}" if reason else message)
    else:
        unready = sorted((key for key in serves if not serves[key]), key=lambda key: serves[key] is None)
        draft.set_condition(READY, "ModelStarting", _starting(draft, spec, unready, pod_reasons.explain(pods.found)))
    references.set_condition(draft, spec, replica.copy_names)
    draft.publish(
        {
            "servingSince": _serving_since(draft, ready=ready),
            "path": replica.path,
            "engines": [_engine_status(draft, replica, engine) for engine in spec.engines],
        }
    )
    return draft.finish(ready=ready)


def required_names(draft: Draft) -> list[str]:
    """The resource names of the children without which no request is answered."""
    return sorted(key for key in draft.keys if key != PODS and not key.startswith(DISRUPTION))


def replacing(draft: Draft, spec: ModelReplicaSpec) -> dict[str, str]:
    """The progress of workloads whose pods are being replaced while some answer, by resource name."""
    counts = {key: _counts(draft, engine) for key, engine in _workloads(spec).items()}
    return {
        key: f"{count.updated} of {count.desired} copies are replaced, {count.available} answer"
        for key, count in counts.items()
        if count.available and count.updated < count.desired
    }


def _workloads(spec: ModelReplicaSpec) -> dict[str, PlacedEngine]:
    """The engines of a replica, by the resource names of their workloads."""
    return {f"{WORKLOAD}{engine.name}": engine for engine in spec.engines}


def _counts(draft: Draft, engine: PlacedEngine) -> CopyCounts:
    return topology_of(engine).copies(objects.remote(draft.observed(f"{WORKLOAD}{engine.name}")))


def _sync_error(child: Object | None) -> str:
    """The provider's error when it cannot apply or observe a child; empty when it can."""
    synced = unstructured.condition(child, "Synced")
    if synced.get("status") != "False":
        return ""
    return unstructured.text(synced, "message") or unstructured.text(synced, "reason") or "no reason given"


def _starting(draft: Draft, spec: ModelReplicaSpec, unready: list[str], pod_reason: str) -> str:
    """Say what the first child that is not ready waits for, and why the pods do not start."""
    key = unready[0]
    more = f" (and {len(unready) - 1} more)" if len(unready) > 1 else ""
    engine = _workloads(spec).get(key)
    remote = objects.remote(draft.observed(key))
    counts = _counts(draft, engine) if engine else count_pods(remote)
    reason = _unavailable(remote, counts) or readiness.of(draft.observed(key)).message
    return "; ".join(filter(None, (f"{key}: {reason}{more}", pod_reason)))


def _unavailable(remote: Object, counts: CopyCounts) -> str:
    """Why a workload is not available, in its own words; empty when it is available, or is no workload."""
    available = unstructured.condition(remote, "Available")
    is_available = available.get("status") == "True"
    if not available or (is_available and (counts.available or counts.ready)):
        return ""
    ready = f"{counts.ready} of {counts.desired} {counts.noun} ready"
    message = "" if is_available else unstructured.text(available, "message")
    return f"{ready}: {message}" if message else ready


def _serving_since(draft: Draft, *, ready: bool) -> str | None:
    """When the replica first served: when the last required child became ready."""
    before = unstructured.text(draft.observation.status, "servingSince")
    if before or not ready:
        return before or None
    conditions = [unstructured.condition(draft.observed(key), "Ready") for key in required_names(draft)]
    return max((unstructured.text(condition, "lastTransitionTime") for condition in conditions), default="") or None


def _engine_status(draft: Draft, replica: ReplicaIdentity, engine: PlacedEngine) -> Manifest:
    key = f"{WORKLOAD}{engine.name}"
    topology = topology_of(engine)
    remote = objects.remote(draft.observed(key))
    before = _before(draft.observation.status, engine.name)
    ready = topology.copies(remote).ready if remote else before.get("ready", 0)
    return {
        "name": engine.name,
        "kind": topology.workload_kind,
        "workload": draft.remote_name(key, topology.workload_name(replica, engine)),
        "desired": engine.copies,
        "ready": ready if isinstance(ready, int) else 0,
    }


def _before(status: Mapping[str, object], engine: str) -> Object:
    entries = unstructured.items(status, "engines")
    return next((entry for entry in entries if entry.get("name") == engine), {})
