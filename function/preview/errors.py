"""What stops a preview."""

from __future__ import annotations

from collections.abc import Iterable

from function.preview.kinds import Ref


class InvalidObjectError(Exception):
    """The API server refuses an object, for reasons that lie in the object.

    Attributes:
        problems: Each reason, with the field.
    """

    def __init__(self, ref: Ref, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{ref} is refused: {'; '.join(self.problems)}")


class NotAppliedError(Exception):
    """An object cannot be written for a reason outside it, such as a namespace that is missing."""


class InUseError(Exception):
    """An object cannot be deleted, because a Usage protects it."""


class InvariantError(Exception):
    """Something is composed that must never be. The composer that did it is to be mended, not the input.

    Attributes:
        broken: What is wrong, one sentence each.
    """

    def __init__(self, broken: Iterable[str]) -> None:
        self.broken = tuple(broken)
        super().__init__("\n".join(self.broken))


class NotSettledError(Exception):
    """The control plane keeps changing.

    Attributes:
        causes: Who keeps changing what, one line each.
    """

    def __init__(self, summary: str, causes: Iterable[str]) -> None:
        self.causes = tuple(causes)
        super().__init__("\n".join((summary, *(f"  {cause}" for cause in self.causes))))
