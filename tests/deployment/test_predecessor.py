"""A replica whose name an earlier one had: what that one has on the cluster goes first.

Both give the same names to what they have there, so whoever removes the old would remove the new.
"""

from __future__ import annotations

from typing import Any

import pytest

from function.composition import Manifest, Requirement
from function.replica import model_replica
from tests.support.deployments import KEY, owned_by
from tests.support.observe import answer, reasons
from tests.support.replicas import CLUSTER, composed, observed, replica

REPLICA: Manifest = {**replica(), "metadata": {**replica()["metadata"], "uid": "of-the-new"}}


def left(name: str = "chat-old", owner: str = "of-the-old") -> Manifest:
    """An Object of a replica, on its way out."""
    meta: dict[str, Any] = {"name": name, "namespace": "ml-team", "labels": {"modelplane.ai/replica": "chat-1"}}
    meta["ownerReferences"] = owned_by({**REPLICA, "metadata": {"name": "chat-1", "uid": owner}})
    return {"apiVersion": "kubernetes.m.crossplane.io/v1alpha1", "kind": "Object", "metadata": meta}


def test_every_object_of_a_replica_can_be_found_by_its_name() -> None:
    children = composed(REPLICA).children
    marks = {key: child.manifest["metadata"]["labels"] for key, child in children.items()}
    assert marks == {key: {"modelplane.ai/replica": "chat-1"} for key in children}
    assert composed(REPLICA).requirements["remains"] == Requirement(
        "kubernetes.m.crossplane.io/v1alpha1", "Object", labels={"modelplane.ai/replica": "chat-1"}, namespace="ml-team"
    )


@pytest.mark.parametrize("remains", [[left()], [left("chat-old-2"), left(), left("chat-old-1")], [left(), {}]])
def test_nothing_is_composed_while_an_earlier_one_of_its_name_has_anything_there(remains: list[Manifest]) -> None:
    made = composed(REPLICA, found={"remains": remains})
    assert dict(made.children) == {}
    assert not made.ready
    assert reasons(made)["ModelAccepted"] == "False/PredecessorTerminating"
    assert made.ttl_seconds == 3


def test_it_says_what_it_waits_for() -> None:
    made = composed(REPLICA, found={"remains": [left("b"), left("a"), left("c")]})
    (message,) = [condition.message for condition in made.conditions if condition.type == "ModelAccepted"]
    assert message == "Object a and 2 more of an earlier replica of this name still being removed from the cluster"


def test_nothing_is_composed_before_it_is_known_what_an_earlier_one_has_there() -> None:
    made = answer(model_replica.COMPOSER, REPLICA, {}, {"cluster": [CLUSTER]})
    assert dict(made.children) == {}
    assert reasons(made)["Held"] == "True/InputUnresolved"


OURS = owned_by(REPLICA)[0]


@pytest.mark.parametrize(
    "owner",
    [
        {**OURS, "name": "chat-2"},
        {**OURS, "kind": "ModelDeployment"},
        {**OURS, "apiVersion": "example.com/v1"},
        {**OURS, "controller": False},
    ],
    ids=["name", "kind", "group", "no controller"],
)
def test_what_has_only_our_uid_is_waited_for(owner: Manifest) -> None:
    """It may have been written by anybody, and somebody else may remove it."""
    theirs = {**left(), "metadata": {**left()["metadata"], "ownerReferences": [owner]}}
    assert dict(composed(REPLICA, found={"remains": [theirs]}).children) == {}


def lost(children: dict[str, Manifest]) -> list[Manifest]:
    """The Objects of the replica as a requirement finds them, when Crossplane has lost track of them."""
    return [
        {**child, "metadata": {**child["metadata"], "annotations": {KEY: key}, "ownerReferences": [OURS]}}
        for key, child in children.items()
    ]


def test_what_crossplane_has_lost_track_of_is_taken_up_as_it_runs() -> None:
    """A version that makes other pods does not restart engines because of that, nor do names change."""
    children = observed(composed(REPLICA))
    runs = children["model-serving-vllm"]["spec"]["forProvider"]["manifest"]
    runs["metadata"]["name"] = "named-by-an-earlier-version"
    runs["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 7
    made = composed(REPLICA, found={"remains": lost(children)})
    assert made.children.keys() == composed(REPLICA, children).children.keys()
    assert made.children["model-serving-vllm"].manifest["spec"]["forProvider"]["manifest"] == runs
    names = {key: child.manifest["metadata"].get("name") for key, child in made.children.items()}
    assert names == {key: child["metadata"]["name"] for key, child in children.items()}


def test_what_is_its_own_is_not_waited_for() -> None:
    assert (
        composed(REPLICA, found={"remains": [left(owner="of-the-new")]}).children.keys()
        == composed(REPLICA).children.keys()
    )


def test_nobody_asks_any_more_once_something_is_composed() -> None:
    children = observed(composed(REPLICA))
    for some in (children, {"model-route": children["model-route"]}):
        made = answer(model_replica.COMPOSER, REPLICA, some, {"cluster": [CLUSTER]})
        assert set(made.requirements) == {"cluster", "pods"}
        assert made.children.keys() >= composed(REPLICA).children.keys()
