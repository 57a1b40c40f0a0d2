"""How large an answer will be on the wire.

Crossplane takes no answer of more than 4 MiB, so an answer must be measured before it is made
larger. Plain data travels as a protobuf Struct, whose size follows from the data alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from function.composition import Object, unstructured

LARGEST: Final = 3_670_016
"""3.5 MiB: new replicas are placed as long as the answer stays below; the rest is reserve."""

BESIDE: Final = 640
"""Bytes that each child takes beside its own manifest: its wrapping, its place in the status."""

_METADATA: Final = ("name", "namespace", "labels", "annotations", "finalizers")
"""What of a child's metadata an answer has."""

_NUMBER: Final = 9
_FLAG: Final = 2


def size_of(value: Any) -> int:
    """Measure plain data as a protobuf Value.

    Args:
        value: A tree of mappings, lists, texts, numbers, booleans and nulls.

    Returns:
        Its size in bytes.
    """
    if isinstance(value, str):
        return _framed(len(value.encode(errors="replace")))
    if isinstance(value, bool) or value is None:
        return _FLAG
    if isinstance(value, Mapping):
        return _framed(sum(_framed(size_of(key) + _framed(size_of(item))) for key, item in value.items()))
    if isinstance(value, list | tuple):
        return _framed(sum(_framed(size_of(item)) for item in value))
    return _NUMBER


def size_of_kept(children: Iterable[Object]) -> int:
    """Measure children that are re-emitted as they are observed; at most a little too large."""
    total = 0
    for child in children:
        spec = {key: item for key, item in unstructured.mapping(child, "spec").items() if key != "crossplane"}
        meta = {key: unstructured.dig(child, "metadata", key) for key in _METADATA}
        total += size_of({"metadata": meta, "spec": spec}) + BESIDE
    return total


def size_of_new(replica: Object) -> int:
    """Measure a new replica, with the endpoint that it will have."""
    return size_of(replica) + size_of(unstructured.mapping(replica, "metadata")) + 2 * BESIDE


def _framed(length: int) -> int:
    """Add a field's tag and length to its content."""
    return 1 + max(1, -(-length.bit_length() // 7)) + length
