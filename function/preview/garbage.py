"""Garbage collection by owner references."""

from __future__ import annotations

from collections.abc import Iterable

from function.composition import Object, unstructured
from function.preview import usages
from function.preview.errors import InUseError
from function.preview.kinds import ref_of
from function.preview.store import Store, Writer

_COLLECTOR = Writer("garbage-collector", "Update", who="the garbage collector")


def collect(store: Store) -> None:
    """Delete what has lost all its owners, and let go what has waited for all that it owns.

    An owner that waits counts as lost, and so does one that is gone: what has another keeps only
    that. It waits only for what blocks it, as children of composites do and Usages do not. What a Usage protects is
    left for the next time.
    """
    objs = store.everything()
    blocking: dict[str, list[Object]] = {}
    for obj in objs:
        for owner in unstructured.items(obj, "metadata", "ownerReferences"):
            if owner.get("blockOwnerDeletion") is True:
                blocking.setdefault(unstructured.text(owner, "uid"), []).append(obj)
    for obj in objs:
        if store.waits_for_dependents(obj):
            dependents = blocking.get(obj["metadata"]["uid"], [])
            for dependent in dependents:
                _orphaned(store, dependent, foreground=True)
            if not dependents:
                store.release(ref_of(obj), _COLLECTOR)
        elif not all(store.of_uid(uid) for uid in owners(obj)):
            _orphaned(store, obj, foreground=None)


def owners(obj: Object) -> list[str]:
    """The uids of an object's owners."""
    return [unstructured.text(owner, "uid") for owner in unstructured.items(obj, "metadata", "ownerReferences")]


def _orphaned(store: Store, obj: Object, *, foreground: bool | None) -> None:
    """Take the lost owners off an object that has others, or delete it; one that is being deleted is left to that."""
    if unstructured.text(obj, "metadata", "deletionTimestamp"):
        return
    solid = set(_solid(store, owners(obj)))
    if not solid:
        _delete(store, obj, foreground=foreground)
        return
    kept = [
        reference
        for reference in unstructured.items(obj, "metadata", "ownerReferences")
        if reference.get("uid") in solid
    ]
    store.update({**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}}, _COLLECTOR)


def _solid(store: Store, uids: Iterable[str]) -> Iterable[str]:
    for uid in uids:
        owner = store.of_uid(uid)
        if owner is not None and not store.waits_for_dependents(owner):
            yield uid


def _delete(store: Store, obj: Object, *, foreground: bool | None) -> None:
    try:
        usages.delete(store, ref_of(obj), _COLLECTOR.who, foreground=foreground)
    except InUseError:
        return
