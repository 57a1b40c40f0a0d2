"""The result of evaluating a selector on a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class EvaluationOutcome(Enum):
    """The possible outcomes of an evaluation."""

    MATCH = "match"
    NO_MATCH = "no match"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The result of evaluating a selector on one device.

    An error counts as no match for placement, but is reported separately: when DRA meets it while
    allocating, the whole claim fails.

    Attributes:
        outcome: Match, no match, or error.
        message: What went wrong, for an error.
        steps: Cost and steps of the evaluation, cached or not.
    """

    outcome: EvaluationOutcome
    message: str = ""
    steps: int = field(default=0, compare=False)

    @classmethod
    def failed(cls, message: str) -> EvaluationResult:
        """Make the result of an evaluation that failed."""
        return cls(EvaluationOutcome.ERROR, message)

    def __bool__(self) -> bool:
        """Only a match is true."""
        return self.outcome is EvaluationOutcome.MATCH


MATCH = EvaluationResult(EvaluationOutcome.MATCH)
NO_MATCH = EvaluationResult(EvaluationOutcome.NO_MATCH)
