"""Why a cluster did not take a replica, one typed reason per cluster.

A reason is a frozen value that says what was found, with figures. `describe` puts one into
words for a single cluster; `summary` tallies those of a whole fleet into one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import ClassVar, Final, TypeAlias


class HoldReason(StrEnum):
    """Why no new replicas may be placed, whatever the fleet offers."""

    WAITING_FOR_CACHE = "WaitingForCache"
    CACHE_NOT_FOUND = "ModelCacheNotFound"
    SELECTOR_CONFLICT = "SelectorConflict"
    NAMESPACE_RESERVED = "NamespaceReserved"
    SPEC_TOO_LARGE = "SpecTooLarge"
    INPUT_IN_DOUBT = "InputInDoubt"


class Kind(Enum):
    """What is wrong with a cluster; the value is a word that says it."""

    NOT_SELECTED = "NotSelected"
    RESERVED_NAMESPACE = "ReservedNamespace"
    NOT_PERMITTED = "NotPermitted"
    TERMINATING = "Terminating"
    NOT_READY = "NotReady"
    NO_GATEWAY = "NoGateway"
    POOLS_UNKNOWN = "PoolsUnknown"
    NO_NODE_POOLS = "NoNodePools"
    TAINTED = "Tainted"
    AVOIDED = "Avoided"
    NOT_ENOUGH_NODES = "NotEnoughNodes"
    ENGINES_TOO_LARGE = "EnginesTooLarge"
    TOO_COMPLEX = "TooComplex"
    COUNT_TOO_SMALL = "CountTooSmall"
    SYNTHETIC_ONLY = "SyntheticOnly"
    NO_DEVICE = "NoDevice"


@dataclass(frozen=True, slots=True)
class NotSelected:
    """The cluster lacks labels that are asked for; it was not considered."""

    kind: ClassVar[Kind] = Kind.NOT_SELECTED
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReservedNamespace:
    """Nothing of the deployment's namespace may be made on the cluster."""

    kind: ClassVar[Kind] = Kind.RESERVED_NAMESPACE
    namespace: str


@dataclass(frozen=True, slots=True)
class NotPermitted:
    """The deployment's pods want what only the cluster's platform team can grant.

    Attributes:
        keys: The labels and annotations that would grant it, sorted.
    """

    kind: ClassVar[Kind] = Kind.NOT_PERMITTED
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terminating:
    """The cluster is being deleted."""

    kind: ClassVar[Kind] = Kind.TERMINATING


@dataclass(frozen=True, slots=True)
class NotReady:
    """The cluster's Ready condition is not True."""

    kind: ClassVar[Kind] = Kind.NOT_READY


@dataclass(frozen=True, slots=True)
class NoGateway:
    """The cluster has no gateway address yet."""

    kind: ClassVar[Kind] = Kind.NO_GATEWAY


@dataclass(frozen=True, slots=True)
class PoolsUnknown:
    """The cluster has not published its node pools, so nothing is known about them."""

    kind: ClassVar[Kind] = Kind.POOLS_UNKNOWN


@dataclass(frozen=True, slots=True)
class NoNodePools:
    """The cluster has no node pools with accelerators."""

    kind: ClassVar[Kind] = Kind.NO_NODE_POOLS


@dataclass(frozen=True, slots=True)
class Tainted:
    """The cluster has a taint that is not tolerated; the first of them."""

    kind: ClassVar[Kind] = Kind.TAINTED
    key: str
    effect: str = ""


@dataclass(frozen=True, slots=True)
class BackedOff:
    """There is room, in a pool that a replica has left without having served.

    Attributes:
        pool: The pool.
        until: Until when it takes none, as RFC 3339 text.
    """

    kind: ClassVar[Kind] = Kind.AVOIDED
    pool: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class NotEnoughNodes:
    """A pool matches the engine, but has too few free nodes; the roomiest of such pools.

    Attributes:
        pool: The pool.
        needed: Nodes that the engine takes.
        free: Nodes that are free in the pool; negative when it is overcommitted.
        engine: The engine; empty when the deployment has only one.
    """

    kind: ClassVar[Kind] = Kind.NOT_ENOUGH_NODES
    pool: str
    needed: int
    free: int
    engine: str = ""


@dataclass(frozen=True, slots=True)
class EnginesTooLarge:
    """Each engine would fit alone, but all of them do not fit together.

    Attributes:
        needed: Nodes that all engines take.
        free: Nodes that are free in the pools that match any of them.
    """

    kind: ClassVar[Kind] = Kind.ENGINES_TOO_LARGE
    needed: int
    free: int


@dataclass(frozen=True, slots=True)
class CountTooSmall:
    """Devices match, but no single entry of a node's devices has as many as are requested.

    Attributes:
        request: The device request.
        needed: How many it asks for.
        available: The largest count among the devices that match.
        shared: Whether the devices would do for this request alone, but others need them too.
        engine: The engine; empty when the deployment has only one.
    """

    kind: ClassVar[Kind] = Kind.COUNT_TOO_SMALL
    request: str
    needed: int
    available: int
    shared: bool = False
    engine: str = ""


@dataclass(frozen=True, slots=True)
class TooComplex:
    """There are too many ways to place several things to try them all, and the likeliest do not work.

    Or evaluating the selectors on all kinds of devices of the fleet costs too much.

    Attributes:
        requests: How many device requests of one pod are to be met together; 0 when it is engines.
        engines: How many engines are to be placed together; 0 when it is device requests.
        places: Over how many entries of a node's devices, or node pools.
        engine: The engine whose requests they are; empty when the deployment has only one.
    """

    kind: ClassVar[Kind] = Kind.TOO_COMPLEX
    requests: int = 0
    engines: int = 0
    places: int = 0
    engine: str = ""


