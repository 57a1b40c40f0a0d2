"""Vultr Kubernetes Engine."""

from __future__ import annotations

from typing import Final

from function.api.base import Model
from function.api.clouds.cloud import Cloud, PoolTraits, ProviderPackage
from function.api.clouds.fields import Accelerator, KubernetesVersion, ProviderCredentials, Region, Shape


class VultrSource(Model):
    """A cluster of Vultr Kubernetes Engine."""

    region: Region
    """Region of the cluster."""

    kubernetes_version: KubernetesVersion = "v1.36.1+3"
    """Exact version, as Vultr names it."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class VultrNodes(Model):
    """How Vultr makes such nodes."""

    plan: Shape
    """Plan of the instance."""

    accelerator: Accelerator
    """Accelerators of a node."""


VULTR: Final = Cloud(
    name="Vultr",
    block="vultr",
    cluster=VultrSource,
    nodes=VultrNodes,
    pools=PoolTraits(fewest_nodes=1, maximum_required=True),
    pod_domains=("vultr.com",),
    providers=(ProviderPackage("provider-vultr", "v1.0.0", ("vke.vultr.m.upbound.io",)),),
)
