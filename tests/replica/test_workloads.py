"""A workload is ready once this generation of it answers, a Deployment and a LeaderWorkerSet alike."""

from typing import Any

import pytest

from function.composition import Manifest
from function.preview import cel
from tests.support.observe import with_condition
from tests.support.replicas import composed, engine, gang, observed, remotes, replica, serving

AVAILABLE = {"type": "Available", "status": "True"}


def is_ready(obj: Manifest, status: Manifest, generation: int = 1) -> bool:
    """Whether the Object of the workload of a replica's only engine is Ready by its own query."""
    child = composed(replica(obj)).children["model-serving-vllm"].manifest
    workload = dict(child["spec"]["forProvider"]["manifest"])
    workload["metadata"] = {**workload["metadata"], "generation": generation}
    return cel.holds(child["spec"]["readiness"]["celQuery"], {**workload, "status": status})[0]


def of_deployment(replicas: int, available: int, updated: int, **more: Any) -> Manifest:
    counts = {"replicas": replicas, "availableReplicas": available, "updatedReplicas": updated}
    said = {key: count for key, count in counts.items() if count}
    return {"observedGeneration": 1, "conditions": [AVAILABLE], **said, **more}


@pytest.mark.parametrize(
    ("copies", "status", "ready"),
    [
        (1, of_deployment(1, 1, 1), True),
        (1, of_deployment(1, 0, 1), False),
        (1, of_deployment(1, 1, 0), False),
        (3, of_deployment(3, 2, 3), True),
        (3, of_deployment(3, 2, 1), False),
        (3, of_deployment(3, 2, 2), True),
        (3, of_deployment(3, 1, 3, conditions=[{**AVAILABLE, "status": "False"}]), False),
        (1, of_deployment(1, 1, 1, conditions=[]), False),
        (1, {}, False),
    ],
)
def test_a_deployment_is_ready_once_a_pod_of_this_generation_answers_whatever_it_calls_itself(
    copies: int,
    status: Manifest,
    ready: bool,  # noqa: FBT001  # a case of the table
) -> None:
    assert is_ready(engine(copies=copies), status) is ready


def test_a_deployment_is_not_ready_by_what_it_said_of_an_earlier_generation() -> None:
    assert is_ready(engine(), of_deployment(1, 1, 1, observedGeneration=2), generation=2)
    assert not is_ready(engine(), of_deployment(1, 1, 1), generation=2)


@pytest.mark.parametrize(
    ("copies", "ready_gangs", "updated", "ready"),
    [(1, 1, 1, True), (1, 0, 1, False), (1, 1, 0, False), (3, 2, 3, True), (3, 2, 1, False), (3, 1, 3, False)],
)
def test_a_leader_worker_set_is_ready_once_a_gang_of_this_generation_answers(
    copies: int,
    ready_gangs: int,
    updated: int,
    ready: bool,  # noqa: FBT001  # a case of the table
) -> None:
    counts = {"replicas": copies, "readyReplicas": ready_gangs, "updatedReplicas": updated}
    assert is_ready(gang(copies=copies), {key: count for key, count in counts.items() if count}) is ready
    assert not is_ready(gang(copies=copies), {})


def test_gangs_that_are_missing_are_counted_in_the_message() -> None:
    obj = replica(gang(copies=2))
    children = observed(composed(obj), model_serving_vllm="False")
    workload = children["model-serving-vllm"]["status"]["atProvider"]["manifest"]
    said = {**AVAILABLE, "status": "False", "message": "Replicas are progressing"}
    workload["status"] = {"readyReplicas": 1, "conditions": [said]}
    (told,) = [c.message for c in composed(obj, children).conditions if c.type == "ModelReady"]
    assert told == "model-serving-vllm: 1 of 2 gangs ready: Replicas are progressing"


def rolling(kind: str, **status: int) -> tuple[Manifest, dict[str, Manifest]]:
    """A replica that served, and whose workload of two copies now counts so."""
    obj, children = serving(replica(engine(copies=2) if kind == "Deployment" else gang(copies=2)))
    workload = children["model-serving-vllm"]["status"]["atProvider"]["manifest"]
    workload["status"] = status
    return obj, {**children, "model-serving-vllm": with_condition(children["model-serving-vllm"], "Ready", "False")}


@pytest.mark.parametrize(("kind", "count"), [("Deployment", "availableReplicas"), ("LeaderWorkerSet", "readyReplicas")])
def test_what_has_served_stays_ready_while_its_pods_are_replaced_and_some_answer(kind: str, count: str) -> None:
    answered = composed(*rolling(kind, updatedReplicas=1, **{count: 1}))
    assert answered.ready
    (told,) = [c.message for c in answered.conditions if c.type == "ModelReady"]
    assert told.endswith("/ is served; model-serving-vllm: 1 of 2 copies are replaced, 1 answer")


@pytest.mark.parametrize("kind", ["Deployment", "LeaderWorkerSet"])
def test_it_is_not_ready_once_none_answers_or_when_none_is_replaced(kind: str) -> None:
    count = {"Deployment": "availableReplicas", "LeaderWorkerSet": "readyReplicas"}[kind]
    assert not composed(*rolling(kind, updatedReplicas=1)).ready
    assert not composed(*rolling(kind, updatedReplicas=2, **{count: 1})).ready


def test_what_has_not_served_is_not_ready_by_pods_that_are_replaced() -> None:
    obj, children = rolling("Deployment", updatedReplicas=1, availableReplicas=1)
    assert not composed(with_condition(obj, "Ready", "False"), children).ready


@pytest.mark.parametrize("obj", [engine(), gang()], ids=["Deployment", "LeaderWorkerSet"])
def test_what_runs_stays_as_an_earlier_version_made_it(obj: Manifest) -> None:
    thing, children = serving(replica(obj))
    for key in children:
        if key.startswith(("model-serving-", "resource-claim-")):
            children[key]["spec"]["forProvider"]["manifest"]["spec"]["madeBy"] = "an earlier version"
    answered = composed(thing, children)
    assert {key: body["spec"].get("madeBy") for key, body in remotes(answered).items() if "spec" in body} == {
        key: "an earlier version" if key.startswith(("model-serving-", "resource-claim-")) else None
        for key, body in remotes(answered).items()
        if "spec" in body
    }


def test_what_never_came_to_the_cluster_is_made_anew() -> None:
    obj = replica()
    children = observed(composed(obj), "False")
    for child in children.values():
        child["spec"]["forProvider"]["manifest"].get("spec", {})["madeBy"] = "an earlier version"
        child["status"] = {"conditions": child["status"]["conditions"]}
    assert remotes(composed(obj, children)) == remotes(composed(obj))
