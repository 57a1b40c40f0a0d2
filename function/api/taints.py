"""Taints and tolerations: of whole clusters in the fleet, and of nodes within a cluster."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from function.api.base import Limits, Model, Rule, Text, items, length

FleetEffect: TypeAlias = Literal["NoSchedule", "NoExecute"]
NodeEffect: TypeAlias = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
Operator: TypeAlias = Literal["Exists", "Equal"]

TaintKey: TypeAlias = Annotated[Text, length(1, 317)]
OptionalTaintKey: TypeAlias = Annotated[Text, length(None, 317)]
TaintValue: TypeAlias = Annotated[Text, length(None, 253)]


class Taint(Model):
    """Repels deployments from a cluster, unless they tolerate it."""

    key: TaintKey
    """Key of the taint."""

    value: TaintValue = ""
    """Value of the taint."""

    effect: FleetEffect
    """NoSchedule keeps new replicas away; NoExecute also moves those that are there."""


class NodeTaint(Model):
    """A taint that nodes carry."""

    key: TaintKey
    """Key of the taint."""

    value: TaintValue = ""
    """Value of the taint."""

    effect: NodeEffect
    """What the taint does to pods that do not tolerate it."""


EQUAL_NEEDS_KEY = Rule(
    "self.operator != 'Equal' || (has(self.key) && self.key != '')",
    "a toleration with operator Equal, which is the default, needs a key",
)
EXISTS_HAS_NO_VALUE = Rule(
    "self.operator != 'Exists' || !has(self.value)",
    "a toleration with operator Exists must not have a value",
)


class Toleration(Model):
    """Lets a deployment onto clusters that carry a taint."""

    RULES = (EQUAL_NEEDS_KEY, EXISTS_HAS_NO_VALUE)

    key: OptionalTaintKey = ""
    """Key of the taint; with operator Exists and no key every taint is tolerated."""

    operator: Operator = "Equal"
    """Equal compares key and value, Exists only the key."""

    value: TaintValue = ""
    """Value of the taint, for operator Equal."""

    effect: FleetEffect | None = None
    """Effect to tolerate; absent tolerates both."""


class NodeToleration(Model):
    """Lets pods onto nodes that carry a taint."""

    RULES: ClassVar[tuple[Rule, ...]] = (EQUAL_NEEDS_KEY, EXISTS_HAS_NO_VALUE)

    key: OptionalTaintKey = ""
    """Key of the taint; with operator Exists and no key every taint is tolerated."""

    operator: Operator = "Equal"
    """Equal compares key and value, Exists only the key."""

    value: TaintValue = ""
    """Value of the taint, for operator Equal."""

    effect: NodeEffect | None = None
    """Effect to tolerate; absent tolerates all."""


TAINTS: Limits = items(None, 64, keys=("key", "effect"))
"""How lists of taints are bounded: a key may come once with each effect."""

TOLERATIONS: Limits = items(None, 64, type="atomic")
"""How lists of tolerations are bounded."""
