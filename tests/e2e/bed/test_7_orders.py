"""Services and endpoints that are deleted in every order while the gateway is there; `test_8_gateway` has the rest."""

from __future__ import annotations

import time

from tests.e2e.bed.deletion_orders import ENDPOINT, LEFT, NAMESPACE, SERVICE, TOGETHER, DeletionOrders
from tests.e2e.bed.departing import names
from tests.e2e.bed.external_endpoints import OTHER_TEAM, TEAM, Outside
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.traffic import Traffic


def test_a_service_that_goes_leaves_the_endpoint_that_it_shared_to_the_other(bed: Bed, outside: Outside) -> None:
    with Traffic(f"{outside.url('shared')}/v1/models", sends=bed.isolated) as traffic:
        before = sorted(outside.backends("shared"))
        bed.control.kubectl.waiting("delete", "modelservice", "second", "-n", TEAM)
        bed.touch(TEAM)
        bed.processes.until("its route is gone", lambda: not outside.backends("second"))
        assert sorted(outside.backends("shared")) == before == ["plain", "sealed"]
    assert traffic.failures == []


def test_service_and_endpoint_go_in_either_order_and_together(
    bed: Bed, orders: DeletionOrders, journal: Journal
) -> None:
    bed.processes.until("every pair is served", orders.all_serve)
    url = str(bed.composite(SERVICE, LEFT, NAMESPACE)["status"]["address"])
    started = time.monotonic()
    with Traffic(f"{url}/v1/models", sends=bed.isolated) as traffic:
        both = (f"{SERVICE.lower()}/{TOGETHER}", f"{ENDPOINT.lower()}/{TOGETHER}")
        bed.control.kubectl.waiting("delete", "-n", NAMESPACE, *both)
        orders.delete(orders.before_gateway())
    journal.note("teardown: services and endpoints, in either order", time.monotonic() - started)
    assert traffic.failures == [], "the pair that stays is served"


def test_a_service_without_its_endpoint_keeps_its_url_and_says_so(bed: Bed, orders: DeletionOrders) -> None:
    for name in orders.left(SERVICE) - orders.left(ENDPOINT):
        service = bed.composite(SERVICE, name, NAMESPACE)
        assert service["status"]["address"].endswith(f"/{NAMESPACE}/{name}")
        assert not bed.is_true(SERVICE, name, "Ready", NAMESPACE)
        assert bed.message(SERVICE, name, "EndpointsResolved", NAMESPACE)


def test_namespaces_go_with_all_the_services_and_endpoints_in_them(bed: Bed, outside: Outside) -> None:
    assert outside.service("shared")
    bed.forget(TEAM, OTHER_TEAM)

    def gone() -> bool:
        teams = (TEAM, OTHER_TEAM)
        return not any(names(bed, kind, team) for kind in (SERVICE, ENDPOINT) for team in teams)

    bed.processes.until("they are gone", gone)
