"""What has been computed from an object, cached for as long as the object does not change.

Most of a fleet is as it was a minute ago. The API server identifies an object by its uid and the version of its
content; a caller that knows both hands in an object with an attribute `identity`. For an object without one,
such as an object in a file, everything is computed anew.

Versions only grow, until the API server's store is restored from a backup: from then on it assigns versions
again that it had assigned to other content. So only the latest version of each object is cached, and an object
with an earlier one empties the cache, since no other entry can be trusted any more either.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from function import deadline
from function.composition.unstructured import Object

T = TypeVar("T")

_Generations: TypeAlias = tuple[dict[Hashable, Any], dict[Hashable, Any]]
"""The entries used recently, and those used before."""

MAX_ENTRIES: Final = 25_000
"""How many results are kept for certain; one that is not used while as many others are is evicted."""


class Identity(NamedTuple):
    """What identifies an object and its content.

    Attributes:
        uid: The object's uid.
        version: Its resourceVersion, which is a number in all of Kubernetes' own servers.
    """

    uid: str
    version: str

    def is_before(self, version: str) -> bool:
        """Tell whether its version is earlier than another; false when that cannot be told."""
        versions = self.version, version
        return all(text.isascii() and text.isdigit() for text in versions) and int(self.version) < int(version)


class ObjectCache:
    """Results by object, in two generations: an entry of the older one moves to the newer one when it is used.

    Several threads may share it: at worst, something is computed twice.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._generations: _Generations = ({}, {})
        self._lock = Lock()

    def derive(self, source: Object, compute: Callable[[Object], T]) -> T:
        """Compute something from an object, unless it is cached.

        Args:
            source: The object.
            compute: Computes it from nothing but the object. The result must not refer to the object
                and is never changed.

        Raises:
            CallEndedError: The deadline of the call has passed, or it was cancelled: objects come by the thousand.
        """
        deadline.check()
        identity: Identity | None = getattr(source, "identity", None)
        if identity is None:
            return compute(source)
        key = (compute, identity.uid)
        generations = self._generations
        version, result = self._find(generations, key, _NO_VERSION)
        if version != identity.version:
            if version is not None and identity.is_before(version):
                generations = ({}, {})
                with self._lock:
                    self._generations = generations
            result = compute(source)
            self._keep(generations, key, (identity.version, result))
        found: T = result
        return found

    def get_or_compute(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Give the entry of a key, or compute it."""
        generations = self._generations
        result = self._find(generations, key, _ABSENT)
        if result is _ABSENT:
            result = compute()
            self._keep(generations, key, result)
        found: T = result
        return found

    def _find(self, generations: _Generations, key: Hashable, default: Any) -> Any:
        young, old = generations
        result = young.get(key, _ABSENT)
        if result is _ABSENT:
            result = old.get(key, _ABSENT)
            if result is _ABSENT:
                return default
            self._keep(generations, key, result)
        return result

    def _keep(self, generations: _Generations, key: Hashable, result: Any) -> None:
        """Add an entry where it was looked for: if the cache was emptied meanwhile, it is gone with the rest."""
        young, _ = generations
        if len(young) >= self._max_entries:
            with self._lock:
                if generations is self._generations:
                    self._generations = generations = ({}, young)
            young, _ = generations
        young[key] = result


_ABSENT: Final[Any] = object()
_NO_VERSION: Final = (None, None)

derive: Final = ObjectCache().derive
"""Compute something from an object, unless it is cached; see `ObjectCache`."""
