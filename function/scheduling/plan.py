"""What the scheduler answers: replicas to keep, to create and to delete, and why no more are placed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from function.scheduling.constraints import MatchAttribute
from function.scheduling.diagnosis import Diagnosis
from function.scheduling.drift import DrainBlocked, PlacementDrifted
from function.scheduling.fleet import ScheduledReplica
from function.scheduling.hold import HoldReason


class DeletionReason(Enum):
    """Why this replica is deleted rather than another; the value is a phrase for messages."""

    NOT_SERVING = "it is not serving"
    DEGRADED_CLUSTER = "its cluster is not ready or has no gateway address"
    TAINTED_CLUSTER = "its cluster is cordoned or draining"
    SURPLUS = "its cluster has the most replicas of the deployment"
    PREEMPTED = "it makes room for one that runs what is wanted now"
    EVICTED = "its pool is contested, and it has never served"
    DEADLINE_EXCEEDED = "it has never served in the time that it was given"


class RolloutProgress(Enum):
    """How far a rollout has come; the value is the reason of the condition Progressing."""

    COMPLETE = "Complete"
    """Every replica runs the current revision."""
    ROLLING_OUT = "RollingOut"
    """Replicas are being replaced."""
    HELD = "RolloutHeld"
    """Replicas are not replaced because none may be placed."""
    PAUSED = "RolloutPaused"
    """Replicas are not replaced because the rollout is paused."""
    NO_ROOM_TO_SURGE = "NoRoomToSurge"
    """Replicas wait to be replaced until there is room."""
    DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    """No replica of the current revision has served within its deadline."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A replica that stays where it is.

    Attributes:
        replica: The replica.
        drift: How its place differs from what would be chosen now; None when it does not.
        drain: Set when its cluster asks it to leave and there is nowhere to go.
        draining: Whether its cluster asks it to leave, and it will once a successor serves elsewhere.
    """

    replica: ScheduledReplica
    drift: PlacementDrifted | None = None
    drain: DrainBlocked | None = None
    draining: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedRequest:
    """A device request that pods claim, with the class of the device that it was matched to."""

    name: str
    device_class: str
    count: int
    selectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberPlacement:
    """A member with the requests that its pods claim; none for one that only shares the pool.

    Attributes:
        role: The member's role.
        requests: The requests.
        constraints: What the devices of these requests must have in common.
    """

    role: str
    requests: tuple[ResolvedRequest, ...] = ()
    constraints: tuple[MatchAttribute, ...] = ()


@dataclass(frozen=True, slots=True)
class EnginePlacement:
    """An engine in a pool.

    Attributes:
        name: The engine.
        pool: The pool that takes all of it.
        nodes: How many of the pool's nodes it takes.
        members: Its members, in the deployment's order.
    """

    name: str
    pool: str
    nodes: int
    members: tuple[MemberPlacement, ...]


@dataclass(frozen=True, slots=True)
class ReplicaPlacement:
    """A new replica.

    Attributes:
        cluster: The cluster it goes to.
        index: Its number among the deployment's replicas there.
        revision: The revision that it is made from.
        engines: Its engines with their pools, in the deployment's order.
    """

    cluster: str
    index: int
    revision: str
    engines: tuple[EnginePlacement, ...]


@dataclass(frozen=True, slots=True)
class InvalidSelector:
    """A selector that cannot be compiled.

    Attributes:
        engine: The engine's name.
        member: The member's index.
        role: The member's role.
        request: The device request's name.
        selector: The selector's index within the request.
        message: What is wrong with it, with line and column where known.
        excerpt: The line in question with a caret below it; empty where no position is known.
    """

    engine: str
    member: int
    role: str
    request: str
    selector: int
    message: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class OvercommittedPool:
    """A pool, used by a replica that is kept, whose replicas take more nodes than it has."""

    cluster: str
    pool: str
    nodes: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The scheduler's answer. Every own replica is in exactly one of kept, deletions, lost and terminating.

    Attributes:
        kept: Replicas that stay, by cluster and index.
        placed: Replicas to make, by cluster and index.
        deletions: Replicas to delete, with why these. Those that are evicted or have
            exceeded their deadline have never served, and the deployment backs off from their pools.
        lost: Replicas whose cluster no longer exists.
        terminating: Replicas that are already being deleted. They hold their nodes and their index,
            and do not count towards what is asked for.
        diagnosis: Why clusters did not take the first replica that found no place; empty when nothing was left
            to place.
        invalid: Selectors that cannot be compiled. With any, everything is kept and nothing is placed.
        overcommitted: Pools whose replicas take more nodes than there are.
        held: Why nothing was placed, when the deployment may not place anything.
        progress: How far the replicas run what is asked for now.
        doubt: Whether the list of clusters was empty although replicas exist. Everything is kept then.
    """

    kept: tuple[Kept, ...] = ()
    placed: tuple[ReplicaPlacement, ...] = ()
    deletions: tuple[tuple[ScheduledReplica, DeletionReason], ...] = ()
    lost: tuple[ScheduledReplica, ...] = ()
    terminating: tuple[ScheduledReplica, ...] = ()
    diagnosis: Diagnosis = field(default_factory=Diagnosis)
    invalid: tuple[InvalidSelector, ...] = ()
    overcommitted: tuple[OvercommittedPool, ...] = ()
    held: HoldReason | None = None
    progress: RolloutProgress = RolloutProgress.COMPLETE
    doubt: bool = False
