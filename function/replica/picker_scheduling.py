"""How an endpoint picker chooses among pods, in the words of its configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


COUNTING_SCORER: Final[Manifest] = {"type": "active-request-scorer"}
"""What prefers the pod that has the fewest of the requests that this copy of the picker has sent."""

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
"""For pods that are equals: a gateway might choose among them itself while the picker is silent.

Envoy AI Gateway 0.7.0 does not: it refuses requests then, whatever the pool says.
"""

PARSERS: Final = ("openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser")
"""What reads requests, in order: the first whose paths match, and last the one that takes all others unread.

A parser after the one that takes all would never be asked (llm-d's picker 0.9.0).
"""

SMALLEST_BLOCK: Final = 64
"""Tokens in the smallest block in which prefixes are followed: llm-d's picker 0.9.0 takes no smaller ones."""


def counting(scheduling: PickerScheduling) -> PickerScheduling:
    """Have the picker also count what it sends, for engines whose queues it cannot read.

    Args:
        scheduling: How it chooses otherwise.
    """
    scorer = {"pluginRef": COUNTING_SCORER["type"], "weight": 1}
    return replace(
        scheduling,
        plugins=(*scheduling.plugins, COUNTING_SCORER),
        profiles=tuple({**profile, "plugins": [*profile["plugins"], scorer]} for profile in scheduling.profiles),
    )
