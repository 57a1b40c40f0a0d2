"""What was worked out before from the very same object.

Most of a fleet is as it was a minute ago. An object of the API server is known by its uid and its
version; whoever hands one in says by its attribute `identity` what tells it from all others. What
has none, such as an object in a file, is worked out anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from function.composition.manifest import Object

T = TypeVar("T")

MOST: Final = 25_000
"""How many results are remembered for certain. What is not used for as many others is forgotten."""


class Memory:
    """Results by object, in two generations: what the older one had is taken over when it is used.

    It may be used by several threads: at worst, something is worked out twice.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._young: dict[Hashable, Any] = {}
        self._old: dict[Hashable, Any] = {}

    def derive(self, source: Object, work: Callable[[Object], T]) -> T:
        """Work out something from an object, unless that is remembered.

        Args:
            source: The object.
            work: Works it out, from nothing but the object. The result must not refer to the object
                and is never changed.
        """
        identity = getattr(source, "identity", None)
        return work(source) if identity is None else self.recall((work, identity), lambda: work(source))

    def recall(self, key: Hashable, work: Callable[[], T]) -> T:
        """Give what is remembered under a key, or work it out."""
        found = self._young.get(key, _NOTHING)
        if found is _NOTHING:
            found = self._old.get(key, _NOTHING)
            if found is _NOTHING:
                found = work()
            if len(self._young) >= self._most:
                self._old, self._young = self._young, {}
            self._young[key] = found
        result: T = found
        return result


_NOTHING: Final[Any] = object()

derive: Final = Memory().derive
"""Work out something from an object, unless that is remembered; see `Memory`."""
