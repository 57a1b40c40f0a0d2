"""Identities by which providers reach a cluster whose kubeconfig has none.

What there is to choose from was read in the sources of provider-kubernetes v1.3.0. provider-helm v1.4.0 makes its
clients with the same module, so there is no identity that only one of them knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from function.api.base import Model, Rule, Text, length
from function.api.clouds import CLOUDS, GKE
from function.api.references import ObjectName

_SECRET: Final = "Secret"  # noqa: S105 - the word for where an identity is
_INJECTED: Final = "InjectedIdentity"
_ENVIRONMENT: Final = "Environment"
_FILESYSTEM: Final = "Filesystem"
_NONE: Final = "None"
_READ: Final = (_SECRET, _ENVIRONMENT, _FILESYSTEM)
_ALL: Final = (*_READ, _INJECTED, _NONE)

SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "GoogleApplicationCredentials": _ALL,
    "AzureServicePrincipalCredentials": _READ,
    "AzureWorkloadIdentityCredentials": _READ,
    "UpboundTokens": _READ,
    "AWSWebIdentityCredentials": (_INJECTED,),
    "NebiusServiceAccountCredentials": _READ,
}
"""Where each type may come from. What it is not offered from, the providers refuse whenever they connect."""

TYPES: Final = (*SOURCES, *(cloud.identity for cloud in CLOUDS if cloud.identity and cloud.identity not in SOURCES))
"""Every type, those of clouds included that the providers of these versions do not know."""

if TYPE_CHECKING:
    IdentityType: TypeAlias = str
    AmbientSource: TypeAlias = str
    IdentitySource: TypeAlias = str
else:
    IdentityType = Literal[TYPES]
    AmbientSource = Literal[_INJECTED, _ENVIRONMENT, _FILESYSTEM, _NONE]
    IdentitySource = Literal[_SECRET, _INJECTED, _ENVIRONMENT, _FILESYSTEM, _NONE]

SecretKeyName: TypeAlias = Annotated[Text, length(1, 253)]
"""A key in a Secret's data."""

NOT_IN_A_SECRET: Final = tuple(kind for kind, sources in SOURCES.items() if _SECRET not in sources)
"""Types that are never read from a Secret."""


def _accompanied(field: str, source: str) -> Rule:
    return Rule(
        f"(self.source == '{source}') == has(self.{field})", f"{field} goes with source {source}, and it needs one"
    )


_FROM_THEIR_SOURCE: Final = tuple(
    Rule(
        f"self.type != '{kind}' || self.source in [{', '.join(repr(source) for source in sources)}]",
        f"the providers take {kind} from {' or '.join(sources)} only: correct source",
    )
    for kind, sources in SOURCES.items()
    if sources != _ALL
)
_PLACES: Final = (_accompanied("env", _ENVIRONMENT), _accompanied("fs", _FILESYSTEM))


class EnvironmentSource(Model):
    """A variable in the environment of both providers' pods."""

    name: Annotated[Text, length(1, 253)]
    """Name of the variable."""


class FilesystemSource(Model):
    """A file in both providers' pods."""

    path: Annotated[Text, length(1, 1024)]
    """Path of the file."""


class AmbientIdentity(Model):
    """An identity that the providers' pods have themselves."""

    RULES = (*_FROM_THEIR_SOURCE, *_PLACES)

    type: IdentityType
    """What kind of identity it is."""

    source: AmbientSource
    """Where it comes from: the identity that the pods run with, their environment or a file of theirs. None is, for
    GoogleApplicationCredentials alone, the same as InjectedIdentity."""

    env: EnvironmentSource | None = None
    """The variable that holds it, for source Environment."""

    fs: FilesystemSource | None = None
    """The file that holds it, for source Filesystem."""


class IdentityKeyRef(Model):
    """A Secret that holds an identity, for source Secret."""

    name: ObjectName
    """Name of the Secret."""

    namespace: Annotated[Text, length(None, 63)] = ""
    """Namespace of the Secret; without it `modelplane-system`."""

    key: SecretKeyName = "private_key"
    """Key of the identity in the Secret."""


class ClusterIdentity(AmbientIdentity):
    """An identity that reaches the cluster, as a provider config of provider-kubernetes or provider-helm says it."""

    RULES = (*_FROM_THEIR_SOURCE, _accompanied("secretRef", _SECRET), *_PLACES)

    source: IdentitySource
    """Where it comes from: a Secret, the identity that the providers' pods run with, their environment or a file of
    theirs. None is, for GoogleApplicationCredentials alone, the same as InjectedIdentity."""

    secret_ref: IdentityKeyRef | None = None
    """The Secret that holds it, for source Secret."""

    @property
    def ambient(self) -> AmbientIdentity | None:
        """The same for whoever needs no Secret for it; None when it is in one."""
        return None if self.source == _SECRET else AmbientIdentity.model_validate(self.plain())


class IdentitySecret(Model):
    """A Secret in `modelplane-system` that holds a cloud identity."""

    RULES = tuple(
        Rule(
            f"self.type != '{kind}'",
            f"the providers read no {kind} from a Secret: write identity, with this type and source "
            f"{SOURCES[kind][0]}, instead of identitySecretRef",
        )
        for kind in NOT_IN_A_SECRET
    )

    name: ObjectName
    """Name of the Secret."""

    key: SecretKeyName = "private_key"
    """Key of the identity in the Secret."""

    type: IdentityType = GKE.identity
    """What kind of identity it is."""
