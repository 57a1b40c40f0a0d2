"""Values that many parts of a pod have: names, numbers and quantities, bounded as Kubernetes bounds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal, TypeAlias

from function.api import patterns
from function.api.base import Integer, IntOrString, Limits, Rule, Text, between, items, length, matches

MAX_INT32: Final = 2**31 - 1
MAX_INT64: Final = 2**53 - 1
"""The largest whole number that comes through protobuf's doubles unharmed."""

LabelName: TypeAlias = Annotated[Text, length(1, 63), matches(patterns.DNS_LABEL)]
"""The name of a part of a pod."""

SubdomainName: TypeAlias = Annotated[Text, length(1, 253), matches(patterns.DNS_SUBDOMAIN)]
"""The name of an object."""

Word: TypeAlias = Annotated[Text, length(None, 253)]
"""A short text without a syntax that Kubernetes would check."""

NodePath: TypeAlias = Annotated[Text, length(1, 1024), matches(patterns.ABSOLUTE_DESCENDING_PATH)]
"""A path on the node."""

AbsolutePath: TypeAlias = Annotated[Text, length(1, 1024), matches(patterns.ABSOLUTE_PATH)]
"""A path from the root of a file system."""

RelativePath: TypeAlias = Annotated[Text, length(1, 1024), matches(patterns.RELATIVE_PATH)]
"""A path below some folder."""

Key: TypeAlias = Annotated[Text, length(1, 253)]
"""A key of a Secret or ConfigMap, or of a label."""

Argument: TypeAlias = Annotated[Text, length(None, 65536)]
Arguments: TypeAlias = Annotated[tuple[Argument, ...], items(None, 256, type="atomic")]

PortNumber: TypeAlias = Annotated[Integer, between(1, 65535)]

PortNumberOrName: TypeAlias = Annotated[IntOrString, between(1, 65535), length(1, 15), matches(patterns.PORT_NAME)]
"""A port by its number, or by the name that the container gives it."""

Count: TypeAlias = Annotated[Integer, between(0, MAX_INT32)]
"""A number of things, or of seconds."""

Seconds: TypeAlias = Annotated[Integer, between(0, MAX_INT64)]

MAX_GRACE_SECONDS: Final = 3600
"""How long a pod may take to stop: the hour for which GKE waits when it empties a node; other clouds wait less."""

GraceSeconds: TypeAlias = Annotated[Integer, between(1, MAX_GRACE_SECONDS)]

Id: TypeAlias = Annotated[Integer, between(0, MAX_INT32)]
"""A user or group of Linux, within the bounds that Kubernetes has."""

FileMode: TypeAlias = Annotated[Integer, between(0, 0o777)]
"""Permissions of a file: 420 is rw-r--r--. YAML takes 0644 too, JSON only decimal numbers."""

PodQuantity: TypeAlias = Annotated[IntOrString, between(0), length(1, 32), matches(patterns.QUANTITY)]
"""A quantity of Kubernetes: a whole number, or a text such as `500m` or `80Gi`."""

PullPolicy: TypeAlias = Literal["Always", "IfNotPresent", "Never"]


def few(maximum: int, minimum: int | None = None) -> Limits:
    """Bound a list that has one writer."""
    return items(minimum, maximum, type="atomic")


def one_of(what: str, fields: Iterable[str]) -> Rule:
    """Ask for exactly one of some fields.

    Args:
        what: What has them, with its article.
        fields: The fields, by their names in the API.
    """
    names = tuple(fields)
    given = ", ".join(f"has(self.{name})" for name in names)
    return Rule(f"[{given}].exists_one(given, given)", f"{what} must have exactly one of: {', '.join(names)}")
