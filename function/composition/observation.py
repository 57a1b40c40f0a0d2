"""What a composer is given: the state of the world as Crossplane observed it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from function.composition import unstructured
from function.composition.requirements import Required
from function.composition.unstructured import Object


@dataclass(frozen=True, slots=True)
class Observation:
    """One call's input.

    Attributes:
        composite: The composite, with status and managed fields.
        children: Observed composed resources by composition resource name. A child that is
            missing here may still be terminating.
        required: Objects asked for, by requirement; a missing key is not fetched yet.
        now: The time of the call, UTC, in whole seconds; never later than the control plane's own time.
        clock: The time by the server's own clock, where that is not `now`.
        tag: Crossplane's tag of the request, for logs.
        untracked: The children that Crossplane has lost track of and that were found again.
    """

    composite: Object
    now: datetime
    children: Mapping[str, Object] = field(default_factory=dict)
    required: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    tag: str = ""
    clock: datetime | None = None
    untracked: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The composite's name."""
        return unstructured.name_of(self.composite)

    @property
    def namespace(self) -> str:
        """The composite's namespace; empty when it is cluster-scoped."""
        return unstructured.namespace_of(self.composite)

    @property
    def kind(self) -> str:
        """The composite's kind."""
        return unstructured.text(self.composite, "kind")

    @property
    def api_version(self) -> str:
        """The composite's apiVersion."""
        return unstructured.text(self.composite, "apiVersion")

    @property
    def spec(self) -> Mapping[str, Any]:
        """The composite's spec, as written."""
        return unstructured.mapping(self.composite, "spec")

    @property
    def status(self) -> Mapping[str, Any]:
        """The composite's status as last written."""
        return unstructured.mapping(self.composite, "status")

    @property
    def uid(self) -> str:
        """The composite's uid; empty offline."""
        return unstructured.text(self.composite, "metadata", "uid")

    @property
    def latest(self) -> datetime:
        """The latest that it may be; waits begin at this time, since `now` may lag behind."""
        return max(self.now, self.clock or self.now)

    def answer(self, key: str) -> Required:
        """Read one requirement's answer."""
        return Required(key, self.required.get(key))

    def with_untracked(self, untracked: Mapping[str, Object]) -> Observation:
        """Add objects that Crossplane has lost track of as children, by composition resource name.

        A child that is observed under one of these names stays.
        """
        found = {key: obj for key, obj in untracked.items() if key not in self.children}
        children = {**self.children, **found}
        return replace(self, children=children, untracked=self.untracked | found.keys())
