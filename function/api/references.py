"""References to other objects, and selectors of labels."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from function.api import patterns
from function.api.base import Model, Text, entries, length, matches

ObjectName: TypeAlias = Annotated[Text, length(1, 253)]
"""The name of an object."""

LabelValue: TypeAlias = Annotated[Text, length(None, 63), matches(patterns.LABEL_VALUE)]
"""The value of a label."""

MatchLabels: TypeAlias = Annotated[dict[str, LabelValue], entries(32)]
"""Labels that must all be present with the given values."""


class NameRef(Model):
    """A reference to an object by name."""

    name: ObjectName
    """Name of the object, in the namespace of the one that refers to it."""


class LabelSelector(Model):
    """Selects by equality of labels; without labels it selects everything."""

    match_labels: MatchLabels = Field(default_factory=dict)
    """Labels that must all be present with the given values."""


class EndpointSelector(Model):
    """Selects by equality of at least one label."""

    match_labels: Annotated[dict[str, LabelValue], entries(32, 1)]
    """Labels that must all be present with the given values; at least one."""
