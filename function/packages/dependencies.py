"""The providers whose kinds may be composed, with the versions that Modelplane was made for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from function.packages.composed import Composed, Server

PUBLISHER: Final = "xpkg.upbound.io/upbound"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's package.

    Attributes:
        name: Name of the package.
        version: The one version that is asked for.
        groups: API groups that it serves and that Modelplane knows.
    """

    name: str
    version: str
    groups: tuple[str, ...]

    @property
    def package(self) -> str:
        """Where the package is, without its version."""
        return f"{PUBLISHER}/{self.name}"


HELM: Final = Provider("provider-helm", "v1.4.0", ("helm.m.crossplane.io",))
KUBERNETES: Final = Provider("provider-kubernetes", "v1.3.0", ("kubernetes.m.crossplane.io",))

PROVIDERS: Final[tuple[Provider, ...]] = (
    HELM,
    KUBERNETES,
    Provider("provider-aws-ec2", "v2.6.0", ("ec2.aws.m.upbound.io",)),
    Provider("provider-aws-efs", "v2.6.0", ("efs.aws.m.upbound.io",)),
    Provider("provider-aws-eks", "v2.6.0", ("eks.aws.m.upbound.io",)),
    Provider("provider-aws-iam", "v2.6.0", ("iam.aws.m.upbound.io",)),
    Provider("provider-azure-containerservice", "v2.6.0", ("containerservice.azure.m.upbound.io",)),
    Provider("provider-azure-network", "v2.6.0", ("network.azure.m.upbound.io",)),
    Provider("provider-family-azure", "v2.6.0", ("azure.m.upbound.io",)),
    Provider("provider-family-gcp", "v2.6.0", ("gcp.m.upbound.io",)),
    Provider("provider-gcp-cloudplatform", "v2.6.0", ("cloudplatform.gcp.m.upbound.io",)),
    Provider("provider-gcp-compute", "v2.6.0", ("compute.gcp.m.upbound.io",)),
    Provider("provider-gcp-container", "v2.6.0", ("container.gcp.m.upbound.io",)),
    Provider(
        "provider-nebius",
        "v1.0.1",
        ("compute.nebius.m.upbound.io", "mk8s.nebius.m.upbound.io", "vpc.nebius.m.upbound.io"),
    ),
    Provider("provider-vultr", "v1.0.0", ("vke.vultr.m.upbound.io",)),
)
"""Every provider of the product; a version that composes nothing of one does not depend on it."""


class NoProviderError(Exception):
    """A kind that a provider should serve belongs to none that is known."""


def needed(composed: Iterable[Composed]) -> tuple[Provider, ...]:
    """Choose the providers that serve what is composed, so that nobody runs one for nothing.

    Raises:
        NoProviderError: When a managed resource belongs to no provider of the table.
    """
    groups = {row.group for row in composed if row.server in {Server.MANAGED, Server.PROVIDER}}
    homeless = sorted(groups - {group for provider in PROVIDERS for group in provider.groups})
    if homeless:
        raise NoProviderError(f"no provider in function/packages/dependencies.py serves {', '.join(homeless)}")
    return tuple(provider for provider in PROVIDERS if groups & set(provider.groups))
