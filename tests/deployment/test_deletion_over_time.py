"""What becomes of a deployment's children when replicas, clusters or deployments are deleted."""

from function.composition import unstructured
from tests.support.deployment_plane import (
    TESTER,
    conditions,
    endpoints,
    live,
    plane,
    put,
    quiet,
    ready,
    ref,
    replicas,
    scale,
    serve,
    specs,
    two_serve,
    wait,
)
from tests.support.deployments import API_VERSION, cluster, deployment, pool


def test_a_replica_deleted_by_hand_is_placed_anew_and_its_endpoint_drains_first() -> None:
    of = two_serve()
    gone = replicas(of)["replica-b-0"]
    of.store.finalize(ref(gone), "held.by/test", TESTER, present=True)
    of.delete(API_VERSION, "ModelReplica", "ml-team", unstructured.name_of(gone))
    quiet(of)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0", "replica-b-1"}
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    assert live(of)["status"]["replicas"] == {"desired": 2, "total": 2, "ready": 1}
    of.store.finalize(ref(gone), "held.by/test", TESTER, present=False)
    quiet(of)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-1"}
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    wait(of, 91)
    assert endpoints(of) == {"endpoint-a-0": False}


def test_an_endpoint_that_drained_is_used_again_when_a_replica_takes_its_place() -> None:
    of = two_serve()
    of.delete(API_VERSION, "ModelReplica", "ml-team", unstructured.name_of(replicas(of)["replica-b-0"]))
    quiet(of)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    serve(of)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    wait(of, 120)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}


def test_a_deleted_cluster_takes_its_replica_and_endpoint_with_it_after_ten_minutes() -> None:
    """Rule 7: the replica is placed anew elsewhere."""
    of = two_serve()
    before = specs(of)
    of.delete(API_VERSION, "InferenceCluster", "", "b")
    quiet(of)
    wait(of, 580)
    assert specs(of) == before
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    assert ready(of)
    wait(of, 30)
    assert set(replicas(of)) == {"replica-a-0", "replica-a-1"}
    assert endpoints(of) == {"endpoint-a-0": False}


def test_the_last_cluster_being_gone_is_doubt_and_takes_nothing_away() -> None:
    of = two_serve()
    before = specs(of)
    for name in ("a", "b"):
        of.delete(API_VERSION, "InferenceCluster", "", name)
    wait(of, 300)
    assert specs(of) == before
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    assert conditions(of)["Held"] == "True/InputMissing"
    assert ready(of)


def test_a_replica_that_was_leaving_neither_goes_nor_serves_again_while_no_cluster_is_found() -> None:
    of = two_serve()
    scale(of, 1)
    for name in ("a", "b"):
        of.delete(API_VERSION, "InferenceCluster", "", name)
    wait(of, 300)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0"}
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    put(of, cluster("a"), cluster("b"))
    assert set(replicas(of)) == {"replica-a-0"}
    assert endpoints(of) == {"endpoint-a-0": False}


def test_a_deleted_deployment_takes_its_replicas_and_those_of_a_namesake_stay() -> None:
    of = two_serve()
    put(of, deployment(1, namespace="other-team"))
    of.delete(API_VERSION, "ModelDeployment", "ml-team", "chat")
    quiet(of)
    assert replicas(of) == {}
    assert set(replicas(of, "other-team")) == {"replica-a-0"}


def test_a_namesake_in_another_namespace_belongs_to_another_deployment_and_takes_nodes() -> None:
    of = plane(cluster("a", pool("a100", 1)), deployment(1))
    serve(of)
    put(of, deployment(1, namespace="other-team"))
    assert replicas(of, "other-team") == {}
    assert conditions(of, namespace="other-team")["ReplicasScheduled"] == "False/InsufficientCapacity"
    put(of, cluster("b"))
    assert set(replicas(of, "other-team")) == {"replica-b-0"}
    names = {unstructured.name_of(obj) for obj in of.list(API_VERSION, "ModelReplica")}
    assert len(names) == 2
