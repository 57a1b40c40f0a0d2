"""How an endpoint picker chooses among pods, in the words of its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from function.composition import Manifest


@dataclass(frozen=True, slots=True)
class PickerScheduling:
    """What the configuration of a picker says about choosing.

    Attributes:
        plugins: The plugins that are used, less the one that follows prefixes.
        profiles: The scheduling profiles, each of which chooses a pod.
        failure_mode: What the gateway does while the picker does not answer: close refuses, open chooses itself.
    """

    plugins: tuple[Manifest, ...]
    profiles: tuple[Manifest, ...]
    failure_mode: Literal["FailClose", "FailOpen"]


SCORERS: Final[tuple[Manifest, ...]] = (
    {"pluginRef": "max-score-picker"},
    {"pluginRef": "prefix-cache-scorer", "weight": 2},
    {"pluginRef": "queue-scorer", "weight": 1},
)
"""What cached prefixes and short queues count for in every profile."""

UNIFIED: Final = PickerScheduling(
    plugins=({"type": "prefix-cache-scorer"}, {"type": "queue-scorer"}, {"type": "max-score-picker"}),
    profiles=({"name": "default", "plugins": list(SCORERS)},),
    failure_mode="FailOpen",
)
"""For pods that are equals: while the picker is silent the gateway may choose among them itself."""
