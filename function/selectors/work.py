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

_ROUND: Final = 1_000
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
    PRICE = ("estimating what the expression costs", 200_000, "shorten it, or nest less in each other")
    PLAN = ("preparing the expression", 200_000, "shorten what it writes out")

    def __init__(self, doing: str, limit: int, advice: str) -> None:
        self.doing = doing
        self.limit = limit
        self.advice = advice


class Work:
    """Counts the steps of one stage."""

    __slots__ = ("_asked", "_text", "done", "stage")

    def __init__(self, stage: Stage, text: str) -> None:
        self.stage, self._text = stage, text
        self._asked = min(stage.limit, _ROUND)
        self.done = 0

    def step(self, count: int = 1) -> None:
        """Count steps.

        Raises:
            SelectorError: They are too many.
            CallEndedError: Nobody waits for the answer any more.
        """
        self.done += count
        if self.done > self._asked:
            stage = self.stage
            if self.done > stage.limit:
                message = f"{stage.doing} takes more than {stage.limit:,} steps; {stage.advice}"
                raise SelectorError(message, self._text, 0)
            deadline.check()
            self._asked = min(stage.limit, self.done + _ROUND)
