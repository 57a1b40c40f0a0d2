"""What Crossplane has lost track of: adopted as it is, counted, and let go in steps like everything else."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Manifest, unstructured
from function.deployment.adoption import adoptable
from function.preview.control_plane import ControlPlane
from tests.support.deployment_plane import (
    TESTER,
    conditions,
    endpoints,
    live,
    lose_track,
    plane,
    put,
    quiet,
    ref,
    replicas,
    scale,
    serve,
    tracked,
    wait,
)
from tests.support.deployments import (
    API_VERSION,
    cluster,
    composed,
    deployment,
    draining,
    engine,
    marked,
    running,
    terminating,
)
from tests.support.observe import observation, reasons, with_condition

DEPLOYMENT = deployment(2)
FLEET = [cluster("a"), cluster("b")]
CHILDREN = running(DEPLOYMENT, FLEET)
REPLICAS = [CHILDREN["replica-a-0"], CHILDREN["replica-b-0"]]
ENDPOINTS = [CHILDREN["endpoint-a-0"], CHILDREN["endpoint-b-0"]]


def two_serve() -> ControlPlane:
    of = plane(cluster("a"), cluster("b"), deployment(2))
    serve(of)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    return of


def everything(of: ControlPlane) -> dict[str, Any]:
    """What the deployment has made, by uid, as it asks for it."""
    found = [*replicas(of).values(), *of.list(API_VERSION, "ModelEndpoint", "ml-team")]
    return {obj["metadata"]["uid"]: (obj["metadata"]["name"], obj["metadata"]["labels"], obj["spec"]) for obj in found}


def names(of: ControlPlane) -> set[tuple[str, str]]:
    found = [*replicas(of).values(), *of.list(API_VERSION, "ModelEndpoint", "ml-team")]
    return {(obj["kind"], unstructured.name_of(obj)) for obj in found}


def test_what_got_lost_is_tracked_again_and_is_as_it_was() -> None:
    of = two_serve()
    before = everything(of)
    lose_track(of)
    quiet(of)
    assert everything(of) == before
    assert tracked(of) == names(of)


def test_what_got_lost_while_fewer_are_wanted_drains_and_goes_as_ever() -> None:
    of = two_serve()
    wait(of, 90)
    lose_track(of)
    scale(of, 1)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0"}
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    assert live(of)["status"]["replicas"] == {"desired": 1, "total": 1, "ready": 1}
    wait(of, 60)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0"}
    wait(of, 30)
    assert set(replicas(of)) == {"replica-a-0"}
    assert endpoints(of) == {"endpoint-a-0": False}
    assert tracked(of) == names(of)


def test_what_got_lost_while_nothing_is_wanted_goes_too() -> None:
    of = two_serve()
    lose_track(of)
    scale(of, 0)
    assert endpoints(of) == {"endpoint-a-0": True, "endpoint-b-0": True}
    wait(of, 90)
    assert (replicas(of), endpoints(of)) == ({}, {})


def test_what_got_lost_and_never_served_goes_at_once_when_it_is_not_wanted() -> None:
    of = plane(cluster("a"), deployment(1))
    serve(of, "False")
    lose_track(of)
    scale(of, 0)
    assert replicas(of) == {}


def test_what_got_lost_while_something_else_is_to_run_serves_until_its_successor_has_settled() -> None:
    of = two_serve()
    before = everything(of)
    lose_track(of)
    scale(of, 2, engines=[engine(copies=2)])
    assert before.items() < everything(of).items()
    assert set(replicas(of)) == {"replica-a-0", "replica-a-1", "replica-b-0"}
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    assert tracked(of) == names(of)


def test_a_replica_that_served_stays_and_gets_its_endpoint_though_that_is_neither_tracked_nor_listed() -> None:
    since = {"servingSince": "2025-12-31T23:00:00Z"}
    found = {key: child for key, child in CHILDREN.items() if key.startswith("replica-")}
    alone = {key: {**child, "status": {**child["status"], **since}} for key, child in found.items()}
    answered = composed(deployment(1), FLEET, alone)
    assert set(answered.children) == {"endpoint-a-0", "endpoint-b-0", "replica-a-0", "replica-b-0"}
    assert draining(answered) == set()


def test_an_endpoint_that_got_lost_together_with_its_replica_drains_and_goes() -> None:
    of = two_serve()
    lose_track(of)
    of.delete(API_VERSION, "ModelReplica", "ml-team", unstructured.name_of(replicas(of)["replica-b-0"]))
    scale(of, 1)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    wait(of, 90)
    assert endpoints(of) == {"endpoint-a-0": False}


def test_a_replica_that_got_lost_without_its_labels_and_key_gets_new_ones() -> None:
    of = two_serve()
    obj = replicas(of)["replica-b-0"]
    lose_track(of)
    stripped = {key: value for key, value in obj["metadata"].items() if key not in {"labels", "annotations"}}
    of.store.update({**obj, "metadata": stripped}, TESTER)
    quiet(of)
    assert {key: replica["metadata"]["labels"] for key, replica in replicas(of).items()}["replica-b-0"] == (
        obj["metadata"]["labels"]
    )
    assert tracked(of) == names(of)


def test_a_replica_being_deleted_is_not_taken_up_again() -> None:
    of = two_serve()
    going = replicas(of)["replica-b-0"]
    of.store.finalize(ref(going), "held.by/test", TESTER, present=True)
    of.delete(API_VERSION, "ModelReplica", "ml-team", unstructured.name_of(going))
    lose_track(of)
    quiet(of)
    assert ("ModelReplica", unstructured.name_of(going)) not in tracked(of)
    assert set(replicas(of)) == {"replica-a-0", "replica-b-0", "replica-b-1"}


def test_what_got_lost_leaves_a_deployment_ready_that_was_while_its_replicas_do_not_say() -> None:
    silent = [with_condition(obj, "Ready", "Unknown") for obj in REPLICAS]
    answered = composed(with_condition(DEPLOYMENT, "Ready"), FLEET, listed=silent, endpoints=ENDPOINTS)
    assert answered.ready
    assert reasons(answered)["ReplicasScheduled"] == "True/ReplicasCreated"


def test_what_got_lost_stays_while_no_cluster_is_found() -> None:
    answered = composed(DEPLOYMENT, [], listed=REPLICAS, endpoints=ENDPOINTS)
    assert set(answered.children) == set(CHILDREN)
    assert {c.reason for c in answered.conditions if c.type == "Held"} == {"InputMissing"}


def test_an_endpoint_of_a_replica_whose_address_is_not_known_keeps_its_url_when_it_drains() -> None:
    fleet = [cluster("a"), cluster("b", address="")]
    answered = composed(deployment(1), fleet, listed=REPLICAS, endpoints=ENDPOINTS)
    drained = answered.children["endpoint-b-0"].manifest["spec"]
    assert drained == {**CHILDREN["endpoint-b-0"]["spec"], "draining": True}


def test_what_has_drained_already_is_tracked_before_it_goes() -> None:
    """Crossplane deletes only what it tracks."""
    old = [marked(obj, "2025-12-31T00:00:00Z") for obj in (REPLICAS[1], ENDPOINTS[1])]
    answered = composed(deployment(1), FLEET, listed=[REPLICAS[0], old[0]], endpoints=[ENDPOINTS[0], old[1]])
    assert {"replica-b-0", "endpoint-b-0"} <= set(answered.children)
    children = {**CHILDREN, "replica-b-0": old[0], "endpoint-b-0": old[1]}
    assert {"replica-b-0", "endpoint-b-0"}.isdisjoint(composed(deployment(1), FLEET, children).children)


@pytest.mark.parametrize("of", ["their controller", "their fields"])
def test_endpoints_that_are_not_ours_are_left_alone(of: str) -> None:
    def theirs(obj: Manifest) -> Manifest:
        if of == "their controller":
            return {**obj, "metadata": {**obj["metadata"], "ownerReferences": []}}
        return {**obj, "metadata": {**obj["metadata"], "managedFields": [{"manager": "kubectl", "operation": "Apply"}]}}

    assert adoptable(observation(DEPLOYMENT), (), map(theirs, ENDPOINTS)) == {}


def test_an_endpoint_is_taken_up_with_its_replica_or_under_its_own_name() -> None:
    obj, other = ENDPOINTS
    assert adoptable(observation(DEPLOYMENT), REPLICAS, ENDPOINTS) == CHILDREN
    assert adoptable(observation(DEPLOYMENT), (), [obj, terminating(other)]) == {"endpoint-a-0": obj}
    twin = {**obj, "metadata": {**obj["metadata"], "name": "chat-twin"}}
    assert adoptable(observation(DEPLOYMENT, CHILDREN), REPLICAS, [*ENDPOINTS, twin]) == {"endpoint-chat-twin": twin}


def test_a_new_replica_never_takes_the_name_of_one_that_exists() -> None:
    """Nor is one that somebody else has written taken over by writing over it."""
    named = composed(DEPLOYMENT, FLEET).children["replica-a-0"].manifest["metadata"]["name"]
    theirs = {**REPLICAS[1], "metadata": {"name": named, "namespace": "ml-team"}}
    answered = composed(deployment(1), FLEET, listed=[theirs])
    assert list(answered.children) == ["replica-a-1"]
    elsewhere = {**theirs, "metadata": {"name": named, "namespace": "others"}}
    assert list(composed(deployment(1), FLEET, listed=[elsewhere]).children) == ["replica-a-0"]


PLACES = st.sampled_from(["scale 0", "scale 1", "scale 3", "lose", "serve", "fail", "time", "other"])


@given(steps=st.lists(PLACES, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_whatever_happens_nothing_is_left_that_is_not_tracked_or_on_its_way_out(steps: list[str]) -> None:
    of = two_serve()
    for step in steps:
        before = copy.deepcopy({key: replica["spec"] for key, replica in replicas(of).items()})
        if step == "lose":
            lose_track(of)
            quiet(of)
        elif step.startswith("scale"):
            lose_track(of)
            scale(of, int(step[-1]))
        elif step == "time":
            wait(of, 95)
        elif step == "other":
            put(of, deployment(2, engine(copies=2)))
        else:
            serve(of, "True" if step == "serve" else "False")
        assert tracked(of) == names(of), step
        after = {key: replica["spec"] for key, replica in replicas(of).items()}
        assert all(after[key] == spec for key, spec in before.items() if key in after), step
    assert conditions(of)["Held"] == "False/InputsResolved"
