"""An engine of one pod becomes a Deployment, ready once a pod of this generation answers."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.support.replicas import composed, engine, remotes, replica, workload_is_ready

AVAILABLE = {"type": "Available", "status": "True"}


def of_deployment(replicas: int, available: int, updated: int, **more: Any) -> Manifest:
    counts = {"replicas": replicas, "availableReplicas": available, "updatedReplicas": updated}
    present = {key: count for key, count in counts.items() if count}
    return {"observedGeneration": 1, "conditions": [AVAILABLE], **present, **more}


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
    assert workload_is_ready(engine(copies=copies), status) is ready


def test_a_deployment_is_not_ready_by_what_it_said_of_an_earlier_generation() -> None:
    assert workload_is_ready(engine(), of_deployment(1, 1, 1, observedGeneration=2), generation=2)
    assert not workload_is_ready(engine(), of_deployment(1, 1, 1), generation=2)


def test_a_pod_on_its_own_is_told_of_no_leader() -> None:
    made = remotes(composed(replica()))["model-serving-vllm"]
    assert "env" not in made["spec"]["template"]["spec"]["containers"][0]
