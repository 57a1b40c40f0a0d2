"""Which replicas are a deployment's own, and what is made of the two lists that tell."""

from typing import Any

import pytest

from function.composition import Manifest, unstructured
from function.deployment.adoption import adoptable
from function.deployment.own_replicas import read_replicas, replica_key
from tests.support.deployments import (
    KEY,
    annotated,
    cluster,
    composed,
    deployment,
    messages,
    owned_by,
    pool,
    running,
    taken,
    terminating,
)
from tests.support.observe import observation, reasons, with_condition

DEPLOYMENT = deployment(2)
FLEET = [cluster("a"), cluster("b")]
CHILDREN = running(DEPLOYMENT, FLEET)
A, B = CHILDREN["replica-a-0"], CHILDREN["replica-b-0"]


def changed(obj: Manifest, **metadata: Any) -> Manifest:
    meta = {key: value for key, value in {**obj["metadata"], **metadata}.items() if value is not None}
    return {**obj, "metadata": meta}


def own_and_others(
    children: dict[str, Manifest], *listed: Manifest, owner: Manifest = DEPLOYMENT
) -> tuple[list[str], list[str]]:
    """The keys of own replicas, with `?` for those that are only listed, and the names of others."""
    observed = observation(owner, children)
    found = read_replicas(observed.with_untracked(adoptable(observed, listed, ())), listed)
    own = [replica.key + ("" if replica.key in children else "?") for replica in found.own]
    return own, [f"{replica.namespace}/{replica.name}" for replica in found.others]


def test_a_key_names_cluster_and_index() -> None:
    assert replica_key("eks-us-east", 3) == "replica-eks-us-east-3"


def test_a_replica_in_both_lists_counts_once() -> None:
    assert own_and_others({"replica-a-0": A}, A) == (["replica-a-0"], [])


def test_an_observed_replica_counts_although_it_is_not_listed_yet() -> None:
    assert own_and_others({"replica-a-0": A}) == (["replica-a-0"], [])


def test_a_listed_replica_that_the_deployment_controls_counts_although_it_is_not_observed() -> None:
    assert own_and_others({}, A) == (["replica-a-0?"], [])


OURS = owned_by(DEPLOYMENT)[0]
NOT_OURS: dict[str, Any] = {
    "none": None,
    "empty": [],
    "a namesake": owned_by(deployment(namespace="other-team")),
    "not its controller": [{**OURS, "controller": False}],
    "our uid under another name": [{**OURS, "name": "talk"}],
    "our uid and another kind": [{**OURS, "kind": "ModelService"}],
    "our uid and another group": [{**OURS, "apiVersion": "example.com/v1alpha1"}],
    "our uid and no group": [{**OURS, "apiVersion": "v1alpha1"}],
    "our uid without apiVersion": [{key: value for key, value in OURS.items() if key != "apiVersion"}],
    "our name and another uid": [{**OURS, "uid": "uid-of-before"}],
    "two controllers": [OURS, {**OURS, "name": "talk", "uid": "uid-of-talk"}],
    "no text": [{**OURS, "uid": 7}],
}


@pytest.mark.parametrize("owners", NOT_OURS.values(), ids=NOT_OURS)
def test_a_replica_that_another_or_nobody_controls_belongs_to_no_deployment(owners: Any) -> None:
    assert own_and_others({}, changed(A, ownerReferences=owners)) == ([], [f"ml-team/{unstructured.name_of(A)}"])


def test_a_replica_in_another_namespace_belongs_to_another_deployment_whatever_it_says_of_its_owner() -> None:
    """Its owner's uid is no secret, and its spec is what that namespace says."""
    theirs = changed(A, namespace="other-team")
    assert own_and_others({}, theirs) == ([], [f"other-team/{unstructured.name_of(A)}"])
    answered = composed(DEPLOYMENT, FLEET, {"replica-b-0": B}, listed=[theirs])
    assert answered.children["replica-a-0"].manifest["metadata"]["namespace"] == "ml-team"
    assert answered.children["replica-a-0"].manifest == composed(DEPLOYMENT, FLEET).children["replica-a-0"].manifest


def test_another_version_of_our_kind_is_our_kind() -> None:
    assert own_and_others({}, changed(A, ownerReferences=[{**OURS, "apiVersion": "modelplane.ai/v2"}])) == (
        ["replica-a-0?"],
        [],
    )


def test_a_namesake_in_another_namespace_belongs_to_another_deployment() -> None:
    other = deployment(2, namespace="other-team")
    theirs = running(other, FLEET)["replica-a-0"]
    assert own_and_others({"replica-a-0": A}, theirs) == (
        ["replica-a-0"],
        [f"other-team/{unstructured.name_of(theirs)}"],
    )


