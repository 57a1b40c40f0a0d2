"""What a selector says about a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class EvaluationOutcome(Enum):
    """The three things that a selector can say."""

    MATCH = "match"
    NO_MATCH = "no match"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """A selector's answer about one device.

    An error counts as no match when a place is chosen, but it is another fact: where DRA
    meets it while allocating, it gives up on the whole claim.

    Attributes:
        outcome: Match, no match, or error.
        message: What went wrong, for an error.
        worked: Steps that it took to find out, whoever remembers it.
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
