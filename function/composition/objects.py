"""Objects: what provider-kubernetes keeps on another cluster, and how to read it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from function.composition import unstructured
from function.composition.unstructured import Manifest, Object

API_VERSION = "kubernetes.m.crossplane.io/v1alpha1"
KIND = "Object"

AVAILABLE = (
    "has(object.status) && has(object.status.conditions) && "
    'object.status.conditions.exists(c, c.type == "Available" && c.status == "True")'
)
"""Ready by an Available condition: neither Deployments nor LeaderWorkerSets publish Ready."""

KEEP_REMOTE = ("Observe", "Create", "Update")
"""Management policies of what stays on the cluster when its Object goes."""


def wrap(
    remote: Mapping[str, Any],
    provider_config: str,
    *,
    provider_config_kind: str = "ClusterProviderConfig",
    ready_when: str = "",
    watch: bool = False,
    policies: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    namespace: str = "",
) -> Manifest:
    """Wrap a manifest for another cluster in an Object.

    Args:
        remote: What should exist on the other cluster.
        provider_config: Name of the provider config that reaches it.
        provider_config_kind: ClusterProviderConfig, or ProviderConfig in the Object's namespace.
        ready_when: A CEL query over `object`; without it, ready once created.
        watch: Report changes of the remote object at once instead of by polling.
        policies: Management policies; empty for all, deletion included.
        labels: Labels of the Object itself.
        namespace: The Object's namespace; empty for the composite's.
    """
    readiness = (
        {"policy": "DeriveFromCelQuery", "celQuery": ready_when} if ready_when else {"policy": "SuccessfulCreate"}
    )
    spec: Manifest = {
        "providerConfigRef": {"kind": provider_config_kind, "name": provider_config},
        "readiness": readiness,
        "forProvider": {"manifest": unstructured.pruned(remote, inside_lists=False)},
    }
    if watch:
        spec["watch"] = True
    if policies:
        spec["managementPolicies"] = list(policies)
    meta: Manifest = {}
    if namespace:
        meta["namespace"] = namespace
    if labels:
        meta["labels"] = dict(labels)
    return {"apiVersion": API_VERSION, "kind": KIND, **({"metadata": meta} if meta else {}), "spec": spec}


def is_object(child: Object) -> bool:
    """Tell an Object of provider-kubernetes from other kinds."""
    return child.get("kind") == KIND and unstructured.text(child, "apiVersion").startswith(
        "kubernetes.m.crossplane.io/"
    )


def desired(child: Object | None) -> Mapping[str, Any]:
    """The manifest that an observed Object applies; empty when it is not observed."""
    return unstructured.mapping(child, "spec", "forProvider", "manifest")


def remote(child: Object | None) -> Mapping[str, Any]:
    """The other cluster's object as an Object last saw it; empty before it did."""
    return unstructured.mapping(child, "status", "atProvider", "manifest")


def provider_config(child: Object | None) -> str:
    """The provider config that an observed Object uses; empty when it is not observed."""
    return unstructured.text(child, "spec", "providerConfigRef", "name")


def same_identity(wanted: Mapping[str, Any], observed: Object | None) -> Manifest:
    """Give a remote manifest the identity that its observed Object has.

    A remote object is never renamed or moved: its apiVersion, namespace and name are those
    of the observed manifest, once there is one.
    """
    current = desired(observed)
    if not current:
        return dict(wanted)
    meta = dict(unstructured.mapping(wanted, "metadata"))
    for key in ("name", "namespace"):
        if unstructured.text(current, "metadata", key):
            meta[key] = unstructured.text(current, "metadata", key)
    return {**wanted, "apiVersion": current.get("apiVersion", wanted.get("apiVersion")), "metadata": meta}
