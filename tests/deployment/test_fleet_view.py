"""The fleet as it is read from what anyone may have written: what cannot be read is named, and nothing raises."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Manifest, unstructured
from function.deployment.fleet_view import read_clusters, read_replica, unseen_cluster
from function.scheduling import Cluster, ClusterTaint, Pool, ScheduledReplica
from function.selectors import Claim, Device, Value
from tests.support import api
from tests.support.deployments import (
    AN_HOUR_AGO,
    GPU,
    cluster,
    composed,
    deployment,
    engine,
    gpu,
    member,
    messages,
    nic,
    pool,
    request,
    running,
    taint,
    taken,
    terminating,
)
from tests.support.observe import reasons

JUNK: tuple[Any, ...] = ("junk", 7, 2.5, True, [], ["x"], [[]], {"x": 1}, {})


def cluster_as_read(obj: Manifest) -> tuple[Cluster, str]:
    """A cluster as read, and what could not be."""
    view = read_clusters([obj])
    (found,) = view.clusters
    return found, view.faults.get(found.name, "")


def with_device(**fields: Any) -> Manifest:
    return cluster("a", pool("a100", 4, gpu(**fields)))


# ---------------------------------------------------------------------- clusters


def test_a_cluster_is_read_in_full() -> None:
    attributes = {
        "model": {"string": "a100"},
        "driverVersion": {"version": "1.2.3"},
        "mig": {"bool": False},
        "slots": {"int": 7},
    }
    device = gpu(attributes=attributes, capacity={"memory": {"value": "80Gi"}})
    obj = cluster(
        "a",
        pool("a100", 4, device, nic(), className="a100-8x"),
        labels={"tier": "gold", "modelplane.ai/region": "north"},
        taints=[taint(), taint("team", "NoExecute", value="nlp")],
    )
    assert cluster_as_read(obj) == (
        Cluster(
            "a",
            labels=(("modelplane.ai/region", "north"), ("tier", "gold")),
            region="north",
            ready=True,
            gateway_address="10.0.0.1",
            taints=(ClusterTaint("upkeep", "", "NoSchedule"), ClusterTaint("team", "nlp", "NoExecute")),
            pools=(
                Pool(
                    "a100",
                    4,
                    (
                        Device(
                            "gpu",
                            driver="gpu.nvidia.com",
                            device_class="gpu.nvidia.com",
                            claim=Claim.DRA,
                            count=8,
                            attributes=(
                                ("driverVersion", Value.version("1.2.3")),
                                ("mig", Value.boolean(flag=False)),
                                ("model", Value.string("a100")),
                                ("slots", Value.integer(7)),
                            ),
                            capacity=(("memory", "80Gi"),),
                        ),
                        Device("nic", driver="nic.example.com", claim=Claim.SYNTHETIC, count=1),
                    ),
                    "a100-8x",
                ),
            ),
        ),
        "",
    )


def test_what_a_cluster_does_not_say_is_not_known() -> None:
    bare = {"metadata": {"name": "a"}, "spec": {}}
    assert cluster_as_read(bare) == (Cluster("a", ready=False, pools=None), "")
    assert cluster_as_read(terminating({**bare, "status": {"gpuPools": []}})) == (
        Cluster("a", ready=False, pools=(), terminating=True),
        "",
    )


def test_what_is_not_published_of_a_device_counts_as_none_of_it() -> None:
    """Rule 23: a count of zero or none is never taken for one."""
    for fields in ({"count": 0}, {"count": -3}, {"count": None}):
        found, fault = cluster_as_read(with_device(**fields))
        assert (fault, found.pools and found.pools[0].devices[0].count) == ("", 0)
        assert composed(deployment(), [with_device(**fields)]).children == {}
    for nodes in (0, -1, None):
        assert composed(deployment(), [cluster("a", pool("a100", nodes))]).children == {}  # type: ignore[arg-type]  # as anyone may have written it


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"spec": None}, "spec is not an object"),
        ({"spec": "junk"}, "spec is not an object"),
        ({"spec": {"taints": "junk"}}, "spec.taints is not a list of objects"),
        ({"spec": {"taints": [{"effect": "NoSchedule"}]}}, "key in spec.taints is not a text"),
        ({"spec": {"taints": [{"key": "k", "effect": 7}]}}, "effect in spec.taints is not a text"),
        ({"status": "junk"}, "status is not an object"),
        ({"status": {"conditions": {}}}, "status.conditions is not a list of objects"),
        ({"status": {"gateway": []}}, "status.gateway is not an object"),
        (
            {"status": {"gateway": {"address": 7}}},
            "status.gateway.address is neither an IP address nor a host name",
        ),
        (
            {"status": {"gateway": {"address": []}}},
            "status.gateway.address is neither an IP address nor a host name",
        ),
        ({"status": {"gpuPools": {}}}, "status.gpuPools is not a list of objects"),
        ({"status": {"gpuPools": [{}]}}, "name in status.gpuPools is not a text"),
        ({"status": {"gpuPools": [{"name": "p", "nodes": "2"}]}}, "nodes in status.gpuPools[p] is not a whole number"),
        ({"status": {"gpuPools": [{"name": "p", "devices": 7}]}}, "devices is not a list of objects"),
        (
            {"status": {"gpuPools": [{"name": "p", "devices": [{"name": "d", "claim": "New"}]}]}},
            "status.gpuPools[p].devices[d].claim New is not known",
        ),
        (
            {"status": {"gpuPools": [{"name": "p", "devices": [{"name": "d", "count": True}]}]}},
            "count in status.gpuPools[p].devices[d] is not a whole number",
        ),
    ],
)
def test_the_field_that_cannot_be_read_is_named_and_the_cluster_stays_without_pools(change: Any, fault: str) -> None:
    found, problem = cluster_as_read({**cluster("a"), **change})
    assert problem == f"InferenceCluster a cannot be read: {fault}"
    assert (found.name, found.pools) == ("a", None)


def test_a_cluster_whose_name_is_too_long_for_a_replica_takes_none() -> None:
    answered = composed(deployment(2), [cluster("a" * 64), cluster("b")])
    assert sorted(answered.children) == ["replica-b-0", "replica-b-1"]
    assert messages(answered)["Held"].endswith("cannot be read: its name has more than 63 characters")


def test_one_cluster_that_cannot_be_read_is_skipped_and_named_and_the_others_are_used() -> None:
    broken = {**cluster("a"), "spec": "junk"}
    children = running(deployment(1), [cluster("a")])
    answered = composed(deployment(2), [broken, cluster("b")], children)
    assert sorted(answered.children) == ["endpoint-a-0", "replica-a-0", "replica-b-0"]
    assert reasons(answered)["Held"] == "True/InputInvalid"
    assert messages(answered)["Held"] == "InferenceCluster a cannot be read: spec is not an object"
    assert answered.ready


def test_a_cluster_without_a_name_leaves_open_which_clusters_exist() -> None:
    view = read_clusters([{"spec": {}}, cluster("b")])
    assert (view.complete, [found.name for found in view.clusters]) == (False, ["b"])
    children = running(deployment(1), [cluster("a")])
    answered = composed(deployment(1), [{"spec": {}}, cluster("b")], children)
    assert set(answered.children) == set(children)
    assert "an InferenceCluster has no name" in messages(answered)["Held"]


def test_a_cluster_that_publishes_no_pools_keeps_its_replicas_and_is_named() -> None:
    children = running(deployment(1), [cluster("a")])
    answered = composed(deployment(2), [cluster("a", published=False), cluster("b")], children)
    assert sorted(answered.children) == ["endpoint-a-0", "replica-a-0", "replica-b-0"]
    assert messages(answered)["Held"] == "InferenceCluster a publishes no node pools; replicas there stay"


def test_a_cluster_of_which_only_the_name_is_known_takes_nothing() -> None:
    assert unseen_cluster("a") == Cluster("a", ready=False, pools=None)


def test_equal_lists_of_devices_are_one() -> None:
    view = read_clusters([cluster("a", pool("x"), pool("y")), cluster("b", pool("x", 1, gpu(attributes={})))])
    devices = [published.devices for found in view.clusters for published in found.pools or ()]
    assert devices[0] is devices[1]
    assert devices[0] is devices[2]


@pytest.mark.parametrize(
    "fields",
    [
        {"attributes": {"model": {}}},
        {"attributes": {"model": {"string": "a", "int": 1}}},
        {"attributes": {"model": {"string": 7}}},
        {"attributes": {"model": {"int": True}}},
        {"attributes": {"model": "a100"}},
        {"attributes": {"driverVersion": {"version": "9.0"}}},
        {"capacity": {"memory": {"value": "10Mo"}}},
        {"capacity": {"memory": {"value": True}}},
        {"capacity": {"memory": "80Gi"}},
    ],
)
def test_a_device_with_a_value_that_cannot_be_read_matches_nothing_and_nothing_raises(fields: Any) -> None:
    """Rule 54."""
    answered = composed(deployment(), [with_device(**fields), cluster("b")])
    assert sorted(answered.children) == ["replica-b-0"]
    assert reasons(answered)["Held"] == "False/InputsResolved"
    assert composed(deployment(), [with_device(**fields)]).children == {}


def test_a_whole_number_is_a_capacity() -> None:
    selector = 'device.capacity["gpu.nvidia.com"].memory.compareTo(quantity("7")) == 0'
    obj = deployment(1, engine("vllm", member(request("gpu", selector))))
    assert sorted(composed(obj, [with_device(capacity={"memory": {"value": 7}})]).children) == ["replica-a-0"]


def test_a_device_without_a_driver_is_not_the_one_asked_for() -> None:
    bare = {"name": "gpu", "count": 8, "deviceClassName": "gpu.nvidia.com"}
    answered = composed(deployment(1, engine("vllm", member(request("gpu", GPU)))), [cluster("a", pool("p", 4, bare))])
    assert answered.children == {}


# ---------------------------------------------------------------------- replicas


def read(obj: Manifest) -> tuple[ScheduledReplica, str]:
    return read_replica(obj, "a", 0, own=False)


def test_a_replica_is_read_with_what_it_takes_and_where_it_is_pinned() -> None:
    children = running(deployment(1, engine("vllm", copies=3)), [cluster("a")])
    found, fault = read_replica(children["replica-a-0"], "a", 0, own=True)
    assert fault == ""
    assert found == ScheduledReplica(
        namespace="ml-team",
        name=unstructured.name_of(children["replica-a-0"]),
        deployment=("ml-team", "chat"),
        cluster="a",
        index=0,
        revision=children["replica-a-0"]["metadata"]["labels"]["modelplane.ai/revision"],
        nodes_by_pool=(("a100", 3),),
        pool_assignments=(("vllm", "a100"),),
        serving=True,
        ever_ready=True,
        created=AN_HOUR_AGO,
        own=True,
    )


def test_a_gang_takes_a_node_for_every_pod_that_claims() -> None:
    obj = taken("a", 2)
    body = obj["spec"]["engines"][0]["members"][0]
    bare = {key: value for key, value in body.items() if key != "deviceRequests"}
    worker = {**body, "role": "Worker", "worker": {"nodes": 3}}
    for members, nodes_by_pool in (
        ([{**bare, "role": "Leader"}, worker], (("a100", 6),)),
        ([{**body, "role": "Leader"}, worker], (("a100", 2), ("a100", 6))),
        ([{**body, "worker": {"nodes": 9}}], (("a100", 2),)),
        ([{**body, "role": "Worker"}], (("a100", 2),)),
    ):
        obj["spec"]["engines"][0]["members"] = members
        assert read(obj)[0].nodes_by_pool == nodes_by_pool


def test_a_replica_that_served_before_and_does_not_now_is_known_to_have() -> None:
    found, _ = read({**taken("a"), "status": {"servingSince": "2025-01-01T00:00:00Z"}})
    assert (found.serving, found.ever_ready) == (False, True)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("junk", "spec is not an object"),
        ({}, "spec.clusterName is not a text"),
        ({"clusterName": "a"}, "spec.engines has no members"),
        ({"clusterName": "a", "engines": {}}, "engines is not a list of objects"),
        ({"clusterName": "a", "engines": [{"members": ["x"]}]}, "members is not a list of objects"),
        ({"clusterName": "a", "engines": [{"members": [{}]}]}, "spec.engines has a member without nodePoolName"),
    ],
)
def test_what_cannot_be_read_of_a_replica_is_named(spec: Any, fault: str) -> None:
    _, problem = read({**taken("a"), "spec": spec})
    assert problem.startswith("ModelReplica others/other cannot be read: ")
    assert problem.endswith(f"{fault}; it is charged as far as it can be")


# ---------------------------------------------------------------------- whatever was written


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in places(item, (*path, key)))]


DETAILED = cluster(
    "a",
    pool("a100", 4, gpu(attributes={"m": {"string": "x"}}, capacity={"memory": {"value": "1Gi"}}), node={"cpu": "8"}),
    taints=[taint("team", "NoExecute", value="nlp")],
)


@given(path=st.sampled_from([p for p in places(DETAILED) if p]), junk=st.sampled_from(JUNK))
@settings(max_examples=300, deadline=None)
def test_junk_anywhere_in_a_cluster_never_raises_and_never_costs_a_replica(path: tuple[Any, ...], junk: Any) -> None:
    children = running(deployment(2), [cluster("a"), cluster("b")])
    broken = api.changed(DETAILED, *path, to=copy.deepcopy(junk))
    answered = composed(deployment(3), [broken, cluster("b")], children)
    assert not answered.fatal
    assert set(children) <= set(answered.children)


@given(path=st.sampled_from([p for p in places(taken("a")) if p]), junk=st.sampled_from(JUNK))
@settings(max_examples=200, deadline=None)
def test_junk_anywhere_in_a_replica_of_another_deployment_never_raises(path: tuple[Any, ...], junk: Any) -> None:
    broken = api.changed(taken("a"), *path, to=copy.deepcopy(junk))
    answered = composed(deployment(2), [cluster("a"), cluster("b")], listed=[broken])
    assert not answered.fatal
    assert len(answered.children) == 2
