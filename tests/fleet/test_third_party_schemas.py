"""What the fleet composes of other projects' kinds is valid, with unknown fields refused."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import kubernetes_validate
import pytest

from function.api.validation import admit
from function.composition import Composition, objects, unstructured
from tests.fleet.builders import cluster, compose_cluster, replica
from tests.fleet.stack.builders import compose_stack, installed, stack
from tests.support.crd_schemas import violations

PLURALS = {
    "BackendTrafficPolicy": "backendtrafficpolicies",
    "ClientTrafficPolicy": "clienttrafficpolicies",
    "ClusterProviderConfig": "clusterproviderconfigs",
    "ClusterUsage": "clusterusages",
    "EnvoyProxy": "envoyproxies",
    "Gateway": "gateways",
    "GatewayClass": "gatewayclasses",
    "Object": "objects",
    "ProviderConfig": "providerconfigs",
    "Release": "releases",
    "Usage": "usages",
}
BUILT_IN = {"CustomResourceDefinition", "Namespace", "ResourceQuota"}
"""Kinds of Kubernetes itself."""


@cache
def composed_manifests() -> dict[str, Mapping[str, Any]]:
    secrets = [
        {"type": "Kubeconfig", "name": "kc", "key": "kubeconfig"},
        {"type": "AzureWorkloadIdentityCredentials", "name": "id", "key": "token", "namespace": "aws"},
    ]
    wanted = stack(
        secrets=secrets,
        nvidiaDriverRoot="/opt/nvidia",
        tolerations=[{"key": "team", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}],
        gateway={"className": "mine", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]},
    )
    variable = {"type": "UpboundTokens", "source": "Environment", "env": {"name": "TOKEN"}}
    file = {"type": "UpboundTokens", "source": "Filesystem", "fs": {"path": "/var/run/token"}}
    found: dict[str, Mapping[str, Any]] = {}
    answers: tuple[Composition, ...] = (
        compose_stack(wanted, installed(wanted)),
        compose_cluster(cluster(existing={"identity": variable}), replicas=[replica()]),
        compose_cluster(cluster("by-file", existing={"identity": file})),
        compose_stack(stack("by-file", identity=file)),
        compose_stack(stack("by-variable", identity=variable)),
    )
    for number, answered in enumerate(answers):
        for child_key, child in answered.children.items():
            key = f"{child_key} {number}"
            found[key] = child.manifest
            inside = objects.desired(child.manifest)
            if objects.is_object(child.manifest):
                found[f"{key} on the cluster"] = inside
    return found


@pytest.mark.parametrize("key", sorted(composed_manifests()))
def test_it_is_valid_by_its_definition(key: str) -> None:
    obj = dict(composed_manifests()[key])
    kind = unstructured.text(obj, "kind")
    if kind in BUILT_IN:
        kubernetes_validate.validate(obj, kubernetes_validate.latest_version(), strict=True)
    elif kind == "ServingStack":
        assert admit(obj).problems == ()
    else:
        assert violations(obj, PLURALS[kind]) == []


def test_nothing_is_composed_with_a_null_or_an_empty_map() -> None:
    def faults(value: Any, path: str) -> list[str]:
        if value is None or value == {}:
            return [path]
        if isinstance(value, Mapping):
            return [found for key, item in value.items() for found in faults(item, f"{path}.{key}")]
        if isinstance(value, list):
            return [found for index, item in enumerate(value) for found in faults(item, f"{path}[{index}]")]
        return []

    found = [fault for key, obj in composed_manifests().items() for fault in faults(obj, key)]
    assert [fault for fault in found if not fault.endswith(".subresources.status")] == []
