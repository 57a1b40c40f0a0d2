"""Google Kubernetes Engine."""

from __future__ import annotations

from typing import Final

from function.api.base import Model
from function.api.clouds.cloud import Cloud, PoolTraits, ProviderPackage
from function.api.clouds.fields import (
    Accelerator,
    DiskSize,
    KubernetesVersion,
    Project,
    ProviderCredentials,
    Region,
    Shape,
)

_FAMILY: Final = "v2.6.0"
"""The packages of a provider family fit together in one version only."""


class GKESource(Model):
    """A cluster of Google Kubernetes Engine."""

    region: Region
    """Region of the cluster."""

    project: Project = ""
    """Project of the cluster; without it, the provider config's."""

    kubernetes_version: KubernetesVersion = "1.35"
    """Version of Kubernetes."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class GKENodes(Model):
    """How Google Kubernetes Engine makes such nodes."""

    machine_type: Shape
    """Machine type."""

    disk_size_gb: DiskSize = 100
    """Size of the boot disk in GB."""

    accelerator: Accelerator
    """Accelerators of a node."""


GKE: Final = Cloud(
    name="GKE",
    block="gke",
    cluster=GKESource,
    nodes=GKENodes,
    pools=PoolTraits(zones_required=True),
    identity="GoogleApplicationCredentials",
    driver_root="/home/kubernetes/bin/nvidia",
    pod_domains=("gke.io", "google.com", "googleapis.com", "gke-gcsfuse"),
    providers=(
        ProviderPackage("provider-family-gcp", _FAMILY, ("gcp.m.upbound.io",)),
        ProviderPackage("provider-gcp-cloudplatform", _FAMILY, ("cloudplatform.gcp.m.upbound.io",)),
        ProviderPackage("provider-gcp-compute", _FAMILY, ("compute.gcp.m.upbound.io",)),
        ProviderPackage("provider-gcp-container", _FAMILY, ("container.gcp.m.upbound.io",)),
    ),
)
