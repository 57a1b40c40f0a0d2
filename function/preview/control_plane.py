"""The control plane in memory: composites, providers and time, until nothing changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from function.composition import Composition, Event, Manifest, Observation, unstructured
from function.preview import invariants, providers, seeds, usages
from function.preview.admission import admit
from function.preview.clusters import Clusters, Remote
from function.preview.errors import InvariantError, NotSettledError
from function.preview.kinds import CRD, Ref, ServedKinds, group_of, in_namespace, is_namespaced, ref_of
from function.preview.managed_fields import Writer
from function.preview.reconcile import Compose, ReconcileError, Reconciler, ReconcileResult, controller_uid
from function.preview.store import Change, Store

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When simulated time begins, so that the same input gives the same output."""

HORIZON: Final = timedelta(minutes=10)
"""How far ahead a quiet control plane is asked whether time alone would change something."""

ProgressCallback: TypeAlias = Callable[[int, datetime], None]
"""Called before every pass with its number and the simulated time."""

_USER: Final = Writer("kubectl", name="the given manifests")
_PASS: Final = timedelta(seconds=1)
_ANY_TTL: Final = 60
_MAX_WAITS: Final = 30
_MAX_CAUSES: Final = 12
_RECENT_PASSES: Final = 3


class ControlPlane:
    """A control plane as the installation leaves it, and what is applied to it.

    Attributes:
        compose: The function; may be replaced at any time.
        store: The API server of the control cluster.
        clusters: The inference clusters.
        applied: What was applied.
    """

    def __init__(
        self,
        compose: Compose | None = None,
        now: datetime = START,
        kinds: Collection[tuple[str, str]] | None = None,
    ) -> None:
        """Start a control plane.

        Args:
            compose: The function; by default the one that Crossplane calls.
            now: When simulated time begins.
            kinds: What is composed, as pairs of apiVersion and kind; by default every kind that has a composer.
        """
        if compose is None or kinds is None:
            from function import composers  # noqa: PLC0415  # the composers are not needed where others are given

            compose = compose or composers.compose
            kinds = composers.COMPOSERS.keys() if kinds is None else kinds
        self.compose: Compose = compose
        self.store = Store(now, admit)
        self.clusters = Clusters()
        self.applied: set[Ref] = set()
        self._kinds = sorted(kinds)
        self._events: dict[Ref, list[Event]] = {}
        self._deleted_services: set[Ref] = set()
        served = ServedKinds(
            frozenset(group_of(api_version) for api_version, _ in self._kinds),
            lambda: self.store.find(group_of(CRD[0]), CRD[1]),
        )
        self._reconciler = Reconciler(self.store, self._call, served, self._delete_child, self._record)
        for obj in seeds.installed():
            self._seed(obj)

    # ------------------------------------------------------------------ what a user does

    def apply(self, manifests: Iterable[Mapping[str, Any]]) -> None:
        """Apply manifests, as `kubectl apply --server-side` does.

        What they need and an operator would have made before, namespaces and the Secrets of
        clusters, is assumed to be there.

        Raises:
            InvalidObjectError: When a manifest of our kinds is refused.
        """
        prepared = [in_namespace(obj, "default") for obj in manifests]
        for manifest in prepared:
            for prerequisite in seeds.assumed(manifest):
                self._seed(prerequisite)
        for manifest in prepared:
            self.store.apply(_without_server_fields(manifest), _USER)
            self.applied.add(ref_of(manifest))

    def delete(self, api_version: str, kind: str, namespace: str, name: str) -> None:
        """Delete an object, as `kubectl delete` does.

        Raises:
            InUseError: When a Usage protects it.
        """
        ref = _ref(api_version, kind, namespace, name)
        self._note_deleted_services(ref)
        usages.delete(self.store, ref, "the user", foreground=False)

    # ------------------------------------------------------------------ reading

    @property
    def now(self) -> datetime:
        """The simulated time."""
        return self.store.now

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """A copy of an object; None when it does not exist."""
        return copy.deepcopy(self.store.get(_ref(api_version, kind, namespace, name)))

    def list(self, api_version: str, kind: str, namespace: str = "") -> tuple[Manifest, ...]:
        """Copies of the objects of a kind, sorted by namespace and name."""
        return tuple(copy.deepcopy(self.store.find(group_of(api_version), kind, namespace=namespace)))

    def everything(self) -> tuple[Manifest, ...]:
        """Copies of all objects of the control cluster, in a stable order."""
        return tuple(copy.deepcopy(self.store.everything()))

    def remote(self) -> tuple[Remote, ...]:
        """All objects of the inference clusters, in a stable order."""
        return tuple(self.clusters.everything())

    def events(self, api_version: str, kind: str, namespace: str, name: str) -> tuple[Event, ...]:
        """The events of a composite, each once, in the order in which they first occurred."""
        return tuple(self._events.get(_ref(api_version, kind, namespace, name), ()))

    def observe(self, api_version: str, kind: str, namespace: str, name: str) -> Observation:
        """What the composer of a composite would be given now, with its requirements resolved.

        Raises:
            LookupError: When the composite does not exist.
        """
        ref = _ref(api_version, kind, namespace, name)
        composite = self.store.get(ref)
        if composite is None:
            raise LookupError(f"{ref} does not exist")
        observation, _ = self._reconciler.call_function(composite)
        return observation

    @property
    def composites(self) -> tuple[Manifest, ...]:
        """Every composite, in the order in which they are reconciled; not to be changed."""
        return tuple(obj for api_version, kind in self._kinds for obj in self.store.find(group_of(api_version), kind))

    # ------------------------------------------------------------------ time

    @property
    def unready(self) -> tuple[Ref, ...]:
        """What was applied, is composed, and is not Ready."""
        refs = ((ref_of(composite), composite) for composite in self.composites)
        return tuple(ref for ref, obj in refs if ref in self.applied and not unstructured.is_true(obj, "Ready"))

    def settle(
        self, max_passes: int = 50, progress: ProgressCallback | None = None, horizon: timedelta = HORIZON
    ) -> None:
        """Pass until nothing changes, and until time alone would change nothing either.

        When nothing changes, time moves on to the earliest moment within the horizon from which on some
        composite is answered otherwise, or at which a provider looks again at what it has changed. When a
        composite asks to be called again is of no account, since every pass calls it, but that must not be later.

        Args:
            max_passes: How many passes there may be between two deadlines.
            progress: Called before every pass.
            horizon: How far to look ahead.

        Raises:
            NotSettledError: When there is no end to it, naming who keeps changing what.
            InvariantError: When something that must hold does not.
        """
        total = since = waits = 0
        recent: list[Collection[Change]] = []
        while True:
            if progress is not None:
                progress(total, self.now)
            changes = self.step()
            total, since = total + 1, since + 1
            if changes:
                waits = 0
                recent = [*recent, changes][-_RECENT_PASSES:]
                if since >= max_passes:
                    raise NotSettledError(f"It still changes after {total} passes:", _causes(recent))
                continue
            self._deleted_services.clear()
            deadlines = {**self._next_changes(horizon), **self._provider_polls(horizon)}
            if not deadlines:
                return
            waits += 1
            if waits > _MAX_WAITS:
                causes = sorted(
                    f"{ref} is answered otherwise at {moment:%H:%M:%S}" for ref, moment in deadlines.items()
                )
                raise NotSettledError("It waits for ever, and nothing changes meanwhile:", causes)
            since = 0
            self.store.now = min(deadlines.values())

    def step(self) -> Collection[Change]:
        """Make one pass: every composite once, then the providers, then a second goes by.

        Raises:
            InvariantError: When something that must hold does not.
        """
        self.store.changes.clear()
        self.clusters.changes.clear()
        for composite in self.composites:
            ref = ref_of(composite)
            result: ReconcileResult = self._reconciler.reconcile(ref)
            if result.dropped:
                _check(list(invariants.routes_without_backends(self.store, self._deleted_services)))
        providers.step(self.store, self.clusters)
        _check(invariants.broken(self.store, self.clusters, self._deleted_services))
        changes = [*self.store.changes, *self.clusters.changes]
        if changes:
            self.store.now += _PASS
        return changes

    def _next_changes(self, horizon: timedelta) -> dict[Ref, datetime]:
        """The composites whose answers change by time alone within the horizon, and when.

        Raises:
            InvariantError: When one asks to be called again only later than that.
        """
        moments = {}
        for composite in self.composites:
            ref = ref_of(composite)
            try:
                observation, answer = self._reconciler.call_function(composite)
            except ReconcileError:
                continue
            seconds = self._next_change(observation, answer, int(horizon.total_seconds()))
            if seconds is not None:
                late = f"{ref} is answered otherwise in {seconds} s, and asks to be called in {answer.ttl_seconds} s"
                _check([late] if seconds < answer.ttl_seconds else [])
                moments[ref] = self.now + timedelta(seconds=seconds)
        return moments

    def _provider_polls(self, horizon: timedelta) -> dict[Ref, datetime]:
        """What providers look at again within the horizon, and when."""
        polls = providers.polls(self.store)
        return {ref: moment for ref, moment in polls.items() if self.now < moment <= self.now + horizon}

    def _next_change(self, observation: Observation, answer: Composition, horizon: int) -> int | None:
        """In how many seconds an answer changes by time alone; None when not within the horizon."""

        def differs(seconds: int) -> bool:
            later = self.compose(replace(observation, now=self.now + timedelta(seconds=seconds)))
            return _timeless(later) != _timeless(answer)

        low, high = 0, horizon
        if not differs(high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if differs(middle) else (middle, high)
        return high

    # ------------------------------------------------------------------ internals

    def _call(self, observation: Observation) -> Composition:
        return self.compose(observation)

    def _delete_child(self, ref: Ref, writer: str) -> None:
        usages.delete(self.store, ref, writer, foreground=True)

    def _record(self, ref: Ref, event: Event) -> None:
        events = self._events.setdefault(ref, [])
        if event not in events:
            events.append(event)

    def _seed(self, obj: Manifest) -> None:
        if self.store.get(ref_of(obj)) is None:
            self.store.apply(obj, Writer("installation", name="the installation"))

    def _note_deleted_services(self, ref: Ref) -> None:
        """Note the Services that go with an object: no composer can keep a route from naming them meanwhile."""
        obj = self.store.get(ref)
        if obj is None:
            return
        if ref.kind == "Service":
            self._deleted_services.add(ref)
        uid = obj["metadata"]["uid"]
        for other in self.store.everything():
            if controller_uid(other) == uid:
                self._note_deleted_services(ref_of(other))


def _ref(api_version: str, kind: str, namespace: str, name: str) -> Ref:
    return Ref(group_of(api_version), kind, namespace if is_namespaced(api_version, kind) else "", name)


def _without_server_fields(obj: Manifest) -> Manifest:
    """A manifest as a user means it, also when it was read from a cluster."""
    meta = {
        key: value
        for key, value in unstructured.mapping(obj, "metadata").items()
        if key in {"name", "namespace", "labels", "annotations"}
    }
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": meta}


def _check(problems: Collection[str]) -> None:
    if problems:
        raise InvariantError(problems)


def _timeless(answer: Composition) -> Composition:
    return replace(answer, ttl_seconds=_ANY_TTL)


def _causes(recent: Iterable[Iterable[Change]]) -> Iterable[str]:
    """Who changed what in the last passes, one line for each object and writer."""
    paths_by_write: dict[tuple[Ref, str], set[str]] = {}
    for changes in recent:
        for change in changes:
            paths_by_write.setdefault((change.ref, change.writer), set()).update(change.paths)
    lines = sorted(
        f"{ref}: {', '.join(sorted(paths)[:_MAX_CAUSES])} (by {writer})"
        for (ref, writer), paths in paths_by_write.items()
    )
    return [*lines[:_MAX_CAUSES], *([f"and {len(lines) - _MAX_CAUSES} more"] if len(lines) > _MAX_CAUSES else [])]
