"""The example of other vendors' accelerators states what their drivers publish, and places every model.

What each driver publishes is in its own repository: ROCm/k8s-gpu-dra-driver docs/demo.md, intel/intel-resource-drivers-
for-kubernetes doc/gpu/USAGE.md and doc/gaudi/USAGE.md, kubernetes-sigs/dra-driver-google-tpu README.md,
NVIDIA/k8s-dra-driver-gpu cmd/gpu-kubelet-plugin/deviceinfo.go, kubernetes-sigs/dranet pkg/apis/attributes.go.
"""

import io
from typing import Any, Final

import pytest
import yaml

from function.api.generated_files import ROOT
from function.composition import Manifest
from function.preview.control_plane import ControlPlane
from function.preview.inputs import read
from function.preview.views import show_tree

EXAMPLE: Final = ROOT / "examples" / "accelerators"
ATTRIBUTES: Final = {
    "gpu.amd.com": {
        *("type", "pciAddr", "cardIndex", "renderIndex", "deviceID", "family", "productName"),
        *("driverVersion", "driverSrcVersion", "partitionProfile"),
    },
    "gpu.intel.com": {"model", "family", "driver", "sriov", "type", "pciId", "pciAddress", "health"},
    "gaudi.intel.com": {"model", "serial", "healthy"},
    "tpu.google.com": {"index", "uuid", "tpuGen", "brand", "accelerator", "chipCount", "topology"},
    "gpu.nvidia.com": {
        *("type", "uuid", "productName", "brand", "architecture", "cudaComputeCapability"),
        *("driverVersion", "cudaDriverVersion", "addressingMode"),
    },
    "dra.net": {"rdma", "rdmaDevice", "ifName", "pciAddress", "numaNode", "mtu", "sriov"},
}
CAPACITY: Final = {
    "gpu.amd.com": {"memory": "196592Mi", "computeUnits": "304", "simdUnits": "1216"},
    "gpu.intel.com": {"memory": "24480Mi", "millicores": "1000"},
    "gpu.nvidia.com": {"memory": "81559Mi"},
}
DEVICES: Final[list[dict[str, Any]]] = [
    device
    for document in yaml.safe_load_all((EXAMPLE / "classes.yaml").read_text(encoding="utf-8"))
    for device in document["spec"]["devices"]
]


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device["driver"])
def test_a_class_states_what_the_driver_was_seen_to_publish(device: dict[str, Any]) -> None:
    driver, capacity = device["driver"], device.get("capacity", {})
    assert device["deviceClassName"] == driver
    assert set(device["attributes"]) <= ATTRIBUTES[driver]
    assert {name: amount["value"] for name, amount in capacity.items()} == CAPACITY.get(driver, {})


def printed(manifests: list[Manifest]) -> str:
    """What the preview prints."""
    plane, out = ControlPlane(), io.StringIO()
    plane.apply(manifests)
    plane.settle()
    show_tree(plane, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def tree() -> str:
    """What the preview prints of the example."""
    return printed(read([str(EXAMPLE)]))


@pytest.mark.parametrize("model", ["aligned", "amd", "arc", "gaudi", "tpu"])
def test_every_model_of_the_example_finds_a_place(tree: str, model: str) -> None:
    assert f"ml-team/{model}  1 of 1 replicas placed" in tree


@pytest.mark.parametrize("said", [[], ["nvidiaDraDriver"]])
@pytest.mark.parametrize("vendor", ["amd", "arc", "gaudi", "tpu", "h100"])
def test_a_site_with_nodes_of_one_vendor_has_nvidias_driver_only_where_it_is_theirs(
    vendor: str, said: list[str]
) -> None:
    manifests = read([str(EXAMPLE)])
    site = next(found for found in manifests if found["kind"] == "InferenceCluster")
    site["spec"]["nodePools"] = [found for found in site["spec"]["nodePools"] if found["name"] == vendor]
    site["spec"]["servingStack"] = {"installed": said}
    model = "aligned" if vendor == "h100" else vendor
    seen = printed(manifests)
    assert f"ml-team/{model}  1 of 1 replicas placed, 1 serving  Ready" in seen
    installed, looked_for = "dra-driver-nvidia-gpu" in seen, "DeviceClass  gpu.nvidia.com" in seen
    assert (installed, looked_for) == (vendor == "h100" and not said, vendor == "h100" and bool(said))
