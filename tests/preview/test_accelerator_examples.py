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


@pytest.fixture(scope="module")
def tree() -> str:
    """What the preview prints of the example."""
    plane, out = ControlPlane(), io.StringIO()
    plane.apply(read([str(EXAMPLE)]))
    plane.settle()
    show_tree(plane, out)
    return out.getvalue()


@pytest.mark.parametrize("model", ["aligned", "amd", "arc", "gaudi", "tpu"])
def test_every_model_of_the_example_finds_a_place(tree: str, model: str) -> None:
    assert f"ml-team/{model}  1 of 1 replicas placed" in tree
