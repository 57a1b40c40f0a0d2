"""A cloud as data: what the API accepts of it, how its clusters are reached, and what must be installed for it.

Everything here is read when the schemas are made, so it may import nothing but the API's building blocks. What is
composed in a cloud is a composer's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from function.api.base import Model, Rule

KUBECONFIG: Final = "Kubeconfig"
"""The type of a Secret that holds a kubeconfig; every other type is an identity of some cloud."""


PUBLISHER: Final = "xpkg.upbound.io/upbound"
"""Where the packages of providers are."""


@dataclass(frozen=True, slots=True)
class PoolName:
    """How a cloud wants node pools to be named.

    Attributes:
        pattern: A regular expression.
        meaning: The same in words, to follow "must be".
    """

    pattern: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolTraits:
    """What node pools on a cloud must and may say.

    Attributes:
        zones_required: Whether every pool names its zones.
        most_zones: The most zones of a pool; 0 for no limit beside the schema's.
        name: How pools are named; None for no limit beside the schema's.
        fewest_nodes: The fewest nodes that a pool can have.
        maximum_required: Whether a pool with `minNodeCount` needs `maxNodeCount`.
        capacity_blocks: Whether pools can use reserved capacity.
        efa: Whether the fabric EFA exists.
        infiniband: Whether the fabric InfiniBand has an effect.
        infiniband_fabric: Whether a pool with InfiniBand names the fabric to join.
        rules: Rules of this cloud alone, over a pool `p`.
    """

    zones_required: bool = False
    most_zones: int = 0
    name: PoolName | None = None
    fewest_nodes: int = 0
    maximum_required: bool = False
    capacity_blocks: bool = False
    efa: bool = False
    infiniband: bool = False
    infiniband_fabric: bool = False
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderPackage:
    """A package of a Crossplane provider.

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


@dataclass(frozen=True, slots=True)
class SecretField:
    """A Secret that reaches a cluster, as the source's block names it.

    Attributes:
        field: The field of the block.
        type: What the Secret holds: a kubeconfig, or a cloud's identity.
        name: Name of the Secret.
        key: Key in the Secret.
        namespace: Its namespace; empty for `modelplane-system`.
    """

    field: str
    type: str
    name: str
    key: str
    namespace: str = ""


def _no_identity(_block: Any) -> None:
    return None


def _no_storage_class(_block: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """A source of clusters.

    Attributes:
        name: The word for it in `spec.cluster.source` and in a class's `provisioning.provider`.
        block: The field that describes a cluster or a node of it.
        cluster: Model of a cluster; its docstring is the field's description.
        nodes: Model of how nodes are made, likewise; None for a source that makes none.
        pools: What node pools must and may say.
        secrets: The Secrets that reach a cluster, from its block; None while clusters of this source are not composed.
        ambient_identity: The identity beside its Secrets that the providers' pods have themselves, from its block.
        cache_storage_class: The storage class for model weights, from the cluster's block; empty for none.
        identity: The type of Secret with an identity that its kubeconfigs may need beside them; empty for none.
        driver_root: Where its nodes have the NVIDIA driver; empty for where the serving stack looks anyway.
        pod_domains: Domains of labels and annotations by which it grants something to the pods that have them.
        providers: The packages that serve its kinds; a version that composes nothing of one does not depend on it.
    """

    name: str
    block: str
    cluster: type[Model]
    nodes: type[Model] | None = None
    pools: PoolTraits = field(default_factory=PoolTraits)
    secrets: Callable[[Any], Iterable[SecretField]] | None = None
    ambient_identity: Callable[[Any], Model | None] = _no_identity
    cache_storage_class: Callable[[Any], str] = _no_storage_class
    identity: str = ""
    driver_root: str = ""
    pod_domains: tuple[str, ...] = ()
    providers: tuple[ProviderPackage, ...] = ()
