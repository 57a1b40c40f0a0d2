"""Nodes: what one node of a pool has beside its devices."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from function.api import patterns
from function.api.base import Model, Text, length, matches
from function.api.taints import TAINTS, NodeTaint

Quantity: TypeAlias = Annotated[Text, length(1, 32), matches(patterns.QUANTITY)]
"""A Kubernetes quantity, written as a text."""


class NodeShape(Model):
    """What one node offers to pods."""

    cpu: Quantity = ""
    """Processors that pods can request on a node."""

    memory: Quantity = ""
    """Memory that pods can request on a node."""

    taints: Annotated[tuple[NodeTaint, ...], TAINTS] = ()
    """Taints that the nodes carry; pods placed on them tolerate these."""
