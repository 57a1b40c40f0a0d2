"""Secrets and ConfigMaps that pods name, copied to the cluster of their replica.

Each replica has copies of its own, under names of its own, and its pods refer to those. What does
not exist when the pods are first made is referred to as it is written, since somebody may have
put it on the cluster; what the pods refer to then never changes. Claims of volumes and service accounts
are the cluster's own, and are never copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from function.api.engines import PlacedEngine
from function.api.model_replica import ModelReplicaSpec
from function.composition import Draft, Manifest, Object, Required, Requirement, objects, unstructured
from function.replica.conditions import REFERENCES
from function.replica.identity import ConfigSource, ReplicaIdentity, copy_name
from function.replica.resource_names import CONFIG_MAP, SECRET, WORKLOAD
from function.replica.topologies.registry import topology_of

_KEYS: Final = {"Secret": SECRET, "ConfigMap": CONFIG_MAP}
_EACH: Final = "*"
_LISTED: Final = 3
_CONTAINERS: Final = ("containers", "initContainers")
_PATHS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "Secret": (
        *((field, _EACH, "env", _EACH, "valueFrom", "secretKeyRef", "name") for field in _CONTAINERS),
        *((field, _EACH, "envFrom", _EACH, "secretRef", "name") for field in _CONTAINERS),
        ("volumes", _EACH, "secret", "secretName"),
        ("volumes", _EACH, "projected", "sources", _EACH, "secret", "name"),
        ("volumes", _EACH, "csi", "nodePublishSecretRef", "name"),
        ("imagePullSecrets", _EACH, "name"),
    ),
    "ConfigMap": (
        *((field, _EACH, "env", _EACH, "valueFrom", "configMapKeyRef", "name") for field in _CONTAINERS),
        *((field, _EACH, "envFrom", _EACH, "configMapRef", "name") for field in _CONTAINERS),
        ("volumes", _EACH, "configMap", "name"),
        ("volumes", _EACH, "projected", "sources", _EACH, "configMap", "name"),
    ),
}
"""Where a pod's spec names what is copied: every such field of the pods that the API takes."""

_TYPE: Final = "type"
_CONTENT: Final = (_TYPE, "data", "binaryData")

MOST_SOURCES: Final = 32
"""How many Secrets and ConfigMaps the pods of a replica may name: each is sent with every call about it."""


def copy_resource_name(source: ConfigSource) -> str:
    """The composition resource name of a copy, and the key of the requirement for what is copied."""
    return f"{_KEYS[source.kind]}{source.name}"


def named(engines: Iterable[PlacedEngine]) -> list[ConfigSource]:
    """Find everything that the pods of engines name, in order."""
    members = [member for engine in engines for member in engine.members]
    return sorted({source for member in members for source in _references_of_pod(member.template.spec.plain())})


def set_condition(draft: Draft, spec: ModelReplicaSpec, copies: Mapping[ConfigSource, str]) -> None:
    """Say what the pods cannot do without and is no copy: whether the cluster has it is not known here.

    It goes by what the pods refer to, so it stays the same when what was missing comes into being later.
    """
    pods = [member.template.spec.plain() for engine in spec.engines for member in engine.members]
    needed = {source for pod in pods for source in _references_of_pod(pod, optional=False)}
    left = [f"{source.kind} {source.name}" for source in sorted(needed - copies.keys())]
    if not left:
        draft.set_condition(REFERENCES, "Copied")
        return
    namespace = draft.observation.namespace
    more = f" and {len(left) - _LISTED} more" if len(left) > _LISTED else ""
    draft.set_condition(
        REFERENCES,
        "LeftToCluster",
        f"not found in namespace {namespace} when the pods were made: {', '.join(left[:_LISTED])}{more}; the pods take "
        f"what is of that name in namespace {namespace} of cluster {spec.cluster_name}, if it is there",
    )


def require(draft: Draft, spec: ModelReplicaSpec) -> dict[ConfigSource, Required]:
    """Ask for everything that the pods of a replica name; for nothing where that is more than new pods may."""
    found = named(spec.engines)
    if len(found) > MOST_SOURCES and not any(draft.observed(copy_resource_name(source)) for source in found):
        return {}
    return {
        source: draft.require(
            copy_resource_name(source),
            Requirement("v1", source.kind, name=source.name, namespace=draft.observation.namespace),
        )
        for source in found
    }


