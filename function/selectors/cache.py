"""What was worked out before, within bounds of entries and of weight.

What users write is the key, and says how much an entry takes, so both are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """How well a cache does.

    Attributes:
        hits: Questions that it could answer.
        misses: Questions that it could not answer.
        entries: Answers that it holds.
    """

    hits: int
    misses: int
    entries: int


class GenerationalCache(Generic[T]):
    """Results by key, in two generations: what the older one had is taken over when it is used.

    It may be used by several threads: at worst, something is worked out twice. What raises is not
    remembered.
    """

    def __init__(self, entries: int, weight: int) -> None:
        """Remember no more than so many entries and so much weight."""
        self._entries, self._weight = entries // 2, weight // 2
        self._new: dict[Hashable, T] = {}
        self._old: dict[Hashable, T] = {}
        self._new_weight = 0
        self._hits = self._misses = 0

    def get_or_compute(self, key: Hashable, compute: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """Give what is remembered under a key, or work it out; what is heavier than half of all is not kept."""
        result = self._new.get(key)
        if result is not None:
            self._hits += 1
            return result
        result = self._old.get(key)
        if result is None:
            self._misses += 1
            result = compute()
        else:
            self._hits += 1
        weight = weigh(result)
        if weight <= self._weight:
            if len(self._new) >= self._entries or self._new_weight + weight > self._weight:
                self._old, self._new, self._new_weight = self._new, {}, 0
            self._new_weight += weight
            self._new[key] = result
        return result

    def statistics(self) -> CacheStatistics:
        """Tell how well it does."""
        return CacheStatistics(self._hits, self._misses, len(self._new.keys() | self._old.keys()))
