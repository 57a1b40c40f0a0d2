"""References to other objects, and selectors of labels."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api import patterns
from function.api.base import Model, Rule, Text, entries, items, length, matches

ObjectName: TypeAlias = Annotated[Text, length(1, 253), matches(patterns.DNS_SUBDOMAIN)]
"""The name of an object."""

LabelValue: TypeAlias = Annotated[Text, length(None, 63), matches(patterns.LABEL_VALUE)]
"""The value of a label."""

MatchLabels: TypeAlias = Annotated[dict[str, LabelValue], entries(32)]
"""Labels that must all be present with the given values."""


class NameRef(Model):
    """A reference to an object by name."""

    name: ObjectName
    """Name of the object, in the namespace of the one that refers to it."""


class LabelExpression(Model):
    """A requirement of a label, with Kubernetes' meaning: NotIn holds where the label is absent."""

    RULES = (
        Rule(
            "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
            "values must be specified when operator is In or NotIn",
        ),
        Rule(
            "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
            "values may not be specified when operator is Exists or DoesNotExist",
        ),
    )

    key: Annotated[Text, length(1, 317), matches(patterns.LABEL_KEY)]
    """Key of the label."""

    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label relates to the values."""

    values: Annotated[tuple[LabelValue, ...], items(None, 32, type="atomic")] = ()
    """Values for In and NotIn, of which there is at least one; none for Exists and DoesNotExist."""


MatchExpressions: TypeAlias = Annotated[tuple[LabelExpression, ...], items(None, 16, type="atomic")]


class LabelSelector(Model):
    """Selects by labels; one that says nothing selects everything."""

    match_labels: MatchLabels = Field(default_factory=dict)
    """Labels that must all be present with the given values."""

    match_expressions: MatchExpressions = ()
    """Requirements of labels that must all be met."""


class EndpointSelector(LabelSelector):
    """Selects by at least one label."""

    RULES = (
        Rule(
            "(has(self.matchLabels) && size(self.matchLabels) > 0)"
            " || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",
            "a selector of endpoints needs an entry in matchLabels or matchExpressions",
        ),
    )
