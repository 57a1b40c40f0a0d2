"""Kinds of others that the composers compose on the control plane, and who serves each.

A kind that is missing here would be composed and then refused: by the API server, which does not
serve a managed resource until it is activated, or by its access control.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from function.api.kinds import KINDS
from function.composers import COMPOSERS
from function.composition import Composer, objects, releases, usages
from function.routing import gateway_api
from function.routing.gateways import metallb

USAGES: Final = usages.API_VERSION


class ServedBy(Enum):
    """Who serves a kind, which decides what must be done before it can be composed."""

    MANAGED = "a provider, as a managed resource: served once the activation policy names it"
    PROVIDER = "a provider, as its own configuration: always served, never activated"
    CROSSPLANE = "Crossplane itself, whose own role covers it"
    KUBERNETES = "every API server"
    GATEWAY_API = "the Gateway API's definitions, which an administrator installs before"
    CHART = "a chart that an InferenceGateway installs"


@dataclass(frozen=True, slots=True)
class Composed:
    """A kind of others that is composed.

    Attributes:
        api_version: As it is composed.
        kind: The kind.
        plural: Plural name, as in the API's paths.
        served_by: Who serves it.
    """

    api_version: str
    kind: str
    plural: str
    served_by: ServedBy

    @property
    def group(self) -> str:
        """The API group; empty for the core kinds."""
        return self.api_version.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Name of the kind's definition: plural and group."""
        return f"{self.plural}.{self.group}"

    @property
    def granted(self) -> bool:
        """Whether Crossplane needs our role for it: its own and its RBAC manager's cover the rest."""
        return self.served_by in {ServedBy.KUBERNETES, ServedBy.GATEWAY_API, ServedBy.CHART}


COMPOSED: Final[tuple[Composed, ...]] = (
    Composed(releases.API_VERSION, "ProviderConfig", "providerconfigs", ServedBy.PROVIDER),
    Composed(releases.API_VERSION, "Release", "releases", ServedBy.MANAGED),
    Composed(objects.API_VERSION, "ClusterProviderConfig", "clusterproviderconfigs", ServedBy.PROVIDER),
    Composed(objects.API_VERSION, "Object", "objects", ServedBy.MANAGED),
    Composed(objects.API_VERSION, "ObservedObjectCollection", "observedobjectcollections", ServedBy.MANAGED),
    Composed(objects.API_VERSION, "ProviderConfig", "providerconfigs", ServedBy.PROVIDER),
    Composed(USAGES, "ClusterUsage", "clusterusages", ServedBy.CROSSPLANE),
    Composed(USAGES, "Usage", "usages", ServedBy.CROSSPLANE),
    Composed("v1", "ConfigMap", "configmaps", ServedBy.KUBERNETES),
    Composed("v1", "Namespace", "namespaces", ServedBy.KUBERNETES),
    Composed("v1", "Service", "services", ServedBy.KUBERNETES),
    Composed("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", ServedBy.KUBERNETES),
    Composed(gateway_api.API_VERSION, "BackendTLSPolicy", "backendtlspolicies", ServedBy.GATEWAY_API),
    Composed(gateway_api.API_VERSION, "Gateway", "gateways", ServedBy.GATEWAY_API),
    Composed(gateway_api.API_VERSION, "GatewayClass", "gatewayclasses", ServedBy.GATEWAY_API),
    Composed(gateway_api.API_VERSION, "HTTPRoute", "httproutes", ServedBy.GATEWAY_API),
    Composed(metallb.API_VERSION, "IPAddressPool", "ipaddresspools", ServedBy.CHART),
    Composed(metallb.API_VERSION, "L2Advertisement", "l2advertisements", ServedBy.CHART),
)
"""Every such kind, by who serves it."""

READ_BY_CROSSPLANE: Final = frozenset(
    {("apiextensions.k8s.io/v1", "CustomResourceDefinition"), ("v1", "ConfigMap"), ("v1", "Secret")}
)
"""Kinds that are required without being composed, and that Crossplane's own role lets it read."""


class TableError(Exception):
    """The table and the composers do not agree; the message says where."""


def check(
    composers: Mapping[tuple[str, str], Composer] = COMPOSERS, table: Iterable[Composed] = COMPOSED
) -> tuple[Composed, ...]:
    """Give the table, once it agrees with what the composers declare.

    Raises:
        TableError: When a composer declares a kind that is neither ours nor in the table, or when
            the table has a kind that no composer declares.
    """
    rows = tuple(table)
    ours = {kind.kind for kind in KINDS}
    declared = {
        kind: f"{composer.kind} composes {name} of kind {kind}"
        for composer in composers.values()
        for name, kind in composer.children.items()
    }
    known = {row.kind for row in rows}
    missing = sorted(declaration for kind, declaration in declared.items() if kind not in ours | known)
    if missing:
        raise TableError(f"not in function/packages/composed.py: {'; '.join(missing)}; add the kind with who serves it")
    unused = sorted(row.name for row in rows if row.kind not in declared)
    if unused:
        raise TableError(f"in function/packages/composed.py, but composed by nothing: {', '.join(unused)}; remove it")
    return rows
