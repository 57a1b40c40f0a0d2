"""Nodes: what one node of a pool has beside its devices."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from function.api import patterns
from function.api.base import Model, Text, length, matches
from function.api.taints import TAINTS, NodeTaint

Quantity: TypeAlias = Annotated[Text, length(1, 32), matches(patterns.QUANTITY)]
"""A Kubernetes quantity, written as a text."""


class NodeReserve(Model):
    """What of a node is not for the pods of models."""

    cpu: Quantity = ""
    """Processors; without it as many as the large clouds reserve on such a node, and one for daemon sets."""

    memory: Quantity = ""
    """Memory; without it as much as the large clouds reserve on such a node, and 2Gi for daemon sets."""


class NodeShape(Model):
    """What one node has beside its devices."""

    cpu: Quantity = ""
    """Processors of a node, as its cloud or maker states them."""

    memory: Quantity = ""
    """Memory of a node, as its cloud or maker states it."""

    reserved: NodeReserve | None = None
    """What of it kubelet, system and daemon sets keep; pods request their shares of the rest. Without it there is a
    default for each size; zeros say that `cpu` and `memory` are what pods can request."""

    taints: Annotated[tuple[NodeTaint, ...], TAINTS] = ()
    """Taints that the nodes carry; pods placed on them tolerate these."""
