"""Azure Kubernetes Service."""

from __future__ import annotations

from typing import Final

from function.api.base import Model
from function.api.clouds.cloud import Cloud, PoolName, PoolTraits, ProviderPackage
from function.api.clouds.fields import Accelerator, DiskSize, KubernetesVersion, Location, ProviderCredentials, Shape

_FAMILY: Final = "v2.6.0"
"""The packages of a provider family fit together in one version only."""


class AKSSource(Model):
    """A cluster of Azure Kubernetes Service."""

    location: Location
    """Location of the cluster."""

    kubernetes_version: KubernetesVersion = "1.34"
    """Version of Kubernetes."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class AKSNodes(Model):
    """How Azure Kubernetes Service makes such nodes."""

    vm_size: Shape
    """Size of the virtual machine."""

    disk_size_gb: DiskSize = 100
    """Size of the boot disk in GB."""

    accelerator: Accelerator
    """Accelerators of a node."""


AKS: Final = Cloud(
    name="AKS",
    block="aks",
    cluster=AKSSource,
    nodes=AKSNodes,
    pools=PoolTraits(
        name=PoolName("^[a-z][a-z0-9]{0,11}$", "1 to 12 lower case letters and digits, starting with a letter"),
        most_zones=3,
        infiniband=True,
    ),
    pod_domains=("azure.com", "azure.workload.identity"),
    providers=(
        ProviderPackage("provider-azure-containerservice", _FAMILY, ("containerservice.azure.m.upbound.io",)),
        ProviderPackage("provider-azure-network", _FAMILY, ("network.azure.m.upbound.io",)),
        ProviderPackage("provider-family-azure", _FAMILY, ("azure.m.upbound.io",)),
    ),
)
