"""The order in which children go when their composite is deleted, kept by Kubernetes' garbage collector.

An object with the finalizer `foregroundDeletion` that is collected stays until everything that it
owns is gone, and an object with two owners is collected only when both are gone or on their way.
So what must go last owns what must go before it, besides the composite. The collector honours the
finalizer whichever way the composite was deleted; only who deletes the very object, and says that
it need not wait, takes it off.

This tells nothing to the function, costs no Usage, and holds what a provider would otherwise let
go: provider configs lose the record of their users first when these are deleted in the foreground.
An object has one owner besides its composite, never two: the collector drops the owners that wait
from an object with one that does not. The owner is in the same namespace or in none, or the
collector takes it for gone.
"""

from __future__ import annotations

from typing import Final

from function.composition import unstructured
from function.composition.unstructured import Manifest, Object

FOREGROUND: Final = "foregroundDeletion"


def waiting(wanted: Object, seen: Object | None) -> Manifest:
    """Let an object go only after everything that it owns.

    Args:
        wanted: The object as composed.
        seen: The object as observed. One that is being deleted cannot get a finalizer any more.
    """
    meta = unstructured.mapping(wanted, "metadata")
    if _is_going(seen) and FOREGROUND not in unstructured.dig(seen, "metadata", "finalizers", default=()):
        return dict(wanted)
    return {**wanted, "metadata": {**meta, "finalizers": [FOREGROUND]}}


def owned(wanted: Object, keeper: Object | None) -> Manifest:
    """Let an object go before its keeper.

    Args:
        wanted: The object as composed.
        keeper: The keeper as observed. One that is being deleted keeps nothing any more.
    """
    uid = unstructured.text(keeper, "metadata", "uid")
    if keeper is None or not uid or _is_going(keeper):
        return dict(wanted)
    owner = {
        "apiVersion": keeper["apiVersion"],
        "kind": keeper["kind"],
        "name": unstructured.name_of(keeper),
        "uid": uid,
        "blockOwnerDeletion": True,
    }
    return {**wanted, "metadata": {**unstructured.mapping(wanted, "metadata"), "ownerReferences": [owner]}}


def _is_going(seen: Object | None) -> bool:
    return bool(unstructured.text(seen, "metadata", "deletionTimestamp"))
