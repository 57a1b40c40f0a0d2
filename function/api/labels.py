"""Label and annotation keys, groups and namespaces that the kinds share."""

from __future__ import annotations

from typing import Final

GROUP: Final = "modelplane.ai"
INFRASTRUCTURE_GROUP: Final = "infrastructure.modelplane.ai"

RESERVED_PREFIX: Final = "modelplane.ai/"
"""Label keys that start with this are Modelplane's own."""

DEPLOYMENT: Final = "modelplane.ai/deployment"
CLUSTER: Final = "modelplane.ai/cluster"
REPLICA_INDEX: Final = "modelplane.ai/replica-index"
REVISION: Final = "modelplane.ai/revision"
REPLICA: Final = "modelplane.ai/replica"
ENGINE: Final = "modelplane.ai/engine"
SERVING: Final = "modelplane.ai/serving"
WORKLOAD: Final = "modelplane.ai/workload"
PICKER: Final = "modelplane.ai/picker"
GANG_ROLE: Final = "modelplane.ai/lws-role"
POOL: Final = "modelplane.ai/pool"
REGION: Final = "modelplane.ai/region"
GPU: Final = "modelplane.ai/gpu"
PODS_OF: Final = "modelplane.ai/pods-of"

DRAINING_SINCE: Final = "modelplane.ai/draining-since"
"""Annotation of a replica that leaves: since when its endpoint takes no traffic."""

SERVES_WHILE_DRAINING: Final = "modelplane.ai/serves-while-draining"
"""Annotation of the endpoint of a replica that leaves: `true` while the replica still answers requests."""

SYSTEM_NAMESPACE: Final = "modelplane-system"
CROSSPLANE_NAMESPACE: Final = "crossplane-system"
SYSTEM_POOL: Final = "system"
"""Name of the node pool that Modelplane adds to the clusters it makes."""

SERVING_STACK_NAMESPACES: Final = frozenset(
    {
        "cert-manager",
        "dra-driver-nvidia-gpu",
        "envoy-ai-gateway-system",
        "envoy-gateway-system",
        "lws-system",
        "monitoring",
        "node-feature-discovery",
    },
)
"""Namespaces of inference clusters that the serving stack fills."""


_RESERVED_NAMESPACES: Final = frozenset({"default", "gpu-operator", "istio-system", "openshift"})


def is_system_namespace(namespace: str) -> bool:
    """Tell whether a namespace belongs to Kubernetes, Crossplane, Modelplane or the serving stack.

    Objects of models are placed on inference clusters in the namespace named like their own, so none may
    live in a namespace that something else fills there, whoever allows it.
    """
    return (
        namespace.startswith("kube-")
        or namespace in {SYSTEM_NAMESPACE, CROSSPLANE_NAMESPACE}
        or namespace in SERVING_STACK_NAMESPACES
    )


def is_reserved_namespace(namespace: str) -> bool:
    """Tell whether models may have a namespace only where the platform team of a cluster allows it, if at all.

    Beside the system's own these are the ones that operators and distributions are installed in by habit.
    """
    return (
        is_system_namespace(namespace)
        or namespace in _RESERVED_NAMESPACES
        or namespace.endswith("-system")
        or namespace.startswith("openshift-")
    )
