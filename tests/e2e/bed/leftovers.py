"""What a deletion has left: on its way out for ever, composed by nothing, or still on a cluster.

Namespaces and definitions stay on an inference cluster on purpose, and are not counted.
"""

from __future__ import annotations

from typing import Final

from function.composition import Manifest, Object, objects, unstructured
from function.packages.composed import USAGES
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.preview_comparison import composed

HELM: Final = "helm.m.crossplane.io/v1beta1"

CONSUMERS: Final = ((objects.API_VERSION, objects.KIND), (HELM, "Release"))
"""What reaches a cluster through a provider config."""

_CONTROL: Final = (
    *CONSUMERS,
    *((api_version, kind) for api_version, _ in CONSUMERS for kind in ("ProviderConfig", "ProviderConfigUsage")),
    *((api_version, "ClusterProviderConfig") for api_version, _ in CONSUMERS),
    *((USAGES, kind) for kind in ("Usage", "ClusterUsage")),
    *(("modelplane.ai/v1alpha1", kind) for kind in ("InferenceCluster", "InferenceGateway", "InferenceClass")),
    *(
        ("modelplane.ai/v1alpha1", kind)
        for kind in ("ModelDeployment", "ModelReplica", "ModelService", "ModelEndpoint")
    ),
    ("infrastructure.modelplane.ai/v1alpha1", "ServingStack"),
    ("gateway.networking.k8s.io/v1", "GatewayClass"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("v1", "Service"),
    ("v1", "Namespace"),
)
_REMOTE: Final = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
    ("gateway.networking.k8s.io/v1", "GatewayClass"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("gateway.envoyproxy.io/v1alpha1", "BackendTrafficPolicy"),
    ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy"),
    ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"),
    ("resource.k8s.io/v1", "ResourceClaimTemplate"),
    ("resource.k8s.io/v1", "ResourceClaim"),
    ("inference.networking.k8s.io/v1", "InferencePool"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("v1", "ConfigMap"),
    ("v1", "ResourceQuota"),
    ("v1", "Service"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("v1", "Pod"),
)
_STAYS: Final = frozenset({"Namespace", "CustomResourceDefinition"})
_GIVEN: Final = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
"""What every namespace has."""

_KUBERNETES: Final = ("Service", "default", "kubernetes")
_OF_KUBERNETES: Final = ("kube-system", "kube-public")


def going(bed: Bed) -> list[str]:
    """What is being deleted on the control cluster, with what holds it."""
    return [
        f"{_words(obj)} {' '.join(obj['metadata'].get('finalizers', ()))}"
        for obj in _all(bed)
        if "deletionTimestamp" in obj["metadata"]
    ]


def of_control(bed: Bed) -> list[str]:
    """Everything on the control cluster that was composed, or notes the use of a provider config."""
    usages = [_words(obj) for obj in _all(bed) if obj["kind"] == "ProviderConfigUsage"]
    return [f"{key} of {kind} {name}" for kind, name, key in composed(bed)] + usages


def on_cluster(bed: Bed, name: str, namespace: str = "") -> list[str]:
    """What is left on an inference cluster of what replicas and stacks bring, or of one namespace of it."""
    api = bed.inference[name].api
    found = [obj for api_version, kind in _REMOTE for obj in api.list(api_version, kind) if not _is_given(obj)]
    if namespace:
        return [_words(obj) for obj in found if unstructured.namespace_of(obj) == namespace]
    return [_words(obj) for obj in found] + sorted(bed.helm.installed[api.url])


def stays(bed: Bed, namespace: str) -> bool:
    """Tell whether a namespace of the control cluster is there and stays."""
    found = bed.control.api.get("v1", "Namespace", namespace)
    return found is not None and "deletionTimestamp" not in found["metadata"]


def not_looked_for(bed: Bed) -> set[str]:
    """The kinds that are now composed on inference clusters, and that these questions would miss."""
    kinds = {unstructured.text(objects.desired(obj), "kind") for obj in bed.control.api.list(*CONSUMERS[0])}
    return kinds - {kind for _, kind in _REMOTE} - _STAYS


def unreachable(bed: Bed) -> list[str]:
    """What can no longer be removed from its cluster, because its provider config went first."""
    configs = {
        (api_version, unstructured.name_of(config))
        for api_version, _ in CONSUMERS
        for kind in ("ProviderConfig", "ClusterProviderConfig")
        for config in bed.control.api.list(api_version, kind)
    }
    # The configs were looked at first, so one that is missing was missing while its user was still there.
    return [
        _words(obj)
        for api_version, kind in CONSUMERS
        for obj in bed.control.api.list(api_version, kind)
        if _is_removed_with_it(obj)
        and (api_version, unstructured.text(obj, "spec", "providerConfigRef", "name")) not in configs
    ]


def _is_removed_with_it(obj: Object) -> bool:
    """Tell whether what an Object or Release has on its cluster is removed when it goes."""
    return bool({"*", "Delete"} & set(unstructured.dig(obj, "spec", "managementPolicies", default=["*"])))


def _is_given(obj: Object) -> bool:
    """Tell whether a cluster has something by itself."""
    kind, namespace, name = _identity(obj)
    return (kind, name) in _GIVEN or (kind, namespace, name) == _KUBERNETES or namespace in _OF_KUBERNETES


def _all(bed: Bed) -> list[Manifest]:
    return [obj for kind in _CONTROL for obj in bed.control.api.list(*kind)]


def _identity(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], unstructured.namespace_of(obj), unstructured.name_of(obj)


def _words(obj: Object) -> str:
    return "/".join(filter(None, _identity(obj)))
