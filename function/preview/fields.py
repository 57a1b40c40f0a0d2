"""Objects as sets of fields, which is how server-side apply thinks of them.

An object is taken apart into leaves, each under its path. Maps are granular: every key is a
field of its own, and an empty map is a leaf. Lists are leaves too, except the few whose items
belong to different writers. A path is written in the elements of `FieldsV1`: `f:` and a
key, `k:` and the key fields of an item, `v:` and an item of a set.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

from function.composition.unstructured import Manifest

Path: TypeAlias = tuple[str, ...]
"""Where a field is, in elements of `FieldsV1`."""

Fields: TypeAlias = dict[Path, Any]
"""An object's leaves by path."""

STATUS: Final = "f:status"
METADATA: Final = "f:metadata"

_ITEMS_BY_KEY: Final[Mapping[Path, str]] = {
    (METADATA, "f:ownerReferences"): "uid",
    (STATUS, "f:conditions"): "type",
}
"""Lists whose items have writers of their own, and the field that tells the items apart."""

_LEAVES: Final = (str, int)
"""Types of values that are written as they are; a boolean is an int too."""

_SETS: Final[frozenset[Path]] = frozenset({(METADATA, "f:finalizers")})


def plain(value: Any, path: str = "") -> Any:
    """Copy data as JSON has it: maps, lists, texts, numbers, booleans and null.

    Raises:
        TypeError: When something else is in it, with its path.
    """
    if value is None or isinstance(value, _LEAVES):
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{path or 'the object'} has a key that is no text: {key!r}")
        return {key: plain(item, f"{path}.{key}" if path else key) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{path}[{position}]") for position, item in enumerate(value)]
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    raise TypeError(f"{path or 'the object'} is of type {type(value).__name__}, which JSON does not have")


def flatten(obj: Mapping[str, Any]) -> Fields:
    """Take an object apart into its leaves. Nulls are no fields."""
    leaves: Fields = {}
    for key, value in obj.items():
        _collect(value, (f"f:{key}",), leaves)
    return leaves


def _collect(value: Any, path: Path, leaves: Fields) -> None:
    if value is None:
        return
    if isinstance(value, _LEAVES):
        leaves[path] = value
    elif isinstance(value, Mapping) and value:
        for key, item in value.items():
            _collect(item, (*path, f"f:{key}"), leaves)
    elif isinstance(value, list) and value and path in _ITEMS_BY_KEY:
        key = _ITEMS_BY_KEY[path]
        for item in value:
            leaves[(*path, f"k:{_json({key: item.get(key)})}")] = item
    elif isinstance(value, list) and value and path in _SETS:
        for item in value:
            leaves[(*path, f"v:{_json(item)}")] = item
    else:
        leaves[path] = value


def assemble(fields: Mapping[Path, Any]) -> Manifest:
    """Put an object together from its leaves."""
    result: Manifest = {}
    for path, value in fields.items():
        node: Any = result
        for step, following in pairwise(path):
            kind: type = dict if following.startswith("f:") else list
            if not isinstance(node.get(step[2:]), kind):
                node[step[2:]] = kind()
            node = node[step[2:]]
        if isinstance(node, list):
            node.append(value)
        elif not (value == {} and isinstance(node.get(path[-1][2:]), dict)):
            node[path[-1][2:]] = value
    return result


def encode(paths: Iterable[Path]) -> Manifest:
    """Write a set of paths as `FieldsV1`."""
    result: Manifest = {}
    for path in sorted(paths):
        node = result
        for step in path:
            node = node.setdefault(step, {})
    return result


def prefixes(paths: Iterable[Path]) -> set[Path]:
    """Every path that leads to one of some paths."""
    return {path[:end] for path in paths for end in range(1, len(path))}


def differing(before: Mapping[Path, Any], after: Mapping[Path, Any]) -> list[Path]:
    """The paths whose values are not the same, in order."""
    absent = object()
    return sorted(path for path in {*before, *after} if before.get(path, absent) != after.get(path, absent))


def readable(path: Sequence[str]) -> str:
    """Write a path for people: `status.conditions[Ready].message`."""
    text = ""
    for step in path:
        if step.startswith("f:"):
            text += f".{step[2:]}" if text else step[2:]
        else:
            key = json.loads(step[2:])
            text += f"[{next(iter(key.values())) if isinstance(key, dict) else key}]"
    return text


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
