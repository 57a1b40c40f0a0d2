"""InferenceClass: a kind of node, published by the platform team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from function.api import labels
from function.api.base import Kind, Model, Rule, Text, length
from function.api.clouds import CLOUDS
from function.api.clouds.fields import with_blocks
from function.api.devices import DEVICES, ClassDevice
from function.api.nodes import NodeShape

if TYPE_CHECKING:
    ProviderName: TypeAlias = str
else:
    ProviderName = Literal[tuple(cloud.name for cloud in CLOUDS)]


class ChosenProvider(Model):
    """How clouds make such nodes; several clouds may be described."""

    RULES = tuple(
        Rule(
            f"self.provider != '{cloud.name}' || has(self.{cloud.block})",
            f"provisioning.{cloud.block} is required for provider {cloud.name}",
        )
        for cloud in CLOUDS
    )

    provider: ProviderName
    """The cloud whose description must be present."""


if TYPE_CHECKING:
    Provisioning: TypeAlias = ChosenProvider
else:
    Provisioning = with_blocks(ChosenProvider, {cloud.block: cloud.nodes for cloud in CLOUDS})


class InferenceClassSpec(Model):
    """The hardware of a kind of node."""

    description: Annotated[Text, length(None, 4096)] = ""
    """What the class is, for people."""

    provisioning: Provisioning | None = None
    """How to make such nodes; absent for nodes that exist already."""

    node: NodeShape | None = None
    """What a node has beside its devices."""

    devices: Annotated[tuple[ClassDevice, ...], DEVICES]
    """The devices of a node, which selectors of deployments are matched with."""


INFERENCE_CLASS = Kind(
    group=labels.GROUP,
    kind="InferenceClass",
    plural="inferenceclasses",
    short="icl",
    scope="Cluster",
    about="An InferenceClass publishes a kind of node: its devices, and how a cloud makes it.",
    spec=InferenceClassSpec,
    step="compose-inference-class",
)
