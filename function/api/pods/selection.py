"""Selectors of pods and of volumes by their labels, as Kubernetes has them."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from function.api.base import Model, Text, length
from function.api.pods.values import Word, few
from function.api.references import MatchExpressions, MatchLabels

LabelKey: TypeAlias = Annotated[Text, length(1, 317)]
Values: TypeAlias = Annotated[tuple[Word, ...], few(64)]


class ObjectSelector(Model):
    """Selects objects by their labels; without a condition it selects all."""

    EMPTY_SAYS_SOMETHING = True

    match_labels: MatchLabels = Field(default_factory=dict)
    """Labels that must all be present with the given values."""

    match_expressions: MatchExpressions = ()
    """Conditions that must all hold."""
