"""The gateway goes, and comes back: services keep what they have, and whatever is deleted meanwhile goes too."""

from __future__ import annotations

import time
from functools import partial

from function.composition import unstructured
from function.routing.gateways.metallb import METALLB
from tests.e2e.bed import leftovers
from tests.e2e.bed.deletion_orders import LEFT, NAMESPACE, SERVICE, DeletionOrders
from tests.e2e.bed.departing import ByHand
from tests.e2e.bed.external_endpoints import backends, open_gateway
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import NAMESPACE as TEAM
from tests.e2e.bed.quickstart import REPLICAS, Serving
from tests.e2e.bed.traffic import OK, ask


def test_a_gateway_goes_before_its_services_which_stay_and_say_so(bed: Bed, orders: DeletionOrders) -> None:
    def say_so() -> bool:
        services = [("chat", TEAM), *((name, NAMESPACE) for name in orders.left(SERVICE))]
        found = [
            unstructured.condition(bed.composite(SERVICE, *service), "GatewayResolved").get("reason")
            for service in services
        ]
        return {*found} == {"GatewayNotFound"}

    bed.await_with_looks("the gateway is gone", lambda: not bed.composite("InferenceGateway", "default"), 120)
    bed.await_with_looks("the services say that there is no gateway", say_so, 60, TEAM, NAMESPACE)
    assert LEFT in orders.left(SERVICE)
    assert not bed.is_true(SERVICE, LEFT, "Ready", NAMESPACE)
    assert len(orders.backends(LEFT)) == 1, "its route stays"
    assert not [line for line in leftovers.of_control(bed) if "InferenceGateway" in line]
    assert leftovers.stays(bed, METALLB.namespace), "Helm's record of the Release is there"


def test_services_and_endpoints_go_without_a_gateway_in_either_order(orders: DeletionOrders) -> None:
    orders.delete(orders.after_gateway())
    assert [orders.left(kind) for kind in ("ModelService", "ModelEndpoint")] == [{LEFT}, {LEFT}]


def test_a_replica_that_was_deleted_by_hand_has_another_in_its_place(
    bed: Bed, serving: Serving, by_hand: ByHand, journal: Journal
) -> None:
    bed.processes.until("another replica serves in its place", lambda: by_hand.back.result, 120)
    journal.note("teardown: a replica, by hand, until another one serves", by_hand.back.at - by_hand.since)
    assert by_hand.other in {replica["metadata"]["uid"] for replica in serving.replicas()}


def test_a_gateway_that_comes_back_serves_every_service_at_its_old_url(
    bed: Bed, serving: Serving, orders: DeletionOrders, journal: Journal
) -> None:
    services = {("chat", TEAM): REPLICAS, (LEFT, NAMESPACE): 1}
    assert orders.left(SERVICE) == {LEFT}
    before = {service: bed.composite(SERVICE, *service)["status"]["address"] for service in services}
    started = time.monotonic()
    bed.control.kubectl.apply_objects([open_gateway()])

    def served() -> bool:
        ready = all(bed.is_true(SERVICE, name, "Ready", team) for name, team in services)
        return ready and {service: len(backends(bed, *service)) for service in services} == services

    bed.await_with_looks("every service is Ready", served, 120, TEAM, NAMESPACE)
    journal.note("a gateway that comes back: every service is Ready", time.monotonic() - started)
    assert serving.is_ready
    assert {service: bed.composite(SERVICE, *service)["status"]["address"] for service in services} == before
    for url in before.values() if bed.isolated else ():
        bed.processes.until(f"{url} answers", partial(_answers, url))
    bed.forget(NAMESPACE)


def _answers(url: str) -> bool:
    return ask(f"{url}/v1/models").status == OK
