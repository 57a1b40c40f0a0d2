"""What becomes of a deployment's replicas and endpoints, pass by pass, as it is scaled and time goes by."""

from dataclasses import replace

from function.composition import unstructured
from tests.support.deployment_plane import (
    conditions,
    endpoints,
    live,
    plane,
    ready,
    replicas,
    scale,
    serve,
    specs,
    two_serve,
    wait,
)
from tests.support.deployments import API_VERSION, cluster, deployment, pool
from tests.support.settled import EXAMPLES, settle

SINCE = "modelplane.ai/draining-since"


# ---------------------------------------------------------------------- up and down


def test_scaling_up_places_more_and_leaves_the_first_as_it_is() -> None:
    of = plane(cluster("a"), cluster("b"), deployment(1))
    serve(of)
    before = specs(of)
    scale(of, 2)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0"}
    assert before.items() <= specs(of).items()
    assert endpoints(of) == {"endpoint-a-0": False}
    assert conditions(of)["ReplicasReady"] == "False/ModelStarting"
    serve(of)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}


def test_scaling_down_drains_for_90_seconds_and_then_lets_replica_and_endpoint_go_together() -> None:
    of = two_serve()
    begun = of.now
    scale(of, 1)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    notes = {key: unstructured.annotations(replica).get(SINCE) for key, replica in replicas(of).items()}
    assert notes == {"replica-a-0": None, "replica-b-0": begun.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert live(of)["status"]["replicas"] == {"desired": 1, "total": 1, "ready": 1}
    of.store.now = begun
    wait(of, 89)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0"}
    of.store.now = begun
    wait(of, 90)
    assert set(replicas(of)) == {"replica-a-0"}
    assert endpoints(of) == {"endpoint-a-0": False}
    assert ready(of)


def test_a_replica_without_an_endpoint_goes_at_once() -> None:
    of = plane(cluster("a"), cluster("b"), deployment(2))
    serve(of, "True", unstructured.name_of(replicas(of)["replica-a-0"]))
    scale(of, 1)
    assert set(replicas(of)) == {"replica-a-0"}


def test_the_answer_asks_to_be_called_when_the_drain_ends() -> None:
    of = two_serve()
    scale(of, 1)
    wait(of, 60)
    seen = of.observe(API_VERSION, "ModelDeployment", "ml-team", "chat")
    left = of.compose(seen).ttl_seconds
    assert 0 < left < 30
    assert "replica-b-0" not in of.compose(replace(seen, now=seen.now.replace(minute=9))).children


def test_scaling_up_again_while_a_replica_drains_takes_it_back() -> None:
    of = two_serve()
    before = specs(of)
    scale(of, 1)
    wait(of, 60)
    scale(of, 2)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    assert [unstructured.annotations(replica).get(SINCE) for replica in replicas(of).values()] == [None, None]
    wait(of, 120)
    assert specs(of) == before


def test_scaling_to_zero_drains_all_and_is_ready() -> None:
    of = two_serve()
    scale(of, 0)
    assert endpoints(of) == {"endpoint-a-0": True, "endpoint-b-0": True}
    wait(of, 91)
    assert (replicas(of), endpoints(of)) == ({}, {})
    assert ready(of)
    assert conditions(of)["ReplicasScheduled"] == "True/ScaledToZero"
    assert conditions(of)["ReplicasReady"] == "True/ScaledToZero"
    assert live(of)["status"]["replicas"] == {"desired": 0, "total": 0, "ready": 0}


def test_the_replica_that_does_not_serve_leaves_first() -> None:
    of = two_serve()
    serve(of, "False", unstructured.name_of(replicas(of)["replica-a-0"]))
    scale(of, 1)
    wait(of, 91)
    assert set(replicas(of)) == {"replica-b-0"}


def test_two_hundred_replicas_are_placed() -> None:
    of = plane(cluster("a", pool("a100", 120)), cluster("b", pool("a100", 120)), deployment(200))
    assert len(replicas(of)) == 200
    assert len(live(of)["status"]["placements"]) == 200


# ---------------------------------------------------------------------- endpoints


def test_an_endpoint_is_marked_as_draining_when_its_replica_stops_serving_and_unmarked_when_it_serves() -> None:
    """In place of withdrawing it (rule 49)."""
    of = two_serve()
    name = unstructured.name_of(replicas(of)["replica-a-0"])
    serve(of, "False", name)
    assert endpoints(of) == {"endpoint-a-0": True, "endpoint-b-0": False}
    wait(of, 600)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0"}
    assert endpoints(of) == {"endpoint-a-0": True, "endpoint-b-0": False}
    serve(of, "True", name)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}


def test_an_endpoint_stays_as_it_is_while_its_replica_says_neither() -> None:
    of = two_serve()
    serve(of, "Unknown", unstructured.name_of(replicas(of)["replica-a-0"]))
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    assert ready(of)


def test_a_deployment_is_ready_as_long_as_no_more_than_max_unavailable_are_missing() -> None:
    of = two_serve()
    first, second = (unstructured.name_of(replicas(of)[key]) for key in ("replica-a-0", "replica-b-0"))
    serve(of, "False", first)
    assert ready(of)
    assert conditions(of)["ReplicasReady"] == "False/ModelStarting"
    serve(of, "False", second)
    assert not ready(of)
    serve(of, "True", first)
    assert ready(of)
    scale(of, 2, rollout={"maxUnavailable": 0})
    assert not ready(of)


# ---------------------------------------------------------------------- with everything else


def test_on_a_whole_control_plane_no_route_ever_loses_its_backend_while_replicas_come_and_go() -> None:
    """The control plane itself checks every route at every pass."""
    of = settle(EXAMPLES / "quickstart")
    written = of.get(API_VERSION, "ModelDeployment", "ml-team", "chat")
    assert written is not None
    for count in (1, 2, 0, 2):
        of.apply([{**written, "spec": {**written["spec"], "replicas": count}}])
        of.settle()
        assert len(of.list(API_VERSION, "ModelReplica", "ml-team")) == count
        assert list(endpoints(of).values()) == [False] * count
