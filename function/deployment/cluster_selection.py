"""Which clusters a deployment and its cache select together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from function.api.references import LabelSelector
from function.selectors.label_requirement import LabelRequirement, exclude


@dataclass(frozen=True, slots=True)
class ClusterSelection:
    """What the selectors of a deployment and its cache ask for together.

    Attributes:
        labels: Labels that a cluster must have, sorted.
        expressions: What else its labels must meet: the deployment's requirements, and then the cache's.
        conflicts: Labels on which no cluster can please both, one phrase for each; nothing else is said of them.
    """

    labels: tuple[tuple[str, str], ...]
    expressions: tuple[LabelRequirement, ...]
    conflicts: tuple[str, ...]


def combine(own: LabelSelector, cache: LabelSelector) -> ClusterSelection:
    """Combine the selectors of a deployment and its cache.

    Args:
        own: The deployment's.
        cache: The cache's; one that says nothing when there is no cache.
    """
    here, there = _by_key(own), _by_key(cache)
    clashes = [key for key in sorted(here.keys() & there.keys()) if exclude(here[key], there[key])]
    labels = {**own.match_labels, **cache.match_labels}
    expressions = (*_expressions(own), *_expressions(cache))
    return ClusterSelection(
        labels=tuple((key, value) for key, value in sorted(labels.items()) if key not in clashes),
        expressions=tuple(dict.fromkeys(asked for asked in expressions if asked.key not in clashes)),
        conflicts=tuple(_conflict(key, own, cache, here[key], there[key]) for key in clashes),
    )


def _by_key(selector: LabelSelector) -> dict[str, list[LabelRequirement]]:
    found: dict[str, list[LabelRequirement]] = {}
    equal = [LabelRequirement(key, "In", (value,)) for key, value in selector.match_labels.items()]
    for requirement in (*equal, *_expressions(selector)):
        found.setdefault(requirement.key, []).append(requirement)
    return found


def _expressions(selector: LabelSelector) -> tuple[LabelRequirement, ...]:
    return tuple(LabelRequirement(asked.key, asked.operator, asked.values) for asked in selector.match_expressions)


def _conflict(
    key: str,
    own: LabelSelector,
    cache: LabelSelector,
    here: Sequence[LabelRequirement],
    there: Sequence[LabelRequirement],
) -> str:
    if key in own.match_labels and key in cache.match_labels:
        return f"{key} is {own.match_labels[key]} here and {cache.match_labels[key]} in the cache"
    return f"{','.join(map(str, here))} here and {','.join(map(str, there))} in the cache exclude each other"
