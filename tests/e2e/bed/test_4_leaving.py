"""What takes long, seen to its end: a replica drains, and a function that nobody serves is noticed."""

from __future__ import annotations

from tests.e2e.bed.journal import Journal
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.second_team import NAMESPACE, UNREACHABLE, Leaving

_DEADLINE_SECONDS = 120
"""After which Crossplane gives up an attempt to compose; the next one takes as long, unless it is restarted."""


def test_the_replica_that_was_scaled_away_went_only_after_it_had_drained(
    bed: Bed, leaving: Leaving, journal: Journal
) -> None:
    bed.processes.until("the replica is gone", lambda: leaving.gone.result, 180)
    drained = leaving.gone.at - leaving.since
    journal.note("a replica that is scaled away runs on for", drained)
    assert drained > bed.crossplane.grace.total_seconds()
    assert leaving.pod not in {pod["metadata"]["name"] for pod in leaving.serving.pods()}
    assert bed.control.api.get("modelplane.ai/v1alpha1", "ModelEndpoint", leaving.endpoint, NAMESPACE) is None


def test_a_function_that_nobody_serves_is_named_by_what_it_should_compose_within_two_minutes(
    bed: Bed, leaving: Leaving, journal: Journal
) -> None:
    bed.processes.until("Crossplane says so", lambda: leaving.given_up.result, 180)
    seconds = leaving.given_up.at - max(leaving.unreachable_since, bed.crossplane.core.since)
    journal.note("a function that nobody serves is reported after", seconds)
    assert UNREACHABLE in leaving.given_up.result or "compose-model-service" in leaving.given_up.result
    assert seconds < MACHINE_SPEED.scaled(_DEADLINE_SECONDS * 1.25)
    assert leaving.serving.is_ready, "the service stays Ready"
    assert len(leaving.serving.route_backends()) == 1, "and its route stays"
    bed.crossplane.take_over(UNREACHABLE)
