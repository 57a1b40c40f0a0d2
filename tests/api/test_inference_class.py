from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.api import device, inference_class, refused


def test_a_device_that_pods_claim_needs_a_device_class() -> None:
    bare = {"name": "nic", "driver": "nic.nvidia.com"}
    assert refused(inference_class(devices=[device(), {**bare, "claim": "Synthetic"}])) == []
    for claim in ({}, {"claim": "DRA"}):
        assert refused(inference_class(devices=[{**bare, **claim}])) == [
            "spec.devices[0]: deviceClassName is required for a device with claim DRA, which is the default"
        ]


@pytest.mark.parametrize("value", [{"string": "Ada Lovelace"}, {"version": "9.0.0"}, {"bool": False}, {"int": 0}])
def test_an_attribute_has_one_typed_value(value: Mapping[str, Any]) -> None:
    assert refused(inference_class(devices=[device(attributes={"architecture": value})])) == []


@pytest.mark.parametrize("value", [{}, {"string": "a", "int": 1}, {"bool": False, "int": 0}])
def test_an_attribute_with_none_or_several_typed_values_is_refused(value: Mapping[str, Any]) -> None:
    assert refused(inference_class(devices=[device(attributes={"architecture": value})])) == [
        "spec.devices[0].attributes[architecture]: an attribute needs exactly one of string, version, bool and int"
    ]


@pytest.mark.parametrize("version", ["9.0.0", "12.4.1-rc.1", "1.2.3+build"])
def test_versions_are_semantic(version: str) -> None:
    assert refused(inference_class(devices=[device(attributes={"v": {"version": version}})])) == []


@pytest.mark.parametrize("version", ["9.0", "v9.0.0", "9.0.0-", "09.0.0", ""])
def test_versions_that_are_not_semantic_are_refused(version: str) -> None:
    assert refused(inference_class(devices=[device(attributes={"v": {"version": version}})])) == [
        f'spec.devices[0].attributes[v].version: must be a semantic version such as "9.0.0", not "{version}"'
    ]


@pytest.mark.parametrize("value", ["80Gi", "23034Mi", "8", "0.5", "500m", "1e3", "141E"])
def test_capacities_are_quantities(value: str) -> None:
    assert refused(inference_class(devices=[device(capacity={"memory": {"value": value}})])) == []


@pytest.mark.parametrize("value", ["80GB", "80 Gi", "-1", "Gi", "1e", "80Gi\n"])
def test_capacities_that_are_no_quantities_are_refused(value: str) -> None:
    found = refused(inference_class(devices=[device(capacity={"memory": {"value": value}})]))
    assert found == [
        f'spec.devices[0].capacity[memory].value: must be a quantity such as "80Gi", "8" or "500m", not "{value}"'
    ]


@pytest.mark.parametrize(
    ("provider", "block", "nodes"),
    [
        ("GKE", "gke", {"machineType": "g2-standard-8"}),
        ("EKS", "eks", {"instanceType": "g6.xlarge"}),
        ("AKS", "aks", {"vmSize": "Standard_NC24ads_A100_v4"}),
        ("Nebius", "nebius", {"platform": "gpu-h100-sxm", "preset": "1gpu-16vcpu-200gb"}),
        ("Vultr", "vultr", {"plan": "vcg-l40s-16c-180g-48vram"}),
    ],
)
def test_a_provider_needs_its_own_block(provider: str, block: str, nodes: Mapping[str, Any]) -> None:
    described = {block: {**nodes, "accelerator": {"type": "nvidia-l4", "count": 1}}}
    assert refused(inference_class(provisioning={"provider": provider, **described})) == []
    other = "EKS" if provider == "GKE" else "GKE"
    assert refused(inference_class(provisioning={"provider": other, **described})) == [
        f"spec.provisioning: provisioning.{other.lower()} is required for provider {other}"
    ]
