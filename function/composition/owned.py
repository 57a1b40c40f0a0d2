"""What our own field manager owns on an observed child.

Crossplane applies every composed resource with server-side apply, under a field manager
that belongs to the composite. Re-emitting exactly what that manager owns changes nothing;
re-emitting more takes over, and later deletes, what others wrote. The managed fields are
the record of it, with these traps:

- a leaf that holds a map is either an atomic map (owned whole) or a map that was applied
  empty and that others filled (only the empty map is ours);
- a field that another manager took by an update is no longer ours;
- an empty string that the API leaves out is in the record and not in the object;
- `spec.crossplane` and some metadata belong to Crossplane even where the record names them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from function import deadline
from function.composition import timestamps, unstructured
from function.composition.cache import derive
from function.composition.ownership import RESOURCE_NAME
from function.composition.unstructured import Manifest, Object

_MANAGER = "apiextensions.crossplane.io/composed/"
_CROSSPLANE_LABELS = frozenset({"crossplane.io/composite", "crossplane.io/in-use"})
_CROSSPLANE_ANNOTATIONS = frozenset(
    {
        RESOURCE_NAME,
        "usage.crossplane.io/deletion-attempt-with-policy",
    }
)
_SERVER_OWNED = frozenset({"apiVersion", "kind", "metadata", "status"})

_ABSENT: Any = object()


class HoldUnsafeError(Exception):
    """An observed child cannot be re-emitted without risk; the whole answer must be a fatal one."""


def manager(composite: Object) -> str:
    """The field manager that Crossplane applies a composite's children with."""
    group = unstructured.text(composite, "apiVersion").partition("/")[0]
    identity = f"{unstructured.name_of(composite)}{unstructured.text(composite, 'kind')}.{group}"
    return _MANAGER + hashlib.sha256(identity.encode()).hexdigest()


def intent(child: Object, composite: Object) -> Manifest:
    """Rebuild what we last applied to a child, from the child itself.

    Args:
        child: The observed child.
        composite: The composite that composes it.

    Returns:
        A manifest with identity and owned fields only. A child without any managed fields,
        as in an offline render, gives all but its status and what Crossplane adds.

    Raises:
        HoldUnsafeError: When there are managed fields and none of them are ours.
    """
    entries = unstructured.items(child, "metadata", "managedFields")
    if not entries:
        return _everything(child)
    ours = manager(composite)
    mine = [e for e in entries if _is_applied_by(e, ours)]
    if not mine:
        who = f"{unstructured.text(child, 'kind')}/{unstructured.name_of(child)}"
        raise HoldUnsafeError(f"{who} has managed fields, and none of them are owned by {ours}")
    others = [unstructured.mapping(e, "fieldsV1") for e in entries if not _is_applied_by(e, ours)]
    extracted: Manifest = {}
    for entry in mine:
        part = _extract(child, unstructured.mapping(entry, "fieldsV1"), others, ())
        if isinstance(part, Mapping):
            extracted.update(part)
    return _with_identity(child, extracted)


def is_ours(child: Object, composite: Object) -> bool:
    """Tell whether a composite can re-emit an object: it has applied some of it, or nobody is known to have."""
    entries = unstructured.items(child, "metadata", "managedFields")
    ours = manager(composite)
    return not entries or any(_is_applied_by(entry, ours) for entry in entries)


def changed(child: Object | None, composite: Object) -> datetime | None:
    """Tell when what we own of a child last became what it is, by the clock of the API server; None when nothing says.

    Args:
        child: The observed child.
        composite: The composite that composes it.
    """
    return None if child is None else derive(child, _applied).get(manager(composite))


def _applied(child: Object) -> dict[str, datetime]:
    """When each manager has last applied something else than before."""
    found: dict[str, datetime] = {}
    for entry in unstructured.items(child, "metadata", "managedFields"):
        who, time = unstructured.text(entry, "manager"), timestamps.time_of(unstructured.text(entry, "time"))
        if time is not None and _is_applied_by(entry, who):
            found[who] = max(time, found.get(who, time))
    return found


def _is_applied_by(entry: Mapping[str, Any], who: str) -> bool:
    return entry.get("manager") == who and entry.get("operation") == "Apply" and not entry.get("subresource")


def _everything(child: Object) -> Manifest:
    body = {k: v for k, v in child.items() if k not in _SERVER_OWNED}
    meta = unstructured.mapping(child, "metadata")
    body["metadata"] = {k: meta[k] for k in ("labels", "annotations") if meta.get(k)}
    return _with_identity(child, body)


