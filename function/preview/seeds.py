"""What a control plane has before anything is applied to it, and what applied objects take for granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from function.api.credentials import IdentitySecret, KubeconfigSecret
from function.api.labels import CROSSPLANE_NAMESPACE, SYSTEM_NAMESPACE
from function.composition import Manifest, Object, unstructured
from function.preview.kinds import CRD

BUNDLE: Final = "v1.5.1"
"""The Gateway API that the installation page asks for on the control cluster."""

_GATEWAY_API: Final = (
    ("GatewayClass", "gatewayclasses", "Cluster"),
    ("Gateway", "gateways", "Namespaced"),
    ("HTTPRoute", "httproutes", "Namespaced"),
    ("GRPCRoute", "grpcroutes", "Namespaced"),
    ("ReferenceGrant", "referencegrants", "Namespaced"),
    ("TLSRoute", "tlsroutes", "Namespaced"),
    ("BackendTLSPolicy", "backendtlspolicies", "Namespaced"),
)
_NAMESPACES: Final = ("default", "kube-system", CROSSPLANE_NAMESPACE, SYSTEM_NAMESPACE)


def installed() -> Iterator[Manifest]:
    """What following the installation page leaves behind."""
    for name in _NAMESPACES:
        yield namespace(name)
    for kind, plural, scope in _GATEWAY_API:
        stub = crd("gateway.networking.k8s.io", kind, plural, scope)
        stub["metadata"]["annotations"] = {
            "gateway.networking.k8s.io/bundle-version": BUNDLE,
            "gateway.networking.k8s.io/channel": "standard",
        }
        yield stub


def assumed(obj: Object) -> Iterator[Manifest]:
    """What a given object needs and an operator has made before: its namespace, the Secrets of a cluster."""
    if unstructured.namespace_of(obj):
        yield namespace(unstructured.namespace_of(obj))
    if obj.get("kind") != "InferenceCluster":
        return
    existing = unstructured.mapping(obj, "spec", "cluster", "existing")
    defaults = (("secretRef", KubeconfigSecret), ("identitySecretRef", IdentitySecret))
    for field, model in defaults:
        name = unstructured.text(existing, field, "name")
        if name:
            key = unstructured.text(existing, field, "key") or str(model.model_fields["key"].default)
            yield {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": SYSTEM_NAMESPACE},
                "data": {key: ""},
            }


def namespace(name: str) -> Manifest:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def crd(group: str, kind: str, plural: str, scope: str = "Namespaced") -> Manifest:
    """A stub of a CustomResourceDefinition, without its schema."""
    api_version, definition = CRD
    return {
        "apiVersion": api_version,
        "kind": definition,
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural},
            "scope": scope,
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
    }
