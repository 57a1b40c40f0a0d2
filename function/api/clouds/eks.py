"""Amazon Elastic Kubernetes Service."""

from __future__ import annotations

from typing import Final

from function.api.base import Model
from function.api.clouds.cloud import Cloud, PoolTraits, ProviderPackage
from function.api.clouds.fields import Accelerator, DiskSize, KubernetesVersion, ProviderCredentials, Region, Shape

_FAMILY: Final = "v2.6.0"
"""The packages of a provider family fit together in one version only."""


class EKSSource(Model):
    """A cluster of Amazon Elastic Kubernetes Service."""

    region: Region
    """Region of the cluster."""

    kubernetes_version: KubernetesVersion = "1.36"
    """Version of Kubernetes."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class EKSNodes(Model):
    """How Amazon Elastic Kubernetes Service makes such nodes."""

    instance_type: Shape
    """Instance type."""

    disk_size_gb: DiskSize = 100
    """Size of the boot disk in GB."""

    accelerator: Accelerator
    """Accelerators of a node."""


EKS: Final = Cloud(
    name="EKS",
    block="eks",
    cluster=EKSSource,
    nodes=EKSNodes,
    pools=PoolTraits(zones_required=True, capacity_blocks=True, efa=True),
    identity="AWSWebIdentityCredentials",
    pod_domains=("amazonaws.com",),
    providers=(
        ProviderPackage("provider-aws-ec2", _FAMILY, ("ec2.aws.m.upbound.io",)),
        ProviderPackage("provider-aws-efs", _FAMILY, ("efs.aws.m.upbound.io",)),
        ProviderPackage("provider-aws-eks", _FAMILY, ("eks.aws.m.upbound.io",)),
        ProviderPackage("provider-aws-iam", _FAMILY, ("iam.aws.m.upbound.io",)),
    ),
)
