"""The one rule by which what Modelplane adds to a pod is joined with what the user wrote.

What the user wrote stands, and what is added fills in what is not written:

- of maps, each key that is missing
- of lists whose items Kubernetes tells apart by a key, each item whose key is missing; an item that is there is
  filled in if it is a container or a port, and stands as it is otherwise
- what is one whole, such as a probe, a hook or a list without keys, only where it is missing as a whole

The keys are the merge keys of Kubernetes' own schema (`x-kubernetes-list-map-keys` of its API, v1.35).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from function.composition import Manifest, Object

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "ports": ("containerPort", "protocol"),
    "env": ("name",),
    "claims": ("name",),
    "resourceClaims": ("name",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "tolerations": ("key", "operator", "value", "effect", "tolerationSeconds"),
}
"""The fields that tell the items of a list apart; tolerations, which have no key, by all of theirs."""

_DEFAULTS: Final[Mapping[str, str]] = {"protocol": "TCP", "operator": "Equal"}
"""What an item means that does not say a field of its key."""

_FILLED_IN: Final = frozenset({"containers", "initContainers", "ports"})
"""Lists whose items are filled in."""

_WHOLE: Final = frozenset({"startupProbe", "readinessProbe", "livenessProbe", "preStop", "postStart"})
"""Maps of which one field excludes others."""


def fill_in(written: Object, added: Object) -> Manifest:
    """Fill in what is not written.

    Args:
        written: What the user wrote, or a part of it.
        added: What Modelplane adds to that part.
    """
    filled = dict(written)
    for field, addition in added.items():
        present = filled.get(field)
        if present is None:
            filled[field] = addition
        elif isinstance(present, Mapping) and isinstance(addition, Mapping) and field not in _WHOLE:
            filled[field] = fill_in(present, addition)
        elif isinstance(present, list) and isinstance(addition, list) and field in _KEYS:
            filled[field] = _joined(field, present, addition)
    return filled


def item_key(field: str) -> Callable[[Object], tuple[Any, ...]]:
    """How the items of a list are told apart.

    Args:
        field: The list's name.
    """
    return lambda item: tuple(_normal(name, item.get(name, _DEFAULTS.get(name))) for name in _KEYS[field])


def _normal(name: str, value: Any) -> Any:
    return value.rstrip("/") if name == "mountPath" and isinstance(value, str) else value


def _joined(field: str, written: Sequence[Object], added: Sequence[Object]) -> list[Manifest]:
    """Join two lists: first what is written, in its order, then what is missing."""
    key = item_key(field)
    missing = {key(item): item for item in added}
    joined = []
    for item in written:
        addition = missing.pop(key(item), None)
        joined.append(fill_in(item, addition) if addition is not None and field in _FILLED_IN else dict(item))
    return [*joined, *map(dict, missing.values())]
