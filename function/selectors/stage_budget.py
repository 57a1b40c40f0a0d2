"""How much work one text may cause, counted in steps that do not depend on the machine.

Kubernetes prices what an expression costs while it runs, and prices much of it at nothing: what it
takes to read and check it, to compare what lists hold, to make a text longer. Each stage counts its own
steps here, so that the same text is accepted or refused everywhere, and always soon.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from function import deadline
from function.selectors.error import SelectorError

_CHECK_INTERVAL: Final = 1_000
"""Steps after which it is asked whether anybody still waits for the answer."""


class Stage(Enum):
    """A stage of compiling, in order.

    Attributes:
        doing: What it does, for messages.
        limit: How many steps it may take.
        advice: What makes it take fewer.
    """

    LEX = ("splitting the expression into words", 10_241, "shorten it")
    PARSE = ("reading the expression", 10_240, "chain fewer optMap() and optFlatMap(), which copy what is before them")
    CHECK = ("checking the types of the expression", 400_000, "shorten it, or nest fewer lists and maps in each other")
    ESTIMATE = ("estimating what the expression costs", 200_000, "shorten it, or nest less in each other")
    PLAN = ("preparing the expression", 200_000, "shorten what it writes out")

    def __init__(self, description: str, limit: int, advice: str) -> None:
        self.description = description
        self.limit = limit
        self.advice = advice


class StageBudget:
    """Counts the steps of one stage."""

    __slots__ = ("_next_check", "_text", "stage", "steps")

    def __init__(self, stage: Stage, text: str) -> None:
        self.stage, self._text = stage, text
        self._next_check = min(stage.limit, _CHECK_INTERVAL)
        self.steps = 0

    def step(self, count: int = 1) -> None:
        """Count steps.

        Raises:
            SelectorError: They are too many.
            CallEndedError: Nobody waits for the answer any more.
        """
        self.steps += count
        if self.steps > self._next_check:
            stage = self.stage
            if self.steps > stage.limit:
                message = f"{stage.description} takes more than {stage.limit:,} steps; {stage.advice}"
                raise SelectorError(message, self._text, 0)
            deadline.check()
            self._next_check = min(stage.limit, self.steps + _CHECK_INTERVAL)
