"""Namespaces on an inference cluster: one for each namespace of the control plane with replicas there.

The Object goes with the last replica; the Namespace on the cluster stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.api import labels
from function.composition import Draft, Manifest, Object, objects, unstructured
from function.inventory.permissions import permissions_of

NAMESPACE: Final = "namespace-"


def compose_namespaces(draft: Draft, replicas: Iterable[Object], provider_config: str) -> None:
    """Compose the namespaces that replicas need, and let go of those that none needs any more.

    Args:
        draft: The answer.
        replicas: Every ModelReplica on the cluster.
        provider_config: The ClusterProviderConfig that reaches the cluster.
    """
    wanted = in_use(draft, NAMESPACE, map(unstructured.namespace_of, replicas))
    for key, namespace in sorted(wanted.items()):
        draft.remote(
            key,
            _namespace(namespace),
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


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
