"""The guards of a cluster and of namespaces: neither can be deleted while replicas need them.

A deletion that was refused is not remembered (`replayDeletion: false`): the last replica may
leave weeks later, and nothing must go because of what was typed then. Whoever still wants it to
go says so again.

A namespace that is being deleted takes no new objects. A provider must note its use of a provider
config in the namespace each time it connects, and what it has noted goes with everything else
there: it could never again reach the cluster to remove what the replicas have on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.api.inference_cluster import INFERENCE_CLUSTER
from function.composition import Draft, Manifest, Required, unstructured, usages
from function.fleet.cluster_conditions import DELETION
from function.fleet.remote_namespaces import in_use

GUARD: Final = "usage-replicas"
NAMESPACE_GUARD: Final = "usage-namespace-"

_REFUSED: Final = "usage.crossplane.io/deletion-attempt-with-policy"
_SAMPLE: Final = 3


def compose_guard(draft: Draft, replicas: Required) -> None:
    """Compose the guards while there are replicas, and say whether the cluster can be deleted."""
    if replicas.unresolved:
        draft.carry_condition(DELETION)
        return
    _guard_namespaces(draft, {unstructured.namespace_of(obj) for obj in replicas.unsorted})
    if not replicas.unsorted:
        draft.drop(GUARD)
        draft.set_condition(DELETION, "NoReplicas", "no replicas are placed here")
        return
    draft.child(GUARD, _cluster_usage(draft.observation.name))
    placed = _placed(replicas)
    if _REFUSED in unstructured.annotations(draft.observation.composite):
        draft.set_condition(DELETION, "DeletionRefused", f"{placed}; delete the cluster again once they are gone")
    else:
        draft.set_condition(DELETION, "ReplicasPlaced", placed)


def _guard_namespaces(draft: Draft, namespaces: Iterable[str]) -> None:
    wanted = in_use(draft, NAMESPACE_GUARD, namespaces)
    for key, namespace in sorted(wanted.items()):
        draft.child(key, _namespace_usage(namespace))
    for key in sorted(draft.observation.children):
        if key.startswith(NAMESPACE_GUARD) and key not in wanted:
            draft.drop(key)


def _placed(replicas: Required) -> str:
    names = [f"{unstructured.namespace_of(obj)}/{unstructured.name_of(obj)}" for obj in replicas.found]
    more = f" and {len(names) - _SAMPLE} more" if len(names) > _SAMPLE else ""
    plural = "replica is" if len(names) == 1 else "replicas are"
    return f"{len(names)} {plural} placed here: {', '.join(names[:_SAMPLE])}{more}"


def _cluster_usage(cluster: str) -> Manifest:
    reason = "ModelReplicas are still placed on this cluster: delete their ModelDeployments first."
    return _usage(INFERENCE_CLUSTER.api_version, INFERENCE_CLUSTER.kind, cluster, reason)


def _namespace_usage(namespace: str) -> Manifest:
    reason = "ModelReplicas of this namespace are still placed on clusters: delete the ModelDeployments first."
    return _usage("v1", "Namespace", namespace, reason)


def _usage(api_version: str, kind: str, name: str, reason: str) -> Manifest:
    return {
        "apiVersion": usages.API_VERSION,
        "kind": "ClusterUsage",
        "spec": {
            "of": {"apiVersion": api_version, "kind": kind, "resourceRef": {"name": name}},
            "reason": reason,
            "replayDeletion": False,
        },
    }
