"""What every composer shares: the observation, the answer, and the ways to keep what runs.

A composer turns an `Observation` into a `Composition` by writing a `Draft`. It knows no
protobuf, does no I/O and reads no clock.
"""

from function.composition import (
    names,
    objects,
    owned,
    ownership,
    readiness,
    releases,
    teardown,
    timestamps,
    unstructured,
    usages,
)
from function.composition.composition import HOLDS, RENDERS, Child, Composer, Composition, Doubt, Outcome
from function.composition.conditions import Condition, Event, Reason, Severity, Status, Vocabulary
from function.composition.draft import Draft, IncompleteAnswerError, InvalidSpecError
from function.composition.observation import Observation
from function.composition.owned import HoldUnsafeError
from function.composition.readiness import READY, Readiness
from function.composition.requirements import Required, Requirement
from function.composition.unstructured import Manifest, Object

__all__ = [
    "HOLDS",
    "READY",
    "RENDERS",
    "Child",
    "Composer",
    "Composition",
    "Condition",
    "Doubt",
    "Draft",
    "Event",
    "HoldUnsafeError",
    "IncompleteAnswerError",
    "InvalidSpecError",
    "Manifest",
    "Object",
    "Observation",
    "Outcome",
    "Readiness",
    "Reason",
    "Required",
    "Requirement",
    "Severity",
    "Status",
    "Vocabulary",
    "names",
    "objects",
    "owned",
    "ownership",
    "readiness",
    "releases",
    "teardown",
    "timestamps",
    "unstructured",
    "usages",
]
