"""Objects, Releases and provider configs for a small plane."""

from typing import Any

from function.composition import Manifest, objects

PROVIDER_CONFIG = {
    "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
    "kind": "ClusterProviderConfig",
    "metadata": {"name": "east"},
    "spec": {
        "credentials": {"source": "Secret", "secretRef": {"namespace": "ops", "name": "east", "key": "kubeconfig"}}
    },
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "east", "namespace": "ops"},
    "data": {"kubeconfig": "c2VjcmV0"},
}
REACHABLE = (PROVIDER_CONFIG, SECRET)
"""A cluster named `east` that Objects can reach."""

RELEASE: Manifest = {
    "apiVersion": "helm.m.crossplane.io/v1beta1",
    "kind": "Release",
    "spec": {
        "providerConfigRef": {"kind": "ProviderConfig", "name": "here"},
        "forProvider": {"chart": {"name": "metallb"}, "namespace": "metallb-system"},
    },
}
IN_CLUSTER: Manifest = {
    "apiVersion": "helm.m.crossplane.io/v1beta1",
    "kind": "ProviderConfig",
    "metadata": {"name": "here", "namespace": "team"},
    "spec": {"credentials": {"source": "InjectedIdentity"}},
}


def remote(kind: str, name: str, api_version: str = "v1", namespace: str = "default", **more: Any) -> Manifest:
    """A manifest for another cluster."""
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **more}


def wrapped(manifest: Manifest, cluster: str = "east", **options: Any) -> Manifest:
    return objects.wrap(manifest, cluster, **options)


def deployment(name: str = "engine", replicas: int = 2, namespace: str = "default") -> Manifest:
    return remote("Deployment", name, "apps/v1", namespace, spec={"replicas": replicas})
