"""Odd shapes that the product's pages use, and rules that hold for every kind."""

from __future__ import annotations

from typing import Any, Final

from function.api.kinds import KINDS
from function.composition import Manifest
from tests.e2e.bed.admission.case import Rule, accepts, rejects, rule
from tests.e2e.bed.admission.classes import NIC
from tests.e2e.bed.admission.clusters import block
from tests.e2e.bed.admission.engine_forms import DEPLOYMENT_FORMS, FLAT
from tests.e2e.bed.admission.messages import too_long, unknown
from tests.support.api import (
    cache,
    cluster,
    deployment,
    device,
    endpoint,
    gateway,
    inference_class,
    member,
    replica,
    service,
    stack,
)

MINIMAL: Final[tuple[Manifest, ...]] = (
    inference_class(),
    cluster(),
    gateway(),
    deployment(),
    replica(),
    service(),
    endpoint(),
    cache(),
    stack(),
)
"""A valid object of each kind, with little more than it needs."""

_DIGEST: Final = "0123456789abcdef" * 4
_SCRIPT: Final = "set -eu\nexec vllm serve /mnt/models \\\n  --port=8000\n"


def named(obj: Manifest, name: str) -> Manifest:
    """The object, named otherwise."""
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def coloured(obj: Manifest) -> Manifest:
    """The object with a field that no kind has."""
    return {**obj, "spec": {**obj["spec"], "colour": "blue"}}


def selecting(cel: str) -> Any:
    """A member that asks for a device by a selector."""
    return member(nodeSelector={"devices": [{"name": "gpu", "count": 8, "selectors": [{"cel": cel}]}]})


COMMON: Final[tuple[Rule, ...]] = (
    rule(
        "api 22",
        "the name of an object has at most 63 characters, so that it fits a label's value",
        accepts(*(named(obj, "a" * 63) for obj in MINIMAL if obj["kind"] != "InferenceGateway")),
        *(rejects(named(obj, "a" * 64), too_long("metadata.name", 63)) for obj in MINIMAL),
    ),
    rule(
        "api section 1.3",
        "a field that no schema knows is refused by its name",
        *(rejects(coloured(obj), unknown("spec.colour")) for obj in MINIMAL),
        *(rejects({**obj, "colour": "blue"}, unknown("colour")) for obj in MINIMAL),
    ),
    rule(
        "api section 1.2",
        "every kind has Crossplane's own settings",
        accepts(
            *({**obj, "spec": {**obj["spec"], "crossplane": {"compositionUpdatePolicy": "Manual"}}} for obj in MINIMAL)
        ),
    ),
)

DOCUMENTED: Final[tuple[Rule, ...]] = (
    rule(
        "api 10.1.2",
        "a selector is kept as it is written, with its line end and its conjunctions",
        accepts(
            *(
                form.members(
                    selecting(
                        'device.attributes["gpu.nvidia.com"].architecture == "Hopper" &&\n'
                        'device.capacity["gpu.nvidia.com"].memory.compareTo(quantity("80Gi")) >= 0\n'
                    )
                )
                for form in DEPLOYMENT_FORMS
            ),
        ),
    ),
    rule(
        "api 10.1.3",
        "an attribute may have blanks in its value",
        accepts(
            inference_class(
                devices=[
                    device(
                        attributes={
                            "architecture": {"string": "Ada Lovelace"},
                            "cudaComputeCapability": {"version": "8.9.0"},
                        },
                        capacity={"memory": {"value": "23034Mi"}},
                    )
                ]
            )
        ),
    ),
    rule(
        "api 10.1.4",
        "a device's driver need not be its DeviceClass, and a device may have neither attributes nor capacity",
        accepts(
            inference_class(
                devices=[
                    device(count=8),
                    {
                        "name": "efa",
                        "driver": "dra.net",
                        "deviceClassName": "efa.networking.k8s.aws",
                        "count": 16,
                    },
                ]
            )
        ),
    ),
    rule(
        "api 10.1.5",
        "a device that nobody claims has no DeviceClass",
        accepts(inference_class(devices=[device(count=8), {**NIC, "claim": "Synthetic", "count": 8}])),
    ),
    rule(
        "api 10.1.6",
        "a driver may be anybody's",
        accepts(inference_class(devices=[device(driver="gpu.example.com", deviceClassName="gpu.example.com")])),
    ),
    rule(
        "api 10.1.9",
        "an image may be pinned by digest, a variable be zero, and a command be a script",
        accepts(
            FLAT.container(
                image=f"vllm/vllm-openai@sha256:{_DIGEST}",
                command=["/bin/sh", "-c", _SCRIPT],
                env=[{"name": "VLLM_USE_V1", "value": "0"}],
            )
        ),
    ),
    rule(
        "api 10.1.16, by design",
        "engines at the top and a GKE project are taken, other fields of old design notes are not",
        accepts(deployment(), block("GKE", project="acme")),
        rejects(block("GKE", networking={}), unknown("spec.cluster.gke.networking")),
    ),
)

assert {obj["kind"] for obj in MINIMAL} == {kind.kind for kind in KINDS}
