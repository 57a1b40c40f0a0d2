"""A workload is ready once this generation of it answers, a Deployment and a LeaderWorkerSet alike."""

from typing import Any

import pytest

from function.composition import Manifest
from function.preview import cel
from tests.support.replicas import composed, engine, gang, observed, replica

AVAILABLE = {"type": "Available", "status": "True"}


def is_ready(one: Manifest, status: Manifest, generation: int = 1) -> bool:
    """Whether the Object of the workload of a replica's only engine is Ready by its own query."""
    child = composed(replica(one)).children["model-serving-vllm"].manifest
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
    thing = replica(gang(copies=2))
    children = observed(composed(thing), model_serving_vllm="False")
    workload = children["model-serving-vllm"]["status"]["atProvider"]["manifest"]
    said = {**AVAILABLE, "status": "False", "message": "Replicas are progressing"}
    workload["status"] = {"readyReplicas": 1, "conditions": [said]}
    (told,) = [c.message for c in composed(thing, children).conditions if c.type == "ModelReady"]
    assert told == "model-serving-vllm: 1 of 2 gangs ready: Replicas are progressing"
