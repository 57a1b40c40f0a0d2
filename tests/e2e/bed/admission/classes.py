"""Rules of InferenceClass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from function.api import patterns
from function.composition import Manifest
from tests.e2e.bed.admission.case import Rule, accepts, rejects, rule
from tests.e2e.bed.admission.messages import above, below, broken, duplicate, mismatch, required, too_few, too_many
from tests.support.api import device, inference_class

NIC: Final[Mapping[str, Any]] = {
    "name": "nic",
    "driver": "nic.nvidia.com",
    "attributes": {"linkType": {"string": "infiniband"}},
}
"""A device without a DeviceClass."""

PROVIDERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "GKE": {"machineType": "g2-standard-8"},
    "EKS": {"instanceType": "g6.xlarge"},
    "AKS": {"vmSize": "Standard_NC24ads_A100_v4"},
    "Nebius": {"platform": "gpu-h100-sxm", "preset": "1gpu-16vcpu-200gb"},
    "Vultr": {"plan": "vcg-l40s-16c-180g-48vram"},
}
"""What each cloud's nodes have to say, beside their accelerator."""

_DEVICE: Final = "spec.devices[0]"
_NEEDS_CLASS: Final = "deviceClassName is required for a device with claim DRA, which is the default"
_ONE_VALUE: Final = "an attribute needs exactly one of string, version, bool and int"


def provisioned(provider: str, *blocks: str, **fields: Any) -> Manifest:
    """A class that names a provider, and describes the nodes of these clouds."""
    described = {
        block.lower(): {**PROVIDERS[block], "accelerator": {"type": "nvidia-l4", "count": 1}, **fields}
        for block in blocks
    }
    return inference_class(provisioning={"provider": provider, **described})


def attribute(**value: Any) -> Manifest:
    """A class whose device has an attribute."""
    return inference_class(devices=[device(attributes={"architecture": value})])


def memory(value: str) -> Manifest:
    """A class whose device has memory."""
    return inference_class(devices=[device(capacity={"memory": {"value": value}})])


def noded(**fields: Any) -> Manifest:
    """A class that says what a node has beside devices."""
    return inference_class(node=fields)


