"""Whose an object is: who controls it, and which of the controller's it is.

An owner reference is written by whoever may write the object, and a uid is no secret. So a uid proves
nothing alone: an object is a composite's when it is where the composite may have objects, and when its one
controller has the composite's group, kind, name and uid. Kubernetes has it so too: an owner is in the
namespace of what it owns, or in none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.composition import unstructured
from function.composition.unstructured import Object

RESOURCE_NAME: Final = "crossplane.io/composition-resource-name"
"""The annotation by which Crossplane knows which of a composite's children an object is."""


@dataclass(frozen=True, slots=True)
class Controller:
    """Who controls an object, by the object's own word.

    Attributes:
        group: API group of the controller; its version may change.
        kind: Its kind.
        name: Its name.
        uid: Its uid.
        namespace: The namespace of the object, and the controller's if that has one.
    """

    group: str
    kind: str
    name: str
    uid: str
    namespace: str

    def refers_to(self, composite: Object) -> bool:
        """Tell whether a composite is meant; never one without a uid, as offline."""
        uid = unstructured.text(composite, "metadata", "uid")
        return bool(uid) and uid == self.uid and self == _as_controller(composite, self.namespace)


def controller_of(obj: Object) -> Controller | None:
    """Read who controls an object; None for nobody, and for one that names several."""
    owners = [
        reference
        for reference in unstructured.items(obj, "metadata", "ownerReferences")
        if reference.get("controller") is True
    ]
    if len(owners) != 1:
        return None
    (owner,) = owners
    fields = [owner.get(field) for field in ("apiVersion", "kind", "name", "uid")]
    version, kind, name, uid = (text if isinstance(text, str) else "" for text in fields)
    group, _, number = version.rpartition("/")
    return Controller(group, kind, name, uid, unstructured.namespace_of(obj)) if number else None


def controls(composite: Object, obj: Object) -> bool:
    """Tell whether a composite controls an object."""
    controller = controller_of(obj)
    return controller is not None and controller.refers_to(composite)


def resource_name(obj: Object) -> str:
    """Read an object's composition resource name; empty when it has none."""
    return unstructured.text(obj, "metadata", "annotations", RESOURCE_NAME)


def _as_controller(composite: Object, namespace: str) -> Controller:
    """A composite as an object in a namespace names it; one with a namespace has objects only there."""
    return Controller(
        unstructured.text(composite, "apiVersion").rpartition("/")[0],
        unstructured.text(composite, "kind"),
        unstructured.name_of(composite),
        unstructured.text(composite, "metadata", "uid"),
        unstructured.namespace_of(composite) or namespace,
    )
