"""What was worked out before from the very same object.

Most of a fleet is as it was a minute ago. An object of the API server is known by its uid and its
version; whoever hands one in says so by its attribute `identity`. What has none, such as an object
in a file, is worked out anew each time.

Versions only ever grow, until somebody restores the API server's store from a copy. From then on it
gives versions out again that it gave out before, for another content. So of each object only its
latest version is remembered, and an object with an earlier one than that empties the memory: of
everything else that was remembered, nobody knows any more which content its version stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from function import deadline
from function.composition.unstructured import Object

T = TypeVar("T")

_Generations: TypeAlias = tuple[dict[Hashable, Any], dict[Hashable, Any]]
"""What was used of late, and what was used before."""

MOST: Final = 25_000
"""How many results are remembered for certain. What is not used for as many others is forgotten."""


class Identity(NamedTuple):
    """What the API server knows an object by.

    Attributes:
        uid: The object's uid.
        version: The version of its content, which is a number in all of Kubernetes' own servers.
    """

    uid: str
    version: str

    def is_before(self, version: str) -> bool:
        """Tell whether its version was given out before another one; false when that cannot be told."""
        both = self.version, version
        return all(one.isascii() and one.isdigit() for one in both) and int(both[0]) < int(both[1])


class Memory:
    """Results by object, in two generations: what the older one had is taken over when it is used.

    It may be used by several threads: at worst, something is worked out twice.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._generations: _Generations = ({}, {})
        self._turning = Lock()

    def derive(self, source: Object, work: Callable[[Object], T]) -> T:
        """Work out something from an object, unless that is remembered.

        Args:
            source: The object.
            work: Works it out, from nothing but the object. The result must not refer to the object
                and is never changed.

        Raises:
            CallEndedError: The call's time is up, or it was cancelled: objects come by the thousand.
        """
        deadline.check()
        identity: Identity | None = getattr(source, "identity", None)
        if identity is None:
            return work(source)
        key = (work, identity.uid)
        known = self._generations
        version, found = self._find(known, key, _NEVER)
        if version != identity.version:
            if version is not None and identity.is_before(version):
                known = ({}, {})
                with self._turning:
                    self._generations = known
            found = work(source)
            self._keep(known, key, (identity.version, found))
        result: T = found
        return result

    def recall(self, key: Hashable, work: Callable[[], T]) -> T:
        """Give what is remembered under a key, or work it out."""
        known = self._generations
        found = self._find(known, key, _NOTHING)
        if found is _NOTHING:
            found = work()
            self._keep(known, key, found)
        result: T = found
        return result

    def _find(self, known: _Generations, key: Hashable, default: Any) -> Any:
        young, old = known
        found = young.get(key, _NOTHING)
        if found is _NOTHING:
            found = old.get(key, _NOTHING)
            if found is _NOTHING:
                return default
            self._keep(known, key, found)
        return found

    def _keep(self, known: _Generations, key: Hashable, found: Any) -> None:
        """Remember something where it was looked for: if that was emptied meanwhile, it is forgotten with the rest."""
        young, _ = known
        if len(young) >= self._most:
            with self._turning:
                if known is self._generations:
                    self._generations = known = ({}, young)
            young, _ = known
        young[key] = found


_NOTHING: Final[Any] = object()
_NEVER: Final = (None, None)

derive: Final = Memory().derive
"""Work out something from an object, unless that is remembered; see `Memory`."""
