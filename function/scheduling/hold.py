"""Why a deployment may place nothing new for now, each reason with its own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class HoldDetails:
    """What the message of a hold may tell.

    Attributes:
        namespace: The deployment's namespace.
        placed: How many replicas have a place.
        replicas: How many are asked for.
        cache: The ModelCache that the deployment names.
        size: Bytes of what every replica repeats.
        limit: Bytes that this may be.
        conflicts: What contradicts what, one phrase each.
    """

    namespace: str
    placed: int
    replicas: int
    cache: str = ""
    size: int = 0
    limit: int = 0
    conflicts: tuple[str, ...] = ()

    @property
    def counted(self) -> str:
        """How many replicas have a place."""
        return f"{self.placed} of {self.replicas} placed"

    @property
    def listed_conflicts(self) -> str:
        """All conflicts."""
        return "; ".join(self.conflicts)


_WAITS_FOR_CACHE = "{0.counted}; the others wait for ModelCache {0.cache}"
_COUNTED_CONFLICTS = "{0.counted}; {0.listed_conflicts}"


class HoldReason(Enum):
    """Why no new replicas may be placed, whatever the fleet offers.

    Each has a name, the reason and the message of the condition that tells it, and whether it is told even while
    no replica is missing.
    """

    WAITING_FOR_CACHE = ("WaitingForCache", "WaitingForCache", _WAITS_FOR_CACHE, False)
    CACHE_NOT_FOUND = ("ModelCacheNotFound", "WaitingForCache", _WAITS_FOR_CACHE, False)
    INPUT_IN_DOUBT = ("InputInDoubt", "WaitingForCache", _WAITS_FOR_CACHE, False)
    SELECTOR_CONFLICT = (
        "SelectorConflict",
        "SelectorConflict",
        "{0.counted}; no cluster can match both selectors: {0.listed_conflicts}",
        True,
    )
    POD_CONFLICT = ("PodConflict", "PodConflict", _COUNTED_CONFLICTS, True)
    INVALID_PORT = ("InvalidPort", "InvalidPort", _COUNTED_CONFLICTS, True)
    INVALID_SCHEME = ("InvalidScheme", "InvalidScheme", _COUNTED_CONFLICTS, True)
    INVALID_TRANSFER = ("InvalidTransfer", "InvalidTransfer", _COUNTED_CONFLICTS, True)
    NAMESPACE_RESERVED = (
        "NamespaceReserved",
        "NamespaceReserved",
        "Namespace {0.namespace} is reserved: deploy in another one",
        True,
    )
    SPEC_TOO_LARGE = (
        "SpecTooLarge",
        "SpecTooLarge",
        (
            "{0.counted}; the engines take {0.size} bytes, which every replica repeats, and may take {0.limit}: "
            "keep long texts in the image or in a ConfigMap"
        ),
        True,
    )

    def __init__(self, _name: str, condition: str, template: str, always: bool) -> None:  # noqa: FBT001  # a member's row
        self.condition = condition
        self.always = always
        self._template = template

    def message(self, details: HoldDetails) -> str:
        """Put the hold into words."""
        return self._template.format(details)
