"""What a composer asks Crossplane to read for it, and the three values of the answer.

Not fetched yet (unresolved), fetched and nothing there (empty), and present are three
different facts. Crossplane also answers "empty" to a selector that could never match.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from function.composition import unstructured
from function.composition.unstructured import Object


@dataclass(frozen=True, slots=True)
class Requirement:
    """Objects to be read from the control plane.

    Attributes:
        api_version: Group and version of the kind. It must be served: requiring a kind that
            is not installed fails the whole reconcile.
        kind: The kind.
        name: One object by name; exclusive with `labels`.
        labels: All objects that carry these labels. With neither, all objects of the kind.
        namespace: Where to look; empty means every namespace, or a cluster-scoped kind.
    """

    api_version: str
    kind: str
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Required:
    """The answer to one requirement.

    Attributes:
        key: The requirement's name.
        objects: What was found, in whatever order it came; None while it is not fetched.
    """

    key: str
    objects: tuple[Object, ...] | None

    @property
    def unresolved(self) -> bool:
        """Whether Crossplane has not fetched it yet."""
        return self.objects is None

    @property
    def empty(self) -> bool:
        """Whether it was fetched and nothing was found."""
        return self.objects == ()

    @property
    def first(self) -> Object | None:
        """The only object of a requirement by name, if it is there."""
        return next(iter(self.found), None)

    @property
    def found(self) -> tuple[Object, ...]:
        """What was found, sorted by namespace and name; nothing while unresolved."""
        return tuple(sorted(self.unsorted, key=lambda obj: (unstructured.namespace_of(obj), unstructured.name_of(obj))))

    @property
    def unsorted(self) -> tuple[Object, ...]:
        """What was found, as it came, for who sorts what is made of it: of a large fleet that is read faster."""
        return self.objects or ()
