"""What becomes of a deployment's replicas, pass by pass, while time goes by and the world changes."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from function.composition import Manifest, unstructured
from function.preview.control_plane import ControlPlane
from tests.support.deployments import (
    API_VERSION,
    NO_SYNTAX,
    TESTER,
    cache,
    cluster,
    conditions,
    deployment,
    endpoints,
    engine,
    live,
    member,
    plane,
    pool,
    put,
    quiet,
    ref,
    replicas,
    request,
    scale,
    selecting,
    serve,
    settled,
    taint,
    wait,
)
from tests.support.settled import EXAMPLES, settle

SINCE = "modelplane.ai/draining-since"


def two_serve() -> ControlPlane:
    """Two replicas that serve, one on each of two clusters."""
    of = plane(cluster("a"), cluster("b"), deployment(2))
    settled(of)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    return of


def specs(of: ControlPlane) -> dict[str, Any]:
    return {replica["metadata"]["uid"]: replica["spec"] for replica in replicas(of).values()}


def ready(of: ControlPlane) -> bool:
    return unstructured.is_true(live(of), "Ready")


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


# ---------------------------------------------------------------------- what is deleted


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


def test_a_namesake_in_another_namespace_is_a_stranger_that_takes_nodes() -> None:
    of = plane(cluster("a", pool("a100", 1)), deployment(1))
    serve(of)
    put(of, deployment(1, namespace="other-team"))
    assert replicas(of, "other-team") == {}
    assert conditions(of, namespace="other-team")["ReplicasScheduled"] == "False/InsufficientCapacity"
    put(of, cluster("b"))
    assert set(replicas(of, "other-team")) == {"replica-b-0"}
    names = {unstructured.name_of(obj) for obj in of.list(API_VERSION, "ModelReplica")}
    assert len(names) == 2


# ---------------------------------------------------------------------- what changes around replicas


def changes() -> dict[str, list[Manifest]]:
    """Changes of deployment and fleet that leave the number of replicas as it is."""
    image = {"spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai:v9"}]}}
    return {
        "a narrowed selector": [deployment(2, clusterSelector=selecting(tier="gold"))],
        "a cache that is missing": [deployment(2, modelCacheRef={"name": "weights"})],
        "a cache that selects elsewhere": [deployment(2, modelCacheRef={"name": "weights"}), cache(tier="gold")],
        "a selector that clashes with the cache's": [
            deployment(2, modelCacheRef={"name": "weights"}, clusterSelector=selecting(tier="lead")),
            cache(tier="gold"),
        ],
        "a selector that does not compile": [deployment(2, engine("vllm", member(request("gpu", NO_SYNTAX))))],
        "a selector that matches nothing": [deployment(2, engine("vllm", member(request("gpu", "false"))))],
        "another image": [deployment(2, engine("vllm", member(request(), template=image)))],
        "another engine": [deployment(2, engine("sglang"))],
        "cordons": [cluster(name, taints=[taint()]) for name in "ab"],
        "drains": [cluster(name, taints=[taint(effect="NoExecute")]) for name in "ab"],
        "clusters that are not ready": [cluster(name, ready=False) for name in "ab"],
        "clusters without an address": [cluster(name, address="") for name in "ab"],
        "clusters that publish nothing": [cluster(name, published=False) for name in "ab"],
        "pools that are gone": [cluster(name, pool("h100")) for name in "ab"],
        "pools that have shrunk": [cluster(name, pool("a100", 0)) for name in "ab"],
    }


@pytest.mark.parametrize("what", changes())
def test_what_runs_stays_as_it_is_whatever_changes_around_it(what: str) -> None:
    of = two_serve()
    before = specs(of)
    put(of, *changes()[what])
    wait(of, 300)
    assert before.items() <= specs(of).items()
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    assert ready(of)


def test_a_new_revision_surges_and_the_old_one_stays_until_its_endpoint_has_settled() -> None:
    of = two_serve()
    before = specs(of)
    scale(of, 2, engines=[engine(copies=2)])
    revisions = {key: replica["metadata"]["labels"]["modelplane.ai/revision"] for key, replica in replicas(of).items()}
    assert revisions["replica-a-0"] == revisions["replica-b-0"] != revisions["replica-a-1"]
    assert conditions(of)["Progressing"] == "True/RollingOut"
    status = live(of)["status"]
    assert status["revision"]["name"] == revisions["replica-a-1"]
    assert status["revisions"] == sorted(
        [
            {"name": revisions["replica-a-0"], "replicas": 2, "serving": 2},
            {"name": revisions["replica-a-1"], "replicas": 1, "serving": 0},
        ],
        key=lambda entry: str(entry["name"]),
    )
    assert status["replicas"] == {"desired": 2, "total": 2, "ready": 2}, "without what surges"
    wait(of, 300)
    assert before.items() <= specs(of).items()


def test_a_replica_that_was_leaving_neither_goes_nor_serves_while_a_selector_does_not_compile() -> None:
    of = two_serve()
    scale(of, 1)
    scale(of, 1, engines=[engine("vllm", member(request("gpu", NO_SYNTAX)))])
    wait(of, 300)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    scale(of, 1)
    assert set(replicas(of)) == {"replica-a-0"}


STEPS = st.sampled_from(
    [*(f"scale {n}" for n in range(4)), *changes(), "serve", "fail", "time", "undo", "lose b", "delete one"]
)


@given(steps=st.lists(STEPS, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_replicas_spec_never_changes_and_a_serving_one_never_goes_without_draining(steps: list[str]) -> None:
    of = two_serve()
    for step in steps:
        before, open_before = replicas(of), {key for key, draining in endpoints(of).items() if not draining}
        hand = take(of, step)
        after = replicas(of)
        for key, obj in before.items():
            same = key in after and after[key]["metadata"]["uid"] == obj["metadata"]["uid"]
            assert not same or after[key]["spec"] == obj["spec"], step
            served = key.replace("replica", "endpoint") in open_before
            assert same or not served or key == hand, (step, key)


def _clusters(of: ControlPlane) -> set[str]:
    return {unstructured.name_of(one) for one in of.list(API_VERSION, "InferenceCluster")}


def take(of: ControlPlane, step: str) -> str:
    """Take a step; give the key of the replica that it deletes by hand."""
    if step.startswith("scale "):
        body = copy.deepcopy(live(of)["spec"])
        put(of, deployment(int(step[-1]), *body["engines"], **{k: body[k] for k in ("clusterSelector",) if k in body}))
    elif step in changes():
        put(of, *changes()[step])
    elif step in {"serve", "fail"}:
        serve(of, "True" if step == "serve" else "False")
    elif step == "time":
        wait(of, 45)
    elif step == "undo":
        put(of, cluster("a"), cluster("b"), deployment(2))
    elif step == "lose b" and "b" in _clusters(of):
        of.delete(API_VERSION, "InferenceCluster", "", "b")
        quiet(of)
    elif step == "delete one" and replicas(of):
        key, obj = min(replicas(of).items())
        of.delete(API_VERSION, "ModelReplica", "ml-team", unstructured.name_of(obj))
        quiet(of)
        return key
    return ""


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
