"""How the place of a running replica differs from what would be chosen now.

A difference is reported and never acted on: a running replica is not moved because a label,
a class or a selector has changed around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from function.scheduling.reasons import (
    CountTooSmall,
    NoDevice,
    NotPermitted,
    NotSelected,
    ReservedNamespace,
    SyntheticOnly,
    describe,
)


@dataclass(frozen=True, slots=True)
class NoLongerSelected:
    """The cluster lacks labels that new replicas ask for."""

    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Barred:
    """The cluster takes no new replica of the deployment."""

    why: NotPermitted | ReservedNamespace


@dataclass(frozen=True, slots=True)
class PoolGone:
    """The cluster publishes its pools, and the replica's is not among them."""

    pool: str


@dataclass(frozen=True, slots=True)
class NotPinned:
    """A member of the engine names no pool."""

    engine: str


@dataclass(frozen=True, slots=True)
class PoolNoLongerMatches:
    """The pool's devices no longer meet what the engine requests."""

    engine: str
    pool: str
    mismatch: NoDevice | CountTooSmall | SyntheticOnly


Drift: TypeAlias = NoLongerSelected | Barred | PoolGone | NotPinned | PoolNoLongerMatches
"""One difference between where a replica is and where it would be placed now."""


@dataclass(frozen=True, slots=True)
class PlacementDrifted:
    """The replica would not be placed where it is; it stays."""

    details: tuple[Drift, ...]


@dataclass(frozen=True, slots=True)
class DrainBlocked:
    """The cluster asks its replicas to leave by a taint that is not tolerated; the replica stays.

    Attributes:
        key: The taint's key.
    """

    key: str


def describe_drift(drift: Drift | PlacementDrifted | DrainBlocked) -> str:
    """Put a difference into words, as a phrase without the replica's and the cluster's name."""
    match drift:
        case NoLongerSelected(labels=labels):
            return f"cluster {describe(NotSelected(labels))}"
        case Barred(why=why):
            return f"cluster {describe(why)}"
        case PoolGone(pool=pool):
            return f"pool {pool} is no longer published"
        case NotPinned(engine=engine):
            return f"engine {engine} has a member that names no pool"
        case PoolNoLongerMatches(engine=engine, pool=pool, mismatch=mismatch):
            return f"pool {pool} no longer suits engine {engine}: {describe(mismatch)}"
        case PlacementDrifted(details=details):
            return "; ".join(describe_drift(detail) for detail in details)
        case DrainBlocked(key=key):
            return f"asked to leave by taint {key}, and stays because there is no place elsewhere"
