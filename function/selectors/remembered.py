"""What was worked out before, within bounds of entries and of weight.

What users write is the key, and says how much an entry takes, so both are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How well a cache does.

    Attributes:
        hits: Questions that it could answer.
        misses: Questions that it could not answer.
        entries: Answers that it holds.
    """

    hits: int
    misses: int
    entries: int


class Remembered(Generic[T]):
    """Results by key, in two generations: what the older one had is taken over when it is used.

    It may be used by several threads: at worst, something is worked out twice. What raises is not
    remembered.
    """

    def __init__(self, entries: int, weight: int) -> None:
        """Remember no more than so many entries and so much weight."""
        self._entries, self._weight = entries // 2, weight // 2
        self._young: dict[Hashable, T] = {}
        self._old: dict[Hashable, T] = {}
        self._weighs = 0
        self._hits = self._misses = 0

    def recall(self, key: Hashable, work: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """Give what is remembered under a key, or work it out; what is heavier than half of all is not kept."""
        found = self._young.get(key)
        if found is not None:
            self._hits += 1
            return found
        found = self._old.get(key)
        if found is None:
            self._misses += 1
            found = work()
        else:
            self._hits += 1
        weight = weigh(found)
        if weight <= self._weight:
            if len(self._young) >= self._entries or self._weighs + weight > self._weight:
                self._old, self._young, self._weighs = self._young, {}, 0
            self._weighs += weight
            self._young[key] = found
        return found

    def use(self) -> CacheUse:
        """Tell how well it does."""
        return CacheUse(self._hits, self._misses, len(self._young.keys() | self._old.keys()))
