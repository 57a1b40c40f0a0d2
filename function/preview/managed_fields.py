"""Server-side apply: who writes which fields of an object, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from function.composition import Manifest, Object, unstructured
from function.preview import fields
from function.preview.fields import METADATA, STATUS, Fields, Path

SERVER_OWNED: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generateName",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
IDENTITY: Final = frozenset({("f:apiVersion",), ("f:kind",), (METADATA, "f:name"), (METADATA, "f:namespace")})


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes.

    Attributes:
        manager: The field manager.
        operation: Whether it applies its whole intent, or updates what is there.
        subresource: `status`, or empty for the object without its status.
        name: How people call it.
    """

    manager: str
    operation: Literal["Apply", "Update"] = "Apply"
    subresource: Literal["", "status"] = ""
    name: str = field(default="", compare=False)

    @property
    def status(self) -> Writer:
        """The same writer, writing the status."""
        return replace(self, subresource="status")


def managed_fields(
    obj: Object, owners: Mapping[Writer, frozenset[Path]], times: Mapping[Writer, str]
) -> list[Manifest]:
    """The managed fields of an object: one entry for each writer that owns some."""
    return [
        {
            "manager": writer.manager,
            "operation": writer.operation,
            "apiVersion": obj["apiVersion"],
            "time": times[writer],
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.encode(paths),
            **({"subresource": writer.subresource} if writer.subresource else {}),
        }
        for writer, paths in sorted(
            owners.items(), key=lambda item: (item[0].operation, item[0].manager, item[0].subresource)
        )
    ]


def without_server_fields(obj: Mapping[str, Any]) -> Manifest:
    """An object without what only the API server writes."""
    meta = {key: value for key, value in unstructured.mapping(obj, "metadata").items() if key not in SERVER_OWNED}
    return {**obj, "metadata": meta}


def may_write(path: Path, writer: Writer) -> bool:
    """Tell whether a field can be written by a writer: the status apart from all else."""
    return path in IDENTITY or (path[0] == STATUS) == (writer.subresource == "status")


def merge(live: Fields, intent: Fields, dropped: Iterable[Path]) -> Fields:
    """The live fields with an intent laid over them and what its writer dropped taken out."""
    parents = fields.prefixes(intent)
    values = {path for path, value in intent.items() if value != {}}
    removed = set(dropped)
    merged = {}
    for path, value in live.items():
        under_a_value = any(path[:end] in values for end in range(1, len(path)))
        if path not in removed and path not in parents and not under_a_value:
            merged[path] = value
    return merged | intent
