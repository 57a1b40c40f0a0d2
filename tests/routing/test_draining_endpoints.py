"""When all endpoints of a service drain, those that still serve get the requests."""

from typing import Any

import pytest

from function.composition import Manifest
from function.deployment import draining
from function.routing import endpoint_view, model_service
from tests.routing.builders import (
    SECOND,
    composed_service,
    endpoint,
    group,
    message,
    observed_route,
    publishing,
    refs,
    rows,
    served,
    service,
    weights_of,
)
from tests.support.observe import reasons

SINCE = "modelplane.ai/draining-since"
SERVES = "modelplane.ai/serves-while-draining"


def leaving(name: str, *, serves: bool = True, since: str = "2026-01-01T00:00:00Z", **meta: Any) -> Manifest:
    """The endpoint of a replica that leaves."""
    obj = endpoint(name, draining=True)
    notes = {SINCE: since, **({SERVES: "true"} if serves else {})}
    owner = {"kind": "ModelDeployment", "name": "chat", "controller": True}
    return {**obj, "metadata": {**obj["metadata"], "annotations": notes, "ownerReferences": [owner], **meta}}


def test_when_all_endpoints_drain_those_that_still_serve_get_the_requests() -> None:
    before = composed_service(service(), [endpoint("a"), endpoint("b")])
    found = [leaving("a"), leaving("b", serves=False)]
    made = composed_service(served(), found, route=observed_route(before))
    assert (weights_of(made), made.ready) == ({"a": 1}, True)
    assert reasons(made)["RoutingReady"] == "True/RoutedToDraining"
    text = "0 of 2 endpoints routable; all of them drain, and requests go to those that still serve: 1"
    assert message(made, "RoutingReady") == text
    assert made.status["summary"] == {"ready": "0/2"}
    assert "no other endpoint can be routed to" in rows(made)["a"]
    assert rows(made)["b"] == "it is draining: nothing new is sent to it"


@pytest.mark.parametrize("other", [endpoint("b"), {**endpoint("b"), "spec": "junk"}])
def test_while_another_endpoint_can_be_routed_to_one_that_drains_gets_nothing(other: Manifest) -> None:
    made = composed_service(service(), [leaving("a"), endpoint("c", draining=True), other])
    assert weights_of(made) == {"b": 1}


def test_those_that_stand_by_come_before_those_that_drain_and_those_without_weight_do_not() -> None:
    groups = service(group(priority=0), group(priority=1))
    assert weights_of(composed_service(groups, [leaving("own")], [endpoint("outside")])) == {"outside": 1}
    made = composed_service(service(group(1), group(0)), [leaving("own")], [endpoint("outside")])
    assert weights_of(made) == {"own": 1, "outside": 0}


def test_a_replica_that_leaves_gets_requests_for_a_minute_and_none_when_it_goes() -> None:
    route = observed_route(composed_service(service(), [endpoint("a")]))
    at = {
        seconds: composed_service(served(), [leaving("a")], route=route, after=seconds * SECOND) for seconds in (58, 60)
    }
    assert weights_of(at[58]) == {"a": 1}
    assert at[58].ttl_seconds == 2
    assert (weights_of(at[60]), at[60].ready) == ({}, False)
    assert reasons(at[60])["RoutingReady"] == "False/NoRoutableEndpoint"


def test_no_route_names_a_replica_any_more_when_it_goes() -> None:
    assert endpoint_view.LAST_RESORT + 2 * model_service.NOTICE < draining.GRACE


@pytest.mark.parametrize(
    "gone",
    [
        leaving("a", serves=False),
        leaving("a", since="yesterday"),
        leaving("a", annotations={}),
        leaving("a", deletionTimestamp="2026-01-01T00:00:00Z"),
        {**leaving("a"), "status": {}},
        {**endpoint("a", draining=True), "status": {}},
    ],
)
def test_an_endpoint_that_is_not_known_to_serve_gets_nothing_when_all_drain(gone: Manifest) -> None:
    assert weights_of(composed_service(service(), [gone])) == {}


def test_an_endpoint_of_nobody_gets_requests_until_it_is_deleted_when_all_drain() -> None:
    route = observed_route(composed_service(service(), [endpoint("a")]))
    made = composed_service(served(), [endpoint("a", draining=True)], route=route, after=86400 * SECOND)
    assert (weights_of(made), made.ready) == ({"a": 1}, True)


def test_the_last_endpoint_that_drains_keeps_its_backend_when_it_cannot_be_read() -> None:
    before = composed_service(service(), [leaving("a")])
    garbled = publishing(port="x")(leaving("a"))
    made = composed_service(served(), [garbled], route=observed_route(before))
    assert refs(made) == refs(before) != []
    assert reasons(made)["Held"] == "True/InputInvalid"
    other = composed_service(served(), [garbled, endpoint("b")], route=observed_route(before))
    assert weights_of(other) == {"b": 1}
