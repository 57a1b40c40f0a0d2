"""The pools that a cluster publishes: its node pools, with what their classes say about a node.

A class is needed to publish a pool, never to keep one: a pool that is published already stays
as it is while its class is missing or cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pydantic import ValidationError

from function.api.inference_class import InferenceClassSpec
from function.api.node_pools import NodePool
from function.api.nodes import NodeShape
from function.composition import Manifest, Object, Required, unstructured
from function.inventory.reserve import default_texts, read_quantity


@dataclass(frozen=True, slots=True)
class PoolFault:
    """A node pool whose class is of no use.

    Attributes:
        reason: `InputMissing` or `InputInvalid`.
        message: What is wrong with which class, and what became of the pool.
        published: Whether the pool stays as it was published; otherwise it is left out.
    """

    reason: str
    message: str
    published: bool


@dataclass(frozen=True, slots=True)
class Pools:
    """What a cluster publishes about its pools.

    Attributes:
        published: The pools, in the order of the spec.
        faults: The pools whose classes are of no use.
    """

    published: tuple[Manifest, ...]
    faults: tuple[PoolFault, ...]

    @property
    def nodes(self) -> int:
        """How many nodes the pools can have together."""
        return sum(max(unstructured.integer(pool, "nodes"), 0) for pool in self.published)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Why pools are left out."""
        return tuple(fault.message for fault in self.faults if not fault.published)


def publish_pools(pools: Iterable[NodePool], classes: Mapping[str, Required], status: Object) -> Pools:
    """Work out what a cluster publishes about its pools.

    Args:
        pools: The node pools of the spec.
        classes: The answer to the requirement of each class.
        status: The cluster's status as last published.
    """
    specs = {name: _read(name, required) for name, required in classes.items()}
    published: list[Manifest] = []
    faults: list[PoolFault] = []
    for pool in pools:
        spec = specs[pool.class_name]
        if isinstance(spec, InferenceClassSpec):
            published.append(_published(pool, spec))
            continue
        reason, problem = spec
        before = _before(status, pool)
        if before is None:
            message = f"{problem}; node pool {pool.name} is not published until it can be"
        else:
            published.append(dict(before))
            message = f"{problem}; node pool {pool.name} stays as it was published"
        faults.append(PoolFault(reason, message, published=before is not None))
    return Pools(tuple(published), tuple(faults))


def _read(name: str, required: Required) -> InferenceClassSpec | tuple[str, str]:
    """A class's spec, or the reason and the problem when it is of no use."""
    if required.first is None:
        return "InputMissing", f"InferenceClass {name} does not exist"
    try:
        spec = InferenceClassSpec.model_validate(unstructured.plain(required.first.get("spec")))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(step) for step in ("spec", *first["loc"]))
        return "InputInvalid", f"InferenceClass {name} cannot be read: {path}: {first['msg']}"
    if not spec.devices:
        return "InputInvalid", f"InferenceClass {name} cannot be read: spec.devices: it has none"
    return spec


def _published(pool: NodePool, spec: InferenceClassSpec) -> Manifest:
    return {
        "name": pool.name,
        "className": pool.class_name,
        "nodes": pool.most_nodes,
        "node": _node(spec.node) if spec.node else None,
        "devices": [{**device.plain(), "claim": device.claim, "count": device.count} for device in spec.devices],
    }


def _node(shape: NodeShape) -> Manifest:
    """A node as its class says it, with what is kept by default filled in, so that it can be seen."""
    cpu, memory = (read_quantity(text) or Fraction(0) for text in (shape.cpu, shape.memory))
    kept = {**default_texts(cpu, memory), **(shape.reserved.plain() if shape.reserved else {})}
    return {**shape.plain(), **({"reserved": kept} if kept else {})}


def _before(status: Object, pool: NodePool) -> Object | None:
    """The pool as last published. Its class never changes; an entry without one is of an earlier version."""
    for entry in unstructured.items(status, "gpuPools"):
        if entry.get("name") == pool.name and entry.get("className", pool.class_name) == pool.class_name:
            return entry
    return None