def compose(
    draft: Draft,
    spec: ModelReplicaSpec,
    replica: ReplicaIdentity,
    sources: Mapping[ConfigSource, Required],
    provider_config: str,
) -> dict[ConfigSource, str]:
    """Compose the copies.

    Args:
        draft: The answer.
        spec: The replica's spec.
        replica: The replica that the pods belong to.
        sources: What is named, and what was found of it.
        provider_config: How to reach the cluster.

    Returns:
        The names of the copies, of those that there are.
    """
    written = {source for engine in spec.engines for source in _references_of_workload(draft, engine)}
    namespace = replica.namespace
    copies: dict[ConfigSource, str] = {}
    for source, answer in sources.items():
        key = copy_resource_name(source)
        name = draft.remote_name(key, copy_name(namespace, replica.name, source))
        copied = draft.observed(key) is not None or ConfigSource(source.kind, name) in written
        if not copied and (source in written or answer.first is None):
            continue
        copies[source] = name
        reference = f"{source.kind} {namespace}/{source.name}"
        content = _content(answer.first)
        if answer.first is None:
            draft.keep(key)
            draft.skip("InputMissing", f"{reference} does not exist any more; its copy on the cluster stays")
        elif content is None and draft.observed(key) is not None:
            draft.keep(key)
            draft.skip("InputInvalid", f"{reference} cannot be read; its copy on the cluster stays")
        elif content is None:
            draft.skip("InputInvalid", f"{reference} cannot be read; its copy is made when it can be")
        else:
            meta = {"name": name, "namespace": namespace}
            body = {"apiVersion": "v1", "kind": source.kind, "metadata": meta, **content}
            draft.remote(key, body, provider_config, labels=replica.object_labels)
    return copies


def _content(source: Object | None) -> Manifest | None:
    """What of a Secret or ConfigMap is copied; None when it cannot be read."""
    content = {field: source[field] for field in _CONTENT if source.get(field)} if source else {}
    maps = [value for field, value in content.items() if field != _TYPE]
    texts = [content.get(_TYPE, ""), *(text for found in maps if isinstance(found, Mapping) for text in found.values())]
    readable = all(isinstance(found, Mapping) for found in maps) and all(isinstance(text, str) for text in texts)
    return content if readable else None


def with_copies(pod: Object, copies: Mapping[ConfigSource, str]) -> Manifest:
    """Have a pod refer to the copies.

    Args:
        pod: The pod's spec.
        copies: The names of the copies, of those that there are.
    """
    return _renamed(pod, lambda source, **_: copies.get(source, source.name))


def _references_of_workload(draft: Draft, engine: PlacedEngine) -> Iterator[ConfigSource]:
    """What the pods of an engine's observed workload refer to."""
    workload = objects.desired(draft.observed(f"{WORKLOAD}{engine.name}"))
    for template in topology_of(engine).pod_templates(workload):
        yield from _references_of_pod(unstructured.mapping(template, "spec"))


def _references_of_pod(pod: Object, *, optional: bool = True) -> list[ConfigSource]:
    """What a pod refers to, with or without what it also starts without."""
    found: list[ConfigSource] = []

    def note(source: ConfigSource, *, is_optional: bool) -> str:
        if optional or not is_optional:
            found.append(source)
        return source.name

    _renamed(pod, note)
    return found


class _Naming(Protocol):
    def __call__(self, source: ConfigSource, *, is_optional: bool) -> str:
        """Give the name by which a pod refers to something."""


def _renamed(pod: Object, name: _Naming) -> Manifest:
    """Copy a pod's spec and give another name to everything that it refers to."""
    renamed: Any = dict(pod)
    for kind, paths in _PATHS.items():

        def named(holder: Mapping[str, Any], text: str, kind: str = kind) -> str:
            return name(ConfigSource(kind, text), is_optional=holder.get("optional") is True)

        for path in paths:
            renamed = _replaced(renamed, path, named)
    return dict(renamed)


def _replaced(value: Any, path: Sequence[str], name: Callable[[Mapping[str, Any], str], str]) -> Any:
    """Replace the texts at a path, in which `*` is every item of a list; `name` gets each text and what holds it."""
    field, *rest = path
    if field == _EACH:
        return [_replaced(item, rest, name) for item in value] if isinstance(value, list | tuple) else value
    if not isinstance(value, Mapping) or value.get(field) is None:
        return value
    inner = value[field]
    if rest:
        return {**value, field: _replaced(inner, rest, name)}
    return {**value, field: name(value, inner)} if isinstance(inner, str) and inner else value
