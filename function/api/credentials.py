"""Credentials: which Secrets reach a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from function.api.base import Model, Text, length
from function.api.clouds import KUBECONFIG
from function.api.identities import TYPES, SecretKeyName
from function.api.references import ObjectName

if TYPE_CHECKING:
    SecretType: TypeAlias = str
else:
    SecretType = Literal[(KUBECONFIG, *TYPES)]


class KubeconfigSecret(Model):
    """A Secret in `modelplane-system` that holds a kubeconfig."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKeyName = "kubeconfig"
    """Key of the kubeconfig in the Secret."""


class CertificateAuthoritySecret(Model):
    """A Secret in the same namespace that holds the certificates of an authority."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKeyName = "ca.crt"
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
