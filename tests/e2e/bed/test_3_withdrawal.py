"""A pod that fails, or is killed, loses its traffic within seconds, and gets it back when it serves again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, TypeAlias

import pytest

from function.api import labels
from function.composition import Manifest, unstructured
from function.routing.model_service import NOTICE
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.quickstart import NAMESPACE, REPLICAS, Serving, repaired
from tests.e2e.bed.traffic import GATEWAY_FOLLOWS, OK, SOME, Traffic

DRAINS_WITHIN: Final = 10
ROUTED_WITHIN: Final = DRAINS_WITHIN + NOTICE.total_seconds()

Failure: TypeAlias = Callable[[Bed, Manifest], AbstractContextManager[None]]


@contextmanager
def _not_ready(bed: Bed, pod: Manifest) -> Iterator[None]:
    """Write what a kubelet writes when a pod's readiness probe fails, and then when it succeeds again."""
    status = pod["status"]
    failing = {
        "conditions": [
            {**item, "status": "False"} if item["type"] in {"Ready", "ContainersReady"} else item
            for item in status["conditions"]
        ],
        "containerStatuses": [{**item, "ready": False} for item in status["containerStatuses"]],
    }
    api = bed.inference["ams-1"].api
    api.patch(pod, {"status": failing}, "status")
    with repaired(lambda: api.patch(pod, {"status": {key: status[key] for key in failing}}, "status")):
        yield


@contextmanager
def _killed(bed: Bed, pod: Manifest) -> Iterator[None]:
    """Kill a pod on a node that takes no new ones, until it does again."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": pod["spec"]["nodeName"]}}
    api = bed.inference["ams-1"].api
    api.patch(node, {"spec": {"unschedulable": True}})
    with repaired(lambda: api.patch(node, {"spec": {"unschedulable": None}})):
        api.delete(pod)
        yield


@pytest.mark.parametrize("failure", [_not_ready, _killed])
def test_a_pod_that_does_not_serve_loses_its_traffic_within_seconds_and_gets_it_back(
    bed: Bed, serving: Serving, journal: Journal, failure: Failure
) -> None:
    before = serving.facts()
    pod = serving.pods()[0]
    replica = unstructured.labels(pod)[labels.REPLICA]

    def seconds(what: str, ask: Callable[[], object]) -> float:
        bed.processes.until(what, ask)
        passed = time.monotonic() - started
        journal.note(f"a pod is{failure.__name__.replace('_', ' ')}: {what}", passed)
        return passed

    started = time.monotonic()
    with Traffic(f"{before.address}/v1/models", sends=bed.isolated) as traffic:
        with failure(bed, pod):
            seconds("its replica is not Ready", lambda: not bed.is_true("ModelReplica", replica, "Ready", NAMESPACE))
            drained = seconds(
                "its endpoint drains", lambda: replica not in map(unstructured.name_of, serving.endpoints())
            )
            routed = seconds("the route leaves it out", lambda: len(serving.route_backends()) == REPLICAS - 1)
            left_out = time.time()
            assert serving.is_ready, "the other replica goes on serving"
            settled = left_out + MACHINE_SPEED.scaled(GATEWAY_FOLLOWS)
            if bed.isolated:
                bed.processes.until("requests go on without it", lambda: len(traffic.since(settled)) >= SOME)
            started = time.monotonic()
        back = seconds("the route has it again", lambda: len(serving.route_backends()) == REPLICAS)
    assert [answer for answer in traffic.since(settled) if answer.status != OK] == [], "errors end with its traffic"
    if not bed.isolated:
        log_line("NOT CHECKED: that errors end with its traffic, since no request can be sent")
    assert drained < MACHINE_SPEED.scaled(DRAINS_WITHIN)
    assert routed < MACHINE_SPEED.scaled(ROUTED_WITHIN)
    assert back < MACHINE_SPEED.scaled(ROUTED_WITHIN)
    serving.await_ready()
    after = serving.facts()
    assert (after.endpoints, after.backends, after.address) == (before.endpoints, before.backends, before.address)
    assert len(after.pods) == REPLICAS