@dataclass(frozen=True, slots=True)
class SyntheticOnly:
    """Devices match, but none that pods can claim, so the engine would hold no accelerator."""

    kind: ClassVar[Kind] = Kind.SYNTHETIC_ONLY
    engine: str = ""


@dataclass(frozen=True, slots=True)
class NoDevice:
    """No device passes every selector of a request.

    Attributes:
        request: The device request.
        selector: Index of the selector that rejected the most promising devices, from 0.
        false: On how many devices it was not true.
        errors: On how many devices it could not be evaluated.
        error: The message of one such error.
        engine: The engine; empty when the deployment has only one.
    """

    kind: ClassVar[Kind] = Kind.NO_DEVICE
    request: str
    selector: int = 0
    false: int = 0
    errors: int = 0
    error: str = ""
    engine: str = ""


UnschedulableReason: TypeAlias = (
    NotSelected
    | ReservedNamespace
    | NotPermitted
    | Terminating
    | NotReady
    | NoGateway
    | PoolsUnknown
    | NoNodePools
    | Tainted
    | BackedOff
    | NotEnoughNodes
    | EnginesTooLarge
    | TooComplex
    | CountTooSmall
    | SyntheticOnly
    | NoDevice
)
"""Why one cluster did not take a replica."""


def plural(count: int, noun: str) -> str:
    """Say how many of something, e.g. `1 device` or `3 devices`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_FEW: Final = 3

_PLAIN: Final = {
    Kind.TERMINATING: "being deleted",
    Kind.NOT_READY: "not ready",
    Kind.NO_GATEWAY: "without a gateway address",
    Kind.POOLS_UNKNOWN: "without published node pools",
    Kind.NO_NODE_POOLS: "without GPU node pools",
}


def describe(rejection: UnschedulableReason) -> str:
    """Put a rejection into words for one cluster, as a phrase without the cluster's name."""
    match rejection:
        case NotSelected(labels=labels):
            return f"not selected (lacks {_labels(labels)})" if labels else "not selected"
        case ReservedNamespace() | NotPermitted():
            return _barred(rejection)
        case Tainted(key=key, effect=effect):
            return f"tainted {key}:{effect}" if effect else f"tainted {key}"
        case BackedOff(pool=pool, until=until):
            return f"left a moment ago (pool {pool}{f', not before {until}' if until else ''})"
        case NotEnoughNodes(pool=pool, needed=needed, free=free, engine=engine):
            return f"needs {plural(needed, 'free node')} in pool {pool}{_for(engine)} ({max(free, 0)} free)"
        case EnginesTooLarge(needed=needed, free=free):
            return f"too small for all engines at once ({plural(needed, 'node')} needed, {free} free)"
        case TooComplex() | CountTooSmall() | SyntheticOnly() | NoDevice():
            return _misfit(rejection)
        case _:
            return _PLAIN[rejection.kind]


def _barred(rejection: ReservedNamespace | NotPermitted) -> str:
    if isinstance(rejection, ReservedNamespace):
        return f"with namespace {rejection.namespace} reserved"
    return f"without permission for {few(rejection.keys)}"


def few(keys: tuple[str, ...]) -> str:
    """List the first few of what may be many."""
    more = f" and {len(keys) - _FEW} more" if len(keys) > _FEW else ""
    return ", ".join(keys[:_FEW]) + more


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    """Write labels as kubectl's selectors do."""
    return ",".join(f"{key}={value}" for key, value in labels)


def _for(engine: str) -> str:
    return f" for engine {engine}" if engine else ""


def _misfit(rejection: TooComplex | CountTooSmall | SyntheticOnly | NoDevice) -> str:
    match rejection:
        case TooComplex(engines=0):
            figures = f"{plural(rejection.requests, 'request')} of a pod over {rejection.places} kinds of devices"
            return f"too complex to match{_for(rejection.engine)} ({figures})"
        case TooComplex():
            return f"too complex to place ({plural(rejection.engines, 'engine')} over {rejection.places} node pools)"
        case CountTooSmall():
            return _count_too_small(rejection)
        case SyntheticOnly(engine=engine):
            return f"nothing to claim{_for(engine)} (only synthetic devices match)"
        case NoDevice():
            return _no_device(rejection)


def _count_too_small(rejection: CountTooSmall) -> str:
    engine = f" of engine {rejection.engine}" if rejection.engine else ""
    beside = " beside other requests" if rejection.shared else ""
    figures = f"({rejection.needed} needed{beside}, a node has at most {rejection.available} of a kind)"
    return f"too few devices for request {rejection.request}{engine} {figures}"


def _no_device(rejection: NoDevice) -> str:
    number = rejection.selector + 1
    if rejection.false and rejection.errors:
        why = f"selector {number} false on {plural(rejection.false, 'device')}, error on {rejection.errors}"
    elif rejection.errors:
        why = f"selector {number} error on {plural(rejection.errors, 'device')}"
    elif rejection.false:
        why = f"selector {number} false on {plural(rejection.false, 'device')}"
    else:
        why = "no devices"
    engine = f" of engine {rejection.engine}" if rejection.engine else ""
    error = f": {rejection.error}" if rejection.error else ""
    return f"no device for request {rejection.request}{engine} ({why}{error})"
