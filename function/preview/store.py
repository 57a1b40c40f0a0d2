"""The simulated API server's store: objects, who owns which of their fields, and what changed.

Writes follow the API server: server-side apply with forced ownership, plain updates, a status
that is written apart from the rest, a generation that counts changes of the spec, deletion
that waits for finalizers. A write that changes nothing leaves no trace. Stored objects are
never changed in place, so an object that was read stays as it was read.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from function.composition import Manifest, Object, unstructured
from function.composition.teardown import FOREGROUND
from function.preview import fields
from function.preview.errors import NotAppliedError
from function.preview.fields import METADATA, STATUS, Fields, Path
from function.preview.kinds import Ref, ref_of
from function.preview.managed_fields import (
    IDENTITY,
    SERVER_OWNED,
    Writer,
    managed_fields,
    may_write,
    merge,
    without_server_fields,
)

_UIDS: Final = uuid.UUID("6f1c7f0e-64f3-5d0b-8f0a-3c1f5a6f2c11")
"""Namespace of the uids that objects get."""

Admit: TypeAlias = Callable[[Manifest, Object | None], Manifest]
"""Fills in a new object's defaults, given the old one if any; raises `InvalidObjectError`."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write that changed something.

    Attributes:
        ref: What was written.
        writer: Who wrote it, by name.
        paths: The fields that changed, as people write them.
    """

    ref: Ref
    writer: str
    paths: tuple[str, ...]


@dataclass(slots=True)
class _Record:
    """An object with what is known about its fields."""

    obj: Manifest
    owners: dict[Writer, frozenset[Path]] = field(default_factory=dict)
    times: dict[Writer, str] = field(default_factory=dict)
    main_writes: int = 0
    """Counts the writes that were not about the status."""
    applied: dict[Writer, tuple[Manifest, int]] = field(default_factory=dict)
    """What a writer last applied, and `main_writes` after it: the same again changes nothing."""
    flattened: tuple[Manifest, Fields] | None = None
    """The object that was last taken apart, and its fields."""


def timestamp(moment: datetime) -> str:
    """Write a time as the API server does: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """Objects by identity.

    Attributes:
        now: The simulated time, for time stamps.
        revision: Counts changes; the last object's resourceVersion.
        changes: What changed since the list was last emptied.
    """

    def __init__(self, now: datetime, admit: Admit) -> None:
        self.now = now
        self.revision = 0
        self.changes: list[Change] = []
        self._admit = admit
        self._records: dict[Ref, _Record] = {}
        self._by_kind: dict[tuple[str, str], set[Ref]] = {}
        self._uids: dict[str, Ref] = {}
        self._gone: dict[str, Manifest] = {}
        self._created: dict[Ref, int] = {}

    # ------------------------------------------------------------------ reading

    def get(self, ref: Ref) -> Manifest | None:
        """An object, not to be changed; None when it does not exist."""
        record = self._records.get(ref)
        return record.obj if record else None

    def find(
        self, group: str, kind: str, *, namespace: str = "", name: str = "", labels: Mapping[str, str] | None = None
    ) -> list[Manifest]:
        """The objects of a kind, sorted by namespace and name; not to be changed."""
        found = []
        for ref in sorted(self._by_kind.get((group, kind), ())):
            obj = self._records[ref].obj
            if (
                (not namespace or ref.namespace == namespace)
                and (not name or ref.name == name)
                and (labels or {}).items() <= unstructured.labels(obj).items()
            ):
                found.append(obj)
        return found

    def everything(self) -> list[Manifest]:
        """All objects, sorted; not to be changed."""
        return [self._records[ref].obj for ref in sorted(self._records)]

    def by_uid(self, uid: str) -> Manifest | None:
        """The object with a uid, not to be changed; None when it is gone."""
        ref = self._uids.get(uid)
        return self._records[ref].obj if ref is not None else None

    def last_seen_by_uid(self, uid: str) -> Manifest | None:
        """The object with a uid, as it was last seen if it is gone; None when there never was one."""
        return self.by_uid(uid) or self._gone.get(uid)

    # ------------------------------------------------------------------ writing

    def apply(self, manifest: Mapping[str, Any], writer: Writer) -> Manifest:
        """Apply a writer's whole intent, forcing ownership.

        What the writer no longer says and nobody else owns is removed. What others own and the
        writer says otherwise becomes the writer's.

        Args:
            manifest: What it intends; of it, only the status or only the rest counts.
            writer: Who applies, and to which subresource.

        Raises:
            InvalidObjectError: When the object is invalid.
            NotAppliedError: When it cannot be written now.
        """
        ref = ref_of(manifest)
        record = self._records.get(ref)
        if record and record.applied.get(writer) == (manifest, record.main_writes):
            return record.obj
        body: Manifest = fields.plain(manifest)
        intent = {
            path: value
            for path, value in fields.flatten(without_server_fields(body)).items()
            if may_write(path, writer)
        }
        owned_paths = frozenset(intent) - IDENTITY
        if record is None:
            if writer.subresource:
                raise NotAppliedError(f"{ref} not found")
            record = self._create(ref, fields.assemble(intent), writer)
            record.owners[writer] = owned_paths
            record.times[writer] = timestamp(self.now)
            self._write_managed_fields(record)
        else:
            live = self._fields(record)
            dropped = record.owners.get(writer, frozenset()) - owned_paths - _owned_by_others(record, writer)
            merged = merge(live, intent, dropped)
            changed = self._write(ref, record, merged, writer)
            stolen = {path for path in owned_paths if path in live and live[path] != intent[path]}
            self._set_owners(ref, record, writer, owned_paths, stolen | (set(live) - set(merged)), changed=changed)
        if not writer.subresource:
            record.applied[writer] = (body, record.main_writes)
        return record.obj

    def update(self, obj: Mapping[str, Any], writer: Writer) -> Manifest:
        """Replace an object, or its status, by a changed copy. What changed becomes the writer's.

        Raises:
            InvalidObjectError: When the object is invalid.
            NotAppliedError: When it does not exist.
        """
        ref = ref_of(obj)
        record = self._records.get(ref)
        if record is None:
            raise NotAppliedError(f"{ref} not found")
        if obj == record.obj:
            return record.obj
        body: Manifest = fields.plain(obj)
        live = self._fields(record)
        submitted = fields.flatten(without_server_fields(body))
        merged = {path: value for path, value in live.items() if not may_write(path, writer)}
        merged |= {path: value for path, value in submitted.items() if may_write(path, writer)}
        touched = {path for path in fields.differing(live, merged) if path in merged}
        changed = self._write(ref, record, merged, writer)
        owned = record.owners.get(writer, frozenset()) & set(merged)
        self._set_owners(ref, record, writer, owned | touched, touched | (set(live) - set(merged)), changed=changed)
        self._remove_when_free(ref)
        return record.obj

    def delete(self, ref: Ref, writer: str, *, foreground: bool | None = None) -> None:
        """Delete an object: at once, or when its last finalizer is gone.

        Args:
            ref: The object; one that does not exist is passed over.
            writer: Who deletes, by name.
            foreground: Wait until what it owns is gone, or do not; None does as its finalizers say.
        """
        record = self._records.get(ref)
        if record is None:
            return
        meta = dict(record.obj["metadata"])
        finalizers = list(meta.get("finalizers", []))
        if foreground is not None and foreground != (FOREGROUND in finalizers):
            finalizers = (
                [*finalizers, FOREGROUND]
                if foreground
                else [finalizer for finalizer in finalizers if finalizer != FOREGROUND]
            )
        if not finalizers:
            self._remove(ref, writer)
            return
        if meta.get("deletionTimestamp") and finalizers == meta.get("finalizers"):
            return
        meta.setdefault("deletionTimestamp", timestamp(self.now))
        meta |= {"deletionGracePeriodSeconds": 0, "finalizers": finalizers}
        record.main_writes += 1
        self._commit(ref, record, {**record.obj, "metadata": meta}, writer, ("metadata.deletionTimestamp",))

    def finalize(self, ref: Ref, finalizer: str, writer: Writer, *, present: bool) -> None:
        """Add or remove a finalizer."""
        obj = self.get(ref)
        if obj is None or present == (finalizer in obj["metadata"].get("finalizers", [])):
            return
        meta = dict(obj["metadata"])
        others = [item for item in meta.pop("finalizers", []) if item != finalizer]
        if present or others:
            meta["finalizers"] = [*others, finalizer] if present else others
        self.update({**obj, "metadata": meta}, writer)

    def waits_for_dependents(self, obj: Object) -> bool:
        """Tell whether an object is being deleted after what it controls."""
        finalizers = unstructured.dig(obj, "metadata", "finalizers", default=[])
        return bool(unstructured.text(obj, "metadata", "deletionTimestamp")) and FOREGROUND in finalizers

    def finish_foreground_deletion(self, ref: Ref, writer: Writer) -> None:
        """Take off the finalizer of foreground deletion: nothing is left that the object controls."""
        self.finalize(ref, FOREGROUND, writer, present=False)

    # ------------------------------------------------------------------ internals

    def _create(self, ref: Ref, body: Manifest, writer: Writer) -> _Record:
        body.pop("status", None)
        body = self._admit(body, None)
        count = self._created.get(ref, 0) + 1
        self._created[ref] = count
        meta = {
            **body["metadata"],
            "uid": str(uuid.uuid5(_UIDS, "\0".join((ref.group, ref.kind, ref.namespace, ref.name, str(count))))),
            "creationTimestamp": timestamp(self.now),
            "generation": 1,
        }
        record = _Record({**body, "metadata": meta})
        self._records[ref] = record
        self._by_kind.setdefault((ref.group, ref.kind), set()).add(ref)
        self._uids[meta["uid"]] = ref
        self._commit(ref, record, record.obj, writer.name or writer.manager, ("(created)",))
        return record

    def _write(self, ref: Ref, record: _Record, merged: Fields, writer: Writer) -> bool:
        """Store an object's fields; tell whether that changed any."""
        before = record.obj
        server = {key: before["metadata"][key] for key in SERVER_OWNED if key in before["metadata"]}
        body = fields.assemble(merged)
        if not writer.subresource:
            status = body.pop("status", None)
            body = self._admit(body, before)
            body |= {"status": status} if status is not None else {}
        changed_paths = fields.differing(self._fields(record), fields.flatten(body))
        if not changed_paths:
            return False
        if any(path[0] not in {METADATA, STATUS} for path in changed_paths):
            server["generation"] += 1
        if not writer.subresource:
            record.main_writes += 1
        body["metadata"] = {**body.get("metadata", {}), **server}
        self._commit(ref, record, body, writer.name or writer.manager, tuple(map(fields.readable, changed_paths)))
        return True

    def _set_owners(
        self,
        ref: Ref,
        record: _Record,
        writer: Writer,
        owned_paths: Iterable[Path],
        lost_paths: set[Path],
        *,
        changed: bool,
    ) -> None:
        """Note who owns what after a write: the writer its own, the others no longer what they lost."""
        present = set(self._fields(record))
        inner = fields.prefixes(present)
        owners: dict[Writer, frozenset[Path]] = {}
        for other, paths in record.owners.items():
            if other != writer:
                kept = paths - lost_paths
                owners[other] = frozenset(path for path in kept if path in present or path in inner)
        owners[writer] = frozenset(owned_paths)
        owners = {other: paths for other, paths in owners.items() if paths}
        if owners == record.owners and not changed:
            return
        for other in owners:
            if record.owners.get(other) != owners[other] or (other == writer and changed):
                record.times[other] = timestamp(self.now)
        if owners != record.owners and not changed:
            self._commit(ref, record, dict(record.obj), writer.name or writer.manager, ("metadata.managedFields",))
        record.owners = owners
        self._write_managed_fields(record)

    def _write_managed_fields(self, record: _Record) -> None:
        """Put the managed fields into the object."""
        entries = managed_fields(record.obj, record.owners, record.times)
        record.obj = {**record.obj, "metadata": {**record.obj["metadata"], "managedFields": entries}}

    def _fields(self, record: _Record) -> Fields:
        """The object taken apart; not to be changed."""
        if record.flattened is None or record.flattened[0] is not record.obj:
            record.flattened = (record.obj, fields.flatten(without_server_fields(record.obj)))
        return record.flattened[1]

    def _commit(self, ref: Ref, record: _Record, obj: Manifest, writer: str, changed_paths: tuple[str, ...]) -> None:
        self.revision += 1
        record.obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
        self.changes.append(Change(ref, writer, changed_paths))

    def _remove_when_free(self, ref: Ref) -> None:
        meta = self._records[ref].obj["metadata"]
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            self._remove(ref, "the API server")

    def _remove(self, ref: Ref, writer: str) -> None:
        obj = self._records.pop(ref).obj
        uid = obj["metadata"]["uid"]
        del self._uids[uid]
        self._gone[uid] = obj
        self._by_kind[ref.group, ref.kind].discard(ref)
        self.revision += 1
        self.changes.append(Change(ref, writer, ("(deleted)",)))


def with_status(obj: Object, status: Mapping[str, Any]) -> Manifest:
    """Copy an object with another status."""
    return {**obj, "status": dict(status)}


def _owned_by_others(record: _Record, writer: Writer) -> set[Path]:
    return {path for other, paths in record.owners.items() if other != writer for path in paths}
