"""How many nodes a ModelReplica takes of its cluster's node pools: the one place that has the rule.

Nodes are counted whole, and only for members that claim devices: each pod of theirs has a node of its own. A Worker
has as many pods as it says, every other member has one, and an engine has all of them so many times over as it has
copies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from function.api.engines import AnyMember, Role
from function.composition import Manifest, Object, unstructured


def pods_per_copy(member: AnyMember) -> int:
    """Count the pods of a member in one copy of its engine."""
    return _pods(member.role, member.worker.nodes if member.worker else 1)


def nodes_by_pool(replica: Object) -> Iterator[tuple[str, int]]:
    """Pool and nodes for each member that claims devices; several entries for a pool add up.

    What cannot be read takes nothing.
    """
    for engine in unstructured.items(replica, "spec", "engines"):
        for member in unstructured.items(engine, "members"):
            taken = nodes_of_member(engine, member)
            if taken is not None:
                yield taken


def nodes_of_member(engine: Object, member: Object) -> tuple[str, int] | None:
    """Pool and nodes for one member of an engine; None when it takes nothing."""
    pool = unstructured.text(member, "nodePoolName")
    if not pool or not unstructured.is_set(member, "deviceRequests"):
        return None
    workers = unstructured.integer(member, "worker", "nodes", default=1)
    pods = _pods(unstructured.text(member, "role"), workers)
    return pool, max(unstructured.integer(engine, "copies", default=1), 1) * pods


def with_counts(pools: Iterable[Manifest], replicas: Iterable[Object]) -> list[Manifest]:
    """Add to published pools how many of their nodes are taken, and how many are left.

    Args:
        pools: What a cluster publishes of its pools.
        replicas: Every ModelReplica on the cluster; one being deleted takes its nodes until it is gone.
    """
    taken: Counter[str] = Counter()
    for replica in replicas:
        for name, nodes in nodes_by_pool(replica):
            taken[name] += nodes
    return [_counted(pool, taken[unstructured.text(pool, "name")]) for pool in pools]


def _counted(pool: Manifest, taken: int) -> Manifest:
    left = max(unstructured.integer(pool, "nodes") - taken, 0)
    return {**pool, "committedNodes": taken, "freeNodes": left}


def _pods(role: str, workers: int) -> int:
    return max(workers, 1) if role == Role.WORKER else 1
