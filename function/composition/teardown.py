"""The order in which children are deleted with their composite, enforced by Kubernetes' garbage collector.

An object with the finalizer `foregroundDeletion` stays until everything that it owns is gone, and an
object with two owners is collected only when both are gone or being deleted. So an object that must go
last owns those that must go before it, besides the composite. The collector honours the finalizer
however the composite was deleted; only a delete of that very object with another propagation policy
takes it off.

This needs no call of the function and no Usage, and keeps what a provider would otherwise release:
provider configs lose the record of their users first when these are deleted in the foreground.
An object has one owner besides its composite, never two: the collector removes the waiting owners
from an object that has one that does not wait. The owner is in the same namespace or cluster-scoped;
the collector takes any other for gone.
"""

from __future__ import annotations

from typing import Final

from function.composition import unstructured
from function.composition.unstructured import Manifest, Object

FOREGROUND: Final = "foregroundDeletion"


def with_foreground_finalizer(desired: Object, observed: Object | None) -> Manifest:
    """Have an object deleted only after everything that it owns.

    Args:
        desired: The object as composed.
        observed: The object as observed. One that is being deleted cannot get a finalizer any more.
    """
    meta = unstructured.mapping(desired, "metadata")
    if _is_terminating(observed) and FOREGROUND not in unstructured.dig(observed, "metadata", "finalizers", default=()):
        return dict(desired)
    return {**desired, "metadata": {**meta, "finalizers": [FOREGROUND]}}


def owned_by(desired: Object, owner: Object | None) -> Manifest:
    """Give an object an owner besides its composite, which is deleted after it.

    Args:
        desired: The object as composed.
        owner: The owner as observed. One that is being deleted cannot wait for the object any more.
    """
    uid = unstructured.text(owner, "metadata", "uid")
    if owner is None or not uid or _is_terminating(owner):
        return dict(desired)
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": unstructured.name_of(owner),
        "uid": uid,
        "blockOwnerDeletion": True,
    }
    return {**desired, "metadata": {**unstructured.mapping(desired, "metadata"), "ownerReferences": [reference]}}


def _is_terminating(observed: Object | None) -> bool:
    return bool(unstructured.text(observed, "metadata", "deletionTimestamp"))
