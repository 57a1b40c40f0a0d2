"""What moves a replica, on a real control plane: nobody has fewer replicas that serve than was promised, at any time.

All of it began before the tests of restarts, and has gone on through them.
"""

from __future__ import annotations

import pytest

from function.composition import unstructured
from tests.e2e.bed import moving as scene
from tests.e2e.bed.departing import Departing
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.moving import CRAMPED, MOVABLE, MOVING_DEPLOYMENTS, RIVALS, STUCK, SURGING, Moving, MovingDeployment
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.quickstart import repaired


@pytest.mark.parametrize("moved", [SURGING, CRAMPED, MOVABLE], ids=lambda moved: moved.name)
def test_what_moves_arrives(bed: Bed, moving: Moving, journal: Journal, moved: MovingDeployment) -> None:
    bed.processes.until(f"{moved.name} has moved", lambda: moving.seconds(moved), 420)
    journal.note(f"{moved.name} moves for", moving.seconds(moved))

    def rests() -> bool:
        return moving.reason(moved.name, "Progressing") == "Complete"

    bed.processes.until(f"{moved.name} says so", rests)
    assert moving.revisions(moved.name) == [(moved.replicas, moved.replicas)]
    assert unstructured.is_true(moving.deployment(moved.name), "Ready")


def test_a_replica_that_is_drained_is_on_the_other_cluster(moving: Moving) -> None:
    assert moving.seconds(MOVABLE)
    assert [placement["cluster"] for placement in moving.deployment(MOVABLE.name)["status"]["placements"]] == ["ams-1"]


def test_a_replica_that_is_drained_and_has_no_other_place_stays_and_says_so(bed: Bed, moving: Moving) -> None:
    with repaired(lambda: scene.taint(bed)):
        condition = unstructured.condition(moving.deployment(STUCK.name), "PlacementDrifted")
        assert (condition["status"], condition["reason"]) == ("True", "DrainBlocked")
        assert moving.watch.latest.pods[STUCK.name] == moving.first[STUCK.name]

    def calm() -> bool:
        return moving.reason(STUCK.name, "PlacementDrifted") != "DrainBlocked"

    bed.await_with_looks("nothing is drained any more", calm, 90, scene.NAMESPACE)
    assert moving.watch.latest.pods[STUCK.name] == moving.first[STUCK.name]


def test_of_two_deployments_that_ask_for_one_node_one_has_it_and_the_other_says_why_not(
    bed: Bed, moving: Moving
) -> None:
    shown = {name: unstructured.mapping(moving.deployment(name), "status", "replicas") for name in RIVALS}
    assert sorted((counts["total"], counts["ready"]) for counts in shown.values()) == [(0, 0), (1, 1)]
    (loser,) = (name for name, counts in shown.items() if not counts["total"])
    (winner,) = set(RIVALS) - {loser}
    assert moving.watch.most_pods(*RIVALS) == 1
    assert len(moving.watch.served(*RIVALS)) == 1, "what has served has not yielded"
    message = bed.message("ModelDeployment", loser, "ReplicasScheduled", scene.NAMESPACE)
    assert "1 needs 1 free node in pool arena (0 free)" in message
    bed.control.kubectl("delete", "modeldeployment", winner, "-n", scene.NAMESPACE, "--wait=false")
    ready = ("ModelDeployment", loser, "Ready", scene.NAMESPACE)
    bed.await_with_looks("the other one has it", lambda: bed.is_true(*ready), 180, scene.NAMESPACE)


@pytest.mark.parametrize("moved", MOVING_DEPLOYMENTS, ids=lambda moved: moved.name)
def test_as_many_replicas_as_promised_have_served_all_the_time(moving: Moving, moved: MovingDeployment) -> None:
    assert moving.watch.least(moved.name) >= moved.least


def test_no_route_has_named_what_was_not_there(moving: Moving) -> None:
    assert [sample.astray for sample in moving.watch.samples if sample.astray] == []


@pytest.mark.parametrize("moved", MOVING_DEPLOYMENTS, ids=lambda moved: moved.name)
def test_every_request_was_answered_while_replicas_moved(moving: Moving, moved: MovingDeployment) -> None:
    traffic = moving.traffic[moved.name]
    if not moving.bed.isolated:
        log_line("NOT CHECKED: that no request fails while replicas move, since none can be sent")
        return
    assert len(traffic.answers) > 100
    assert traffic.failures == []
    pods = {answer.body["pod"] for answer in traffic.answers}
    assert len(pods) == moved.replicas * (1 if moved is STUCK else 2), "each pod has answered some"


def test_all_of_it_can_be_deleted(departing: Departing) -> None:
    """What comes of it is seen after the tests of doubt."""
    assert departing.since
