"""The builder of an answer.

A draft is safe by default: an observed child that is neither composed nor dropped stays exactly as it
is, so removing one needs a call of `drop`. `hold` ends an answer early with everything unchanged.

Crossplane tracks what it has composed by references in the composite. Where these are lost, it neither
observes nor deletes the children. Those that a composer finds by a requirement are adopted (`adopt`) and
are children like any other, except that they must be tracked again before they can be dropped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from function import deadline
from function.api import schema
from function.api.bounds import bounded
from function.api.kinds import by_kind
from function.composition import objects, owned, readiness, teardown, timestamps, unstructured
from function.composition.composition import SOONEST_SECONDS, TTL_SECONDS, Child, Composition
from function.composition.conditions import (
    CHILDREN_READY,
    COMMON,
    HELD,
    Condition,
    Event,
    Reason,
    Status,
    Vocabulary,
    observed_condition,
)
from function.composition.observation import Observation
from function.composition.readiness import Readiness
from function.composition.requirements import Required, Requirement
from function.composition.unstructured import Manifest

M = TypeVar("M", bound=BaseModel)

NOT_KNOWN_YET = "NotKnownYet"
"""Reason of a condition that has never been decided, because its inputs are in doubt."""

_MAX_LISTED_DOUBTS = 5


class InvalidSpecError(Exception):
    """The composite's own spec cannot be read; the answer is a hold that says where."""


class IncompleteAnswerError(Exception):
    """A composer left out a condition of its kind, or set one that is not in its vocabulary."""


