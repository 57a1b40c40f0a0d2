"""What a deployment asks of the scheduler, from its spec and its cache."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from math import ceil
from typing import Final

from pydantic import ValidationError

from function.api import content, labels
from function.api.devices import DeviceConstraint
from function.api.engines import Engine, EngineRole, Member
from function.api.model_deployment import ModelDeploymentSpec
from function.api.references import LabelSelector
from function.api.workload import Workload, revision
from function.composition import InvalidSpecError, Observation, Required, unstructured
from function.deployment.cluster_selection import combine
from function.inventory.nodes import pods_per_copy
from function.inventory.pod_demands import PodDemands, read_demands
from function.inventory.pod_requests import requested_by_pod
from function.scheduling import (
    ClusterToleration,
    DeviceRequirement,
    EngineSpec,
    HoldReason,
    MatchAttribute,
    MemberSpec,
    NodeResources,
    RolloutStrategy,
    SchedulingRequest,
)

_MILLI: Final = 1000


class CacheState(Enum):
    """What is known of the ModelCache that a deployment names."""

    NOT_NEEDED = "the deployment names none"
    UNRESOLVED = "it has not been fetched yet"
    MISSING = "it does not exist"
    UNREADABLE = "its spec cannot be read"
    FOUND = "it exists"


@dataclass(frozen=True, slots=True)
class DesiredState:
    """What a deployment asks for.

    Attributes:
        namespace: The deployment's namespace.
        name: The deployment's name.
        replicas: How many replicas it wants.
        deadline: How long a replica may take until it serves.
        workload: What it runs.
        revision: Name of what it runs.
        cache: What is known of its cache.
        request: The same for the scheduler.
        size: Bytes of what each of its replicas repeats.
        conflicts: Labels on which deployment and cache disagree, one phrase for each.
        clashes: Why no replica of it could serve, wherever it is, one phrase for each reason.
    """

    namespace: str
    name: str
    replicas: int
    deadline: timedelta
    workload: Workload
    revision: str
    cache: CacheState
    request: SchedulingRequest
    size: int = 0
    conflicts: tuple[str, ...] = ()
    clashes: tuple[str, ...] = ()

    @property
    def needed(self) -> int:
        """How many replicas must serve for the deployment to be Ready."""
        return 0 if self.replicas == 0 else max(1, self.replicas - self.request.rollout.max_unavailable)

    @property
    def demands(self) -> PodDemands:
        """What its pods ask of a cluster that a platform team has to permit."""
        return read_demands(self.workload.engines)

    @property
    def cache_name(self) -> str:
        """The name of its cache; empty when it names none."""
        return self.workload.model_cache_ref.name if self.workload.model_cache_ref else ""


def read_desired_state(
    observation: Observation, spec: ModelDeploymentSpec, workload: Workload, cache: Required | None
) -> DesiredState:
    """Read what a deployment asks for.

    Args:
        observation: The deployment.
        spec: Its spec.
        workload: What the spec runs.
        cache: The answer to the requirement of its cache; None when it names none.

    Raises:
        InvalidSpecError: When it has no engines, or one without containers, which admission refuses.
    """
    if not workload.engines:
        raise InvalidSpecError("spec.engines: at least one engine is needed")
    if not all(member.template.spec.containers for engine in workload.engines for member in engine.members):
        raise InvalidSpecError("spec.engines: every member needs a container")
    replicas = max(spec.replicas, 0)
    state = _cache_state(cache)
    selection = combine(workload.cluster_selector, _cache_selector(cache) or LabelSelector())
    size = _size(workload)
    reason = _hold_reason(observation.namespace, state, size, conflict=bool(selection.conflicts))
    name = revision(workload)
    unavailable = spec.rollout.max_unavailable if spec.rollout.max_unavailable is not None else int(replicas > 1)
    request = SchedulingRequest(
        namespace=observation.namespace,
        name=observation.name,
        replicas=replicas,
        revision=name,
        engines=tuple(_engine(engine) for engine in workload.engines),
        tolerations=tuple(
            ClusterToleration(toleration.key, toleration.operator, toleration.value, toleration.effect or "")
            for toleration in workload.tolerations
        ),
        match_labels=selection.labels,
        match_expressions=selection.expressions,
        hold_reason=reason,
        rollout=RolloutStrategy(spec.rollout.max_surge, unavailable, spec.rollout.paused),
    )
    return DesiredState(
        namespace=observation.namespace,
        name=observation.name,
        replicas=replicas,
        deadline=timedelta(seconds=spec.rollout.progress_deadline_seconds),
        workload=workload,
        revision=name,
        cache=state,
        request=request,
        size=size,
        conflicts=selection.conflicts,
    )


def _cache_state(cache: Required | None) -> CacheState:
    if cache is None:
        return CacheState.NOT_NEEDED
    if cache.unresolved:
        return CacheState.UNRESOLVED
    if cache.empty:
        return CacheState.MISSING
    return CacheState.UNREADABLE if _cache_selector(cache) is None else CacheState.FOUND


def _cache_selector(cache: Required | None) -> LabelSelector | None:
    """The selector of a cache, be it that it has none; None while it is not known."""
    spec = unstructured.dig(cache.first if cache else None, "spec")
    if not isinstance(spec, Mapping):
        return None
    try:
        return LabelSelector.model_validate(unstructured.plain(unstructured.dig(spec, "clusterSelector", default={})))
    except ValidationError:
        return None


def _size(workload: Workload) -> int:
    """Measure what every replica repeats of a workload, in bytes of JSON."""
    engines = [engine.plain() for engine in workload.engines]
    return len(json.dumps(engines, separators=(",", ":"), ensure_ascii=False).encode(errors="replace"))


def _hold_reason(namespace: str, cache: CacheState, size: int, *, conflict: bool) -> HoldReason | None:
    """Why nothing new may be placed, the reason that is hardest to mend first."""
    if labels.is_system_namespace(namespace):
        return HoldReason.NAMESPACE_RESERVED
    if size > content.MAX_CHARACTERS:
        return HoldReason.SPEC_TOO_LARGE
    if conflict:
        return HoldReason.SELECTOR_CONFLICT
    if cache is CacheState.MISSING:
        return HoldReason.CACHE_NOT_FOUND
    if cache is CacheState.UNREADABLE:
        return HoldReason.INPUT_IN_DOUBT
    return HoldReason.WAITING_FOR_CACHE if cache is CacheState.UNRESOLVED else None


def _engine(engine: Engine) -> EngineSpec:
    members = tuple(_member(member) for member in engine.members)
    companion = engine.role is EngineRole.ROUTER and not any(member.requests for member in members)
    return EngineSpec(engine.name, engine.copies, members, companion)


def _member(member: Member) -> MemberSpec:
    devices = member.node_selector.devices if member.node_selector else ()
    requests = tuple(
        DeviceRequirement(
            device.name, device.count, tuple(selector.cel for selector in device.selectors if selector.cel)
        )
        for device in devices
    )
    constraints = member.node_selector.constraints if member.node_selector else ()
    spec = member.template.spec
    node = NodeResources(
        ceil(requested_by_pod(spec, "cpu") * _MILLI),
        ceil(requested_by_pod(spec, "memory")),
    )
    return MemberSpec(member.role, pods_per_copy(member), requests, match_attributes(constraints), node)


def match_attributes(constraints: Iterable[DeviceConstraint]) -> tuple[MatchAttribute, ...]:
    """Read constraints of a claim for the scheduler."""
    return tuple(MatchAttribute(each.match_attribute, each.requests or ()) for each in constraints)
