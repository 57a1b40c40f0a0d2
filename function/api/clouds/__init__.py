"""The clouds that clusters come from: everything that Modelplane knows of a cloud, in one module for each.

The schemas, the rules of admission, access, the serving stack and the packages are made from `CLOUDS`; none of
them names a cloud. docs/recipes/cloud.md says how to add one.
"""

from __future__ import annotations

from typing import Final

from function.api.clouds.aks import AKS
from function.api.clouds.cloud import KUBECONFIG, Cloud, PoolName, PoolTraits, ProviderPackage, SecretField
from function.api.clouds.eks import EKS
from function.api.clouds.gke import GKE
from function.api.clouds.nebius import NEBIUS
from function.api.clouds.vultr import VULTR

__all__ = [
    "AKS",
    "CLOUDS",
    "EKS",
    "GKE",
    "KUBECONFIG",
    "NEBIUS",
    "VULTR",
    "Cloud",
    "PoolName",
    "PoolTraits",
    "ProviderPackage",
    "SecretField",
]

CLOUDS: Final[tuple[Cloud, ...]] = (
    GKE,
    EKS,
    AKS,
    NEBIUS,
    VULTR,
)
"""Every cloud, in the order in which schemas and messages name them."""
