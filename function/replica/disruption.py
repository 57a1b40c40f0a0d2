"""The PodDisruptionBudget of an engine: its nodes can be drained while it serves."""

from __future__ import annotations

from function.api.engines import PlacedEngine
from function.composition import Manifest
from function.replica.identity import ReplicaIdentity
from function.replica.pods import pod_selector
from function.replica.topologies.registry import topology_of


def disruption_budget(replica: ReplicaIdentity, engine: PlacedEngine) -> Manifest:
    """Build the budget: one copy may be evicted at a time, and a pod that is not ready at any time.

    The pods of a gang count together, since none of them answers without the others.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": topology_of(engine).workload_name(replica, engine), "namespace": replica.namespace},
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": pod_selector(replica, engine)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
