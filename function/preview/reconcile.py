"""One reconcile of a composite, in the order in which Crossplane does its work.

Read the children that the composite refers to; ask the function, again while its requirements
change; work out every child's metadata; delete what is no longer desired; write the references;
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
from function.preview.conditions import SYSTEM, condition, set_crossplane_conditions
from function.preview.errors import InUseError, InvalidObjectError, InvariantError, NotAppliedError
from function.preview.fields import plain
from function.preview.kinds import Ref, ServedKinds, group_of, is_namespaced, ref_of
from function.preview.managed_fields import Writer
from function.preview.store import Store, with_status

Compose: TypeAlias = Callable[[Observation], Composition]

COMPOSITE_LABEL: Final = "crossplane.io/composite"
RESOURCE_NAME: Final = "crossplane.io/composition-resource-name"
COMPOSITE_FINALIZER: Final = "composite.apiextensions.crossplane.io"
CROSSPLANE: Final = Writer("crossplane", "Update", name="Crossplane")

_FIELD_OWNER: Final = "apiextensions.crossplane.io/composite"
_MAX_CALLS: Final = 6
_MAX_NAME_LENGTH: Final = 63
_HASH_LENGTH: Final = 12
_MAX_NAMED: Final = 3
_DEFAULT_TTL: Final = 60


class ReconcileError(Exception):
    """A reconcile ends with `Synced=False`."""


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """The result of a reconcile.

    Attributes:
        ttl_seconds: When Crossplane asks again.
        dropped: Whether children were deleted.
    """

    ttl_seconds: int = _DEFAULT_TTL
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Reconciles composites.

    Attributes:
        store: The API server.
        compose: The function.
        served: Which kinds the API server serves.
        delete: Deletes an object; refuses what a Usage protects.
        record_event: Keeps an event of a composite.
    """

    store: Store
    compose: Compose
    served: ServedKinds
    delete: Callable[[Ref, str], None]
    record_event: Callable[[Ref, Event], None]

    # ------------------------------------------------------------------ the function

    def call_function(self, composite: Object) -> tuple[Observation, Composition]:
        """Call the function until its requirements are stable; give the last call and its answer.

        Raises:
            FailedError: When they do not become stable, or cannot be fetched.
        """
        observation = Observation(composite=composite, now=self.store.now, children=self._children(composite))
        requirements: Mapping[str, Requirement] = {}
        for _ in range(_MAX_CALLS):
            answer = self.compose(observation)
            if answer.fatal or answer.requirements == requirements:
                return observation, answer
            requirements = answer.requirements
            observation = replace(
                observation, required={key: self._fetch(key, requirement) for key, requirement in requirements.items()}
            )
        raise ReconcileError(f"requirements didn't stabilize after the maximum number of iterations ({_MAX_CALLS - 1})")

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
                raise ReconcileError(f'encountered composed resource without required "{RESOURCE_NAME}" annotation')
            found[key] = child
        return found

    def _fetch(self, key: str, requirement: Requirement) -> tuple[Object, ...]:
        if not self.served.serves(requirement.api_version, requirement.kind):
            missing = f'no matches for kind "{requirement.kind}" in version "{requirement.api_version}"'
            raise ReconcileError(f"fetching resources for {key}: cannot get required resource: {missing}")
        group = group_of(requirement.api_version)
        namespace = requirement.namespace if is_namespaced(requirement.api_version, requirement.kind) else ""
        if requirement.name:
            found = self.store.get(Ref(group, requirement.kind, namespace, requirement.name))
            return (found,) if found is not None else ()
        return tuple(self.store.find(group, requirement.kind, namespace=namespace, labels=requirement.labels))

    # ------------------------------------------------------------------ reconciling

    def reconcile(self, ref: Ref) -> ReconcileResult:
        """Reconcile one composite.

        Raises:
            InvariantError: When its composer makes what must never be made.
        """
        composite = self.store.get(ref)
        if composite is None:
            return ReconcileResult()
        if unstructured.text(composite, "metadata", "deletionTimestamp"):
            self._set_conditions(ref, [condition("Ready", "False", "Deleting")])
            self.store.finalize(ref, COMPOSITE_FINALIZER, CROSSPLANE, present=False)
            return ReconcileResult()
        self.store.finalize(ref, COMPOSITE_FINALIZER, CROSSPLANE, present=True)
        answer = Composition()
        try:
            observation, answer = self.call_function(self.store.get(ref) or composite)
            dropped = self._compose(ref, observation, answer)
        except ReconcileError as error:
            self._write_failure(ref, f"cannot compose resources: {error}", answer if answer.fatal else Composition())
            return ReconcileResult()
        return ReconcileResult(answer.ttl_seconds, dropped)

    def _compose(self, ref: Ref, observation: Observation, answer: Composition) -> bool:
        """Make the answer real; tell whether children were deleted."""
        if answer.fatal:
            raise ReconcileError(f'pipeline step "run" returned a fatal result: {answer.fatal}')
        composite = observation.composite
        desired = {key: self._render(composite, key, child, observation) for key, child in answer.children.items()}
        dropped_children = [observation.children[key] for key in sorted(set(observation.children) - set(desired))]
        for child in dropped_children:
            self._delete_child(ref, child)
        self._write_resource_refs(composite, list(desired.values()))
        unsynced = self._apply(composite, desired)
        problems = status_problems(composite, answer.status)
        if problems:
            raise InvariantError([f"{ref}: its composer publishes a status that is refused: {'; '.join(problems)}"])
        identity = {key: composite[key] for key in ("apiVersion", "kind")} | {"metadata": _identity(composite)}
        writer = Writer(_FIELD_OWNER, name=str(ref))
        self.store.apply({**identity, "status": dict(answer.status)}, writer.status)
        for event in answer.events:
            self.record_event(ref, event)
        synced = condition("Synced", "True", "ReconcileSuccess")
        if unsynced:
            synced = condition("Synced", "False", "ReconcileError", f"Unsynced resources: {_first_names(unsynced)}")
        ready = condition("Ready", "True", "Available") if answer.ready else condition("Ready", "False", "Creating")
        self._set_conditions(ref, [synced, ready], answer)
        return bool(dropped_children)

    def _render(self, composite: Object, key: str, child: Child, observation: Observation) -> Manifest:
        """Work out a child's metadata."""
        try:
            body: Manifest = plain(child.manifest)
        except TypeError as error:
            raise ReconcileError(f"cannot unmarshal desired composed resource {key!r}: {error}") from error
        api_version, kind = unstructured.text(body, "apiVersion"), unstructured.text(body, "kind")
        if not self.served.serves(api_version, kind):
            raise ReconcileError(f'composed resource {key!r}: no matches for kind "{kind}" in version "{api_version}"')
        meta = dict(unstructured.mapping(body, "metadata"))
        observed = observation.children.get(key)
        if observed is not None:
            meta |= _identity(observed)
        elif unstructured.namespace_of(composite) and not is_namespaced(api_version, kind):
            raise ReconcileError(
                f"composed resource {key!r}: a namespaced composite cannot compose a cluster-scoped {kind}"
            )
        if unstructured.namespace_of(composite):
            meta["namespace"] = unstructured.namespace_of(composite)
        if not is_namespaced(api_version, kind):
            meta.pop("namespace", None)
        root = unstructured.labels(composite).get(COMPOSITE_LABEL) or unstructured.name_of(composite)
        meta.setdefault("name", child_name(root, observation.uid, key))
        meta["labels"] = {**unstructured.mapping(meta, "labels"), COMPOSITE_LABEL: root}
        meta["annotations"] = {**unstructured.mapping(meta, "annotations"), RESOURCE_NAME: key}
        meta["ownerReferences"] = [
            *unstructured.items(body, "metadata", "ownerReferences"),
            _owner_reference(composite),
        ]
        return {**body, "metadata": meta}

    def _delete_child(self, ref: Ref, child: Object) -> None:
        labels = {key: value for key, value in unstructured.labels(child).items() if key != COMPOSITE_LABEL}
        child_ref = ref_of(child)
        try:
            self.delete(child_ref, str(ref))
        except InUseError as error:
            raise InvariantError(
                [f"{ref} drops {child_ref}, which is in use, and would stall for good: {error}"]
            ) from error
        remaining = self.store.get(child_ref)
        if remaining is not None:
            self.store.update({**remaining, "metadata": {**remaining["metadata"], "labels": labels}}, CROSSPLANE)

    def _write_resource_refs(self, composite: Object, children: Sequence[Manifest]) -> None:
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
        self.store.apply(body, Writer(_FIELD_OWNER, name=str(ref_of(composite))))

    def _apply(self, composite: Object, desired: Mapping[str, Manifest]) -> list[str]:
        """Apply the children; give the names of those that the API server refuses."""
        composite_ref = ref_of(composite)
        writer = Writer(owned.manager(composite), name=str(composite_ref))
        unsynced = []
        for key in sorted(desired):
            child = desired[key]
            ref = ref_of(child)
            live = self.store.get(ref)
            if live is not None and controller_uid(live) not in {"", unstructured.text(composite, "metadata", "uid")}:
                message = f'cannot apply composed resource "{key}": {ref} has another controller already'
                self.record_event(composite_ref, Event(Severity.WARNING, "ComposeResources", message))
                unsynced.append(key)
                continue
            try:
                self._check_namespace(child)
                self.store.apply(child, writer)
            except InvalidObjectError as error:
                problems = "; ".join(error.problems)
                message = f"{composite_ref}: its composer makes {key} ({ref}), which is refused: {problems}"
                raise InvariantError([message]) from error
            except NotAppliedError as error:
                raise ReconcileError(f'cannot apply composed resource "{key}": {error}') from error
        return unsynced

    def _check_namespace(self, child: Object) -> None:
        if not is_namespaced(child["apiVersion"], child["kind"]):
            return
        namespace = unstructured.namespace_of(child)
        if not namespace:
            raise NotAppliedError(f"{child['kind']} needs a namespace")
        if self.store.get(Ref("", "Namespace", "", namespace)) is None:
            raise NotAppliedError(f'namespaces "{namespace}" not found')

    # ------------------------------------------------------------------ conditions

    def _write_failure(self, ref: Ref, message: str, answer: Composition) -> None:
        """End in failure: only conditions are written, and those that the answer leaves out become Unknown."""
        self.record_event(ref, Event(Severity.WARNING, "ComposeResources", message))
        composite = self.store.get(ref) or {}
        answered = {c.type for c in answer.conditions}
        unknown = [
            condition(
                kind,
                "Unknown",
                "FatalError",
                "A fatal error occurred before the status of this condition could be determined.",
            )
            for kind in (unstructured.text(c, "type") for c in unstructured.items(composite, "status", "conditions"))
            if kind not in SYSTEM and kind not in answered
        ]
        self._set_conditions(ref, [condition("Synced", "False", "ReconcileError", message), *unknown], answer)

    def _set_conditions(self, ref: Ref, system: list[Manifest], answer: Composition | None = None) -> None:
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
        conditions = set_crossplane_conditions(
            unstructured.items(composite, "status", "conditions"), [*own, *custom], self.store.now
        )
        status = {**unstructured.mapping(composite, "status"), "conditions": conditions}
        self.store.update(with_status(composite, status), CROSSPLANE.status)


