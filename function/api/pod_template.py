"""The pod template of an engine's member: the part of a pod that is the user's to say."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from function.api import pod_metadata
from function.api.base import Flag, Model, Rule, Text, entries, items, length
from function.api.references import LabelValue, ObjectName

Argument: TypeAlias = Annotated[Text, length(None, 65536)]
Arguments: TypeAlias = Annotated[tuple[Argument, ...], items(None, 256, type="atomic")]
Key: TypeAlias = Annotated[Text, length(1, 253)]

_QUALIFIED_NAME = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)
_SHORT_PREFIX = "^([^/]{0,253}/|[^/]*$)"

Labels: TypeAlias = Annotated[dict[str, LabelValue], entries(32)]
Annotations: TypeAlias = Annotated[dict[str, Annotated[Text, length(None, 8192)]], entries(32)]


def key_rules(field: str, path: str) -> tuple[Rule, ...]:
    """Rules over the keys of labels or annotations.

    Args:
        field: The field of `self` that holds them.
        path: How messages name the field.
    """
    return (
        Rule(
            f"!has(self.{field}) || self.{field}.all(k, k.matches('{_QUALIFIED_NAME}'))",
            f"keys of {path} must be qualified names: an optional DNS prefix and '/', then 1 to 63 letters, digits,"
            " '-', '_' or '.', starting and ending with a letter or digit",
        ),
        Rule(
            f"!has(self.{field}) || self.{field}.all(k, k.matches('{_SHORT_PREFIX}'))",
            f"the prefix of a key of {path} must have at most 253 characters",
        ),
    )


def label_rules(path: str) -> tuple[Rule, ...]:
    """Rules over labels that users give to what Modelplane makes."""
    return (
        Rule(
            "!has(self.labels) || self.labels.all(k, !k.startsWith('modelplane.ai/'))",
            f"keys of {path} must not start with modelplane.ai/, which is reserved",
        ),
        *key_rules("labels", path),
    )


class MemberMetadata(Model):
    """Labels and annotations that are added to a member's pods."""

    RULES = (
        *label_rules("member template.metadata.labels"),
        *key_rules("annotations", "member template.metadata.annotations"),
    )

    labels: Labels = Field(default_factory=dict)
    """Labels of the pods; keys under `modelplane.ai/` are reserved."""

    annotations: Annotations = Field(default_factory=dict)
    """Annotations of the pods. Keys that grant something to a pod need a cluster whose `spec.namespaces.podMetadata`
    has them; so do such labels."""


class KeySelector(Model):
    """One key of a Secret or ConfigMap in the namespace of the deployment."""

    name: ObjectName
    """Name of the Secret or ConfigMap."""

    key: Key
    """Key in it."""

    optional: Flag = False
    """Start the container even if the key does not exist."""


class FieldSelector(Model):
    """A field of the pod itself."""

    field_path: Annotated[Text, length(1, 253)]
    """Path of the field, such as `status.podIP`."""

    api_version: Annotated[Text, length(None, 63)] = ""
    """Version that the path is written in."""


class EnvSource(Model):
    """Where the value of an environment variable comes from."""

    secret_key_ref: KeySelector | None = None
    """A key of a Secret."""

    config_map_key_ref: KeySelector | None = None
    """A key of a ConfigMap."""

    field_ref: FieldSelector | None = None
    """A field of the pod."""


class EnvVar(Model):
    """An environment variable."""

    name: Annotated[Text, length(1, 253)]
    """Name of the variable."""

    value: Annotated[Text, length(None, 65536)] = ""
    """Value, always a text: quote numbers."""

    value_from: EnvSource | None = None
    """Where the value comes from, instead of `value`."""


class Container(Model):
    """The engine's container."""

    name: Annotated[Text, length(1, 63)]
    """Always `engine`."""

    image: Annotated[Text, length(1, 1024)]
    """Image of the engine."""

    command: Arguments = ()
    """Entry point, instead of the image's; passed through as written."""

    args: Arguments = ()
    """Arguments of the entry point; passed through as written."""

    env: Annotated[tuple[EnvVar, ...], items(None, 256, type="atomic")] = ()
    """Environment variables; of two with one name the later one counts, in a gang the first."""


class PullSecret(Model):
    """A Secret to pull an image with, in the namespace of the deployment."""

    name: ObjectName
    """Name of the Secret."""


ONLY_ENGINE = Rule(
    "self.all(c, c.name == 'engine')",
    "the only container must be named engine",
)


class PodSpec(Model):
    """What of a pod is the user's to say."""

    containers: Annotated[tuple[Container, ...], items(1, 1, type="atomic"), ONLY_ENGINE]
    """Exactly one container, named `engine`."""

    image_pull_secrets: Annotated[tuple[PullSecret, ...], items(None, 16, type="atomic")] = ()
    """Secrets that the image is pulled with."""

    automount_service_account_token: Flag = False
    """Give the pods the token of their namespace's default service account. Engines need none."""


class PodTemplate(Model):
    """The pods of a member."""

    metadata: MemberMetadata | None = None
    """Labels and annotations to add to the pods."""

    spec: PodSpec
    """The pods' spec."""

    @property
    def container(self) -> Container:
        """The engine's container: the first, and by the API's rules the only one."""
        return self.spec.containers[0]

    @property
    def granting(self) -> frozenset[str]:
        """Keys of labels and annotations that grant something to the pods."""
        if self.metadata is None:
            return frozenset()
        written = (*self.metadata.labels.items(), *self.metadata.annotations.items())
        return frozenset(key for key, value in written if pod_metadata.grants(key, value))
