"""Limits on compiling a selector, in steps that do not depend on the machine.

CEL costs cover evaluation, and not even all of it: parsing and checking, comparing the elements of lists
and concatenating strings cost nothing. Each stage counts its own steps here, so that a text is accepted or
refused alike on every machine, and always quickly.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from function import deadline
from function.selectors.error import SelectorError

_CHECK_INTERVAL: Final = 1_000
"""Steps between two checks of the call's deadline."""


class Stage(Enum):
    """A stage of compilation, in order.

    Attributes:
        description: What it does, for messages.
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
            SelectorError: The limit is exceeded.
            CallEndedError: The call was cancelled or its deadline has passed.
        """
        self.steps += count
        if self.steps > self._next_check:
            stage = self.stage
            if self.steps > stage.limit:
                message = f"{stage.description} takes more than {stage.limit:,} steps; {stage.advice}"
                raise SelectorError(message, self._text, 0)
            deadline.check()
            self._next_check = min(stage.limit, self.steps + _CHECK_INTERVAL)
