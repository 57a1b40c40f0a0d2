"""Garbage collection by owner references."""

from __future__ import annotations

from collections.abc import Iterable

from function.composition import Object, unstructured
from function.preview import usages
from function.preview.errors import InUseError
from function.preview.kinds import ref_of
from function.preview.managed_fields import Writer
from function.preview.store import Store

_COLLECTOR = Writer("garbage-collector", "Update", name="the garbage collector")


def collect(store: Store) -> None:
    """Delete objects that have lost all owners, and finish foreground deletions whose dependents are gone.

    An owner that waits for its dependents counts as lost, as one that is gone does: an object with another owner keeps
    only that. An owner waits only for dependents that block it, as children of composites do and Usages do not.
    Objects that a Usage protects are left for the next time.
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
                _remove_lost_owners(store, dependent, foreground=True)
            if not dependents:
                store.finish_foreground_deletion(ref_of(obj), _COLLECTOR)
        elif not all(store.by_uid(uid) for uid in owners(obj)):
            _remove_lost_owners(store, obj, foreground=None)


def owners(obj: Object) -> list[str]:
    """The uids of an object's owners."""
    return [unstructured.text(owner, "uid") for owner in unstructured.items(obj, "metadata", "ownerReferences")]


def _remove_lost_owners(store: Store, obj: Object, *, foreground: bool | None) -> None:
    """Take the lost owners off an object that has others, or delete it; one that is being deleted is left to that."""
    if unstructured.text(obj, "metadata", "deletionTimestamp"):
        return
    present = set(_present_owners(store, owners(obj)))
    if not present:
        _delete(store, obj, foreground=foreground)
        return
    remaining = [
        reference
        for reference in unstructured.items(obj, "metadata", "ownerReferences")
        if reference.get("uid") in present
    ]
    store.update({**obj, "metadata": {**obj["metadata"], "ownerReferences": remaining}}, _COLLECTOR)


def _present_owners(store: Store, uids: Iterable[str]) -> Iterable[str]:
    for uid in uids:
        owner = store.by_uid(uid)
        if owner is not None and not store.waits_for_dependents(owner):
            yield uid


def _delete(store: Store, obj: Object, *, foreground: bool | None) -> None:
    try:
        usages.delete(store, ref_of(obj), _COLLECTOR.name, foreground=foreground)
    except InUseError:
        return
