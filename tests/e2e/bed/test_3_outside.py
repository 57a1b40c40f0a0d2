"""Endpoints outside that come and go while requests are sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import pytest

from function.routing.model_service import NOTICE
from tests.e2e.bed import external_endpoints as scene
from tests.e2e.bed.external_endpoints import TEAM, Outside
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.machine_speed import MACHINE_SPEED
from tests.e2e.bed.plane import OUTSIDE, Bed
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.quickstart import repaired
from tests.e2e.bed.traffic import GATEWAY_FOLLOWS, OK, SOME, Traffic

SERVICE: Final = "flapping"
BOTH: Final = ["flapping", "plain"]
TIMES: Final = 3
NOTICED_WITHIN: Final = NOTICE.total_seconds() + 5
"""How long a service may name what is gone: until it looks again, and has Crossplane and the gateway follow."""


@pytest.fixture
def traffic(outside: Outside) -> Iterator[Traffic]:
    """Requests to the service while a test goes on."""
    sends = outside.bed.isolated
    with Traffic(f"{outside.url(SERVICE)}/v1/models", sends=sends) as sent:
        yield sent
    if not sends:
        log_line("NOT CHECKED: that requests are answered meanwhile, since none can be sent")


def test_an_endpoint_that_drains_and_comes_back_again_and_again_costs_no_request(
    bed: Bed, outside: Outside, traffic: Traffic
) -> None:
    for _ in range(TIMES):
        outside.drain("flapping", draining=True)
        _await(bed, outside, ["plain"])
        outside.drain("flapping", draining=False)
        _await(bed, outside, BOTH)
    assert traffic.failures == []
    assert not bed.isolated or {answer.backend for answer in traffic.answers} == {"plain", "other"}


def test_an_endpoint_that_is_deleted_at_once_costs_requests_only_until_its_service_notices(
    bed: Bed, outside: Outside, traffic: Traffic, journal: Journal
) -> None:
    began, configured = time.time(), "RouteConfigured"
    again = scene.endpoint("flapping", TEAM, f"http://{OUTSIDE[1]}")
    with repaired(lambda: bed.control.kubectl.apply_objects([again])):
        bed.control.kubectl("delete", "modelendpoint", "flapping", "-n", TEAM)
        bed.processes.until("the route has forgotten it", lambda: outside.backends(SERVICE) == ["plain"])
        forgotten = time.time()
        journal.note("an endpoint that is deleted at once: the route has forgotten it", forgotten - began)
        assert forgotten - began < MACHINE_SPEED.scaled(NOTICED_WITHIN)
        bed.processes.until("the service is Ready", lambda: outside.reason(SERVICE, "RoutingReady") == configured)
        settled = forgotten + MACHINE_SPEED.scaled(GATEWAY_FOLLOWS)
        if bed.isolated:
            bed.processes.until("requests go on without it", lambda: len(traffic.since(settled)) >= SOME)
    _await(bed, outside, BOTH)
    lost = [answer for answer in traffic.since(settled) if answer.status != OK]
    assert lost == []
    journal.note(f"requests that were not answered of {len(traffic.answers)}", len(traffic.failures))


def _await(bed: Bed, outside: Outside, endpoints: list[str]) -> None:
    bed.await_with_looks(
        f"the route names {endpoints}", lambda: sorted(outside.backends(SERVICE)) == endpoints, 60, TEAM
    )
