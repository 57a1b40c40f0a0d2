"""A composer's answer, as frozen plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from function.api.bounds import cut
from function.composition.conditions import EVENT_BYTES, Condition, Event, Vocabulary
from function.composition.readiness import Readiness
from function.composition.requirements import Requirement
from function.composition.unstructured import Manifest

if TYPE_CHECKING:
    from function.composition.draft import Draft

TTL_SECONDS = 60
"""Crossplane asks again after this long when nothing else makes it."""

SOONEST_SECONDS = 5
"""Crossplane asks again this soon while a composite that is new, or has just lost Ready, is not Ready.

Required objects cause no call when they change. Neither do, for a while, the children of a
composite that has had more than a hundred events: Crossplane's circuit breaker stops them.
"""


@dataclass(frozen=True, slots=True)
class Child:
    """A composed resource of an answer."""

    manifest: Manifest
    readiness: Readiness


@dataclass(frozen=True, slots=True)
class Composition:
    """The whole answer to one observation.

    Attributes:
        children: Composed resources by composition resource name, in the order of the names.
            Crossplane deletes an observed child that is missing here.
        status: The composite's status; it replaces the old one as a whole.
        ready: Whether the composite is Ready.
        conditions: Each condition of the kind once, in the vocabulary's order.
        events: What has changed.
        requirements: What Crossplane should read and call again with.
        ttl_seconds: When Crossplane should ask again.
        fatal: When not empty, nothing of this answer but its conditions is applied. Becomes an event, too.
    """

    children: Mapping[str, Child] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)
    ready: bool = False
    conditions: tuple[Condition, ...] = ()
    events: tuple[Event, ...] = ()
    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    ttl_seconds: int = TTL_SECONDS
    fatal: str = ""

    def __post_init__(self) -> None:
        """Bound the message, whoever wrote it and whatever it quotes."""
        object.__setattr__(self, "fatal", cut(self.fatal, EVENT_BYTES))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a composer answers in one case of doubt about a requirement.

    Attributes:
        held: Whether the answer says `Held=True`.
        removes: Patterns (`*` matches anything) of the children that may be dropped.
        conditions: Conditions that the answer must carry, as type to reason.
    """

    held: bool = True
    removes: tuple[str, ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)


HOLDS = Outcome()
"""Everything stays as it is, and the condition `Held` names what is in doubt."""

RENDERS = Outcome(held=False)
"""The input is not needed to keep what there is."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """The outcomes of one requirement, or of a family of them, in a settled state.

    Attributes:
        requirement: The requirement's key; may contain `*`.
        unresolved: Not fetched yet. Never removes anything.
        empty: Fetched and nothing there. Only this may remove children.
        malformed: One of the objects found cannot be read. Never removes anything.
    """

    requirement: str
    unresolved: Outcome = HOLDS
    empty: Outcome = HOLDS
    malformed: Outcome = HOLDS


@dataclass(frozen=True, slots=True)
class Composer:
    """Everything about how one kind is composed.

    Attributes:
        api_version: The kind's apiVersion.
        kind: The kind.
        compose: Turns a fresh draft into the answer.
        vocabulary: The kind's own conditions, in the order in which they are answered.
        doubts: What it does when an input is in doubt.
        children: Every composition resource name that it may use, with `*` for variable parts,
            and the kind of each. They are API: a name never changes its kind.
    """

    api_version: str
    kind: str
    compose: Callable[[Draft], Composition]
    vocabulary: Vocabulary
    doubts: tuple[Doubt, ...] = ()
    children: Mapping[str, str] = field(default_factory=dict)
