"""Namespaces on an inference cluster: one for each namespace of the control plane with replicas there.

The Object goes with the last replica; the Namespace on the cluster stays. It carries the labels of Kubernetes'
Pod Security for the level that the platform team keeps it to. What is enforced counts for every new pod, also for
one that replaces a pod of a running replica: so a level that is tightened is enforced only once no running replica
of the namespace needs more, and is audited and warned of until then. While a replica does not say whether it has
run, or what its pods are, what is enforced does not become stricter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.api import labels
from function.composition import Draft, Manifest, Object, objects, unstructured
from function.inventory.permissions import Permissions, permissions_of
from function.inventory.pod_security import VERSION, SecurityLevel, needed_level, read_level, violations

NAMESPACE: Final = "namespace-"

_POD_SECURITY: Final = "pod-security.kubernetes.io/"
_ENFORCE: Final = f"{_POD_SECURITY}enforce"


def compose_namespaces(draft: Draft, replicas: Iterable[Object], provider_config: str) -> None:
    """Compose the namespaces that replicas need, and let go of those that none needs any more.

    Args:
        draft: The answer.
        replicas: Every ModelReplica on the cluster.
        provider_config: The ClusterProviderConfig that reaches the cluster.
    """
    placed = list(replicas)
    wanted = in_use(draft, NAMESPACE, map(unstructured.namespace_of, placed))
    permissions = permissions_of(draft.observation.composite)
    levels = _levels_in_use(permissions, placed)
    unclear = dict(sorted(_named(replica) for replica in placed if not _is_clear(replica)))
    for key, namespace in sorted(wanted.items()):
        asked = permissions.level_of(namespace)
        running, before = levels.get(namespace, asked), _enforced(draft.observed(key))
        if namespace in unclear and before is not None and before > max(asked, running):
            levels[namespace] = before
            who = f"ModelReplica {namespace}/{unclear[namespace]}"
            stays = f"namespace {namespace} stays at pod security {before.label}"
            draft.skip("InputInvalid", f"{who} does not say whether its pods have run, or what they are: {stays}")
        draft.remote(
            key,
            _namespace(namespace, _pod_security(asked, levels.get(namespace, asked))),
            provider_config,
            namespace=labels.SYSTEM_NAMESPACE,
            policies=objects.KEEP_REMOTE,
        )
    for key in sorted(draft.observation.children):
        if key.startswith(NAMESPACE) and key not in wanted:
            draft.drop(key)


def in_use(draft: Draft, prefix: str, namespaces: Iterable[str]) -> dict[str, str]:
    """Find the namespaces that something of replicas is on the cluster in, or may be.

    A namespace that became reserved when replicas were in it already stays in use.

    Args:
        draft: The answer of an InferenceCluster.
        prefix: How the composition resource name of what a namespace needs begins.
        namespaces: Those of the replicas.

    Returns:
        The namespaces, by composition resource name.
    """
    permissions, children = permissions_of(draft.observation.composite), draft.observation.children
    keyed = {f"{prefix}{namespace}": namespace for namespace in namespaces if namespace}
    return {key: name for key, name in keyed.items() if key in children or not permissions.reserve(name)}


def _namespace(name: str, pod_security: dict[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": pod_security}}


def _pod_security(asked: SecurityLevel, running: SecurityLevel) -> dict[str, str]:
    """The labels of Pod Security: the level that is asked for, enforced as far as no running model is stopped by it.

    The version is that of the rules by which replicas are admitted here, so that both mean the same.
    """
    modes = {"enforce": max(asked, running), "audit": asked, "warn": asked}
    levels = {f"{_POD_SECURITY}{mode}": level.label for mode, level in modes.items()}
    return {**levels, **{f"{_POD_SECURITY}{mode}-version": VERSION for mode in modes}}


def _levels_in_use(permissions: Permissions, replicas: Iterable[Object]) -> dict[str, SecurityLevel]:
    """The level that the pods of running replicas need, by namespace."""
    found: dict[str, SecurityLevel] = {}
    for replica in replicas:
        if _has_run(replica):
            namespace = unstructured.namespace_of(replica)
            needed = _needed(replica, permissions.level_of(namespace))
            found[namespace] = max(found.get(namespace, needed), needed)
    return found


def _named(replica: Object) -> tuple[str, str]:
    return unstructured.namespace_of(replica), unstructured.name_of(replica)


def _enforced(namespace: Object | None) -> SecurityLevel | None:
    """The level that the Object of a namespace enforces; None when there is none, or it says none."""
    return read_level(unstructured.labels(objects.desired(namespace)).get(_ENFORCE, ""))


def _is_clear(replica: Object) -> bool:
    """Tell whether a replica says what its pods are, and whether they have run: each does once it was composed."""
    members = [
        member
        for engine in unstructured.items(replica, "spec", "engines")
        for member in unstructured.items(engine, "members")
    ]
    pods = bool(members) and all(unstructured.items(member, "template", "spec", "containers") for member in members)
    return pods and (_has_run(replica) or bool(unstructured.items(replica, "status", "conditions")))


def _has_run(replica: Object) -> bool:
    """Tell whether the pods of a replica have served: what a cluster takes of them before proves nothing."""
    return bool(unstructured.text(replica, "status", "servingSince"))


def _needed(replica: Object, asked: SecurityLevel) -> SecurityLevel:
    """The level that the pods of a replica need, where that is looser than what is asked for."""
    templates = (
        unstructured.mapping(member, "template")
        for engine in unstructured.items(replica, "spec", "engines")
        for member in unstructured.items(engine, "members")
    )
    return max((needed_level(template) for template in templates if violations(template, asked)), default=asked)
