"""What the simulated API server serves, and where the objects of a kind live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from function.api.kinds import GROUPS, by_kind
from function.composition import Manifest, Object, unstructured

CRD: Final = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")

_CLUSTER_SCOPED: Final = frozenset(
    {
        "APIService",
        "ClusterProviderConfig",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterUsage",
        "CompositeResourceDefinition",
        "Composition",
        "CompositionRevision",
        "Configuration",
        "CustomResourceDefinition",
        "DeploymentRuntimeConfig",
        "DeviceClass",
        "Function",
        "GatewayClass",
        "ImageConfig",
        "IngressClass",
        "ManagedResourceActivationPolicy",
        "ManagedResourceDefinition",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "Provider",
        "ResourceSlice",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)
"""Kinds without a namespace, besides our own; their names are unique among the kinds that we meet."""

_BUILT_IN: Final = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
"""Groups that every API server has."""

_DEPENDENCIES: Final = (".crossplane.io", ".upbound.io")
"""Ends of the groups that Crossplane and our package's dependencies bring."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Which object, whatever version it is written in."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Kind, namespace and name, for people."""
        return "/".join(filter(None, (self.kind, self.namespace, self.name)))


def group_of(api_version: str) -> str:
    """The group of an apiVersion; empty for core kinds."""
    return api_version.rpartition("/")[0]


def ref_of(obj: Object) -> Ref:
    """Which object a manifest is about."""
    return Ref(
        group_of(unstructured.text(obj, "apiVersion")),
        unstructured.text(obj, "kind"),
        unstructured.namespace_of(obj),
        unstructured.name_of(obj),
    )


def is_namespaced(api_version: str, kind: str) -> bool:
    """Tell whether objects of a kind live in a namespace."""
    ours = by_kind(api_version, kind)
    if ours is not None:
        return ours.scope == "Namespaced"
    return kind not in _CLUSTER_SCOPED


def in_namespace(obj: Mapping[str, Any], default: str) -> Manifest:
    """Copy a manifest with the namespace that its kind needs: none, its own, or the default."""
    body = dict(obj)
    meta = dict(unstructured.mapping(body, "metadata"))
    if is_namespaced(unstructured.text(body, "apiVersion"), unstructured.text(body, "kind")):
        meta["namespace"] = unstructured.text(meta, "namespace") or default
    else:
        meta.pop("namespace", None)
    body["metadata"] = meta
    return body


@dataclass(frozen=True, slots=True)
class ServedKinds:
    """Which kinds the API server serves.

    Attributes:
        groups: Groups that are served as a whole, besides those that are always there.
        list_crds: Gives the CustomResourceDefinitions that are there now.
    """

    groups: frozenset[str]
    list_crds: Callable[[], Iterable[Object]]

    def serves(self, api_version: str, kind: str) -> bool:
        """Tell whether a kind is served now."""
        group = group_of(api_version)
        if group in _BUILT_IN or group in GROUPS or group in self.groups or group.endswith(_DEPENDENCIES):
            return True
        return any(
            unstructured.text(crd, "spec", "group") == group and unstructured.text(crd, "spec", "names", "kind") == kind
            for crd in self.list_crds()
        )
