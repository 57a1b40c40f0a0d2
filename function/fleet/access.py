"""How a cluster is reached: the Secret of its kubeconfig, and a cloud identity if it needs one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from function.api.base import Model
from function.api.clouds import KUBECONFIG, Cloud
from function.api.credentials import ClusterSecret
from function.api.identities import AmbientIdentity
from function.api.labels import SYSTEM_NAMESPACE
from function.api.serving_stack import ServingStackSpec
from function.composition import Manifest


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
        identity: A cloud identity in a Secret; None when the kubeconfig needs none, or has it from elsewhere.
        ambient: An identity that the providers' pods have themselves; passed over beside one in a Secret.
    """

    kubeconfig: SecretKey
    identity: SecretKey | None = None
    ambient: AmbientIdentity | None = None

    def provider_config_spec(self) -> Manifest:
        """The spec of a provider config, which is the same for provider-kubernetes and provider-helm."""
        spec: Manifest = {"credentials": {"source": "Secret", "secretRef": self.kubeconfig.reference}}
        if self.identity:
            spec["identity"] = {
                "type": self.identity.type,
                "source": "Secret",
                "secretRef": self.identity.reference,
            }
        elif self.ambient:
            spec["identity"] = self.ambient.plain()
        return spec

    def stack_spec(self) -> Manifest:
        """How a ServingStack in the namespace of the kubeconfig says the same."""
        ambient = {} if self.ambient is None else {"identity": self.ambient.plain()}
        return {"secrets": self.secrets(), **ambient}

    def secrets(self) -> list[Manifest]:
        """The secrets of a ServingStack in the namespace of the kubeconfig."""
        secrets = [self.kubeconfig, self.identity] if self.identity else [self.kubeconfig]
        own = self.kubeconfig.namespace
        return [
            {
                "type": secret.type,
                "name": secret.name,
                "key": secret.key,
                **({"namespace": secret.namespace} if secret.namespace != own else {}),
            }
            for secret in secrets
        ]


def of_source(source: Cloud, block: Model | None) -> Access:
    """Read how a cluster is reached from the description of its source.

    Args:
        source: A source whose clusters are composed.
        block: The description, as the spec of an InferenceCluster has it; None when it has none.

    Raises:
        UnusableSecretsError: When there is no description or no kubeconfig, or a Secret has no name or no key.
    """
    path = f"spec.cluster.{source.block}"
    if block is None or source.secrets is None:
        raise UnusableSecretsError(f"{path} is required for source {source.name}")
    named = (
        (
            f"{path}.{secret.field}",
            SecretKey(secret.type, secret.namespace or SYSTEM_NAMESPACE, secret.name, secret.key),
        )
        for secret in source.secrets(block)
    )
    ambient = source.ambient_identity(block)
    return _access(named, path, ambient if isinstance(ambient, AmbientIdentity) else None)


def of_stack(spec: ServingStackSpec, namespace: str) -> Access:
    """Read how a ServingStack's cluster is reached: by the first kubeconfig, and the first identity.

    Args:
        spec: The stack's spec.
        namespace: The stack's namespace.

    Raises:
        UnusableSecretsError: When there is no kubeconfig, or a Secret has no name or no key.
    """
    named = (
        (f"spec.secrets[{index}]", SecretKey(secret.type, _namespace(secret, namespace), secret.name, secret.key))
        for index, secret in enumerate(spec.secrets)
    )
    return _access(named, "spec.secrets", spec.identity)


def _namespace(secret: ClusterSecret, own: str) -> str:
    """A kubeconfig is in the stack's own namespace; an identity may be in another."""
    return own if secret.type == KUBECONFIG else secret.namespace or own


def _access(secrets: Iterable[tuple[str, SecretKey]], path: str, ambient: AmbientIdentity | None) -> Access:
    """Take the first kubeconfig and the first identity of Secrets that come with their fields."""
    kubeconfig: SecretKey | None = None
    identity: SecretKey | None = None
    for field, secret in secrets:
        if secret.type == KUBECONFIG:
            kubeconfig = kubeconfig or _named(secret, field)
        else:
            identity = identity or _named(secret, field)
    if kubeconfig is None:
        raise UnusableSecretsError(f"{path} has no entry of type {KUBECONFIG}: add one")
    return Access(kubeconfig, identity, ambient)


def _named(secret: SecretKey, field: str) -> SecretKey:
    for attribute, value in (("name", secret.name), ("key", secret.key)):
        if not value:
            raise UnusableSecretsError(f"{field}.{attribute} is empty: name the Secret and its key")
    return secret
