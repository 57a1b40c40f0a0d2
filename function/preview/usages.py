"""Usages and ClusterUsages: objects that others need, and that cannot be deleted meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from function.composition import Manifest, Object, unstructured
from function.preview.conditions import condition, set_crossplane_conditions
from function.preview.errors import InUseError
from function.preview.kinds import Ref, group_of, is_namespaced, ref_of
from function.preview.reconcile import COMPOSITE_LABEL, CROSSPLANE, controller_uid
from function.preview.store import Store, with_status

GROUP: Final = "protection.crossplane.io"
KINDS: Final = ("ClusterUsage", "Usage")

_IN_USE: Final = "crossplane.io/in-use"
_FINALIZER: Final = "usage.apiextensions.crossplane.io"


def delete(store: Store, ref: Ref, writer: str, *, foreground: bool | None) -> None:
    """Delete an object unless a Usage protects it.

    Raises:
        InUseError: When one does.
    """
    obj = store.get(ref)
    if obj is not None and unstructured.labels(obj).get(_IN_USE) == "true":
        by = [str(ref_of(usage)) for usage in _all(store) if side(store, usage, "of") == ref]
        if by:
            raise InUseError(f"{ref} is in use by {len(by)} usage(s), including {by[0]}")
    store.delete(ref, writer, foreground=foreground)


def step(store: Store) -> None:
    """Let Crossplane's usage controller work once on every Usage, at the same time."""
    usages = _all(store)
    protected = Counter(side(store, usage, "of") for usage in usages)
    for usage in usages:
        if unstructured.text(usage, "metadata", "deletionTimestamp"):
            _finish(store, usage, protected)
        else:
            _protect(store, usage)


def side(store: Store, usage: Object, side_name: str) -> Ref | None:
    """The object that is used (`of`) or that uses it (`by`); None when there is none."""
    target = unstructured.mapping(usage, "spec", side_name)
    api_version, kind = unstructured.text(target, "apiVersion"), unstructured.text(target, "kind")
    if not kind:
        return None
    group = group_of(api_version)
    own_namespace = unstructured.namespace_of(usage)
    namespace = (
        (unstructured.text(target, "resourceRef", "namespace") or own_namespace)
        if is_namespaced(api_version, kind)
        else ""
    )
    name = unstructured.text(target, "resourceRef", "name")
    if name:
        return Ref(group, kind, namespace, name)
    selector = unstructured.mapping(target, "resourceSelector")
    labels: dict[str, Any] = dict(unstructured.mapping(selector, "matchLabels"))
    for candidate in store.find(group, kind, namespace=namespace, labels=labels):
        if not selector.get("matchControllerRef") or controller_uid(candidate) == controller_uid(usage):
            return ref_of(candidate)
    return None


def _all(store: Store) -> list[Manifest]:
    return [usage for kind in KINDS for usage in store.find(GROUP, kind)]


def _protect(store: Store, usage: Manifest) -> None:
    used, using = side(store, usage, "of"), side(store, usage, "by")
    resolved = _with_names(usage, used, using)
    if resolved != usage:
        usage = store.update(resolved, CROSSPLANE)
    obj = store.get(used) if used else None
    user = store.get(using) if using else None
    if obj is None or (user is None and "by" in unstructured.mapping(usage, "spec")):
        return
    ref = ref_of(usage)
    store.finalize(ref, _FINALIZER, CROSSPLANE, present=True)
    if unstructured.labels(obj).get(_IN_USE) != "true":
        labels = {**unstructured.labels(obj), _IN_USE: "true"}
        store.update({**obj, "metadata": {**obj["metadata"], "labels": labels}}, CROSSPLANE)
    if user is not None:
        _add_owner(store, ref, user)
    usage = store.get(ref) or usage
    ready = condition("Ready", "True", "Available", generation=usage["metadata"]["generation"])
    conditions = set_crossplane_conditions(unstructured.items(usage, "status", "conditions"), [ready], store.now)
    status = {**unstructured.mapping(usage, "status"), "conditions": conditions}
    store.update(with_status(usage, status), CROSSPLANE.status)


def _with_names(usage: Manifest, used: Ref | None, using: Ref | None) -> Manifest:
    """Write what selectors found into the Usage."""
    spec = dict(usage["spec"])
    for side_name, ref in (("of", used), ("by", using)):
        if ref is not None and not unstructured.text(spec, side_name, "resourceRef", "name"):
            spec[side_name] = {**spec[side_name], "resourceRef": {"name": ref.name}}
    return {**usage, "spec": spec}


def _add_owner(store: Store, ref: Ref, user: Object) -> None:
    """Make the using object an owner of the Usage, so that the Usage goes after it."""
    usage = store.get(ref)
    if usage is None:
        return
    owners = usage["metadata"].get("ownerReferences", [])
    if any(owner.get("uid") == user["metadata"]["uid"] for owner in owners):
        return
    owner = {key: user[key] for key in ("apiVersion", "kind")}
    owner |= {"name": unstructured.name_of(user), "uid": user["metadata"]["uid"]}
    store.update({**usage, "metadata": {**usage["metadata"], "ownerReferences": [*owners, owner]}}, CROSSPLANE)


def _finish(store: Store, usage: Object, protected: Mapping[Ref | None, int]) -> None:
    """Let a deleted Usage go, one of a composite only after the object that it protects the other for.

    The label goes only with the last Usage of what is used: it stays when two find each other still there.
    """
    using = side(store, usage, "by")
    if using is not None and store.get(using) is not None and COMPOSITE_LABEL in unstructured.labels(usage):
        return
    used = side(store, usage, "of")
    obj = store.get(used) if used else None
    if obj is not None and _IN_USE in unstructured.labels(obj) and protected[used] == 1:
        labels = {key: value for key, value in unstructured.labels(obj).items() if key != _IN_USE}
        store.update({**obj, "metadata": {**obj["metadata"], "labels": labels}}, CROSSPLANE)
    store.finalize(ref_of(usage), _FINALIZER, CROSSPLANE, present=False)
