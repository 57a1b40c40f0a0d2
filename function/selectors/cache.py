"""A cache that is bounded in entries and in weight.

Users write the keys, and decide by them how much an entry takes, so both are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """Statistics of a cache.

    Attributes:
        hits: Lookups that were answered.
        misses: Lookups that had to be computed.
        entries: Entries that it holds.
    """

    hits: int
    misses: int
    entries: int


class GenerationalCache(Generic[T]):
    """Results by key, in two generations: an entry of the older one moves to the newer one when it is used.

    Several threads may share it: at worst, something is computed twice. Exceptions are not cached.
    """

    def __init__(self, entries: int, weight: int) -> None:
        """Make a cache of at most so many entries and so much weight."""
        self._entries, self._weight = entries // 2, weight // 2
        self._new: dict[Hashable, T] = {}
        self._old: dict[Hashable, T] = {}
        self._new_weight = 0
        self._hits = self._misses = 0

    def get_or_compute(self, key: Hashable, compute: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """Give the entry of a key, or compute it; a result heavier than half of the limit is not cached."""
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
        """Count hits, misses and entries."""
        return CacheStatistics(self._hits, self._misses, len(self._new.keys() | self._old.keys()))
