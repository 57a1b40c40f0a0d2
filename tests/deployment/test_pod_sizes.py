"""What pods request beside devices decides where new replicas go, and moves none that exist."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.support.deployments import (
    cluster,
    composed,
    deployment,
    engine,
    gpu,
    member,
    messages,
    pool,
    request,
    running,
)
from tests.support.observe import reasons

KEPT: Manifest = {"reserved": {"cpu": "1", "memory": "4Gi"}}
SMALL: Manifest = {"cpu": "8", "memory": "32Gi", **KEPT}
LARGE: Manifest = {"cpu": "96", "memory": "512Gi", **KEPT}


def asking(*side_cars: Manifest, init: tuple[Manifest, ...] = (), **requests: Any) -> Manifest:
    """A deployment whose engine requests something, beside side-cars and after init containers."""
    container = {"name": "engine", "image": "x", **({"resources": {"requests": requests}} if requests else {})}
    spec: Manifest = {"containers": [container, *side_cars], **({"initContainers": list(init)} if init else {})}
    return deployment(1, engine("vllm", {**member(request()), "template": {"spec": spec}}))


def container(name: str, **requests: Any) -> Manifest:
    return {"name": name, "image": "x", "resources": {"requests": requests}}


def fleet(*nodes: Manifest) -> list[Manifest]:
    """A cluster with a pool for each size of a node."""
    return [cluster("a", *(pool(f"p{place}", 4, gpu(), node=node) for place, node in enumerate(nodes)))]


def pools_of(obj: Manifest, *nodes: Manifest) -> list[str]:
    (placement,) = composed(obj, fleet(*nodes)).status["placements"]
    return list(placement["pools"])


def test_a_replica_goes_to_a_pool_whose_nodes_have_what_its_pods_request() -> None:
    assert pools_of(asking(cpu=7, memory="28Gi"), SMALL, LARGE) == ["p0"]
    assert pools_of(asking(cpu="7001m"), SMALL, LARGE) == ["p1"]
    assert pools_of(asking(container("log", cpu=12)), SMALL, LARGE) == ["p1"]
    assert pools_of(asking(init=(container("fetch", memory="40Gi"),)), SMALL, LARGE) == ["p1"]
    assert pools_of(asking(cpu=64), {}, LARGE) == ["p0"]


def test_a_default_reserve_refuses_no_pod_that_the_node_could_have_room_for() -> None:
    assert pools_of(asking(cpu=8, memory="64Gi"), {"cpu": "8", "memory": "64Gi"}) == ["p0"]
    assert composed(asking(cpu="8001m"), fleet({"cpu": "8", "memory": "64Gi"})).children == {}


@pytest.mark.parametrize("asked", [{"cpu": "9e999"}, {"memory": "9e999"}])
def test_more_than_kubernetes_can_count_is_as_much_as_it_can(asked: Any) -> None:
    answered = composed(asking(**asked), fleet(SMALL))
    assert (answered.children, reasons(answered)["ReplicasScheduled"]) == ({}, "False/InsufficientCapacity")


def test_where_no_node_has_it_the_numbers_are_said() -> None:
    answered = composed(asking(cpu=64, memory="64Gi"), fleet(SMALL))
    assert answered.children == {}
    assert messages(answered)["ReplicasScheduled"] == (
        "0 of 1 placed, 1 cluster: 1 with nodes that are too small (a pod requests 64 processors, and a node of pool "
        "p0 has 7 for pods). Request less, add a pool with larger nodes, or correct spec.node (reserved too) of the "
        "InferenceClass."
    )


def test_replicas_on_nodes_that_are_too_small_are_answered_as_before() -> None:
    obj = asking(cpu=64)
    children = running(obj, fleet({}))
    before, answered = composed(obj, fleet({}), children), composed(obj, fleet(SMALL), children)
    assert (answered.children, answered.ready) == (before.children, before.ready)
    assert reasons(answered) == reasons(before)


def test_what_is_added_to_a_pod_keeps_it_from_no_node() -> None:
    pair = [
        engine(phase.lower(), member(request(count=8)), phase=phase, serving={"port": port})
        for phase, port in (("Prefill", 8000), ("Decode", 9000))
    ]
    obj = deployment(1, *pair, serving={"mode": "PrefillDecode"})
    assert "replica-a-0" in composed(obj, fleet(SMALL)).children
