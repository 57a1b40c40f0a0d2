"""How a cluster is reached: the Secret of its kubeconfig, and that of a cloud identity if it needs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from function.api.cluster_sources import ExistingCluster
from function.api.credentials import ClusterSecret
from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest

KUBECONFIG: Final = "Kubeconfig"


class UnusableSecretsError(Exception):
    """No cluster can be reached with these Secrets; the text names the field."""


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One key of one Secret.

    Attributes:
        type: What it holds: a kubeconfig, or a kind of cloud identity.
        namespace: Namespace of the Secret.
        name: Name of the Secret.
        key: The key.
    """

    type: str
    namespace: str
    name: str
    key: str

    @property
    def reference(self) -> Manifest:
        """The reference of a provider config to it."""
        return {"namespace": self.namespace, "name": self.name, "key": self.key}


@dataclass(frozen=True, slots=True)
class Access:
    """What reaches a cluster.

    Attributes:
        kubeconfig: The kubeconfig.
        identity: A cloud identity; None when the kubeconfig needs none.
    """

    kubeconfig: SecretKey
    identity: SecretKey | None = None

    def provider_config_spec(self) -> Manifest:
        """The spec of a provider config, which is the same for provider-kubernetes and provider-helm."""
        spec: Manifest = {"credentials": {"source": "Secret", "secretRef": self.kubeconfig.reference}}
        if self.identity:
            spec["identity"] = {
                "type": self.identity.type,
                "source": "Secret",
                "secretRef": self.identity.reference,
            }
        return spec

    def secrets(self) -> list[Manifest]:
        """The secrets of a ServingStack in the namespace of the kubeconfig."""
        both = [self.kubeconfig, self.identity] if self.identity else [self.kubeconfig]
        home = self.kubeconfig.namespace
        return [
            {
                "type": one.type,
                "name": one.name,
                "key": one.key,
                **({"namespace": one.namespace} if one.namespace != home else {}),
            }
            for one in both
        ]


def of_existing(existing: ExistingCluster) -> Access:
    """Read how a cluster that exists is reached.

    Raises:
        UnusableSecretsError: When a Secret has no name or no key.
    """
    field = "spec.cluster.existing.secretRef"
    kubeconfig = SecretKey(KUBECONFIG, SYSTEM_NAMESPACE, existing.secret_ref.name, existing.secret_ref.key)
    identity = None
    if existing.identity_secret_ref:
        said = existing.identity_secret_ref
        identity = SecretKey(said.type, SYSTEM_NAMESPACE, said.name, said.key)
        _named(identity, "spec.cluster.existing.identitySecretRef")
    return Access(_named(kubeconfig, field), identity)


def of_secrets(secrets: Sequence[ClusterSecret], namespace: str) -> Access:
    """Read how a ServingStack's cluster is reached: by the first kubeconfig, and the first identity.

    Args:
        secrets: The stack's list.
        namespace: The stack's namespace.

    Raises:
        UnusableSecretsError: When there is no kubeconfig, or a Secret has no name or no key.
    """
    kubeconfig: SecretKey | None = None
    identity: SecretKey | None = None
    for position, said in enumerate(secrets):
        if said.type == KUBECONFIG:
            one = SecretKey(said.type, namespace, said.name, said.key)
            kubeconfig = kubeconfig or _named(one, f"spec.secrets[{position}]")
        else:
            one = SecretKey(said.type, said.namespace or namespace, said.name, said.key)
            identity = identity or _named(one, f"spec.secrets[{position}]")
    if kubeconfig is None:
        raise UnusableSecretsError("spec.secrets has no entry of type Kubeconfig: add one")
    return Access(kubeconfig, identity)


def _named(secret: SecretKey, field: str) -> SecretKey:
    for what, value in (("name", secret.name), ("key", secret.key)):
        if not value:
            raise UnusableSecretsError(f"{field}.{what} is empty: name the Secret and its key")
    return secret
