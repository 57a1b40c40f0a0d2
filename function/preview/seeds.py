"""What a control plane has before anything is applied to it, and what applied objects take for granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from function.api.cluster_sources import ClusterSource
from function.api.kinds import INFERENCE_CLUSTER
from function.api.labels import CROSSPLANE_NAMESPACE, SYSTEM_NAMESPACE
from function.composition import Manifest, Object, unstructured
from function.preview.kinds import CRD
from function.routing.gateway_api import BUNDLE, GROUP, INSTALLED

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
        stub = crd(GROUP, kind, plural, scope)
        stub["metadata"]["annotations"] = {
            BUNDLE: INSTALLED,
            f"{GROUP}/channel": "standard",
        }
        yield stub


def assumed(obj: Object) -> Iterator[Manifest]:
    """What a given object needs and an operator has made before: its namespace, the Secrets of a cluster."""
    if unstructured.namespace_of(obj):
        yield namespace(unstructured.namespace_of(obj))
    if obj.get("kind") == INFERENCE_CLUSTER.kind:
        yield from _cluster_secrets(obj)


def _cluster_secrets(cluster: Object) -> Iterator[Manifest]:
    """The Secrets by which a cluster is reached, as its source names them; none when that cannot be read."""
    try:
        source = ClusterSource.model_validate(unstructured.plain(unstructured.dig(cluster, "spec", "cluster")))
    except ValidationError:
        return
    if source.cloud.secrets is None or source.block is None:
        return
    keys: dict[str, list[str]] = {}
    for secret in source.cloud.secrets(source.block):
        keys.setdefault(secret.name, []).append(secret.key)
    for name, named in keys.items():
        yield {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": SYSTEM_NAMESPACE},
            "data": dict.fromkeys(named, ""),
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
