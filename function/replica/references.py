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
from function.replica.identity import ConfigSource, ReplicaIdentity, copy_name
from function.replica.resource_names import CONFIG_MAP, SECRET, WORKLOAD
from function.replica.topologies.registry import topology_of

_KEYS: Final = {"Secret": SECRET, "ConfigMap": CONFIG_MAP}
_FIELDS: Final = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
_CONTENT: Final = ("type", "data", "binaryData")


def copy_resource_name(source: ConfigSource) -> str:
    """The composition resource name of a copy, and the key of the requirement for what is copied."""
    return f"{_KEYS[source.kind]}{source.name}"


def require(draft: Draft, spec: ModelReplicaSpec) -> dict[ConfigSource, Required]:
    """Ask for everything that the pods of a replica name."""
    members = [member for engine in spec.engines for member in engine.members]
    named = {source for member in members for source in _references_of_pod(member.template.spec.plain())}
    return {
        source: draft.require(
            copy_resource_name(source),
            Requirement("v1", source.kind, name=source.name, namespace=draft.observation.namespace),
        )
        for source in sorted(named)
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
        if answer.first is not None:
            content = {field: answer.first[field] for field in _CONTENT if answer.first.get(field)}
            meta = {"name": name, "namespace": namespace}
            body = {"apiVersion": "v1", "kind": source.kind, "metadata": meta, **content}
            draft.remote(key, body, provider_config, labels=replica.object_labels)
        else:
            draft.keep(key)
            reference = f"{source.kind} {namespace}/{source.name}"
            draft.skip("InputMissing", f"{reference} does not exist any more; its copy on the cluster stays")
    return copies


def with_copies(entry: Mapping[str, Any], copies: Mapping[ConfigSource, str]) -> Manifest:
    """Have an environment variable refer to the copy."""
    origin = dict(unstructured.mapping(entry, "valueFrom"))
    for field, kind in _FIELDS.items():
        name = unstructured.text(origin, field, "name")
        if name:
            origin[field] = {**origin[field], "name": copies.get(ConfigSource(kind, name), name)}
    return {**entry, "valueFrom": origin} if origin else dict(entry)


def _references_of_workload(draft: Draft, engine: PlacedEngine) -> Iterator[ConfigSource]:
    """What the pods of an engine's observed workload refer to."""
    workload = objects.desired(draft.observed(f"{WORKLOAD}{engine.name}"))
    for template in topology_of(engine).pod_templates(workload):
        yield from _references_of_pod(unstructured.mapping(template, "spec"))


def _references_of_pod(pod: Object) -> Iterator[ConfigSource]:
    """What a pod refers to."""
    for container in unstructured.items(pod, "containers"):
        for entry in unstructured.items(container, "env"):
            for field, kind in _FIELDS.items():
                name = unstructured.text(entry, "valueFrom", field, "name")
                if name:
                    yield ConfigSource(kind, name)
    for secret in unstructured.items(pod, "imagePullSecrets"):
        if unstructured.text(secret, "name"):
            yield ConfigSource("Secret", unstructured.text(secret, "name"))
