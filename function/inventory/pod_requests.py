"""What a pod requests of its node, beside devices that it claims."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from function.api.pod_template import Container, InitContainer, PodSpec
from function.inventory.reserve import read_quantity

_NONE: Final = Fraction(0)
_IMPLICIT: Final = "deviceclass.resource.kubernetes.io/"


def requested(container: Container, resource: str) -> Fraction | None:
    """What a container requests of a resource; a limit stands for a request that is not there, as in Kubernetes.

    Args:
        container: The container.
        resource: The name of the resource.

    Returns:
        The amount in the resource's unit; None when nothing is said that can be read.
    """
    said = container.resources
    amount = said.requests.get(resource, said.limits.get(resource)) if said else None
    return None if amount is None else read_quantity(str(amount))


def requested_by_pod(spec: PodSpec, resource: str) -> Fraction:
    """What a pod as a whole requests of a resource, by Kubernetes' rule (KEP-753, "Resources calculation").

    It is the larger of what its containers request together, and the most that any init container requests; native
    side-cars, which run on, count for both: for init containers after them.

    Args:
        spec: The pod.
        resource: The name of the resource.
    """
    running = most = _NONE
    for container in spec.init_containers:
        amount = requested(container, resource) or _NONE
        if is_side_car(container):
            running += amount
        else:
            most = max(most, running + amount)
    return max(most, running + sum((requested(each, resource) or _NONE for each in spec.containers), _NONE))


def is_side_car(container: InitContainer) -> bool:
    """Tell whether an init container runs on beside the containers."""
    return container.restart_policy == "Always"


def extended_resources(spec: PodSpec) -> list[tuple[str, str]]:
    """The containers that request some of an extended resource, each with the resource.

    An extended resource is one that a device plugin offers. Its name has a domain, which is not Kubernetes' own
    (Kubernetes' page "Resource Management for Pods and Containers").

    Args:
        spec: The pod.
    """
    named = [
        (container, resource)
        for container in (*spec.init_containers, *spec.containers)
        if container.resources
        for resource in dict.fromkeys((*container.resources.requests, *container.resources.limits))
    ]
    return [
        (container.name, resource)
        for container, resource in named
        if "/" in resource and ("kubernetes.io/" not in resource or is_implicit_claim(resource))
        if requested(container, resource) != 0
    ]


def is_implicit_claim(resource: str) -> bool:
    """Tell whether Kubernetes makes a claim of a resource: of devices of the DeviceClass that it names (KEP-5004)."""
    return resource.removeprefix("requests.").startswith(_IMPLICIT)


def is_same_accelerator(resource: str, device: str) -> bool:
    """Tell whether a device plugin offers as a resource what a DeviceClass or driver offers as devices.

    Vendors name them alike: `nvidia.com/gpu`, or `nvidia.com/gpu.shared` for a part of one, and `gpu.nvidia.com`;
    `gpu.intel.com/xe` and `gpu.intel.com`.

    Args:
        resource: An extended resource.
        device: The name of a DeviceClass, or of a driver of dynamic resource allocation.
    """
    domain, _, kind = resource.partition("/")
    return device in {domain, f"{kind}.{domain}", f"{kind.partition('.')[0]}.{domain}"}
