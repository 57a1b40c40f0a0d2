"""The stand-in for clouds: a managed resource of a cloud becomes Ready, and goes when it is deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from function.composition import Manifest, unstructured
from tests.e2e.bed.clouds import EXTERNAL_NAME
from tests.e2e.bed.definitions import OPEN, definition
from tests.e2e.bed.plane import Bed

GROUP = "bed.gcp.m.upbound.io"
VERSION = f"{GROUP}/v1beta1"


@pytest.fixture
def cloud(bed: Bed) -> Iterator[Bed]:
    """The bed with a kind of managed resource, and a provider config of the same group."""
    kinds = [
        definition(GROUP, kind, f"{kind.lower()}s", "v1beta1", spec=OPEN) for kind in ("Network", "ProviderConfig")
    ]
    bed.control.kubectl.apply_objects(kinds)
    bed.control.kubectl.waiting(
        "wait", "--for=condition=Established", "crd", *(kind["metadata"]["name"] for kind in kinds)
    )
    bed.control.kubectl.apply_objects([_sample("Network"), _sample("ProviderConfig")])
    yield bed
    for obj in kinds:
        bed.control.api.delete(obj)


def test_what_is_asked_of_a_cloud_is_there_and_goes(cloud: Bed) -> None:
    api = cloud.control.api

    def network() -> Manifest:
        return api.get(VERSION, "Network", "sample", "ml-team") or {}

    cloud.processes.until("the network is Ready", lambda: unstructured.is_true(network(), "Ready"))
    assert unstructured.is_true(network(), "Synced")
    assert network()["metadata"]["annotations"][EXTERNAL_NAME] == "sample"
    assert "status" not in (api.get(VERSION, "ProviderConfig", "sample", "ml-team") or {})
    assert network()["metadata"]["finalizers"]
    api.delete(_sample("Network"))
    cloud.processes.until("the network is gone", lambda: not network())


def _sample(kind: str) -> Manifest:
    metadata = {"name": "sample", "namespace": "ml-team"}
    return {"apiVersion": VERSION, "kind": kind, "metadata": metadata, "spec": {"forProvider": {"region": "nowhere"}}}
