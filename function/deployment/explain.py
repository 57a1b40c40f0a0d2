"""Why each cluster has, or has not, taken a replica of a deployment."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ValidationError

from function.api.model_deployment import ModelDeploymentSpec
from function.composition import InvalidSpecError, Observation, unstructured
from function.deployment.adoption import adoptable
from function.deployment.desired_state import read_desired_state
from function.deployment.replica_manifest import replica_name
from function.deployment.state import assess


def explain(observation: Observation) -> list[tuple[str, str]]:
    """Say of each cluster what the scheduler makes of it.

    Args:
        observation: A ModelDeployment with the answers to its requirements.

    Returns:
        Pairs of cluster and sentence, by cluster: first replicas that are there and those that
        are placed there, then why the cluster takes no more. Empty while the fleet is not known
        or the deployment's spec cannot be read.
    """
    clusters, replicas = observation.answer("clusters"), observation.answer("replicas")
    if clusters.unresolved or replicas.unresolved:
        return []
    try:
        spec = ModelDeploymentSpec.model_validate(unstructured.plain(observation.spec))
        workload = spec.workload()
        cache = observation.answer("cache") if workload.model_cache_ref else None
        desired = read_desired_state(observation, spec, workload, cache)
    except (ValidationError, InvalidSpecError):
        return []
    found = adoptable(observation, replicas.unsorted, observation.answer("endpoints").unsorted)
    state = assess(observation.with_untracked(found), desired, clusters, replicas)
    plan = state.plan
    sentences: dict[str, list[str]] = {name: [] for name in sorted(state.clusters)}
    for kept in plan.kept:
        where = _pools(pool for _, pool in kept.replica.pool_assignments if pool)
        drift = ["leaves once a successor serves elsewhere"] if kept.draining else []
        drift += [part.phrase for part in (kept.drain, kept.drift) if part is not None]
        text = "; ".join([f"holds replica {kept.replica.name}{where}", *drift])
        sentences.setdefault(kept.replica.cluster, []).append(text)
    for replica, leave in plan.deletions:
        sentences.setdefault(replica.cluster, []).append(f"replica {replica.name} leaves: {leave.value}")
    for replica in plan.terminating:
        sentences.setdefault(replica.cluster, []).append(f"replica {replica.name} is being deleted")
    for replica in plan.lost:
        sentences.setdefault(replica.cluster, []).append(f"does not exist any more; replica {replica.name} is lost")
    for new in plan.placed:
        name = replica_name(desired.namespace, desired.name, new.cluster, new.index)
        sentences[new.cluster].append(f"placed replica {name}{_pools(engine.pool for engine in new.engines)}")
    for cluster, reason in plan.diagnosis.reasons:
        more = "no room for more: " if sentences[cluster] else ""
        sentences[cluster].append(f"{more}{reason.phrase}")
    idle = (
        "not asked: nothing new is placed for now, see ReplicasScheduled" if plan.held or plan.invalid else "not needed"
    )
    return [(cluster, text) for cluster in sorted(sentences) for text in sentences[cluster] or [idle]]


def _pools(names: Iterable[str]) -> str:
    listed = sorted(set(names))
    return f" on pool{'s'[: len(listed) > 1]} {', '.join(listed)}" if listed else ""
