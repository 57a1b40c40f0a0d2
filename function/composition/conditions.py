"""Conditions: what a composite says about itself.

Each kind declares its whole vocabulary, every reason with its status, its meaning and
what to do about it. The reference in the documentation is made from these declarations,
and a composer can only say what is declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from function.api.bounds import cut
from function.composition import unstructured

MESSAGE_BYTES: Final = 2048
"""The longest message of a condition. Kubernetes stores sixteen times as much; nobody reads that."""

EVENT_BYTES: Final = 1024
"""The longest message of an event, which is Kubernetes' own limit."""


class Status(Enum):
    """The status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Severity(Enum):
    """The severity of an event."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that a condition can say.

    Attributes:
        status: The condition's status with this reason.
        meaning: What it means, for the reference.
        remedy: What to do about it; empty when nothing needs doing.
        event: Severity of the event that tells when a composite begins to say this; None for no event.
    """

    status: Status
    meaning: str
    remedy: str = ""
    event: Severity | None = None


Vocabulary: TypeAlias = Mapping[str, Mapping[str, Reason]]
"""Condition type, then reason."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a composite, as an answer sets it. A message over the limit is cut."""

    type: str
    status: Status
    reason: str
    message: str = ""

    def __post_init__(self) -> None:
        """Bound the message, whoever wrote it and whatever it quotes."""
        object.__setattr__(self, "message", cut(self.message, MESSAGE_BYTES))


@dataclass(frozen=True, slots=True)
class Event:
    """An event about a composite. A message over the limit is cut."""

    severity: Severity
    reason: str
    message: str

    def __post_init__(self) -> None:
        """Bound the message, whoever wrote it and whatever it quotes."""
        object.__setattr__(self, "message", cut(self.message, EVENT_BYTES))


def observed_condition(observed: Mapping[str, Any]) -> Condition | None:
    """Read an observed condition; None where its status is not one that conditions have."""
    status = _STATUSES.get(unstructured.text(observed, "status"))
    if status is None:
        return None
    texts = (unstructured.text(observed, key) for key in ("reason", "message"))
    return Condition(unstructured.text(observed, "type"), status, *texts)


_STATUSES: Final = {status.value: status for status in Status}

HELD = "Held"
DEADLINE_EXCEEDED = "DeadlineExceeded"
"""Reason of `Held` when a call ended before its answer was made."""

CHILDREN_READY = "ChildrenReady"

COMMON: Vocabulary = {
    HELD: {
        "InputsResolved": Reason(Status.FALSE, "Everything that was needed could be read."),
        "InputUnresolved": Reason(
            Status.TRUE,
            "Something that is needed has not been fetched yet; all stays as it is until it is.",
        ),
        "InputMissing": Reason(
            Status.TRUE,
            "Something that is needed does not exist, or does not publish what is needed; what runs is kept.",
            "Create or repair the object that the message names.",
            Severity.WARNING,
        ),
        "InputInvalid": Reason(
            Status.TRUE,
            "Something that is needed cannot be read; it is left out, and what depends on it is kept.",
            "Correct the object and the field that the message names.",
            Severity.WARNING,
        ),
        "InvalidSpec": Reason(
            Status.TRUE,
            "This object's own spec cannot be read; what runs is kept.",
            "Correct the field that the message names.",
            Severity.WARNING,
        ),
        "InternalError": Reason(
            Status.TRUE,
            "The function failed on this input; nothing was changed.",
            "Report the message with the object's manifest.",
        ),
        DEADLINE_EXCEEDED: Reason(
            Status.TRUE,
            "The answer took longer than a call may (`--call-deadline` of the function, or less when the caller has "
            "less), or the function was stopped meanwhile; nothing was changed.",
            "Crossplane asks again by itself. If it stays, make the object simpler: fewer or shorter selectors, "
            "engines and endpoints. A fleet too large for its machine needs a larger `--call-deadline`.",
        ),
    },
    CHILDREN_READY: {
        "AllReady": Reason(Status.TRUE, "Everything that this object composes is ready."),
        "ChildNotReady": Reason(
            Status.FALSE,
            "At least one composed resource is not ready; the message names the first and its own message.",
            "Look at the resource that the message names.",
        ),
    },
}
"""Conditions that every kind has."""