def test_without_uids_namespace_and_label_tell() -> None:
    offline = {**DEPLOYMENT, "metadata": {"name": "chat", "namespace": "ml-team"}}
    bare = changed(A, ownerReferences=None)
    assert own_and_others({}, bare, owner=offline) == (["replica-a-0?"], [])
    assert own_and_others({}, changed(bare, namespace="other-team"), owner=offline)[0] == []
    assert own_and_others({}, changed(bare, labels={"modelplane.ai/deployment": "talk"}), owner=offline)[0] == []


@pytest.mark.parametrize(
    ("notes", "labels", "key"),
    [
        ({KEY: "replica-a-7"}, {}, "replica-a-7"),
        ({KEY: "replica-b-7"}, {"modelplane.ai/replica-index": "2"}, "replica-a-2"),
        ({}, {"modelplane.ai/replica-index": "2"}, "replica-a-2"),
        ({}, {"modelplane.ai/replica-index": "-2"}, "replica-a-0"),
        ({}, {"modelplane.ai/replica-index": "two"}, "replica-a-0"),
        ({}, {"modelplane.ai/replica-index": "٣"}, "replica-a-0"),
        ({}, {}, "replica-a-0"),
    ],
)
def test_the_place_of_a_listed_replica_is_read_from_its_key_or_else_its_label(
    notes: dict[str, str], labels: dict[str, str], key: str
) -> None:
    assert own_and_others({}, changed(A, annotations=notes, labels=labels)) == ([f"{key}?"], [])


def test_the_place_of_an_observed_replica_is_its_key_whatever_else_it_says() -> None:
    found = read_replicas(observation(DEPLOYMENT, {"replica-b-3": changed(A, labels={})}), ())
    (replica,) = found.own
    assert (replica.replica.cluster, replica.replica.index, replica.endpoint_key) == ("b", 3, "endpoint-b-3")
    assert found.faults == (
        f"ModelReplica ml-team/{unstructured.name_of(A)} cannot be read: spec.clusterName is a and its place is on b",
    )


def test_an_observed_child_whose_key_says_no_place_keeps_its_own() -> None:
    found = read_replicas(observation(DEPLOYMENT, {"replica-odd": A}), ())
    assert [(replica.replica.cluster, replica.replica.index) for replica in found.own] == [("a", 0)]


def test_of_two_listed_with_one_key_the_one_that_is_not_being_deleted_is_ours() -> None:
    """Of a replica of another deployment only the nodes count (in place of rule 22)."""
    old, new = terminating(changed(A, name="chat-1")), changed(A, name="chat-2")
    assert own_and_others({}, old, new) == (["replica-a-0?"], ["ml-team/chat-1"])
    assert own_and_others({}, new, old) == (["replica-a-0?"], ["ml-team/chat-1"])


# ---------------------------------------------------------------------- at the composer


def test_of_two_replicas_with_one_place_the_untracked_one_gets_the_next_free_number() -> None:
    twin = changed(A, name="chat-twin", uid="uid-of-a-twin")
    fleet = [cluster("a", pool("a100", 2))]
    answered = composed(DEPLOYMENT, fleet, {"replica-a-0": A}, listed=[twin])
    assert set(answered.children) == {"replica-a-0", "endpoint-a-0", "replica-a-1", "endpoint-a-1"}
    made = answered.children["replica-a-1"].manifest
    assert unstructured.name_of(made) == "chat-twin"
    assert made["metadata"]["labels"]["modelplane.ai/replica-index"] == "1"
    assert made["spec"] == A["spec"]
    assert reasons(answered)["Held"] == "False/InputsResolved"
    assert answered.status["replicas"] == {"desired": 2, "total": 2, "ready": 2}


def test_twins_that_nothing_tracks_get_numbers_that_nobody_else_has() -> None:
    twins = [changed(A, name=f"chat-{n}", uid=f"uid-{n}") for n in range(3)]
    going = terminating(changed(A, name="chat-9", uid="uid-9", annotations={KEY: "replica-a-1"}))
    later = changed(A, name="chat-x", uid="uid-x", annotations={KEY: "replica-a-2"})
    found = adoptable(observation(DEPLOYMENT), [*twins, going, later], ())
    assert {key: unstructured.name_of(replica) for key, replica in found.items()} == {
        "replica-a-0": "chat-0",
        "replica-a-2": "chat-x",
        "replica-a-3": "chat-1",
        "replica-a-4": "chat-2",
    }


def test_a_replica_that_is_only_listed_is_taken_up_again_as_it_is() -> None:
    labelled = deployment(2, template={"metadata": {"labels": {"team": "nlp"}}})
    answered = composed(labelled, FLEET, {"replica-a-0": A}, listed=[B])
    assert sorted(answered.children) == ["endpoint-a-0", "endpoint-b-0", "replica-a-0", "replica-b-0"]
    taken_up = answered.children["replica-b-0"].manifest
    assert taken_up["spec"] == B["spec"]
    assert taken_up["metadata"]["labels"] == {**B["metadata"]["labels"], "team": "nlp"}
    assert taken_up["metadata"]["name"] == unstructured.name_of(B)
    assert answered.children["replica-b-0"].readiness.ready
    assert answered.status["replicas"] == {"desired": 2, "total": 2, "ready": 2}


