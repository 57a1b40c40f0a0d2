"""What an earlier replica of the same name has left behind.

It has the same names on the cluster: while the old objects are being removed, new ones would be removed with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.composition import Draft, Object, Required, Requirement, objects, owned, ownership, unstructured
from function.replica.identity import ReplicaIdentity

PREDECESSOR: Final = "remains"
"""Key of the requirement for Objects with the labels of a replica."""


@dataclass(frozen=True, slots=True)
class LabelledObjects:
    """The Objects with the labels of a replica.

    Attributes:
        own: Those that this very replica composed, by composition resource name.
        leftover: Those of an earlier one.
    """

    own: dict[str, Object]
    leftover: list[Object]


def has_objects(draft: Draft) -> bool:
    """Tell whether something of the replica has been composed for its cluster."""
    return any(objects.is_object(child) for child in draft.observation.children.values())


def require(draft: Draft, replica: ReplicaIdentity) -> Required | None:
    """Ask for the Objects with the replica's labels; None when it has some of its own already."""
    if has_objects(draft):
        return None
    wanted = Requirement(objects.API_VERSION, objects.KIND, labels=replica.object_labels, namespace=replica.namespace)
    return draft.require(PREDECESSOR, wanted)


def read(draft: Draft, required: Required | None) -> LabelledObjects:
    """Tell the replica's own Objects from those of an earlier one.

    Its own are among them only where Crossplane has lost track of what it composed.
    """
    found = required.found if required is not None else ()
    composite = draft.observation.composite
    controlled = [obj for obj in found if ownership.controls(composite, obj)]
    own = {ownership.resource_name(obj): obj for obj in controlled if owned.is_ours(obj, composite)}
    return LabelledObjects(
        own={name: obj for name, obj in own.items() if name},
        leftover=[obj for obj in found if obj not in controlled],
    )


def still_removed(leftover: list[Object]) -> str:
    """Say that Objects of an earlier replica are not gone yet."""
    first = min(map(unstructured.name_of, leftover))
    more = f" and {len(leftover) - 1} more" if len(leftover) > 1 else ""
    return f"Object {first}{more} of an earlier replica of this name still being removed from the cluster"
