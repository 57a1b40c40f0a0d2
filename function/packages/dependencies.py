"""The providers whose kinds may be composed, with the versions that Modelplane was made for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.api.clouds import CLOUDS, ProviderPackage
from function.packages.composed import Composed, ServedBy

HELM: Final = ProviderPackage("provider-helm", "v1.4.0", ("helm.m.crossplane.io",))
KUBERNETES: Final = ProviderPackage("provider-kubernetes", "v1.3.0", ("kubernetes.m.crossplane.io",))


PROVIDERS: Final[tuple[ProviderPackage, ...]] = (
    HELM,
    KUBERNETES,
    *sorted((provider for cloud in CLOUDS for provider in cloud.providers), key=lambda provider: provider.name),
)
"""Every provider of the product; a version that composes nothing of one does not depend on it."""


class NoProviderError(Exception):
    """A kind that a provider should serve belongs to none that is known."""


def needed(composed: Iterable[Composed]) -> tuple[ProviderPackage, ...]:
    """Choose the providers that serve what is composed, so that nobody runs one for nothing.

    Raises:
        NoProviderError: When a managed resource belongs to no provider of the table.
    """
    groups = {row.group for row in composed if row.served_by in {ServedBy.MANAGED, ServedBy.PROVIDER}}
    unserved = sorted(groups - {group for provider in PROVIDERS for group in provider.groups})
    if unserved:
        names = ", ".join(unserved)
        raise NoProviderError(
            f"neither a cloud nor function/packages/dependencies.py has a provider that serves {names}"
        )
    return tuple(provider for provider in PROVIDERS if groups & set(provider.groups))
