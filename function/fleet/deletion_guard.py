"""The guard of a cluster: it cannot be deleted while replicas are placed on it.

A deletion that was refused is not remembered (`replayDeletion: false`): the last replica may
leave weeks later, and a cluster must not go because of what was typed then. Whoever still wants
it to go says so again.
"""

from __future__ import annotations

from typing import Final

from function.api.inference_cluster import INFERENCE_CLUSTER
from function.composition import Draft, Manifest, Required, manifest
from function.fleet.cluster_conditions import DELETION

GUARD: Final = "usage-replicas"

_REFUSED: Final = "usage.crossplane.io/deletion-attempt-with-policy"
_SAMPLE: Final = 3


def compose_guard(draft: Draft, replicas: Required) -> None:
    """Compose the guard while there are replicas, and say whether the cluster can be deleted."""
    if replicas.unresolved:
        draft.repeat(DELETION)
        return
    if not replicas.found:
        draft.drop(GUARD)
        draft.say(DELETION, "NoReplicas", "no replicas are placed here")
        return
    draft.child(GUARD, _usage(draft.observation.name))
    placed = _placed(replicas)
    if _REFUSED in manifest.annotations(draft.observation.composite):
        draft.say(DELETION, "DeletionRefused", f"{placed}; delete the cluster again once they are gone")
    else:
        draft.say(DELETION, "ReplicasPlaced", placed)


def _placed(replicas: Required) -> str:
    names = ["/".join((manifest.namespace_of(one), manifest.name_of(one))) for one in replicas.found]
    more = f" and {len(names) - _SAMPLE} more" if len(names) > _SAMPLE else ""
    plural = "replica is" if len(names) == 1 else "replicas are"
    return f"{len(names)} {plural} placed here: {', '.join(names[:_SAMPLE])}{more}"


def _usage(cluster: str) -> Manifest:
    return {
        "apiVersion": "protection.crossplane.io/v1beta1",
        "kind": "ClusterUsage",
        "spec": {
            "of": {
                "apiVersion": INFERENCE_CLUSTER.api_version,
                "kind": INFERENCE_CLUSTER.kind,
                "resourceRef": {"name": cluster},
            },
            "reason": "ModelReplicas are still placed on this cluster: delete their ModelDeployments first.",
            "replayDeletion": False,
        },
    }
