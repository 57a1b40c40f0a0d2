"""One reconcile of a composite, in the order in which Crossplane does its work.

Read the children that the composite refers to; ask the function, again while its requirements
change; work out every child's metadata; delete what is no longer wanted; write the references;
apply the children; write the status; set the conditions. A failure before the deletion leaves
every child as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from function.composition import (
    Child,
    Composition,
    Event,
    Manifest,
    Object,
    Observation,
    Requirement,
    Severity,
    owned,
    unstructured,
)
from function.preview.admission import status_problems
from function.preview.conditions import SYSTEM, condition, marked
from function.preview.errors import InUseError, InvalidObjectError, InvariantError, NotAppliedError
from function.preview.fields import plain
from function.preview.kinds import Ref, Served, group_of, is_namespaced, ref_of
from function.preview.store import Store, Writer, with_status

Compose: TypeAlias = Callable[[Observation], Composition]

COMPOSITE_LABEL: Final = "crossplane.io/composite"
RESOURCE_NAME: Final = "crossplane.io/composition-resource-name"
COMPOSITE_FINALIZER: Final = "composite.apiextensions.crossplane.io"
CROSSPLANE: Final = Writer("crossplane", "Update", who="Crossplane")

_OWNER: Final = "apiextensions.crossplane.io/composite"
_CALLS: Final = 6
_NAME: Final = 63
_HASH: Final = 12
_NAMED: Final = 3
_NEVER: Final = 60


class FailedError(Exception):
    """A reconcile ends with `Synced=False`."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconcile came to.

    Attributes:
        ttl_seconds: When Crossplane asks again.
        dropped: Whether children were deleted.
    """

    ttl_seconds: int = _NEVER
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Reconciles composites.

    Attributes:
        store: The API server.
        compose: The function.
        served: Which kinds the API server serves.
        delete: Deletes an object; refuses what a Usage protects.
        record: Notes an event about a composite.
    """

    store: Store
    compose: Compose
    served: Served
    delete: Callable[[Ref, str], None]
    record: Callable[[Ref, Event], None]

    # ------------------------------------------------------------------ asking

    def ask(self, composite: Object) -> tuple[Observation, Composition]:
        """Call the function until its requirements are stable; give the last call and its answer.

        Raises:
            FailedError: When they do not become stable, or cannot be fetched.
        """
        seen = Observation(composite=composite, now=self.store.now, children=self._children(composite))
        asked: Mapping[str, Requirement] = {}
        for _ in range(_CALLS):
            answer = self.compose(seen)
            if answer.fatal or answer.requirements == asked:
                return seen, answer
            asked = answer.requirements
            seen = replace(seen, required={key: self._fetch(key, wanted) for key, wanted in asked.items()})
        raise FailedError(f"requirements didn't stabilize after the maximum number of iterations ({_CALLS - 1})")

    def _children(self, composite: Object) -> dict[str, Object]:
        found: dict[str, Object] = {}
        own = unstructured.namespace_of(composite)
        for item in unstructured.items(composite, "spec", "crossplane", "resourceRefs"):
            api_version, kind = unstructured.text(item, "apiVersion"), unstructured.text(item, "kind")
            namespace = (own or unstructured.text(item, "namespace")) if is_namespaced(api_version, kind) else ""
            child = self.store.get(Ref(group_of(api_version), kind, namespace, unstructured.text(item, "name")))
            if child is None or controller_uid(child) not in {"", unstructured.text(composite, "metadata", "uid")}:
                continue
            key = unstructured.annotations(child).get(RESOURCE_NAME)
            if not key:
                raise FailedError(f'encountered composed resource without required "{RESOURCE_NAME}" annotation')
            found[key] = child
        return found

    def _fetch(self, key: str, wanted: Requirement) -> tuple[Object, ...]:
        if not self.served.has(wanted.api_version, wanted.kind):
            missing = f'no matches for kind "{wanted.kind}" in version "{wanted.api_version}"'
            raise FailedError(f"fetching resources for {key}: cannot get required resource: {missing}")
        group = group_of(wanted.api_version)
        namespace = wanted.namespace if is_namespaced(wanted.api_version, wanted.kind) else ""
        if wanted.name:
            found = self.store.get(Ref(group, wanted.kind, namespace, wanted.name))
            return (found,) if found is not None else ()
        return tuple(self.store.find(group, wanted.kind, namespace=namespace, labels=wanted.labels))

    # ------------------------------------------------------------------ reconciling

    def reconcile(self, ref: Ref) -> Reconciled:
        """Reconcile one composite.

        Raises:
            InvariantError: When its composer makes what must never be made.
        """
        composite = self.store.get(ref)
        if composite is None:
            return Reconciled()
        if unstructured.text(composite, "metadata", "deletionTimestamp"):
            self._mark(ref, [condition("Ready", "False", "Deleting")])
            self.store.finalize(ref, COMPOSITE_FINALIZER, CROSSPLANE, present=False)
            return Reconciled()
        self.store.finalize(ref, COMPOSITE_FINALIZER, CROSSPLANE, present=True)
        answer = Composition()
        try:
            seen, answer = self.ask(self.store.get(ref) or composite)
            dropped = self._compose(ref, seen, answer)
        except FailedError as error:
            self._fail(ref, f"cannot compose resources: {error}", answer if answer.fatal else Composition())
            return Reconciled()
        return Reconciled(answer.ttl_seconds, dropped)

    def _compose(self, ref: Ref, seen: Observation, answer: Composition) -> bool:
        """Make the answer real; tell whether children were deleted."""
        if answer.fatal:
            raise FailedError(f'pipeline step "run" returned a fatal result: {answer.fatal}')
        composite = seen.composite
        wanted = {key: self._render(composite, key, child, seen) for key, child in answer.children.items()}
        gone = [seen.children[key] for key in sorted(set(seen.children) - set(wanted))]
        for child in gone:
            self._drop(ref, child)
        self._refer(composite, list(wanted.values()))
        unsynced = self._apply(composite, wanted)
        problems = status_problems(composite, answer.status)
        if problems:
            raise InvariantError([f"{ref}: its composer publishes a status that is refused: {'; '.join(problems)}"])
        identity = {key: composite[key] for key in ("apiVersion", "kind")} | {"metadata": _identity(composite)}
        who = Writer(_OWNER, who=str(ref))
        self.store.apply({**identity, "status": dict(answer.status)}, who.status)
        for event in answer.events:
            self.record(ref, event)
        synced = condition("Synced", "True", "ReconcileSuccess")
        if unsynced:
            synced = condition("Synced", "False", "ReconcileError", f"Unsynced resources: {_first(unsynced)}")
        ready = condition("Ready", "True", "Available") if answer.ready else condition("Ready", "False", "Creating")
        self._mark(ref, [synced, ready], answer)
        return bool(gone)

    def _render(self, composite: Object, key: str, child: Child, seen: Observation) -> Manifest:
        """Work out a child's metadata."""
        try:
            body: Manifest = plain(child.manifest)
        except TypeError as error:
            raise FailedError(f"cannot unmarshal desired composed resource {key!r}: {error}") from error
        api_version, kind = unstructured.text(body, "apiVersion"), unstructured.text(body, "kind")
        if not self.served.has(api_version, kind):
            raise FailedError(f'composed resource {key!r}: no matches for kind "{kind}" in version "{api_version}"')
        meta = dict(unstructured.mapping(body, "metadata"))
        observed = seen.children.get(key)
        if observed is not None:
            meta |= _identity(observed)
        elif unstructured.namespace_of(composite) and not is_namespaced(api_version, kind):
            raise FailedError(
                f"composed resource {key!r}: a namespaced composite cannot compose a cluster-scoped {kind}"
            )
        if unstructured.namespace_of(composite):
            meta["namespace"] = unstructured.namespace_of(composite)
        if not is_namespaced(api_version, kind):
            meta.pop("namespace", None)
        root = unstructured.labels(composite).get(COMPOSITE_LABEL) or unstructured.name_of(composite)
        meta.setdefault("name", child_name(root, seen.uid, key))
        meta["labels"] = {**unstructured.mapping(meta, "labels"), COMPOSITE_LABEL: root}
        meta["annotations"] = {**unstructured.mapping(meta, "annotations"), RESOURCE_NAME: key}
        meta["ownerReferences"] = [*unstructured.items(body, "metadata", "ownerReferences"), _owner(composite)]
        return {**body, "metadata": meta}

    def _drop(self, ref: Ref, child: Object) -> None:
        labels = {key: value for key, value in unstructured.labels(child).items() if key != COMPOSITE_LABEL}
        gone = ref_of(child)
        try:
            self.delete(gone, str(ref))
        except InUseError as error:
            raise InvariantError([f"{ref} drops {gone}, which is in use, and would stall for good: {error}"]) from error
        left = self.store.get(gone)
        if left is not None:
            self.store.update({**left, "metadata": {**left["metadata"], "labels": labels}}, CROSSPLANE)

    def _refer(self, composite: Object, children: Sequence[Manifest]) -> None:
        keep = ("name",) if unstructured.namespace_of(composite) else ("name", "namespace")
        refs = [
            {
                "apiVersion": child["apiVersion"],
                "kind": child["kind"],
                **{key: child["metadata"][key] for key in keep if child["metadata"].get(key)},
            }
            for child in children
        ]
        refs.sort(key=lambda r: (r["apiVersion"], r["kind"], r["name"], r.get("namespace", "")))
        body: Manifest = {key: composite[key] for key in ("apiVersion", "kind")} | {"metadata": _identity(composite)}
        if refs:
            body["spec"] = {"crossplane": {"resourceRefs": refs}}
        self.store.apply(body, Writer(_OWNER, who=str(ref_of(composite))))

    def _apply(self, composite: Object, wanted: Mapping[str, Manifest]) -> list[str]:
        """Apply the children; give the names of those that the API server refuses."""
        who = ref_of(composite)
        writer = Writer(owned.manager(composite), who=str(who))
        unsynced = []
        for key in sorted(wanted):
            child = wanted[key]
            ref = ref_of(child)
            there = self.store.get(ref)
            if there is not None and controller_uid(there) not in {"", unstructured.text(composite, "metadata", "uid")}:
                taken = f'cannot apply composed resource "{key}": {ref} has another controller already'
                self.record(who, Event(Severity.WARNING, "ComposeResources", taken))
                unsynced.append(key)
                continue
            try:
                self._check_namespace(child)
                self.store.apply(child, writer)
            except InvalidObjectError as error:
                problems = "; ".join(error.problems)
                said = f"{who}: its composer makes {key} ({ref}), which is refused: {problems}"
                raise InvariantError([said]) from error
            except NotAppliedError as error:
                raise FailedError(f'cannot apply composed resource "{key}": {error}') from error
        return unsynced

    def _check_namespace(self, child: Object) -> None:
        if not is_namespaced(child["apiVersion"], child["kind"]):
            return
        namespace = unstructured.namespace_of(child)
        if not namespace:
            raise NotAppliedError(f"{child['kind']} needs a namespace")
        if self.store.get(Ref("", "Namespace", "", namespace)) is None:
            raise NotAppliedError(f'namespaces "{namespace}" not found')

    # ------------------------------------------------------------------ saying

    def _fail(self, ref: Ref, message: str, answer: Composition) -> None:
        """End in failure: only conditions are written, and those that were not said become Unknown."""
        self.record(ref, Event(Severity.WARNING, "ComposeResources", message))
        composite = self.store.get(ref) or {}
        said = {c.type for c in answer.conditions}
        unknown = [
            condition(
                kind,
                "Unknown",
                "FatalError",
                "A fatal error occurred before the status of this condition could be determined.",
            )
            for kind in (unstructured.text(c, "type") for c in unstructured.items(composite, "status", "conditions"))
            if kind not in SYSTEM and kind not in said
        ]
        self._mark(ref, [condition("Synced", "False", "ReconcileError", message), *unknown], answer)

    def _mark(self, ref: Ref, system: list[Manifest], answer: Composition | None = None) -> None:
        """Set conditions: Crossplane's own with the generation they are about, the function's without."""
        composite = self.store.get(ref)
        if composite is None:
            return
        generation = composite["metadata"]["generation"]
        custom = [
            condition(c.type, c.status.value, c.reason, c.message)
            for c in (answer.conditions if answer is not None else ())
            if c.type not in SYSTEM
        ]
        own = [
            {**c, "observedGeneration": generation} if c["type"] in SYSTEM or c["reason"] == "FatalError" else c
            for c in system
        ]
        now = marked(unstructured.items(composite, "status", "conditions"), [*own, *custom], self.store.now)
        status = {**unstructured.mapping(composite, "status"), "conditions": now}
        self.store.update(with_status(composite, status), CROSSPLANE.status)


def controller_uid(obj: Object) -> str:
    """The uid of the object that controls another; empty when there is none."""
    for owner in unstructured.items(obj, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            return unstructured.text(owner, "uid")
    return ""


def child_name(parent: str, uid: str, key: str) -> str:
    """The name that Crossplane generates for a child that has none."""
    suffix = hashlib.sha256(f"{uid}{key}".encode()).hexdigest()[:_HASH]
    room = _NAME - _HASH
    stem = f"{parent}-"
    if len(stem) > room:
        stem = stem[:room] if stem[room - 1] == "-" else f"{stem[: room - 1]}-"
    return stem + suffix


def _identity(obj: Object) -> dict[str, Any]:
    meta = unstructured.mapping(obj, "metadata")
    return {key: meta[key] for key in ("name", "namespace") if meta.get(key)}


def _owner(composite: Object) -> Manifest:
    return {
        "apiVersion": composite["apiVersion"],
        "kind": composite["kind"],
        "name": unstructured.name_of(composite),
        "uid": unstructured.text(composite, "metadata", "uid"),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown}, and {len(names) - _NAMED} more"
