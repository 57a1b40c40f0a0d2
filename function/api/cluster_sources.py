"""Sources of inference clusters: a cloud that makes one, or one that exists."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api.base import Model, Rule, Text, immutable, length
from function.api.credentials import IdentitySecret, KubeconfigSecret, ProviderCredentials

Source: TypeAlias = Literal["GKE", "EKS", "AKS", "Nebius", "Vultr", "Existing"]

_INSTEAD = "make another InferenceCluster"

Region: TypeAlias = Annotated[Text, length(1, 32), immutable("the region of a cluster", _INSTEAD)]
Location: TypeAlias = Annotated[Text, length(1, 32), immutable("the location of a cluster", _INSTEAD)]
Project: TypeAlias = Annotated[Text, length(1, 63), immutable("the project of a cluster", _INSTEAD)]
KubernetesVersion: TypeAlias = Annotated[Text, length(1, 16)]

SOURCE_BLOCKS: dict[Source, str] = {
    "Existing": "existing",
    "GKE": "gke",
    "EKS": "eks",
    "AKS": "aks",
    "Nebius": "nebius",
    "Vultr": "vultr",
}
"""The field that describes a cluster, by source."""


class CacheStorage(Model):
    """Where model weights are cached."""

    storage_class_name: Annotated[Text, length(1, 253)] = ""
    """A storage class for volumes that many nodes mount; without it no model is cached here."""


class ExistingCluster(Model):
    """A cluster that exists."""

    secret_ref: KubeconfigSecret
    """The cluster's kubeconfig."""

    identity_secret_ref: IdentitySecret | None = None
    """A cloud identity, for a kubeconfig that needs one."""

    cache: CacheStorage = Field(default_factory=CacheStorage)
    """Where model weights are cached."""


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


class EKSSource(Model):
    """A cluster of Amazon Elastic Kubernetes Service."""

    region: Region
    """Region of the cluster."""

    kubernetes_version: KubernetesVersion = "1.36"
    """Version of Kubernetes."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class AKSSource(Model):
    """A cluster of Azure Kubernetes Service."""

    location: Location
    """Location of the cluster."""

    kubernetes_version: KubernetesVersion = "1.34"
    """Version of Kubernetes."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class NebiusSource(Model):
    """A Nebius cluster; the provider config's project says where."""

    kubernetes_version: KubernetesVersion = "1.34"
    """Version of Kubernetes."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class VultrSource(Model):
    """A cluster of Vultr Kubernetes Engine."""

    region: Region
    """Region of the cluster."""

    kubernetes_version: KubernetesVersion = "v1.36.1+3"
    """Exact version, as Vultr names it."""

    credentials: ProviderCredentials | None = None
    """The provider config to use."""


class ClusterSource(Model):
    """Where the cluster comes from; blocks of other sources are ignored."""

    RULES = tuple(
        Rule(
            f"self.source != '{source}' || has(self.{block})",
            f"cluster.{block} is required for source {source}",
        )
        for source, block in SOURCE_BLOCKS.items()
    )

    source: Annotated[Source, immutable("the source of a cluster", _INSTEAD)]
    """The cloud that makes the cluster, or Existing."""

    existing: ExistingCluster | None = None
    """A cluster that exists."""

    gke: GKESource | None = None
    """A cluster of Google Kubernetes Engine."""

    eks: EKSSource | None = None
    """A cluster of Amazon Elastic Kubernetes Service."""

    aks: AKSSource | None = None
    """A cluster of Azure Kubernetes Service."""

    nebius: NebiusSource | None = None
    """A Nebius cluster; may be empty."""

    vultr: VultrSource | None = None
    """A cluster of Vultr Kubernetes Engine."""
