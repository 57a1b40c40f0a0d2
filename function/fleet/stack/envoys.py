"""The Envoys of an inference cluster's gateway: how many, how they are replaced, and what they let through.

Facts of Envoy Gateway 1.8.1 and Envoy AI Gateway 0.7.0: a cluster of Envoy has room for 1,024 connections, waiting
requests and requests unless a policy says otherwise. A BackendTrafficPolicy of the gateway says so for what routes lead
to, InferencePools too. Nothing reaches the cluster of a picker: the AI gateway makes it after every policy, patches of
an EnvoyPatchPolicy included. So an Envoy asks one picker about at most 1,024 requests at a time, and more Envoys ask
about more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, Object, unstructured
from function.composition.gateway_address import GATEWAY_NAME

REPLICAS: Final = 2

DRAIN_SECONDS: Final = 300
"""How long an Envoy that ends goes on with what is being answered; 60 by default."""

IDLE_SECONDS: Final = 3
"""How long a connection to an engine is kept idle. Less than the five seconds after which vLLM, TensorRT-LLM and
llama.cpp close theirs, so that no request is sent on one that is being closed."""

MOST_REQUESTS: Final = 16384
"""Requests to one model at a time, for each Envoy: fewer than there are ports for connections to one address."""

_API_VERSION: Final = "gateway.envoyproxy.io/v1alpha1"
_METADATA: Final = {"name": GATEWAY_NAME, "namespace": SYSTEM_NAMESPACE}
_POD_LABELS: Final = {
    "gateway.envoyproxy.io/owning-gateway-name": GATEWAY_NAME,
    "gateway.envoyproxy.io/owning-gateway-namespace": SYSTEM_NAMESPACE,
}


def proxy(composed: Object, *, tolerations: Sequence[Manifest] = (), replaced: bool) -> Manifest:
    """Build the EnvoyProxy. It spreads connections over all nodes: some cloud load balancers refuse the policy Local.

    What changes an Envoy's pod replaces it, and one that was made without it cuts what takes longer than a minute. So
    pods that run stay as they are until they are replaced anyway.

    Args:
        composed: The EnvoyProxy as it was composed before; empty when there is none.
        tolerations: What the Envoys tolerate; others than before replace them.
        replaced: Whether the Envoys are about to be replaced.
    """
    deployment: Manifest = {"replicas": REPLICAS}
    shutdown: Manifest = {}
    pod = ("spec", "provider", "kubernetes", "envoyDeployment", "pod")
    replaced = replaced or unstructured.items(composed, *pod, "tolerations") != list(tolerations)
    if not composed or replaced or unstructured.mapping(composed, "spec", "shutdown"):
        tolerated = {"tolerations": list(tolerations)} if tolerations else {}
        deployment["pod"] = {**tolerated, "topologySpreadConstraints": [_spread()]}
        shutdown = {"shutdown": {"drainTimeout": f"{DRAIN_SECONDS}s"}}
    return {
        "apiVersion": _API_VERSION,
        "kind": "EnvoyProxy",
        "metadata": dict(_METADATA),
        "spec": {
            "provider": {
                "type": "Kubernetes",
                "kubernetes": {
                    "envoyService": {"externalTrafficPolicy": "Cluster"},
                    "envoyDeployment": deployment,
                    "envoyPDB": {
                        "maxUnavailable": 1,
                        "patch": {"value": {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}},
                    },
                },
            },
            **shutdown,
        },
    }


def backend_policy() -> Manifest:
    """Build the BackendTrafficPolicy, which holds for every route of the gateway that has none of its own."""
    return {
        "apiVersion": _API_VERSION,
        "kind": "BackendTrafficPolicy",
        "metadata": dict(_METADATA),
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY_NAME}],
            "circuitBreaker": {
                "maxConnections": MOST_REQUESTS,
                "maxPendingRequests": MOST_REQUESTS,
                "maxParallelRequests": MOST_REQUESTS,
            },
            "timeout": {"http": {"connectionIdleTimeout": f"{IDLE_SECONDS}s"}},
        },
    }


def _spread() -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(_POD_LABELS)},
    }
