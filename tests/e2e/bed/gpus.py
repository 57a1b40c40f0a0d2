"""Stands in for machines with GPUs: nodes that kwok keeps, and what NVIDIA's DRA driver publishes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from function.api.labels import POOL
from function.composition import Manifest, Object, unstructured

DRIVER: Final = "gpu.nvidia.com"
TAINT: Final = "nvidia.com/gpu"

L4: Final = "NVIDIA L4"
_PRODUCT: Final = "nvidia.com/gpu.product"
_COUNT: Final = "nvidia.com/gpu.count"
_MEMORY: Final = "nvidia.com/gpu.memory"
_ATTRIBUTES: Final[Manifest] = {
    "architecture": {"string": "Ada Lovelace"},
    "brand": {"string": "Nvidia"},
    "cudaComputeCapability": {"version": "8.9.0"},
    "cudaDriverVersion": {"version": "13.0.0"},
    "driverVersion": {"version": "580.95.5"},
    "type": {"string": "gpu"},
}


def node(name: str, pool: str, product: str = L4, count: int = 1, memory: str = "23034Mi") -> Manifest:
    """A node of a pool, as it registers; kwok fills in its conditions.

    Args:
        name: Its name.
        pool: The pool.
        product: The kind of its GPUs.
        count: How many it has.
        memory: What each has.
    """
    resources = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", POOL: pool},
            "annotations": {
                "kwok.x-k8s.io/node": "fake",
                _PRODUCT: product,
                _COUNT: str(count),
                _MEMORY: memory,
            },
        },
        "spec": {"taints": [{"key": TAINT, "effect": "NoSchedule"}]},
        "status": {"allocatable": resources, "capacity": resources},
    }


def device_class() -> Manifest:
    """The class of all GPUs, as the driver's chart has it."""
    expression = f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == 'gpu'"
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": DRIVER},
        "spec": {"selectors": [{"cel": {"expression": expression}}]},
    }


def slices(nodes: Iterable[Object]) -> list[Manifest]:
    """What the driver publishes on each node: its GPUs."""
    return [_slice(unstructured.name_of(node), unstructured.annotations(node)) for node in nodes]


def _slice(name: str, node_labels: Mapping[str, str]) -> Manifest:
    found = [
        {
            "name": f"gpu-{number}",
            "attributes": {
                **_ATTRIBUTES,
                "productName": {"string": node_labels[_PRODUCT]},
                "uuid": {"string": f"GPU-{name}-{number}"},
            },
            "capacity": {"memory": {"value": node_labels[_MEMORY]}},
        }
        for number in range(int(node_labels[_COUNT]))
    ]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": f"{name}-{DRIVER}"},
        "spec": {
            "driver": DRIVER,
            "nodeName": name,
            "pool": {"name": name, "generation": 1, "resourceSliceCount": 1},
            "devices": found,
        },
    }
