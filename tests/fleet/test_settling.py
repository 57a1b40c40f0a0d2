"""The three composers together on a control plane, until nothing changes."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from function.api.kinds import INFERENCE_CLUSTER, SERVING_STACK
from function.composition import Composition, Draft, Manifest, Observation, unstructured
from function.preview.control_plane import ControlPlane
from function.preview.errors import InUseError
from function.preview.inputs import read
from tests.fleet.builders import COMPOSERS
from tests.support.settled import EXAMPLES

API_VERSION = INFERENCE_CLUSTER.api_version
STACKS = SERVING_STACK.api_version, SERVING_STACK.kind
RELEASES = "helm.m.crossplane.io/v1beta1", "Release"
FLEET = EXAMPLES / "quickstart" / "fleet"


def compose(seen: Observation) -> Composition:
    composer = COMPOSERS[seen.api_version, seen.kind]
    return composer.compose(Draft(seen, composer.vocabulary))


def fleet() -> list[Manifest]:
    found = [dict(obj) for obj in read([str(FLEET)])]
    return [obj for obj in found if (obj["apiVersion"], obj["kind"]) in COMPOSERS]


def settled(objs: Iterable[Manifest]) -> ControlPlane:
    plane = ControlPlane(compose, kinds=COMPOSERS.keys())
    plane.apply(objs)
    plane.settle()
    return plane


def state(plane: ControlPlane) -> dict[str, Any]:
    return {obj["metadata"]["uid"]: obj for obj in plane.everything()}


def ready(plane: ControlPlane) -> dict[str, str]:
    """The address of every cluster that is ready."""
    return {
        unstructured.name_of(obj): unstructured.text(obj, "status", "gateway", "address")
        for obj in plane.list(API_VERSION, "InferenceCluster")
        if unstructured.is_true(obj, "Ready")
    }


def test_the_quickstarts_clusters_become_ready_with_addresses_and_stay_as_they_are() -> None:
    plane = settled(fleet())
    assert ready(plane) == {"ams-1": "198.51.100.1", "osl-1": "198.51.100.2"}
    before = state(plane)
    plane.settle()
    assert state(plane) == before


def test_no_reconcile_fails_on_the_way_and_each_cluster_tells_once_that_it_is_healthy() -> None:
    plane = settled(fleet())
    for name in ("ams-1", "osl-1"):
        assert [event.reason for event in plane.events(API_VERSION, "InferenceCluster", "", name)] == ["BackendHealthy"]
    for stack in plane.list(*STACKS):
        told = plane.events(stack["apiVersion"], stack["kind"], "modelplane-system", unstructured.name_of(stack))
        assert [event.reason for event in told] == ["Installed"]


def test_deleting_a_class_in_use_keeps_everything() -> None:
    plane = settled(fleet())
    before = state(plane)
    plane.delete(API_VERSION, "InferenceClass", "", "l4-1x")
    plane.settle()
    after = state(plane)
    assert {uid: (obj["kind"], unstructured.name_of(obj)) for uid, obj in before.items() if uid not in after} == {
        uid: (obj["kind"], unstructured.name_of(obj))
        for uid, obj in before.items()
        if obj["metadata"]["name"] == "l4-1x"
    }
    changed = {(obj["kind"], unstructured.name_of(obj)) for uid, obj in after.items() if before[uid] != obj}
    assert changed == {("InferenceCluster", "ams-1")}
    assert ready(plane) == {"ams-1": "198.51.100.1", "osl-1": "198.51.100.2"}
    uid = next(
        uid for uid, obj in after.items() if obj["kind"] == "InferenceCluster" and unstructured.name_of(obj) == "ams-1"
    )
    assert after[uid]["status"]["gpuPools"] == before[uid]["status"]["gpuPools"]
    assert unstructured.condition(after[uid], "Held")["reason"] == "InputMissing"


def test_a_cluster_made_before_its_class_publishes_the_pool_once_the_class_comes() -> None:
    classes = [obj for obj in fleet() if obj["kind"] == "InferenceClass"]
    plane = settled(obj for obj in fleet() if obj["kind"] == "InferenceCluster")
    assert ready(plane) == {}
    plane.apply(classes)
    plane.settle()
    assert set(ready(plane)) == {"ams-1", "osl-1"}


def test_a_cluster_with_a_replica_cannot_be_deleted_and_without_it_can() -> None:
    replica = {
        "apiVersion": API_VERSION,
        "kind": "ModelReplica",
        "metadata": {"name": "chat-1", "namespace": "ml-team", "labels": {"modelplane.ai/cluster": "ams-1"}},
        "spec": {
            "clusterName": "ams-1",
            "engines": [
                {
                    "name": "vllm",
                    "members": [
                        {
                            "nodePoolName": "l4",
                            "deviceRequests": [{"name": "gpu", "deviceClassName": "gpu.nvidia.com"}],
                            "template": {"spec": {"containers": [{"name": "engine", "image": "vllm"}]}},
                        }
                    ],
                }
            ],
        },
    }
    plane = settled([*fleet(), replica])
    namespaces = {unstructured.name_of(remote.obj) for remote in plane.remote() if remote.obj["kind"] == "Namespace"}
    assert "ml-team" in namespaces
    with pytest.raises(InUseError):
        plane.delete(API_VERSION, "InferenceCluster", "", "ams-1")
    plane.delete(API_VERSION, "ModelReplica", "ml-team", "chat-1")
    plane.settle()
    (kept,) = [remote for remote in plane.remote() if unstructured.name_of(remote.obj) == "ml-team"]
    assert kept.orphaned
    assert set(ready(plane)) == {"ams-1", "osl-1"}
    plane.delete(API_VERSION, "InferenceCluster", "", "ams-1")
    plane.settle()
    assert plane.get(API_VERSION, "InferenceCluster", "", "ams-1") is None
    assert {unstructured.name_of(obj) for obj in plane.list("kubernetes.m.crossplane.io/v1alpha1", "Object")} == {
        unstructured.name_of(obj)
        for obj in plane.list("kubernetes.m.crossplane.io/v1alpha1", "Object")
        if unstructured.labels(obj)["crossplane.io/composite"].startswith("osl-1")
    }
    assert all(left.orphaned for left in plane.remote() if left.cluster == "ams-1")
    assert set(ready(plane)) == {"osl-1"}


def upgraded(obj: Manifest) -> Manifest:
    settings = {**obj["spec"].get("servingStack", {}), "versions": {"prometheus": "73.0.0"}}
    return {**obj, "spec": {**obj["spec"], "servingStack": settings}}


def test_a_change_of_version_takes_no_cluster_away_while_it_goes_on() -> None:
    plane = settled(fleet())
    began, addresses = plane.now, ready(plane)
    plane.apply(upgraded(obj) if obj["kind"] == "InferenceCluster" else obj for obj in fleet())
    reasons: set[str] = set()
    unready = 0
    while plane.now - began < timedelta(seconds=40):
        plane.step()
        assert ready(plane) == addresses
        reasons |= {
            unstructured.text(unstructured.condition(stack, "StackReady"), "reason") for stack in plane.list(*STACKS)
        }
        unready = max(unready, sum(not unstructured.is_true(release, "Ready") for release in plane.list(*RELEASES)))
        plane.store.now += timedelta(seconds=1)
    assert (unready, reasons) == (len(addresses), {"Changing", "Installed"})
    plane.settle()
    assert {unstructured.condition(stack, "StackReady")["reason"] for stack in plane.list(*STACKS)} == {"Installed"}
    versions = {release["spec"]["forProvider"]["chart"]["version"] for release in plane.list(*RELEASES)}
    assert "73.0.0" in versions
