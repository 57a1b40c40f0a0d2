"""How the place of a running replica differs from what would be chosen now.

A difference is reported and never acted on: a running replica is not moved because a label,
a class or a selector has changed around it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from function.scheduling.reasons import (
    ConstraintUnmet,
    CountTooSmall,
    Denied,
    NoDevice,
    NotSelected,
    SyntheticOnly,
)
from function.selectors.label_requirement import LabelRequirement


class Drift(ABC):
    """One difference between where a replica is and where it would be placed now."""

    __slots__ = ()

    @property
    @abstractmethod
    def phrase(self) -> str:
        """The difference as a phrase, without the replica's and the cluster's name."""


@dataclass(frozen=True, slots=True)
class NoLongerSelected(Drift):
    """The cluster's labels are not those that new replicas ask for."""

    labels: tuple[tuple[str, str], ...]
    expressions: tuple[LabelRequirement, ...] = ()

    @property
    def phrase(self) -> str:
        """The labels."""
        return f"cluster {NotSelected(self.labels, self.expressions).phrase}"


@dataclass(frozen=True, slots=True)
class NoLongerPermitted(Drift):
    """The cluster permits no new replica of the deployment."""

    reason: Denied

    @property
    def phrase(self) -> str:
        """What is not permitted."""
        return f"cluster {self.reason.phrase}"


@dataclass(frozen=True, slots=True)
class PoolGone(Drift):
    """The cluster publishes its pools, and the replica's is not among them."""

    pool: str

    @property
    def phrase(self) -> str:
        """The pool."""
        return f"pool {self.pool} is no longer published"


@dataclass(frozen=True, slots=True)
class PoolNotAssigned(Drift):
    """A member of the engine names no pool."""

    engine: str

    @property
    def phrase(self) -> str:
        """The engine."""
        return f"engine {self.engine} has a member that names no pool"


@dataclass(frozen=True, slots=True)
class PoolNoLongerMatches(Drift):
    """The pool's devices no longer meet what the engine requests."""

    engine: str
    pool: str
    reason: NoDevice | CountTooSmall | ConstraintUnmet | SyntheticOnly

    @property
    def phrase(self) -> str:
        """The pool, the engine and what is missing."""
        return f"pool {self.pool} no longer suits engine {self.engine}: {self.reason.phrase}"


@dataclass(frozen=True, slots=True)
class PlacementDrifted:
    """The replica would not be placed where it is; it stays."""

    details: tuple[Drift, ...]

    @property
    def phrase(self) -> str:
        """All differences."""
        return "; ".join(detail.phrase for detail in self.details)


@dataclass(frozen=True, slots=True)
class DrainBlocked:
    """The cluster asks its replicas to leave by a taint that is not tolerated; the replica stays.

    Attributes:
        key: The taint's key.
    """

    key: str

    @property
    def phrase(self) -> str:
        """The taint."""
        return f"asked to leave by taint {self.key}, and stays because there is no place elsewhere"
