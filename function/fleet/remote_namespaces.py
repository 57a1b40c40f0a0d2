"""Namespaces on an inference cluster: one for each namespace of the control plane with replicas there.

The Object goes with the last replica; the Namespace on the cluster stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.api import labels
from function.composition import Draft, Manifest, Object, manifest, objects

NAMESPACE: Final = "namespace-"


def compose_namespaces(draft: Draft, replicas: Iterable[Object], provider_config: str) -> None:
    """Compose the namespaces that replicas need, and let go of those that none needs any more.

    Args:
        draft: The answer.
        replicas: Every ModelReplica on the cluster.
        provider_config: The ClusterProviderConfig that reaches the cluster.
    """
    wanted = {
        f"{NAMESPACE}{namespace}": namespace
        for namespace in map(manifest.namespace_of, replicas)
        if namespace and not labels.is_reserved_namespace(namespace)
    }
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


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
