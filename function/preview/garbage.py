"""Garbage collection by owner references."""

from __future__ import annotations

from function.composition import Object, manifest
from function.preview import usages
from function.preview.errors import InUseError
from function.preview.kinds import ref_of
from function.preview.store import Store, Writer

_COLLECTOR = Writer("garbage-collector", "Update", who="the garbage collector")


def collect(store: Store) -> None:
    """Delete what has lost all its owners, and let go what has waited for all that it owns.

    What a Usage protects is left for the next time.
    """
    things = store.everything()
    owned: dict[str, list[Object]] = {}
    for thing in things:
        for uid in _owners(thing):
            owned.setdefault(uid, []).append(thing)
    for thing in things:
        if store.waits_for_dependents(thing):
            dependents = owned.get(thing["metadata"]["uid"], [])
            for dependent in dependents:
                _delete(store, dependent, foreground=True)
            if not dependents:
                store.release(ref_of(thing), _COLLECTOR)
        elif _owners(thing) and not any(store.of_uid(uid) for uid in _owners(thing)):
            _delete(store, thing, foreground=False)


def _owners(thing: Object) -> list[str]:
    return [manifest.text(owner, "uid") for owner in manifest.items(thing, "metadata", "ownerReferences")]


def _delete(store: Store, thing: Object, *, foreground: bool) -> None:
    try:
        usages.delete(store, ref_of(thing), _COLLECTOR.who, foreground=foreground)
    except InUseError:
        return
