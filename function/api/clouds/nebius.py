"""Nebius. The provider config's project says where a cluster is, so its description may be empty."""

from __future__ import annotations

from typing import Final

from function.api.base import Model
from function.api.clouds.cloud import Cloud, PoolTraits, ProviderPackage
from function.api.clouds.fields import Accelerator, DiskSize, KubernetesVersion, ProviderCredentials, Shape


class NebiusSource(Model):
    """A Nebius cluster; may be empty."""

    kubernetes_version: KubernetesVersion = "1.34"
    """Version of Kubernetes."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


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


NEBIUS: Final = Cloud(
    name="Nebius",
    block="nebius",
    cluster=NebiusSource,
    nodes=NebiusNodes,
    pools=PoolTraits(maximum_required=True, infiniband=True, infiniband_fabric=True),
    identity="NebiusServiceAccountCredentials",
    pod_domains=("nebius.com",),
    providers=(
        ProviderPackage(
            "provider-nebius",
            "v1.0.1",
            ("compute.nebius.m.upbound.io", "mk8s.nebius.m.upbound.io", "vpc.nebius.m.upbound.io"),
        ),
    ),
)
