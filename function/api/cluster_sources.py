"""Sources of inference clusters: a cloud that makes one, or one that exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import Field

from function.api.base import Model, Rule, Text, immutable, length
from function.api.clouds import CLOUDS, KUBECONFIG, Cloud, SecretField
from function.api.clouds.fields import INSTEAD, with_blocks
from function.api.credentials import KubeconfigSecret
from function.api.identities import AmbientIdentity, ClusterIdentity, IdentityKeyRef, IdentitySecret


class CacheStorage(Model):
    """Where model weights are cached."""

    storage_class_name: Annotated[Text, length(1, 253)] = ""
    """A storage class for volumes that many nodes mount; without it no model is cached here."""


class ExistingCluster(Model):
    """A cluster that exists."""

    RULES = (
        Rule(
            "!(has(self.identity) && has(self.identitySecretRef))",
            "identity and identitySecretRef are two ways to say the same: write one of them",
        ),
    )

    secret_ref: KubeconfigSecret
    """The cluster's kubeconfig."""

    identity_secret_ref: IdentitySecret | None = None
    """A cloud identity in a Secret, for a kubeconfig that needs one."""

    identity: ClusterIdentity | None = None
    """An identity from anywhere, for a kubeconfig that needs one."""

    cache: CacheStorage = Field(default_factory=CacheStorage)
    """Where model weights are cached."""


def _secrets(existing: ExistingCluster) -> Iterator[SecretField]:
    """The identity comes first, since the first that cannot be used is the one that is reported."""
    secret, identity, kubeconfig = existing.identity_secret_ref, existing.identity, existing.secret_ref
    if secret:
        yield SecretField("identitySecretRef", secret.type, secret.name, secret.key)
    if identity and identity.ambient is None:
        reference = identity.secret_ref or IdentityKeyRef(name="")
        yield SecretField("identity.secretRef", identity.type, reference.name, reference.key, reference.namespace)
    yield SecretField("secretRef", KUBECONFIG, kubeconfig.name, kubeconfig.key)


def _ambient_identity(existing: ExistingCluster) -> AmbientIdentity | None:
    return existing.identity.ambient if existing.identity else None


def _cache_storage_class(existing: ExistingCluster) -> str:
    return existing.cache.storage_class_name


EXISTING: Final = Cloud(
    name="Existing",
    block="existing",
    cluster=ExistingCluster,
    secrets=_secrets,
    ambient_identity=_ambient_identity,
    cache_storage_class=_cache_storage_class,
)
"""The source that is no cloud: it makes neither clusters nor nodes."""

SOURCES: Final[tuple[Cloud, ...]] = (*CLOUDS, EXISTING)
"""Every source, in the order in which messages name them."""

_FIELDS: Final = (EXISTING, *CLOUDS)
"""The same in the order of the fields."""

_BY_NAME: Final = {source.name: source for source in SOURCES}

if TYPE_CHECKING:
    SourceName: TypeAlias = str
else:
    SourceName = Literal[tuple(_BY_NAME)]


class ChosenSource(Model):
    """Where the cluster comes from; blocks of other sources are ignored."""

    RULES = tuple(
        Rule(
            f"self.source != '{source.name}' || has(self.{source.block})",
            f"cluster.{source.block} is required for source {source.name}",
        )
        for source in _FIELDS
    )

    source: Annotated[SourceName, immutable("the source of a cluster", INSTEAD)]
    """The cloud that makes the cluster, or Existing."""

    @property
    def cloud(self) -> Cloud:
        """The source that is chosen."""
        return _BY_NAME[self.source]

    @property
    def block(self) -> Model | None:
        """How the chosen source describes the cluster; None when it does not."""
        block: Model | None = getattr(self, self.cloud.block)
        return block


if TYPE_CHECKING:
    ClusterSource: TypeAlias = ChosenSource
else:
    ClusterSource = with_blocks(ChosenSource, {source.block: source.cluster for source in _FIELDS})
