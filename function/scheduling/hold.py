"""Why a deployment may place nothing new for now."""

from __future__ import annotations

from enum import StrEnum


class HoldReason(StrEnum):
    """Why no new replicas may be placed, whatever the fleet offers."""

    WAITING_FOR_CACHE = "WaitingForCache"
    CACHE_NOT_FOUND = "ModelCacheNotFound"
    SELECTOR_CONFLICT = "SelectorConflict"
    NAMESPACE_RESERVED = "NamespaceReserved"
    SPEC_TOO_LARGE = "SpecTooLarge"
    INPUT_IN_DOUBT = "InputInDoubt"
