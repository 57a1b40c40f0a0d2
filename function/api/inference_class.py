"""InferenceClass: a kind of node, published by the platform team."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from function.api import labels
from function.api.base import Integer, Kind, Model, Rule, Text, between, length
from function.api.devices import DEVICES, ClassDevice
from function.api.nodes import NodeShape

Provider: TypeAlias = Literal["GKE", "EKS", "AKS", "Nebius", "Vultr"]
"""Clouds that Modelplane can make clusters in."""

Shape: TypeAlias = Annotated[Text, length(1, 63)]
DiskSize: TypeAlias = Annotated[Integer, between(10, 65536)]


class Accelerator(Model):
    """The accelerators of a node, as the cloud names them."""

    type: Shape
    """Type of the accelerator; becomes a label of the nodes."""

    count: Annotated[Integer, between(1, 16)]
    """Accelerators of a node."""


class GKENodes(Model):
    """How Google Kubernetes Engine makes such nodes."""

    machine_type: Shape
    """Machine type."""

    disk_size_gb: DiskSize = 100
    """Size of the boot disk in GB."""

    accelerator: Accelerator
    """Accelerators of a node."""


class EKSNodes(Model):
    """How Amazon Elastic Kubernetes Service makes such nodes."""

    instance_type: Shape
    """Instance type."""

    disk_size_gb: DiskSize = 100
    """Size of the boot disk in GB."""

    accelerator: Accelerator
    """Accelerators of a node."""


class AKSNodes(Model):
    """How Azure Kubernetes Service makes such nodes."""

    vm_size: Shape
    """Size of the virtual machine."""

    disk_size_gb: DiskSize = 100
    """Size of the boot disk in GB."""

    accelerator: Accelerator
    """Accelerators of a node."""


class NebiusNodes(Model):
    """How Nebius makes such nodes."""

    platform: Shape
    """Platform of the virtual machine."""

    preset: Shape
    """Preset of the platform."""

    disk_size_gb: DiskSize = 100
    """Size of the boot disk in GB."""

    drivers_preset: Shape = "cuda13.0"
    """The NVIDIA driver stack to install."""

    accelerator: Accelerator
    """Accelerators of a node."""


class VultrNodes(Model):
    """How Vultr makes such nodes."""

    plan: Shape
    """Plan of the instance."""

    accelerator: Accelerator
    """Accelerators of a node."""


PROVIDER_BLOCKS: dict[Provider, str] = {
    "GKE": "gke",
    "EKS": "eks",
    "AKS": "aks",
    "Nebius": "nebius",
    "Vultr": "vultr",
}
"""The field that describes a cloud's nodes, by cloud."""


class Provisioning(Model):
    """How clouds make such nodes; several clouds may be described."""

    RULES = tuple(
        Rule(
            f"self.provider != '{provider}' || has(self.{block})",
            f"provisioning.{block} is required for provider {provider}",
        )
        for provider, block in PROVIDER_BLOCKS.items()
    )

    provider: Provider
    """The cloud whose description must be present."""

    gke: GKENodes | None = None
    """How Google Kubernetes Engine makes such nodes."""

    eks: EKSNodes | None = None
    """How Amazon Elastic Kubernetes Service makes such nodes."""

    aks: AKSNodes | None = None
    """How Azure Kubernetes Service makes such nodes."""

    nebius: NebiusNodes | None = None
    """How Nebius makes such nodes."""

    vultr: VultrNodes | None = None
    """How Vultr makes such nodes."""


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
