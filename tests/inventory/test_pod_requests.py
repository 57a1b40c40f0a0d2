"""What a pod requests as a whole is what Kubernetes takes it to request."""

from typing import Any

import pytest

from function.api.pod_template import PodSpec
from function.inventory.pod_requests import extended_resources, is_same_accelerator, requested_by_pod


def container(cpu: Any = None, name: str = "engine", **more: Any) -> dict[str, Any]:
    resources = {"resources": {"requests": {"cpu": cpu}}} if cpu is not None else {}
    return {"name": name, "image": "x", **resources, **more}


def pod(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = ()) -> PodSpec:
    return PodSpec.model_validate({"containers": list(containers), "initContainers": list(init)})


def side_car(cpu: Any) -> dict[str, Any]:
    return container(cpu, "side", restartPolicy="Always")


@pytest.mark.parametrize(
    ("spec", "cpu"),
    [
        (pod(container()), 0),
        (pod(container("500m"), container(2, "log")), 2.5),
        (pod(container(2), init=(container(12, "fetch"),)), 12),
        (pod(container(2), init=(container(1, "fetch"), container(1, "tune"))), 2),
        (pod(container(2), init=(side_car(3),)), 5),
        (pod(container(2), init=(side_car(3), container(12, "fetch"))), 15),
        (pod(container(2), init=(container(12, "fetch"), side_car(3))), 12),
        (pod(container(resources={"limits": {"cpu": 4}})), 4),
        (pod(container(resources={"limits": {"cpu": 4}, "requests": {"cpu": 1}})), 1),
        (pod(container(resources={"requests": {"memory": "1Gi"}})), 0),
    ],
)
def test_a_pod_requests_what_its_containers_do_together_or_the_most_of_an_init_container(
    spec: PodSpec, cpu: float
) -> None:
    assert requested_by_pod(spec, "cpu") == cpu


def test_extended_resources_are_those_of_device_plugins_of_which_some_is_asked_for() -> None:
    amounts = {"cpu": 1, "hugepages-2Mi": 1, "nvidia.com/gpu": 1, "rdma/hca": "1", "amd.com/gpu": 0}
    native = {"attachable-volumes-aws-ebs": 1, "kubernetes.io/batch-cpu": 1}
    fetch = container(name="fetch", resources={"limits": {"google.com/tpu": 8}})
    spec = pod(container(resources={"limits": {**amounts, **native}, "requests": amounts}), init=(fetch,))
    assert extended_resources(spec) == [
        ("fetch", "google.com/tpu"),
        ("engine", "nvidia.com/gpu"),
        ("engine", "rdma/hca"),
    ]


@pytest.mark.parametrize(
    ("resource", "device", "same"),
    [
        ("nvidia.com/gpu", "gpu.nvidia.com", True),
        ("gpu.intel.com/xe", "gpu.intel.com", True),
        ("nvidia.com/gpu", "nic.nvidia.com", False),
        ("amd.com/gpu", "gpu.nvidia.com", False),
        ("rdma/hca", "dra.net", False),
    ],
)
def test_resource_and_device_are_the_same_by_how_vendors_name_them(resource: str, device: str, *, same: bool) -> None:
    assert is_same_accelerator(resource, device) is same
