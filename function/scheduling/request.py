"""What is to be placed: a deployment, reduced to what placement depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from function.scheduling.constraints import MatchAttribute
from function.scheduling.fleet import NO_RESOURCES, ClusterTaint, NodeResources
from function.scheduling.hold import HoldReason
from function.scheduling.reasons import Denied
from function.selectors.label_requirement import LabelRequirement

STANDALONE = "Standalone"
LEADER = "Leader"
WORKER = "Worker"


@dataclass(frozen=True, slots=True)
class DeviceRequirement:
    """Devices that each pod of a member needs from its node.

    Attributes:
        name: The request's name within the member.
        count: How many; all of them from one entry of the node's devices.
        selectors: CEL texts, all of which must be true of the device; without any, all devices will do of the
            DeviceClass that the device of the request's name has.
    """

    name: str
    count: int = 1
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """One kind of pod in an engine.

    Attributes:
        role: Standalone, Leader or Worker.
        pods: How many pods, each on a node of its own.
        requests: What each pod needs from its node; without any, every node will do.
        constraints: What the devices that a pod claims must have in common.
        node: What else each pod requests of its node.
    """

    role: str = STANDALONE
    pods: int = 1
    requests: tuple[DeviceRequirement, ...] = ()
    constraints: tuple[MatchAttribute, ...] = ()
    node: NodeResources = NO_RESOURCES


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An inference engine: its members, all copies of which are placed together in one pool.

    Attributes:
        name: Its name.
        copies: How many there are of it.
        members: Its members.
        companion: Whether it needs nothing of its own from a node: it takes none, and runs in the pool of the first
            engine that does.
    """

    name: str
    copies: int = 1
    members: tuple[MemberSpec, ...] = ()
    companion: bool = False


@dataclass(frozen=True, slots=True)
class ClusterToleration:
    """A taint, or set of taints, that a deployment tolerates.

    Attributes:
        key: The taint's key; empty with `Exists` means every key.
        operator: `Exists` or `Equal`.
        value: Compared with `Equal`.
        effect: Only taints of this effect; empty means every effect.
    """

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""

    def tolerates(self, taint: ClusterTaint) -> bool:
        """Tell whether this toleration covers the taint."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.operator == "Exists":
            return not self.key or self.key == taint.key
        return self.key == taint.key and self.value == taint.value


@dataclass(frozen=True, slots=True)
class RolloutStrategy:
    """How replicas are replaced.

    Attributes:
        max_surge: How many replicas there may be beyond `replicas`.
        max_unavailable: How many of `replicas` need not be available.
        paused: Whether outdated replicas stay, and are not replaced.
    """

    max_surge: int = 1
    max_unavailable: int = 1
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Backoff:
    """A pool that takes no new replica for a while, since one has left it without ever having served.

    Attributes:
        cluster: The cluster.
        pool: The pool.
        until: Until when, as RFC 3339 text; for messages.
    """

    cluster: str
    pool: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class SchedulingRequest:
    """A deployment as the scheduler sees it.

    Attributes:
        namespace: The deployment's namespace.
        name: The deployment's name.
        replicas: How many replicas are asked for.
        revision: The revision that new replicas are made from.
        engines: Its engines, in the deployment's order.
        tolerations: The taints that it tolerates.
        match_labels: Labels that a cluster must have for a new replica, of deployment and cache together.
        match_expressions: What else its labels must meet, of both together.
        hold_reason: Why no new replicas may be placed, so that replicas are only kept and scaled down; None
            when they may.
        rollout: How replicas are replaced.
        backoff: Pools that take no new replica of the deployment.
        max_new: The most replicas that may be placed at once; None for as many as are missing.
        denied: Clusters that do not permit the deployment, by name, with why.
    """

    namespace: str
    name: str
    replicas: int
    revision: str
    engines: tuple[EngineSpec, ...]
    tolerations: tuple[ClusterToleration, ...] = ()
    match_labels: tuple[tuple[str, str], ...] = ()
    match_expressions: tuple[LabelRequirement, ...] = ()
    hold_reason: HoldReason | None = None
    rollout: RolloutStrategy = RolloutStrategy()
    backoff: tuple[Backoff, ...] = ()
    max_new: int | None = None
    denied: Mapping[str, Denied] = field(default_factory=dict)

    @property
    def places(self) -> bool:
        """Whether new replicas may be placed at all."""
        return self.hold_reason is None and bool(self.engines)

    def untolerated(self, taints: Iterable[ClusterTaint], *effects: str) -> tuple[ClusterTaint, ...]:
        """Find the taints of these effects that no toleration covers, in their order."""
        return tuple(
            taint
            for taint in taints
            if taint.effect in effects and not any(toleration.tolerates(taint) for toleration in self.tolerations)
        )