def test_a_replica_that_is_only_listed_and_cannot_be_taken_up_is_left_alone() -> None:
    alien = changed(B, managedFields=[{"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:spec": {}}}])
    answered = composed(DEPLOYMENT, FLEET, {"replica-a-0": A}, listed=[alien])
    assert sorted(answered.children) == ["endpoint-a-0", "replica-a-0", "replica-b-1"], (
        "it counts for nothing, and keeps its name"
    )
    assert reasons(answered)["Held"] == "True/InputInvalid"
    assert messages(answered)["Held"] == (
        f"ModelReplica ml-team/{unstructured.name_of(B)} is controlled by this deployment, which never wrote it; "
        "it is left alone and charged: delete it if nobody needs it"
    )


def test_a_replica_being_deleted_holds_its_node_and_its_index() -> None:
    fleet = [cluster("a", pool("a100", 2))]
    answered = composed(deployment(1), fleet, {"replica-a-0": terminating(A)})
    assert sorted(answered.children) == ["replica-a-0", "replica-a-1"]
    full = composed(deployment(1), [cluster("a", pool("a100", 1))], {"replica-a-0": terminating(A)})
    assert sorted(full.children) == ["replica-a-0"]
    assert reasons(full)["ReplicasScheduled"] == "False/InsufficientCapacity"


def test_a_replica_being_deleted_that_is_only_listed_holds_its_index() -> None:
    answered = composed(deployment(1), [cluster("a")], listed=[terminating(A)])
    assert sorted(answered.children) == ["replica-a-1"]


@pytest.mark.parametrize(
    ("others", "places"),
    [
        ([taken("a")], []),
        ([taken("a", pool_name="gone")], ["replica-a-0"]),
        ([changed(taken("a"), namespace="ml-team", labels={"modelplane.ai/deployment": "chat"})], []),
        ([terminating(taken("a"))], []),
        ([taken("b")], ["replica-a-0"]),
    ],
    ids=["another's", "in a pool that is not published", "written by hand", "being deleted", "elsewhere"],
)
def test_others_are_charged_for_their_nodes(others: list[Manifest], places: list[str]) -> None:
    """Rules 17 and 18."""
    assert sorted(composed(deployment(1), [cluster("a", pool("a100", 1))], listed=others).children) == places


def test_a_others_leader_that_claims_nothing_takes_no_node() -> None:
    """Rule 19."""
    gang = taken("a")
    worker = {**gang["spec"]["engines"][0]["members"][0], "role": "Worker", "worker": {"nodes": 2}}
    leader = {"role": "Leader", "nodePoolName": "a100", "template": worker["template"]}
    gang["spec"]["engines"][0] = {"name": "vllm", "copies": 1, "members": [leader, worker]}
    assert sorted(composed(deployment(2), [cluster("a", pool("a100", 3))], listed=[gang]).children) == ["replica-a-0"]


def test_our_own_replica_on_the_only_node_is_not_counted_against_itself() -> None:
    """Rule 17."""
    answered = composed(deployment(1), [cluster("a", pool("a100", 1))], {"replica-a-0": A})
    assert reasons(answered)["Overcommitted"] == "False/WithinCapacity"
    assert answered.children["replica-a-0"].manifest["spec"] == A["spec"]


def test_an_own_replica_that_cannot_be_read_is_kept_and_named() -> None:
    broken = {**A, "spec": "junk"}
    answered = composed(DEPLOYMENT, FLEET, {**CHILDREN, "replica-a-0": broken})
    assert set(answered.children) == set(CHILDREN)
    assert reasons(answered)["Held"] == "True/InputInvalid"
    assert messages(answered)["Held"] == (
        f"ModelReplica ml-team/{unstructured.name_of(A)} cannot be read: spec is not an object; "
        "it is charged as far as it can be"
    )


def test_whether_a_replica_serves_is_its_ready_condition_and_nothing_when_it_says_neither() -> None:
    bare = {key: value for key, value in A.items() if key != "status"}
    cases = {
        "True": True,
        "False": False,
        "Unknown": None,
    }
    for status, serves in cases.items():
        children = {"replica-a-0": with_condition(bare, "Ready", status)}
        assert [replica.serves for replica in read_replicas(observation(DEPLOYMENT, children), ()).own] == [serves]
    assert [replica.serves for replica in read_replicas(observation(DEPLOYMENT, {"replica-a-0": bare}), ()).own] == [
        None
    ]


def test_notes_of_others_on_a_replica_are_not_ours() -> None:
    noted = annotated(A, "kubectl.kubernetes.io/restartedAt", "2026-01-01T00:00:00Z")
    answered = composed(DEPLOYMENT, FLEET, {**CHILDREN, "replica-a-0": noted})
    assert "annotations" not in answered.children["replica-a-0"].manifest["metadata"]
