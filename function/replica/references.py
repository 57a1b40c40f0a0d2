"""Secrets and ConfigMaps that pods name, copied to the cluster of their replica.

Each replica has copies of its own, under names of its own, and its pods refer to those. What does
not exist when the pods are first made is referred to as it is written, since somebody may have
put it on the cluster; what the pods refer to then never changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from function.api.engines import PlacedEngine
from function.api.model_replica import ModelReplicaSpec
from function.composition import Draft, Manifest, Object, Required, Requirement, objects, unstructured
from function.replica.identity import ReplicaIdentity, Source, copy_name
from function.replica.keys import CONFIG_MAP, SECRET, WORKLOAD
from function.replica.topologies.registry import topology_of

_KEYS: Final = {"Secret": SECRET, "ConfigMap": CONFIG_MAP}
_FIELDS: Final = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
_CONTENT: Final = ("type", "data", "binaryData")


def key_of(source: Source) -> str:
    """The composition resource name of a copy, and the key of the requirement for what is copied."""
    return f"{_KEYS[source.kind]}{source.name}"


def require(draft: Draft, spec: ModelReplicaSpec) -> dict[Source, Required]:
    """Ask for everything that the pods of a replica name."""
    members = [member for engine in spec.engines for member in engine.members]
    named = {source for member in members for source in _named(member.template.spec.plain())}
    return {
        source: draft.require(
            key_of(source), Requirement("v1", source.kind, name=source.name, namespace=draft.observation.namespace)
        )
        for source in sorted(named)
    }


def compose(
    draft: Draft,
    spec: ModelReplicaSpec,
    replica: ReplicaIdentity,
    sources: Mapping[Source, Required],
    provider_config: str,
) -> dict[Source, str]:
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
    written = {source for engine in spec.engines for source in _in_workload(draft, engine)}
    namespace = replica.namespace
    copies: dict[Source, str] = {}
    for source, answer in sources.items():
        key = key_of(source)
        name = draft.remote_name(key, copy_name(namespace, replica.name, source))
        copied = draft.observed(key) is not None or Source(source.kind, name) in written
        if not copied and (source in written or answer.first is None):
            continue
        copies[source] = name
        if answer.first is not None:
            content = {field: answer.first[field] for field in _CONTENT if answer.first.get(field)}
            meta = {"name": name, "namespace": namespace}
            body = {"apiVersion": "v1", "kind": source.kind, "metadata": meta, **content}
            draft.remote(key, body, provider_config, labels=replica.marks)
        else:
            draft.keep(key)
            where = f"{source.kind} {namespace}/{source.name}"
            draft.skip("InputMissing", f"{where} does not exist any more; its copy on the cluster stays")
    return copies


def renamed(entry: Mapping[str, Any], copies: Mapping[Source, str]) -> Manifest:
    """Have an environment variable refer to the copy."""
    origin = dict(unstructured.mapping(entry, "valueFrom"))
    for field, kind in _FIELDS.items():
        name = unstructured.text(origin, field, "name")
        if name:
            origin[field] = {**origin[field], "name": copies.get(Source(kind, name), name)}
    return {**entry, "valueFrom": origin} if origin else dict(entry)


def _in_workload(draft: Draft, engine: PlacedEngine) -> Iterator[Source]:
    """What the pods of an engine's observed workload refer to."""
    workload = objects.desired(draft.observed(f"{WORKLOAD}{engine.name}"))
    for template in topology_of(engine).pod_templates(workload):
        yield from _named(unstructured.mapping(template, "spec"))


def _named(pod: Object) -> Iterator[Source]:
    """What a pod refers to."""
    for container in unstructured.items(pod, "containers"):
        for entry in unstructured.items(container, "env"):
            for field, kind in _FIELDS.items():
                name = unstructured.text(entry, "valueFrom", field, "name")
                if name:
                    yield Source(kind, name)
    for secret in unstructured.items(pod, "imagePullSecrets"):
        if unstructured.text(secret, "name"):
            yield Source("Secret", unstructured.text(secret, "name"))