class Draft:
    """The answer to one observation while it is being built.

    Attributes:
        observation: The observation.
    """

    def __init__(self, observation: Observation, vocabulary: Vocabulary) -> None:
        self.observation = observation
        self._vocabulary: Vocabulary = {**vocabulary, **COMMON}
        self._children: dict[str, Child] = {}
        self._dropped: set[str] = set()
        self._conditions: dict[str, Condition] = {}
        self._requirements: dict[str, Requirement] = {}
        self._status: Mapping[str, Any] | None = None
        self._doubts: list[tuple[str, str]] = []
        self._blocks_ready = False
        self._deadline: datetime | None = None

    # ------------------------------------------------------------------ reading

    def spec(self, model: type[M]) -> M:
        """Parse the composite's spec.

        Raises:
            InvalidSpecError: When it does not fit the model, naming the first field that does not.
        """
        try:
            return model.model_validate(unstructured.plain(self.observation.spec))
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(str(step) for step in ("spec", *first["loc"]))
            more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
            raise InvalidSpecError(f"{path}: {first['msg']}{more}") from error

    def require(self, key: str, requirement: Requirement) -> Required:
        """Declare a requirement, and read what Crossplane has fetched for it so far."""
        self._requirements[key] = requirement
        return self.observation.answer(key)

    def observed(self, key: str) -> unstructured.Object | None:
        """An observed child."""
        return self.observation.children.get(key)

    def remote_name(self, key: str, name: str) -> str:
        """The name on the other cluster of an Object's manifest: the observed one, or a new one."""
        return unstructured.name_of(objects.desired(self.observed(key))) or name

    # ------------------------------------------------------------------ children

    def child(self, key: str, manifest: Mapping[str, Any], *, ready: Readiness | None = None) -> None:
        """Compose a resource.

        An observed one keeps its name. One that is observed with another kind is kept as it is:
        Crossplane would neither delete nor track the old object.

        Args:
            key: The composition resource name.
            manifest: The manifest. Nulls, and empty maps outside of lists, are left out.
            ready: Its readiness; by default that of its kind.
        """
        deadline.check()
        seen = self.observed(key)
        body: Manifest = unstructured.pruned(manifest, inside_lists=False)
        if seen is not None:
            if seen.get("kind") != body.get("kind"):
                self.keep(key)
                self.doubt("InputInvalid", f"{key} is a {seen.get('kind')} and cannot become a {body.get('kind')}")
                return
            if unstructured.name_of(seen):
                body["metadata"] = {**body.get("metadata", {}), "name": unstructured.name_of(seen)}
        self._children[key] = Child(body, readiness.of(seen) if ready is None else ready)

    def remote(self, key: str, remote: Mapping[str, Any], provider_config: str, **options: Any) -> None:
        """Compose an Object with a manifest for another cluster.

        Once the Object is observed, the remote object's identity never changes; another kind
        under the same key is refused, since the old remote object would be left behind.

        Args:
            key: The composition resource name.
            remote: The manifest for the other cluster.
            provider_config: The provider config that reaches it.
            **options: See `objects.wrap`.
        """
        seen = self.observed(key)
        current = objects.desired(seen)
        if current and current.get("kind") != remote.get("kind"):
            self.keep(key)
            self.doubt("InputInvalid", f"{key} is a {current.get('kind')} and cannot become a {remote.get('kind')}")
            return
        self.child(key, objects.wrap(objects.same_identity(remote, seen), provider_config, **options))

    def keep(
        self,
        key: str,
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        ready: Readiness | None = None,
    ) -> None:
        """Re-emit an observed child exactly as we own it; labels or annotations are replaced if given."""
        deadline.check()
        seen = self.observed(key)
        if seen is None:
            return
        body = owned.intent(seen, self.observation.composite)
        meta = dict(body.get("metadata", {}))
        for field, value in (("labels", labels), ("annotations", annotations)):
            if value is not None:
                meta.pop(field, None)
                if value:
                    meta[field] = dict(value)
        self._children[key] = Child({**body, "metadata": meta}, readiness.of(seen) if ready is None else ready)

    def foreground_delete(self, key: str) -> None:
        """Have a composed child deleted only after everything that it owns."""
        child = self._children.get(key)
        if child is not None:
            self._children[key] = replace(
                child, manifest=teardown.with_foreground_finalizer(child.manifest, self.observed(key))
            )

    def delete_before(self, keeper: str, key: str) -> None:
        """Have a composed child deleted before another one, with the composite, once the other one is observed."""
        child = self._children.get(key)
        if child is not None:
            self._children[key] = replace(child, manifest=teardown.owned_by(child.manifest, self.observed(keeper)))
            self.foreground_delete(keeper)

    def adopt(self, obj: Mapping[str, unstructured.Object]) -> None:
        """Take objects that Crossplane has lost track of for children again, by composition resource name.

        Each must be safe to re-emit (`owned.is_ours`).
        """
        self.observation = self.observation.with_untracked(obj)

    def drop(self, key: str) -> None:
        """Remove an observed child; nothing else does.

        A child that Crossplane does not track would never be deleted: it is composed once more, and dropped later.
        """
        if key in self.observation.untracked:
            self.keep(key)
            return
        self._dropped.add(key)
        self._children.pop(key, None)

    @property
    def keys(self) -> frozenset[str]:
        """Composition resource names composed so far."""
        return frozenset(self._children)

    # ------------------------------------------------------------------ conditions and status

    def set_condition(self, kind: str, reason: str, message: str = "") -> None:
        """Set a condition; its status is the one declared for the reason."""
        declared = self._declared(kind, reason)
        self._conditions[kind] = Condition(kind, declared.status, reason, message)

    def carry_condition(self, kind: str) -> None:
        """Keep a condition as it is observed; Unknown when it has never been set."""
        seen = observed_condition(unstructured.condition(self.observation.composite, kind))
        self._conditions[kind] = seen or Condition(kind, Status.UNKNOWN, NOT_KNOWN_YET, "Not decided yet.")

    def doubt(self, reason: str, message: str) -> None:
        """Report that an input in use is in doubt. The composite cannot become Ready by this answer."""
        self._blocks_ready = True
        self.skip(reason, message)

    def skip(self, reason: str, message: str) -> None:
        """Report that an input was left out; the rest of the answer stands."""
        self._declared(HELD, reason)
        if (reason, message) not in self._doubts:
            self._doubts.append((reason, message))

    def publish(self, status: Mapping[str, Any]) -> None:
        """Set the composite's status as a whole."""
        self._status = unstructured.pruned(status)

    def requeue_at(self, at: datetime) -> None:
        """Have Crossplane call again no later than this."""
        self._deadline = at if self._deadline is None else min(at, self._deadline)

    # ------------------------------------------------------------------ ending

    def hold(self, reason: str, message: str) -> Composition:
        """End with everything unchanged: children, status, Ready and the conditions not set yet."""
        self.doubt(reason, message)
        for kind in self._vocabulary:
            if kind not in self._conditions and kind not in COMMON:
                self.carry_condition(kind)
        if self._status is None:
            self._status = {k: v for k, v in self.observation.status.items() if k != "conditions"}
        return self.finish(ready=unstructured.is_true(self.observation.composite, "Ready"))

    def finish(self, *, ready: bool) -> Composition:
        """End the answer.

        Args:
            ready: Whether the composite is Ready.

        Raises:
            HoldUnsafeError: When a child that stays cannot be re-emitted safely.
            IncompleteAnswerError: When a condition of the kind was not set.
        """
        for key in sorted(self.observation.children):
            if key not in self._children and key not in self._dropped:
                self.keep(key)
        self._set_common_conditions()
        missing = [kind for kind in self._vocabulary if kind not in self._conditions]
        if missing:
            raise IncompleteAnswerError(f"{self.observation.kind}: no word about {', '.join(missing)}")
        conditions = tuple(self._conditions[kind] for kind in self._vocabulary)
        ready = ready and (not self._blocks_ready or unstructured.is_true(self.observation.composite, "Ready"))
        return Composition(
            children={key: self._children[key] for key in sorted(self._children)},
            status=self._valid_status(self._status or {}),
            ready=ready,
            conditions=conditions,
            events=tuple(e for e in map(self._event, conditions) if e is not None),
            requirements={key: self._requirements[key] for key in sorted(self._requirements)},
            ttl_seconds=self._ttl(ready=ready),
        )

    def _valid_status(self, status: Mapping[str, Any]) -> Mapping[str, Any]:
        """Cut a status to what its kind's schema accepts: a refused one is lost as a whole."""
        kind = by_kind(self.observation.api_version, self.observation.kind)
        return status if kind is None else unstructured.pruned(bounded(status, schema.of_status(kind)))

    def _set_common_conditions(self) -> None:
        if self._doubts:
            messages = [message for _, message in self._doubts]
            shown = "; ".join(messages[:_MAX_LISTED_DOUBTS])
            more = f"; and {len(messages) - _MAX_LISTED_DOUBTS} more" if len(messages) > _MAX_LISTED_DOUBTS else ""
            self.set_condition(HELD, self._doubts[0][0], shown + more)
        else:
            self.set_condition(HELD, "InputsResolved")
        unready = [(k, c) for k, c in sorted(self._children.items()) if not c.readiness.ready]
        if not unready:
            self.set_condition(CHILDREN_READY, "AllReady", f"{len(self._children)} of {len(self._children)} ready")
            return
        key, child = unready[0]
        who = "/".join(filter(None, (unstructured.text(child.manifest, "kind"), unstructured.name_of(child.manifest))))
        others = f" (and {len(unready) - 1} more)" if len(unready) > 1 else ""
        self.set_condition(CHILDREN_READY, "ChildNotReady", f"{key} {who}: {child.readiness.message}{others}")

    def _event(self, condition: Condition) -> Event | None:
        """Make an event of a condition that has changed to a reason that is declared with one."""
        declared = self._vocabulary.get(condition.type, {}).get(condition.reason)
        if declared is None or declared.event is None:
            return None
        before = unstructured.condition(self.observation.composite, condition.type)
        if before.get("reason") == condition.reason and before.get("status") == condition.status.value:
            return None
        return Event(declared.event, condition.reason, condition.message or declared.meaning)

    def _declared(self, kind: str, reason: str) -> Reason:
        declared = self._vocabulary.get(kind, {}).get(reason)
        if declared is None:
            raise IncompleteAnswerError(f"{self.observation.kind}: {kind}/{reason} is not in the vocabulary")
        return declared

    def _ttl(self, *, ready: bool) -> int:
        """When to be called again: at the deadline, and while not Ready after a third of the time since it was."""
        now = self.observation.now
        limits = [TTL_SECONDS]
        if not ready:
            limits.append(max(SOONEST_SECONDS, math.ceil((now - self._unready_since()).total_seconds() / 3)))
        if self._deadline is not None:
            limits.append(max(1, math.ceil((self._deadline - now).total_seconds())))
        return min(limits)

    def _unready_since(self) -> datetime:
        """Since when the composite has not been Ready; now, when it has been until now or nothing says."""
        composite = self.observation.composite
        condition = unstructured.condition(composite, "Ready")
        written = unstructured.text(condition, "lastTransitionTime") or unstructured.text(
            composite, "metadata", "creationTimestamp"
        )
        since = None if condition.get("status") == "True" else timestamps.time_of(written)
        return since or self.observation.now
