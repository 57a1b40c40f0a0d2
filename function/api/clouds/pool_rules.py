"""Rules of admission that follow from what node pools must and may say on each cloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from function.api.base import Rule
from function.api.clouds.cloud import Cloud


@dataclass(frozen=True, slots=True)
class TraitRule:
    """A rule over every pool `p` on the clouds with a trait; in both texts `{value}` is the trait's value.

    Attributes:
        trait: A field of `PoolTraits`; the rule holds where it is set.
        condition: What a pool must be, in CEL.
        message: What is told otherwise; `{clouds}` are the clouds with the trait.
    """

    trait: str
    condition: str
    message: str


_WITH: Final = (
    TraitRule(
        "zones_required",
        "has(p.zones) && p.zones.size() > 0",
        "zones is required for every node pool on {clouds}",
    ),
    TraitRule(
        "name",
        "p.name.matches('{value.pattern}')",
        "the name of a node pool on {clouds} must be {value.meaning}",
    ),
    TraitRule(
        "most_zones",
        "!has(p.zones) || p.zones.size() <= {value}",
        "a node pool on {clouds} can have at most {value} zones",
    ),
    TraitRule(
        "fewest_nodes",
        "p.nodeCount >= {value} && (!has(p.minNodeCount) || p.minNodeCount >= {value})",
        "nodeCount and minNodeCount must be at least {value} on {clouds}",
    ),
    TraitRule(
        "maximum_required",
        "!has(p.minNodeCount) || has(p.maxNodeCount)",
        "minNodeCount needs maxNodeCount on {clouds}",
    ),
    TraitRule(
        "infiniband_fabric",
        "!has(p.fabric) || p.fabric.type != 'InfiniBand' || has(p.fabric.infiniband)",
        "fabric.infiniband is required on {clouds} for fabric.type InfiniBand",
    ),
)
"""What pools must be where a trait is set."""

_WITHOUT: Final = (
    TraitRule(
        "capacity_blocks",
        "!has(p.capacityBlock)",
        "capacityBlock may be set only on {clouds}",
    ),
    TraitRule(
        "efa",
        "!has(p.fabric) || p.fabric.type != 'EFA'",
        "fabric.type EFA may be set only on {clouds}",
    ),
)
"""What pools must be where a trait is *not* set."""


def pool_rules(sources: Sequence[Cloud]) -> tuple[Rule, ...]:
    """Make the rules over the node pools of an InferenceCluster's spec."""
    return tuple(_rules(sources))


def places(sources: Iterable[Cloud], trait: str) -> str:
    """Name the clouds on which a trait is set, for a sentence."""
    return _listed(source.name for source in sources if getattr(source.pools, trait))


def _rules(sources: Sequence[Cloud]) -> Iterator[Rule]:
    brought = " || ".join(f"self.cluster.source == '{source.name}'" for source in sources if source.nodes is None)
    yield Rule(f"{brought} || has(self.nodePools)", "nodePools is required for a cluster that Modelplane makes")
    for row in _WITH:
        for value in dict.fromkeys(getattr(source.pools, row.trait) for source in sources):
            having = [source for source in sources if getattr(source.pools, row.trait) == value]
            if value:
                yield _rule(row, value, having, having)
    for row in _WITHOUT:
        having = [source for source in sources if getattr(source.pools, row.trait)]
        yield _rule(row, None, [source for source in sources if source not in having], having)
    for source in sources:
        for rule in source.pools.rules:
            yield _each_pool([source], rule.rule, rule.message)


def _rule(row: TraitRule, value: Any, where: Sequence[Cloud], having: Sequence[Cloud]) -> Rule:
    clouds = _listed(source.name for source in having)
    return _each_pool(where, row.condition.format(value=value), row.message.format(value=value, clouds=clouds))


def _each_pool(where: Sequence[Cloud], condition: str, message: str) -> Rule:
    names = ", ".join(f"'{source.name}'" for source in where)
    all_pools = f"self.nodePools.all(p, {condition})"
    return Rule(f"!(self.cluster.source in [{names}]) || !has(self.nodePools) || {all_pools}", message)


def _listed(names: Iterable[str]) -> str:
    *most, last = tuple(names) or ("no cloud",)
    return f"{', '.join(most)} and {last}" if most else last
