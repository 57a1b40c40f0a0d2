"""What the serving stack's pods tolerate: a cluster may have no node without a taint of some pool.

A toleration that the stack has once stays. Taking one away would change every chart of the stack, and could move
pods that run on nodes which still have the taint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from function.composition import Manifest, unstructured

MOST: Final = 64
"""The most tolerations of a stack, as its schema has it."""

_KEEPS_OUT: Final = frozenset({"NoSchedule", "NoExecute"})


def stack_tolerations(pools: Iterable[Mapping[str, Any]], before: Iterable[Mapping[str, Any]]) -> list[Manifest]:
    """Tolerate what keeps pods from the nodes of pools, and what was tolerated before, in a fixed order.

    Args:
        pools: Pools as an InferenceCluster publishes them.
        before: What the stack tolerates now; the first to be left out when there are too many.
    """
    now = sorted(_of_pools(pools), key=_order)
    stay = sorted((dict(found) for found in before if found not in now), key=_order)
    return sorted((*now, *stay)[:MOST], key=_order)


def _of_pools(pools: Iterable[Mapping[str, Any]]) -> list[Manifest]:
    found: list[Manifest] = []
    for taint in (taint for pool in pools for taint in unstructured.items(pool, "node", "taints")):
        key, value = unstructured.text(taint, "key"), unstructured.text(taint, "value")
        effect = unstructured.text(taint, "effect")
        matching = {"operator": "Equal", "value": value} if value else {"operator": "Exists"}
        toleration = {"key": key, **matching, "effect": effect}
        if key and effect in _KEEPS_OUT and toleration not in found:
            found.append(toleration)
    return found


def _order(toleration: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(unstructured.text(toleration, field) for field in ("key", "effect", "operator", "value"))