RULES: Final[tuple[Rule, ...]] = (
    rule(
        "api 5",
        "a device that pods claim names its DeviceClass; devices are claimed unless they say Synthetic",
        accepts(inference_class(), inference_class(devices=[{**NIC, "claim": "Synthetic"}])),
        rejects(inference_class(devices=[NIC]), broken(_DEVICE, _NEEDS_CLASS)),
        rejects(inference_class(devices=[{**NIC, "claim": "DRA"}]), broken(_DEVICE, _NEEDS_CLASS)),
    ),
    rule(
        "api 6",
        "an attribute has exactly one typed value, and false and 0 are values",
        accepts(attribute(bool=False), attribute(int=0), attribute(string="Ada Lovelace"), attribute(version="9.0.0")),
        rejects(attribute(), broken(f"{_DEVICE}.attributes[architecture]", _ONE_VALUE)),
        rejects(attribute(string="Hopper", int=1), broken(f"{_DEVICE}.attributes[architecture]", _ONE_VALUE)),
        rejects(attribute(bool=False, int=0), broken(f"{_DEVICE}.attributes[architecture]", _ONE_VALUE)),
    ),
    rule(
        "api section 2.2",
        "a class has 1 to 16 devices, each with a name of its own",
        accepts(inference_class(devices=[device(f"d{n}") for n in range(16)])),
        rejects(inference_class(devices=[]), too_few("spec.devices")),
        rejects(inference_class(devices=[device(f"d{n}") for n in range(17)]), too_many("spec.devices", 17, 16)),
        rejects(inference_class(devices=[device("a"), device("a")]), duplicate("spec.devices[1]", name="a")),
    ),
    rule(
        "api section 2.2",
        "a node has 1 to 64 devices of a kind",
        accepts(inference_class(devices=[device(count=64)])),
        rejects(inference_class(devices=[device(count=0)]), below(f"{_DEVICE}.count", 0, 1)),
        rejects(inference_class(devices=[device(count=65)]), above(f"{_DEVICE}.count", 65, 64)),
    ),
    rule(
        "api section 2.2",
        "a provider needs its own block, and others may stand beside it",
        accepts(*(provisioned(provider, provider) for provider in PROVIDERS), provisioned("EKS", "EKS", "GKE")),
        *(
            rejects(
                provisioned(provider, "GKE" if provider == "EKS" else "EKS"),
                broken("spec.provisioning", f"provisioning.{provider.lower()} is required for provider {provider}"),
            )
            for provider in PROVIDERS
        ),
    ),
    rule(
        "api section 2.2",
        "a provider's block says the shape of a node, and how many accelerators it has",
        *(
            rejects(
                inference_class(provisioning={"provider": provider, provider.lower(): {}}),
                *(required(f"spec.provisioning.{provider.lower()}.{field}") for field in (*shape, "accelerator")),
            )
            for provider, shape in PROVIDERS.items()
        ),
        rejects(
            provisioned("EKS", "EKS", accelerator={"type": "nvidia-l4", "count": 17}),
            above("spec.provisioning.eks.accelerator.count", 17, 16),
        ),
    ),
    rule(
        "api section 5",
        "a boot disk has 10 to 65536 GB, as the cluster that is composed demands",
        accepts(*(provisioned(cloud, cloud, diskSizeGb=65536) for cloud in ("GKE", "EKS", "AKS", "Nebius"))),
        rejects(provisioned("GKE", "GKE", diskSizeGb=9), below("spec.provisioning.gke.diskSizeGb", 9, 10)),
        *(
            rejects(
                provisioned(cloud, cloud, diskSizeGb=65537),
                above(f"spec.provisioning.{cloud.lower()}.diskSizeGb", 65537, 65536),
            )
            for cloud in ("GKE", "EKS", "AKS", "Nebius")
        ),
    ),
    rule(
        "api better 3",
        "the name of a device is a DNS label",
        accepts(inference_class(devices=[device("70b-gpu")])),
        rejects(
            inference_class(devices=[device("GPU")]),
            mismatch(f"{_DEVICE}.name", "GPU", patterns.DNS_LABEL),
        ),
    ),
    rule(
        "api better 3",
        "a capacity is a quantity",
        accepts(*map(memory, ("80Gi", "23034Mi", "8", "0.5", "500m"))),
        *(
            rejects(memory(value), mismatch(f"{_DEVICE}.capacity.memory.value", value, patterns.QUANTITY))
            for value in ("80GB", "80 Gi", "-1")
        ),
    ),
    rule(
        "api better 3",
        "a version is a semantic version",
        accepts(attribute(version="12.4.1-rc.1+build")),
        *(
            rejects(
                attribute(version=value),
                mismatch(f"{_DEVICE}.attributes.architecture.version", value, patterns.SEMVER),
            )
            for value in ("9.0", "v9.0.0")
        ),
    ),
    rule(
        "design fields",
        "a class may say what a node has beside its devices: processors, memory and taints",
        accepts(
            noded(cpu="96", memory="768Gi", taints=[{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]),
            noded(taints=[{"key": "k", "effect": "NoSchedule"}, {"key": "k", "effect": "PreferNoSchedule"}]),
        ),
        accepts(*(noded(cpu="96", reserved=kept) for kept in ({}, {"cpu": "0", "memory": "0"}, {"memory": "40Gi"}))),
        rejects(noded(reserved={"cpu": "some"}), mismatch("spec.node.reserved.cpu", "some", patterns.QUANTITY)),
        rejects(noded(memory="lots"), mismatch("spec.node.memory", "lots", patterns.QUANTITY)),
        rejects(noded(taints=[{"key": "k"}]), required("spec.node.taints[0].effect")),
        rejects(
            noded(taints=[{"key": "k", "effect": "NoExecute"}] * 2),
            duplicate("spec.node.taints[1]", effect="NoExecute", key="k"),
        ),
    ),
)
