"""Credentials: which Secrets reach a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from function.api.base import Model, Text, length
from function.api.clouds import CLOUDS, GKE, KUBECONFIG
from function.api.references import ObjectName

_IDENTITIES: Final = tuple(cloud.identity for cloud in CLOUDS if cloud.identity)

if TYPE_CHECKING:
    IdentityType: TypeAlias = str
    SecretType: TypeAlias = str
else:
    IdentityType = Literal[_IDENTITIES]
    SecretType = Literal[(KUBECONFIG, *_IDENTITIES)]

SecretKey: TypeAlias = Annotated[Text, length(1, 253)]
"""A key in a Secret's data."""


class KubeconfigSecret(Model):
    """A Secret in `modelplane-system` that holds a kubeconfig."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKey = "kubeconfig"
    """Key of the kubeconfig in the Secret."""


class IdentitySecret(Model):
    """A Secret in `modelplane-system` that holds a cloud identity."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKey = "private_key"
    """Key of the identity in the Secret."""

    type: IdentityType = GKE.identity
    """What kind of identity it is."""


class CertificateAuthoritySecret(Model):
    """A Secret in the same namespace that holds the certificates of an authority."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKey = "ca.crt"
    """Key of the certificates, in PEM, in the Secret."""


class ClusterSecret(Model):
    """A Secret that the serving stack uses to reach its cluster."""

    type: SecretType
    """What the Secret holds. The first entry that is no Kubeconfig is the cloud identity."""

    name: Annotated[Text, length(None, 253)]
    """Name of the Secret."""

    key: Annotated[Text, length(None, 253)]
    """Key in the Secret."""

    namespace: Annotated[Text, length(None, 253)] = ""
    """Namespace of the Secret when it is not the stack's own; only for an identity."""
