"""The environment of a container, and what of it comes from elsewhere."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from function.api import patterns
from function.api.base import Flag, Model, Rule, Text, length, matches
from function.api.pods.values import Key, PodQuantity, Word, few, one_of
from function.api.references import ObjectName

Prefix: TypeAlias = Annotated[Text, length(None, 253)]


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


class ResourceSelector(Model):
    """A request or limit of a container."""

    resource: Annotated[Text, length(1, 317)]
    """Which, such as `limits.memory`."""

    container_name: Annotated[Text, length(None, 63)] = ""
    """The container; in an environment, without it the container itself."""

    divisor: PodQuantity | None = None
    """Unit in which the value is given; without it 1."""


class EnvSource(Model):
    """Where the value of an environment variable comes from."""

    RULES = (one_of("valueFrom", ("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef")),)

    secret_key_ref: KeySelector | None = None
    """A key of a Secret."""

    config_map_key_ref: KeySelector | None = None
    """A key of a ConfigMap."""

    field_ref: FieldSelector | None = None
    """A field of the pod."""

    resource_field_ref: ResourceSelector | None = None
    """A request or limit of a container."""


class EnvVar(Model):
    """An environment variable."""

    RULES = (
        Rule(
            "!has(self.valueFrom) || !has(self.value) || self.value == ''",
            "of value and valueFrom only one may be set",
        ),
    )

    name: Annotated[Text, length(1, 253), matches(patterns.VARIABLE_NAME)]
    """Name of the variable."""

    value: Annotated[Text, length(None, 65536)] = ""
    """Value, always a text: quote numbers."""

    value_from: EnvSource | None = None
    """Where the value comes from, instead of `value`."""


class EnvObject(Model):
    """A Secret or ConfigMap whose every key is a variable."""

    name: ObjectName
    """Name of the Secret or ConfigMap."""

    optional: Flag = False
    """Start the container even if it does not exist."""


class EnvFromSource(Model):
    """Many environment variables at once."""

    RULES = (one_of("an entry of envFrom", ("configMapRef", "secretRef")),)

    prefix: Word = ""
    """Put before each key."""

    config_map_ref: EnvObject | None = None
    """A ConfigMap in the namespace of the deployment."""

    secret_ref: EnvObject | None = None
    """A Secret in the namespace of the deployment."""


Env: TypeAlias = Annotated[tuple[EnvVar, ...], few(256)]
EnvFrom: TypeAlias = Annotated[tuple[EnvFromSource, ...], few(32)]
