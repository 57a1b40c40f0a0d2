"""The diagnosis of a plan: why each cluster took no further replica, and the same in one sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from function.scheduling.reasons import UnschedulableReason
from function.scheduling.words import plural

PARTS: Final = 8
"""The most kinds of reasons that a message lists."""

LENGTH: Final = 800
"""The most characters of a message."""

_SPELT_OUT: Final = 2
"""The most variants of one kind of reason that are told apart."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why clusters did not take the first replica that found no place; empty when every replica found one.

    Attributes:
        reasons: Cluster and reason, by cluster.
    """

    reasons: tuple[tuple[str, UnschedulableReason], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.reasons)

    @property
    def considered(self) -> tuple[tuple[str, UnschedulableReason], ...]:
        """The clusters that were considered at all, with their reasons."""
        return tuple((cluster, reason) for cluster, reason in self.reasons if reason.considered)

    def message(self, placed: int, replicas: int) -> str:
        """Sum up why not more replicas were placed; the order of clusters makes no difference.

        Args:
            placed: How many replicas have a place.
            replicas: How many are asked for.

        Returns:
            One line of at most `LENGTH` characters, with a remedy where one is known. Clusters that
            were not selected are counted apart from those that were considered.
        """
        opening = f"{placed} of {replicas} placed"
        if not self.reasons:
            return opening
        considered = [reason for _, reason in self.considered]
        apart = [reason for _, reason in self.reasons if not reason.considered]
        clauses = [_count(considered)] if considered else []
        clauses += [_count_apart(alike, more=bool(considered)) for alike in _by_class(apart)]
        remedy = _advice(considered or apart)
        text = f"{opening}, {'; '.join(clauses)}"
        return f"{_shorten(text, LENGTH - len(remedy) - 2)}. {remedy}".rstrip()


def _advice(reasons: Iterable[UnschedulableReason]) -> str:
    """Say what to do about the reason that is nearest to a place, and about permissions that are lacking elsewhere."""
    groups = sorted(_by_class(reasons), key=lambda alike: alike[0].distance)
    advised = [alike for position, alike in enumerate(groups) if position == 0 or alike[0].grantable]
    return " ".join(alike[0].advise(alike) for alike in advised)


def _by_class(reasons: Iterable[UnschedulableReason]) -> list[list[UnschedulableReason]]:
    """Group reasons by their class, in the order in which they are listed."""
    groups: defaultdict[type[UnschedulableReason], list[UnschedulableReason]] = defaultdict(list)
    for reason in reasons:
        groups[type(reason)].append(reason)
    return [groups[kind] for kind in sorted(groups, key=lambda kind: kind.position)]


def _count(considered: Sequence[UnschedulableReason]) -> str:
    """Count the reasons of the clusters that were considered."""
    parts = [part for alike in _by_class(considered) for part in _parts(alike)]
    shown = parts if len(parts) <= PARTS else parts[: PARTS - 1]
    rest = len(considered) - sum(count for count, _ in shown)
    listed = [f"{count} {phrase}" for count, phrase in shown]
    if rest:
        listed.append(f"{rest} for other reasons")
    return f"{plural(len(considered), 'cluster')}: {', '.join(listed)}"


def _parts(reasons: Sequence[UnschedulableReason]) -> list[tuple[int, str]]:
    """Count the variants of one class of reasons; many of them are summed up as one."""
    variants: defaultdict[UnschedulableReason, list[UnschedulableReason]] = defaultdict(list)
    for reason in reasons:
        variants[reason.gist].append(reason)
    if len(variants) > _SPELT_OUT:
        return [(len(reasons), reasons[0].general)]
    phrases = [(len(alike), alike[0].summarize(alike)) for alike in variants.values()]
    return sorted(phrases, key=lambda part: (-part[0], part[1]))


def _count_apart(apart: Sequence[UnschedulableReason], *, more: bool) -> str:
    """Count the clusters that were not considered."""
    subject = f"{len(apart)} more" if more else f"{plural(len(apart), 'cluster')}:"
    return f"{subject} {apart[0].summarize(apart)}"


def _shorten(text: str, limit: int) -> str:
    """Cut a text to a length, at a word where possible."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(",;: ") + "…"
