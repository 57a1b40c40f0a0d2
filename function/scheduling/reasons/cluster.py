"""Reasons that lie with a cluster as a whole, whatever is free on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self, TypeAlias

from function.scheduling.reasons.base import UnschedulableReason
from function.scheduling.words import few, label_selector
from function.selectors.label_requirement import LabelRequirement

_SEE_CONDITIONS: Final = "Look at the clusters' conditions."


@dataclass(frozen=True, slots=True)
class NotSelected(UnschedulableReason):
    """The cluster's labels are not those that are asked for; it was not considered.

    Attributes:
        labels: Labels that it lacks.
        expressions: Requirements that its labels do not meet.
    """

    position = 10
    distance = 150
    general = "not selected"
    remedy = "Label a cluster, or ask for other labels."
    considered = False

    labels: tuple[tuple[str, str], ...] = ()
    expressions: tuple[LabelRequirement, ...] = ()

    @property
    def phrase(self) -> str:
        """The labels that are lacking, and the requirements that are not met."""
        lacks = f"lacks {label_selector(self.labels)}" if self.labels else ""
        unmet = f"does not meet {','.join(map(str, self.expressions))}" if self.expressions else ""
        why = "; ".join(filter(None, (lacks, unmet)))
        return f"not selected ({why})" if why else self.general

    @property
    def selector(self) -> str:
        """What was asked for in vain, as kubectl's selectors say it."""
        return ",".join(filter(None, (label_selector(self.labels), *map(str, self.expressions))))

    @property
    def gist(self) -> NotSelected:
        """Clusters that were not selected are one group."""
        return NotSelected()

    @classmethod
    def summarize(cls, alike: Sequence[NotSelected]) -> str:
        """What was asked for, when it is the same for all."""
        asked = {reason.selector for reason in alike}
        selector = asked.pop() if len(asked) == 1 else ""
        return f"not selected ({selector})" if selector else cls.general


@dataclass(frozen=True, slots=True)
class ReservedNamespace(UnschedulableReason):
    """Nothing of the deployment's namespace may be made on the cluster."""

    position = 20
    distance = 60
    general = "with the namespace reserved"
    remedy = "Deploy in another namespace."

    namespace: str

    @property
    def phrase(self) -> str:
        """The namespace."""
        return f"with namespace {self.namespace} reserved"


@dataclass(frozen=True, slots=True)
class NotPermitted(UnschedulableReason):
    """The deployment's pods want what only the cluster's platform team can grant.

    Attributes:
        keys: The labels and annotations that would grant it, and what of the cluster they name, sorted.
        lists: The lists below the cluster's `spec.namespaces` that would permit it.
    """

    position = 30
    distance = 50
    general = "without permission for what the pods ask for"
    remedy = "Remove what grants, or have it added to the lists of the cluster's spec.namespaces."
    grantable = True

    keys: tuple[str, ...]
    lists: tuple[str, ...] = ("podMetadata",)

    @property
    def phrase(self) -> str:
        """The first few keys."""
        return f"without permission for {few(self.keys)}"


@dataclass(frozen=True, slots=True)
class PodsTooPrivileged(UnschedulableReason):
    """The level of pod security that the cluster keeps the namespace to does not admit the deployment's pods.

    Attributes:
        level: The level.
        needed: The strictest level that admits them.
        violations: What is not admitted, one phrase each.
    """

    position = 35
    distance = 45
    general = "with a pod security level that does not admit the pods"
    remedy = "Change the pods, or have a looser level set in the cluster's spec.namespaces."
    grantable = True

    level: str
    needed: str
    violations: tuple[str, ...]

    @property
    def phrase(self) -> str:
        """The level, and the first few of what it does not admit."""
        return f"with pod security {self.level}, which does not admit {few(self.violations)}"


Denied: TypeAlias = ReservedNamespace | NotPermitted | PodsTooPrivileged
"""Why a platform team does not let a cluster take a deployment."""


@dataclass(frozen=True, slots=True)
class Terminating(UnschedulableReason):
    """The cluster is being deleted."""

    position = 40
    distance = 160
    general = "being deleted"
    remedy = ""
    phrase = general


@dataclass(frozen=True, slots=True)
class NotReady(UnschedulableReason):
    """The cluster's Ready condition is not True."""

    position = 50
    distance = 140
    general = "not ready"
    remedy = _SEE_CONDITIONS
    phrase = general


@dataclass(frozen=True, slots=True)
class NoGateway(UnschedulableReason):
    """The cluster has no gateway address yet."""

    position = 60
    distance = 130
    general = "without a gateway address"
    remedy = _SEE_CONDITIONS
    phrase = general


@dataclass(frozen=True, slots=True)
class PoolsUnknown(UnschedulableReason):
    """The cluster has not published its node pools, so nothing is known about them."""

    position = 70
    distance = 120
    general = "without published node pools"
    remedy = _SEE_CONDITIONS
    phrase = general


@dataclass(frozen=True, slots=True)
class NoNodePools(UnschedulableReason):
    """The cluster has no node pools with accelerators."""

    position = 80
    distance = 110
    general = "without GPU node pools"
    remedy = "Add a node pool with an InferenceClass."
    phrase = general


@dataclass(frozen=True, slots=True)
class Tainted(UnschedulableReason):
    """The cluster has a taint that is not tolerated; the first of them."""

    position = 90
    distance = 40
    general = "tainted"
    remedy = "Remove the taint or tolerate it."

    key: str
    effect: str = ""

    @property
    def phrase(self) -> str:
        """The taint as kubectl writes it."""
        return f"tainted {self.key}:{self.effect}" if self.effect else f"tainted {self.key}"

    @property
    def gist(self) -> Self:
        """Effects may differ."""
        return replace(self, effect="")

    @classmethod
    def summarize(cls, alike: Sequence[Self]) -> str:
        """The key alone."""
        return alike[0].gist.phrase


@dataclass(frozen=True, slots=True)
class BackedOff(UnschedulableReason):
    """There is room, in a pool that a replica has left without having served.

    Attributes:
        pool: The pool.
        until: Until when it takes none, as RFC 3339 text.
    """

    position = 100
    distance = 10
    general = "left a moment ago"
    remedy = "Wait; look at why the replica did not serve there if this lasts."

    pool: str
    until: str = ""

    @property
    def phrase(self) -> str:
        """The pool, and when it takes replicas again."""
        return f"left a moment ago (pool {self.pool}{f', not before {self.until}' if self.until else ''})"