def _with_identity(child: Object, body: Mapping[str, Any]) -> Manifest:
    """Put the child's identity before its body and take out what belongs to Crossplane."""
    meta: Manifest = {}
    for key in ("name", "namespace"):
        if unstructured.text(child, "metadata", key):
            meta[key] = unstructured.text(child, "metadata", key)
    labels = {k: v for k, v in unstructured.mapping(body, "metadata", "labels").items() if k not in _CROSSPLANE_LABELS}
    notes = unstructured.mapping(body, "metadata", "annotations")
    annotations = {k: v for k, v in notes.items() if k not in _CROSSPLANE_ANNOTATIONS}
    if labels:
        meta["labels"] = labels
    if annotations:
        meta["annotations"] = annotations
    finalizers = unstructured.dig(body, "metadata", "finalizers")
    if finalizers:
        meta["finalizers"] = list(finalizers)
    keepers = [
        dict(reference)
        for reference in unstructured.items(body, "metadata", "ownerReferences")
        if not reference.get("controller")
    ]
    if keepers:
        meta["ownerReferences"] = keepers
    rest = {k: v for k, v in body.items() if k not in _SERVER_OWNED}
    if isinstance(rest.get("spec"), Mapping) and "crossplane" in rest["spec"]:
        rest["spec"] = {k: v for k, v in rest["spec"].items() if k != "crossplane"}
    return {"apiVersion": child.get("apiVersion"), "kind": child.get("kind"), "metadata": meta, **rest}


def _extract(value: Any, fields: Mapping[str, Any], others: Sequence[Mapping[str, Any]], path: tuple[str, ...]) -> Any:
    """Take from a value what a set of fields covers; `_ABSENT` when that is nothing."""
    if not isinstance(fields, Mapping):
        raise HoldUnsafeError(f"what is owned of {'.'.join(path) or 'a child'} cannot be read from its managed fields")
    inner = {k: v for k, v in fields.items() if k != "."}
    if not inner:
        return _leaf(value, others, path) if not fields or not isinstance(value, Mapping | list) else _bare(value)
    if isinstance(value, Mapping):
        return _extract_map(value, inner, others, path)
    if isinstance(value, list):
        return _extract_list(value, inner, others, path)
    return _ABSENT


def _bare(value: Any) -> Any:
    """A map or list that is owned as such, with none of its content."""
    return {} if isinstance(value, Mapping) else []


def _leaf(value: Any, others: Sequence[Mapping[str, Any]], path: tuple[str, ...]) -> Any:
    if isinstance(value, Mapping) and value:
        was_applied_empty = len(path) <= 1 or path in {("metadata", "labels"), ("metadata", "annotations")}
        if was_applied_empty or any(set(o) - {"."} for o in others):
            return {}
    return value


def _extract_map(
    value: Mapping[str, Any], fields: Mapping[str, Any], others: Sequence[Mapping[str, Any]], path: tuple[str, ...]
) -> Any:
    found: Manifest = {}
    for key in sorted(fields):
        if not key.startswith("f:"):
            continue
        field = key[2:]
        if field not in value or value[field] is None:
            continue
        part = _extract(value[field], fields[key] or {}, _below(others, key), (*path, field))
        if part is not _ABSENT:
            found[field] = part
    return found or _ABSENT


def _extract_list(
    value: list[Any], fields: Mapping[str, Any], others: Sequence[Mapping[str, Any]], path: tuple[str, ...]
) -> Any:
    found: list[Any] = []
    by_key = {k: _json(k[2:]) for k in fields if k.startswith(("k:", "v:"))}
    for index, item in enumerate(value):
        deadline.check()
        for key, wanted in sorted(by_key.items()):
            if key.startswith("v:") and item == wanted:
                found.append(item)
            elif key.startswith("k:") and _has_keys(item, wanted):
                part = _extract(item, fields[key] or {}, _below(others, key), (*path, key))
                found.append({**wanted, **(part if isinstance(part, Mapping) else {})})
        position = fields.get(f"i:{index}")
        if position is not None:
            found.append(item)
    return found or _ABSENT


def _has_keys(item: object, wanted: object) -> bool:
    return (
        isinstance(item, Mapping) and isinstance(wanted, Mapping) and all(item.get(k) == v for k, v in wanted.items())
    )


def _json(source: str) -> Any:
    try:
        return json.loads(source)
    except ValueError:
        return _ABSENT


def _below(others: Iterable[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    return [o[key] for o in others if isinstance(o.get(key), Mapping)]
