"""Selectors of pods and of volumes by their labels, as Kubernetes has them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api.base import Model, Rule, Text, length
from function.api.pods.values import Word, few
from function.api.references import MatchLabels

LabelKey: TypeAlias = Annotated[Text, length(1, 317)]
Values: TypeAlias = Annotated[tuple[Word, ...], few(64)]


class LabelExpression(Model):
    """A condition on one label."""

    RULES = (
        Rule(
            "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            "values are needed with the operators In and NotIn, and with no others",
        ),
    )

    key: LabelKey
    """Key of the label."""

    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How it is compared."""

    values: Values = ()
    """What it is compared with."""


class ObjectSelector(Model):
    """Selects objects by their labels; without a condition it selects all."""

    EMPTY_SAYS_SOMETHING = True

    match_labels: MatchLabels = Field(default_factory=dict)
    """Labels that must all be present with the given values."""

    match_expressions: Annotated[tuple[LabelExpression, ...], few(32)] = ()
    """Conditions that must all hold."""
