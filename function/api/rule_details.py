"""What some rules say beside their message where they are judged offline: which names there are.

A rule's message is fixed, since the API server knows no more of it. Whoever judges the rule here can look at the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from function.api.pod_template import MOUNTS, ONE_ENGINE, OWN_VOLUMES

_LISTED: Final = 5


def detail_of(message: str, value: Any) -> str:
    """Say what of a value breaks the rule with this message; empty where nothing more can be said."""
    say = _DETAILS.get(message)
    return say(value) if say else ""


def _found(containers: Any) -> str:
    names = _names(containers)
    return f"found {_listed(names)}; name the one that serves engine" if names else ""


def _unmounted(field: str) -> Callable[[Any], str]:
    """Name containers and what they mount that is no volume of the pod."""

    def say(pod: Any) -> str:
        volumes = _names(pod.get("volumes"))
        known = {*volumes, *OWN_VOLUMES}
        missing = [
            f"{container.get('name')} mounts {name}"
            for container in (*_mappings(pod.get("containers")), *_mappings(pod.get("initContainers")))
            for name in dict.fromkeys(_names(container.get(field)))
            if name not in known
        ]
        there = f"the pod has {_listed(volumes)}" if volumes else "the pod has no volumes"
        return f"{_listed(missing)}; {there}" if missing else ""

    return say


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _names(items: Any) -> list[str]:
    return [str(item["name"]) for item in _mappings(items) if "name" in item]


def _mappings(items: Any) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in items or () if isinstance(item, Mapping))


_DETAILS: Final[Mapping[str, Callable[[Any], str]]] = {
    ONE_ENGINE.message: _found,
    **{rule.message: _unmounted(field) for field, rule in MOUNTS.items()},
}
