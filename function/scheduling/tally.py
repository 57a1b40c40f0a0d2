"""One sentence about a whole fleet: how many replicas were placed, and what kept the rest out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from function.scheduling.reasons import (
    CountTooSmall,
    Kind,
    NoDevice,
    NotEnoughNodes,
    NotSelected,
    Tainted,
    UnschedulableReason,
    describe,
    plural,
)

PARTS: Final = 8
"""The most kinds of reasons that a summary lists."""

LENGTH: Final = 800
"""The most characters of a summary."""

_SPELT_OUT: Final = 2
"""The most variants of one kind of reason that are told apart."""

_GENERAL: Final = {
    Kind.NOT_PERMITTED: "without permission for labels or annotations of the pods",
    Kind.TAINTED: "tainted",
    Kind.AVOIDED: "left a moment ago",
    Kind.NOT_ENOUGH_NODES: "with too few free nodes",
    Kind.ENGINES_TOO_LARGE: "too small for all engines at once",
    Kind.TOO_COMPLEX: "too complex to match",
    Kind.COUNT_TOO_SMALL: "with too few devices per node",
    Kind.SYNTHETIC_ONLY: "with nothing to claim",
    Kind.NO_DEVICE: "without a device for a request",
}

_REMEDIES: Final = {
    Kind.AVOIDED: "Wait; look at why the replica did not serve there if this lasts.",
    Kind.NOT_ENOUGH_NODES: "Free nodes or enlarge a pool.",
    Kind.ENGINES_TOO_LARGE: "Free nodes or enlarge a pool.",
    Kind.TAINTED: "Remove the taint or tolerate it.",
    Kind.NOT_PERMITTED: "Remove what grants, or have it added to the cluster's spec.namespaces.podMetadata.",
    Kind.RESERVED_NAMESPACE: "Deploy in another namespace.",
    Kind.TOO_COMPLEX: "Put requests for the same devices into one with a count, loop less in selectors, or split it.",
    Kind.COUNT_TOO_SMALL: "Request fewer devices per pod, or add a pool with larger nodes.",
    Kind.SYNTHETIC_ONLY: "Request a device that pods claim through DRA.",
    Kind.NO_DEVICE: "Compare the selectors with the devices in the clusters' status.gpuPools.",
    Kind.NO_NODE_POOLS: "Add a node pool with an InferenceClass.",
    Kind.POOLS_UNKNOWN: "Look at the clusters' conditions.",
    Kind.NO_GATEWAY: "Look at the clusters' conditions.",
    Kind.NOT_READY: "Look at the clusters' conditions.",
    Kind.NOT_SELECTED: "Label a cluster, or ask for other labels.",
}
"""What to do, for the reason that is closest to a place; the first that applies is said."""

_GUARD: Final = "Guard with has() what a device may lack: where a selector fails, Kubernetes allocates nothing at all."
"""What to do where a selector has failed on a device."""


def summary(placed: int, wanted: int, rejections: Iterable[tuple[str, UnschedulableReason]]) -> str:
    """Sum up why not more replicas were placed.

    Args:
        placed: How many replicas have a place.
        wanted: How many are wanted.
        rejections: Cluster and reason, as in a plan; their order makes no difference.

    Returns:
        One line of at most `LENGTH` characters, with a remedy where one is known. Clusters that
        were not selected are counted apart from those that were considered.
    """
    reasons = [rejection for _, rejection in rejections]
    opening = f"{placed} of {wanted} placed"
    if not reasons:
        return opening
    apart = [reason for reason in reasons if isinstance(reason, NotSelected)]
    considered = [reason for reason in reasons if not isinstance(reason, NotSelected)]
    clauses = [_tally(considered)] if considered else []
    if apart:
        clauses.append(_not_selected(apart, others=bool(considered)))
    remedy = _remedy(considered or reasons)
    text = f"{opening}, {'; '.join(clauses)}"
    return f"{_shorten(text, LENGTH - len(remedy) - 2)}. {remedy}".rstrip()


def _remedy(reasons: Sequence[UnschedulableReason]) -> str:
    """Say what to do about the reason that is closest to a place."""
    kinds = {reason.kind for reason in reasons}
    closest = next((kind for kind in _REMEDIES if kind in kinds), None)
    if closest is None:
        return ""
    failed = any(isinstance(reason, NoDevice) and reason.errors for reason in reasons)
    return _GUARD if closest is Kind.NO_DEVICE and failed else _REMEDIES[closest]


def _tally(considered: Sequence[UnschedulableReason]) -> str:
    """Count the reasons of the clusters that were considered."""
    by_kind: defaultdict[Kind, list[UnschedulableReason]] = defaultdict(list)
    for rejection in considered:
        by_kind[rejection.kind].append(rejection)
    parts = [part for kind in Kind if kind in by_kind for part in _parts(kind, by_kind[kind])]
    shown = parts if len(parts) <= PARTS else parts[: PARTS - 1]
    rest = len(considered) - sum(count for count, _ in shown)
    listed = [f"{count} {phrase}" for count, phrase in shown]
    if rest:
        listed.append(f"{rest} for other reasons")
    return f"{plural(len(considered), 'cluster')}: {', '.join(listed)}"


def _parts(kind: Kind, rejections: Sequence[UnschedulableReason]) -> list[tuple[int, str]]:
    """Group the reasons of one kind; many variants are summed up as one."""
    groups: defaultdict[UnschedulableReason, list[UnschedulableReason]] = defaultdict(list)
    for rejection in rejections:
        groups[_gist(rejection)].append(rejection)
    if len(groups) > _SPELT_OUT:
        return [(len(rejections), _GENERAL[kind])]
    phrases = [(len(group), _phrase(group)) for group in groups.values()]
    return sorted(phrases, key=lambda part: (-part[0], part[1]))


def _gist(rejection: UnschedulableReason) -> UnschedulableReason:
    """Leave out what may differ within a group."""
    match rejection:
        case NotEnoughNodes():
            return replace(rejection, pool="", free=0)
        case CountTooSmall():
            return replace(rejection, available=0)
        case NoDevice():
            return replace(rejection, false=0, errors=0, error="")
        case Tainted():
            return replace(rejection, effect="")
        case _:
            return rejection


def _phrase(group: Sequence[UnschedulableReason]) -> str:
    """Word a group: figures are added up over its clusters, or the best of them is given."""
    first = group[0]
    match first:
        case NotEnoughNodes():
            return _nodes([one for one in group if isinstance(one, NotEnoughNodes)])
        case NoDevice():
            same = [one for one in group if isinstance(one, NoDevice)]
            false, errors = sum(one.false for one in same), sum(one.errors for one in same)
            return describe(replace(first, false=false, errors=errors, error=""))
        case CountTooSmall():
            most = max(one.available for one in group if isinstance(one, CountTooSmall))
            return describe(replace(first, available=most))
        case Tainted(key=key):
            return f"tainted {key}"
        case _:
            return describe(first)


def _nodes(group: Sequence[NotEnoughNodes]) -> str:
    """Word a group that lacks as many nodes for the same engine."""
    if len(group) == 1:
        return describe(group[0])
    needed, engine = group[0].needed, group[0].engine
    names = {one.pool for one in group}
    where = f"pool {names.pop()}" if len(names) == 1 else "one pool"
    free = {max(one.free, 0) for one in group}
    most = f"{max(free)} free at most" if len(free) > 1 else f"{max(free)} free"
    who = f" for engine {engine}" if engine else ""
    return f"need {plural(needed, 'free node')} in {where}{who} ({most})"


def _not_selected(apart: Sequence[NotSelected], *, others: bool) -> str:
    """Count the clusters that were not considered, with the labels when they lack the same ones."""
    lacking = {one.labels for one in apart}
    labels = ",".join(f"{key}={value}" for key, value in lacking.pop()) if len(lacking) == 1 else ""
    subject = f"{len(apart)} more" if others else f"{plural(len(apart), 'cluster')}:"
    return f"{subject} not selected ({labels})" if labels else f"{subject} not selected"


def _shorten(text: str, limit: int) -> str:
    """Cut a text to a length, at a word where possible."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;: ") + "…"
