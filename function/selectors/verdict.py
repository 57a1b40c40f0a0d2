"""What a selector says about a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Outcome(Enum):
    """The three things that a selector can say."""

    MATCH = "match"
    NO_MATCH = "no match"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A selector's answer about one device.

    An error counts as no match when a place is chosen, but it is another fact: where DRA
    meets it while allocating, it gives up on the whole claim.

    Attributes:
        outcome: Match, no match, or error.
        message: What went wrong, for an error.
        worked: Steps that it took to find out, whoever remembers it.
    """

    outcome: Outcome
    message: str = ""
    worked: int = field(default=0, compare=False)

    def __bool__(self) -> bool:
        """Only a match is true."""
        return self.outcome is Outcome.MATCH


MATCH = Verdict(Outcome.MATCH)
NO_MATCH = Verdict(Outcome.NO_MATCH)