def controller_uid(obj: Object) -> str:
    """The uid of the object that controls another; empty when there is none."""
    for owner in unstructured.items(obj, "metadata", "ownerReferences"):
        if owner.get("controller") is True:
            return unstructured.text(owner, "uid")
    return ""


def child_name(parent: str, uid: str, key: str) -> str:
    """The name that Crossplane generates for a child that has none."""
    suffix = hashlib.sha256(f"{uid}{key}".encode()).hexdigest()[:_HASH_LENGTH]
    stem_length = _MAX_NAME_LENGTH - _HASH_LENGTH
    stem = f"{parent}-"
    if len(stem) > stem_length:
        stem = stem[:stem_length] if stem[stem_length - 1] == "-" else f"{stem[: stem_length - 1]}-"
    return stem + suffix


def _identity(obj: Object) -> dict[str, Any]:
    meta = unstructured.mapping(obj, "metadata")
    return {key: meta[key] for key in ("name", "namespace") if meta.get(key)}


def _owner_reference(composite: Object) -> Manifest:
    return {
        "apiVersion": composite["apiVersion"],
        "kind": composite["kind"],
        "name": unstructured.name_of(composite),
        "uid": unstructured.text(composite, "metadata", "uid"),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _first_names(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:_MAX_NAMED])
    return shown if len(names) <= _MAX_NAMED else f"{shown}, and {len(names) - _MAX_NAMED} more"
