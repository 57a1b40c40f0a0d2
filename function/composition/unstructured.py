"""Kubernetes objects as plain data, and safe ways to read them.

Objects of the API server arrive as nested mappings that anyone may have written.
Reading never raises: a path that does not exist, or that passes through something
that is not a mapping, reads as the default.
"""

from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias

Object: TypeAlias = Mapping[str, Any]
"""A Kubernetes object that is only read."""

Manifest: TypeAlias = dict[str, Any]
"""A Kubernetes object that is being built."""


def dig(source: object, *path: str | int, default: Any = None) -> Any:
    """Read a nested value.

    Args:
        source: A mapping or sequence, or anything else (reads as the default).
        *path: Keys of mappings and indices of sequences.
        default: What to return when the path ends early or holds null.
    """
    value: Any = source
    try:
        for step in path:
            if value.__class__ is str:
                return default
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return default
    return default if value is None else value


def mapping(source: object, *path: str | int) -> Mapping[str, Any]:
    """Read a nested mapping; anything else reads as an empty one."""
    value = dig(source, *path)
    return value if isinstance(value, Mapping) else {}


def items(source: object, *path: str | int) -> list[Mapping[str, Any]]:
    """Read a nested list of mappings; other elements are passed over."""
    value = dig(source, *path)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def text(source: object, *path: str | int) -> str:
    """Read a nested string; anything else reads as an empty one."""
    # The same as with `dig`, without a second call: a fleet has tens of thousands of texts.
    value: Any = source
    try:
        for step in path:
            if value.__class__ is str:
                return ""
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return ""
    return value if isinstance(value, str) else ""


def integer(source: object, *path: str | int, default: int = 0) -> int:
    """Read a nested whole number; anything else reads as the default."""
    value = dig(source, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def labels(source: object) -> dict[str, str]:
    """Read an object's labels; values that are not strings are passed over."""
    return _texts(mapping(source, "metadata", "labels"))


def annotations(source: object) -> dict[str, str]:
    """Read an object's annotations; values that are not strings are passed over."""
    return _texts(mapping(source, "metadata", "annotations"))


def _texts(source: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key in source if isinstance(value := source[key], str)}


def name_of(source: object) -> str:
    """Read an object's name."""
    return text(source, "metadata", "name")


def namespace_of(source: object) -> str:
    """Read an object's namespace; empty for a cluster-scoped one."""
    return text(source, "metadata", "namespace")


def condition(source: object, kind: str) -> Mapping[str, Any]:
    """Read one of an object's conditions; an absent one reads as an empty mapping."""
    status = mapping(source, "status")
    own = getattr(status, "first", None)
    if own is not None:
        found: Mapping[str, Any] = own("conditions", "type", kind)
        return found
    return next((item for item in items(status, "conditions") if item.get("type") == kind), {})


def is_true(source: object, kind: str) -> bool:
    """Tell whether a condition is observed to be True. Unknown and absent are not."""
    return condition(source, kind).get("status") == "True"


def is_current(reported: object, obj: Object | None) -> bool:
    """Tell whether a condition of an object is about it as it is observed, and not about an earlier generation."""
    generation = integer(obj, "metadata", "generation")
    return integer(reported, "observedGeneration", default=generation) >= generation


def is_set(source: Object, key: str) -> bool:
    """Tell whether a field holds anything, and do not read what; null and whatever is empty or zero is nothing."""
    own = getattr(source, "is_set", None)
    return bool(source.get(key)) if own is None else own(key)


def content(source: Object, key: str | None = None) -> Hashable:
    """Something that equal values of a field, or of all, have in common, and others have not."""
    own = getattr(source, "content", None)
    found: Hashable = repr(source if key is None else source.get(key)) if own is None else own(key)
    return found


def plain(value: Any) -> Any:
    """Copy data as Python's own throughout, which is what models are made from."""
    own = getattr(value, "plain", None)
    if own is not None:
        return own()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def pruned(value: Any, *, inside_lists: bool = True) -> Any:
    """Copy plain data without nulls and empty maps, which own more than they say when applied.

    Args:
        value: Plain data.
        inside_lists: Whether empty maps go from the items of lists too. There an empty map may be all
            that is to be said, as in `emptyDir: {}`, and lists without keys are owned whole.
    """
    if isinstance(value, Mapping):
        copied = {key: pruned(item, inside_lists=inside_lists) for key, item in value.items() if item is not None}
        return {key: item for key, item in copied.items() if item != {}}
    if isinstance(value, list | tuple):
        return [pruned(item) if inside_lists else _without_nulls(item) for item in value]
    return value


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    return value
