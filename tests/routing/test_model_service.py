"""A ModelService shares requests between endpoints, and says whether they are answered."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.routing.builders import (
    JUNK,
    URL,
    composed_service,
    endpoint,
    gateway,
    group,
    message,
    observed_route,
    open_gateway,
    refs,
    rows,
    rule,
    served,
    service,
    true,
    weights_of,
)
from tests.support.observe import reasons

# --------------------------------------------------------------------- which endpoints


def test_endpoints_are_asked_for_in_the_services_own_namespace() -> None:
    made = composed_service(service(group(app="x"), group(app="y")), [], [])
    assert {key: (r.kind, r.name, dict(r.labels), r.namespace) for key, r in made.requirements.items()} == {
        "endpoints-0": ("ModelEndpoint", "", {"app": "x"}, "ml-team"),
        "endpoints-1": ("ModelEndpoint", "", {"app": "y"}, "ml-team"),
        "inference-gateway": ("InferenceGateway", "default", {}, ""),
    }


def test_a_group_takes_those_endpoints_whose_labels_meet_what_it_requires() -> None:
    outside = {"selector": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["spare"]}]}}
    found = [endpoint("a"), endpoint("b", labels={"tier": "spare"}), endpoint("c", labels={"tier": "paid"})]
    made = composed_service(service(outside), found)
    assert weights_of(made) == {"a": 1, "c": 1}
    assert made.status["summary"] == {"ready": "2/2"}
    asked = made.requirements["endpoints-0"]
    assert (dict(asked.labels), asked.namespace) == ({}, "ml-team")


def test_endpoints_of_another_namespace_are_not_routed_to_even_when_they_are_delivered() -> None:
    made = composed_service(service(), [endpoint("a"), endpoint("a", namespace="other", backend="theirs-0123456789ab")])
    assert weights_of(made) == {"a": 1}
    assert made.status["summary"] == {"ready": "1/1"}


def test_an_endpoint_that_two_groups_select_belongs_to_the_first() -> None:
    made = composed_service(service(group(80), group(20)), [endpoint("a")], [endpoint("a"), endpoint("b")])
    assert weights_of(made) == {"a": 4, "b": 1}


def test_an_endpoint_without_a_backend_waits_and_the_route_stays_without_it() -> None:
    made = composed_service(service(), [endpoint(backend="")])
    assert "backendRefs" not in rule(made)
    assert message(made, "EndpointsResolved") == "Matched 1 endpoint(s); 1 waiting for Backend"
    assert reasons(made)["RoutingReady"] == "False/NoRoutableEndpoint"
    assert message(made, "RoutingReady") == "0 of 1 endpoints routable"
    assert made.status["address"] == URL
    assert not made.ready


def test_draining_and_terminating_endpoints_have_no_backend_while_others_serve() -> None:
    going = endpoint("c")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    made = composed_service(service(), [endpoint("a"), endpoint("b", draining=True), going])
    assert weights_of(made) == {"a": 1}
    assert made.status["summary"] == {"ready": "1/3"}
    assert set(rows(made)) == {"a", "b", "c"}
    assert "draining" in rows(made)["b"]


def test_weights_are_shared_between_the_endpoints_of_a_group() -> None:
    made = composed_service(service(group(95), group(5)), [endpoint("a"), endpoint("b")], [endpoint("c")])
    assert weights_of(made) == {"a": 48, "b": 47, "c": 5}


def test_a_group_without_routable_endpoints_leaves_its_share_to_the_others() -> None:
    made = composed_service(service(group(50), group(50)), [endpoint("a")], [endpoint("b", backend="")])
    assert weights_of(made) == {"a": 1}


def test_weight_zero_keeps_the_entry_and_sends_nothing() -> None:
    made = composed_service(service(group(100), group(0)), [endpoint("a")], [endpoint("b")])
    assert weights_of(made) == {"a": 1, "b": 0}
    assert rows(made)["b"] == "its group has weight 0"


def test_when_every_weight_is_zero_the_service_says_so_and_is_not_ready() -> None:
    before = composed_service(service(group(0)), [endpoint("a")])
    made = composed_service(service(group(0)), [endpoint("a")], route=observed_route(before))
    assert weights_of(made) == {"a": 0}
    assert not made.ready
    assert message(made, "RoutingReady") == "1 of 1 endpoints routable, and their groups have weight 0"


def test_the_lowest_priority_with_a_routable_endpoint_takes_all_and_the_others_stand_by() -> None:
    groups = service(group(priority=0), group(priority=1))
    serving = composed_service(groups, [endpoint("own")], [endpoint("outside")])
    assert weights_of(serving) == {"own": 1}
    assert rows(serving)["outside"] == "standing by: the endpoints of priority 0 take all traffic"
    fallen = composed_service(groups, [endpoint("own", backend="")], [endpoint("outside")])
    assert weights_of(fallen) == {"outside": 1}


def test_more_endpoints_than_a_route_can_name_give_a_valid_route_and_a_condition() -> None:
    made = composed_service(service(), [endpoint(f"e{n:02}") for n in range(17)])
    assert len(refs(made)) == 16
    assert reasons(made)["EndpointsTruncated"] == "True/TooManyEndpoints"
    assert message(made, "EndpointsTruncated") == "16 of 17 endpoints get traffic"
    assert made.status["summary"] == {"ready": "17/17"}
    assert rows(made)["e16"] == "left out: a route names at most 16 endpoints"


def test_one_more_endpoint_does_not_displace_those_that_get_traffic() -> None:
    before = composed_service(service(), [endpoint(f"e{n:02}") for n in range(1, 17)])
    found = [endpoint(f"e{n:02}") for n in range(17)]
    made = composed_service(service(), found, route=observed_route(before))
    assert refs(made) == refs(before)


@pytest.mark.parametrize(("with_weight", "without"), [(16, 1), (10, 20)])
def test_endpoints_without_weight_are_not_left_out_when_a_route_cannot_name_them(
    with_weight: int, without: int
) -> None:
    found = [endpoint(f"a{n:02}") for n in range(with_weight)], [endpoint(f"b{n:02}") for n in range(without)]
    made = composed_service(service(group(1), group(0)), *found)
    assert reasons(made)["EndpointsTruncated"] == "False/AllRouted"
    assert {rows(made)[f"b{n:02}"] for n in range(without)} == {"its group has weight 0"}


def test_beside_groups_without_weight_only_those_that_would_get_traffic_are_counted() -> None:
    found = [endpoint(f"a{n:02}") for n in range(20)], [endpoint("b")]
    made = composed_service(service(group(1), group(0)), *found)
    assert message(made, "EndpointsTruncated") == "16 of 20 endpoints get traffic"


def test_up_to_sixteen_nothing_is_left_out() -> None:
    made = composed_service(service(), [endpoint(f"e{n:02}") for n in range(16)])
    assert (len(refs(made)), reasons(made)["EndpointsTruncated"]) == (16, "False/AllRouted")


def test_status_tells_for_every_endpoint_its_share_and_its_cluster() -> None:
    own = endpoint("a", labels={"modelplane.ai/cluster": "ams-1"})
    made = composed_service(service(group(3, 2)), [own, endpoint("b", backend="")])
    assert made.status == {
        "address": URL,
        "summary": {"ready": "1/2"},
        "endpoints": [
            {"name": "a", "cluster": "ams-1", "weight": 1, "priority": 2, "ready": True},
            {"name": "b", "weight": 0, "priority": 2, "ready": False, "message": "it has no backend yet"},
        ],
    }


# --------------------------------------------------------------------- readiness


def test_the_first_pass_never_says_that_routing_is_ready() -> None:
    made = composed_service(service(), [endpoint()])
    assert (made.ready, reasons(made)["RoutingReady"]) == (False, "False/Configuring")


def test_a_route_that_our_gateway_accepted_with_all_backends_found_makes_the_service_ready() -> None:
    before = composed_service(service(), [endpoint()])
    made = composed_service(service(), [endpoint(), endpoint("b", backend="")], route=observed_route(before))
    assert made.ready
    assert reasons(made) == {
        "GatewayResolved": "True/Resolved",
        "EndpointsResolved": "True/Resolved",
        "RoutingReady": "True/RouteConfigured",
        "EndpointsTruncated": "False/AllRouted",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }
    assert message(made, "RoutingReady") == "1 of 2 endpoints routable"


@pytest.mark.parametrize("other", [{"parent": "other"}, {"controller": "other.example/gateway"}])
def test_what_another_gateway_says_about_the_route_counts_for_nothing(other: dict[str, Any]) -> None:
    before = composed_service(service(), [endpoint()])
    made = composed_service(service(), [endpoint()], route=observed_route(before, **other))
    assert (made.ready, reasons(made)["RoutingReady"]) == (False, "False/Configuring")
    refused = {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners"}
    both = observed_route(before)
    both["status"]["parents"] += observed_route(before, refused, **other)["status"]["parents"]
    for parents in (both["status"]["parents"], both["status"]["parents"][::-1]):
        made = composed_service(service(), [endpoint()], route={**both, "status": {"parents": parents}})
        assert (made.ready, reasons(made)["RoutingReady"]) == (True, "True/RouteConfigured")


@pytest.mark.parametrize("kind", ["Accepted", "ResolvedRefs"])
def test_a_route_that_is_refused_or_has_a_backend_that_is_not_found_is_not_ready(kind: str) -> None:
    refused = {"type": kind, "status": "False", "reason": "BackendNotFound", "message": "service not found"}
    others = [c for c in true("Accepted", "ResolvedRefs") if c["type"] != kind]
    route = observed_route(composed_service(service(), [endpoint()]), *others, refused)
    made = composed_service(served(), [endpoint()], route=route)
    assert (made.ready, reasons(made)["RoutingReady"]) == (False, "False/RouteRefused")
    assert message(made, "RoutingReady") == f"1 of 1 endpoints routable; {kind} is False: service not found"


def _unreported() -> dict[str, Manifest]:
    """Routes that our gateway has not reported on as they are now."""
    before = composed_service(service(), [endpoint()])
    old = true("Accepted", "ResolvedRefs", generation=1)
    unseen = observed_route(before)
    elsewhere = observed_route(composed_service(service(), [endpoint("b")]))
    return {
        "of an earlier generation": observed_route(before, *old, generation=2),
        "by nobody": {**unseen, "status": {"parents": []}},
        "of other endpoints": elsewhere,
    }


@pytest.mark.parametrize("words", _unreported())
def test_words_about_a_route_as_it_was_make_nothing_ready_and_what_is_ready_unready_after_a_minute(words: str) -> None:
    route = _unreported()[words]
    answers = {
        "never served": composed_service(service(), [endpoint()], route=route),
        "at once": composed_service(served(), [endpoint()], route=route),
        "for 59 s": composed_service(served(unreported_for=59), [endpoint()], route=route),
        "for 60 s": composed_service(served(unreported_for=60), [endpoint()], route=route),
    }
    assert {made.ready for name, made in answers.items() if name in {"at once", "for 59 s"}} == {True}
    assert {made.ready for name, made in answers.items() if name in {"never served", "for 60 s"}} == {False}
    assert {reasons(made)["RoutingReady"] for made in answers.values()} == {"False/Configuring"}


def test_a_route_that_is_accepted_without_backends_is_not_yet_proof_for_its_first_backend() -> None:
    empty = observed_route(composed_service(service(), [endpoint(backend="")]))
    made = composed_service(service(), [endpoint()], route=empty)
    assert (made.ready, reasons(made)["RoutingReady"]) == (False, "False/Configuring")


# --------------------------------------------------------------------- while nothing serves


def test_a_service_looks_at_its_endpoints_every_ten_seconds_since_nothing_tells_it_of_their_changes() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    assert composed_service(service(), [endpoint()], route=route).ttl_seconds == 10


def test_without_any_endpoint_route_and_address_stay_and_the_service_is_not_ready() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    made = composed_service(served(), [], route=route)
    assert "backendRefs" not in rule(made)
    assert (made.status["address"], made.ready) == (URL, False)
    assert reasons(made)["EndpointsResolved"] == "False/NoEndpoints"
    assert reasons(made)["RoutingReady"] == "False/NoRoutableEndpoint"
    assert message(made, "EndpointsResolved") == "No ModelEndpoints matched the configured selectors"


def test_an_endpoint_that_is_gone_has_no_backend_any_more() -> None:
    route = observed_route(composed_service(service(), [endpoint("a"), endpoint("b")]))
    assert weights_of(composed_service(served(), [endpoint("a")], route=route)) == {"a": 1}


# --------------------------------------------------------------------- the gateway


def test_no_route_is_composed_before_the_gateway_says_that_its_kind_is_served() -> None:
    made = composed_service(service(), [endpoint()], gateway_obj=gateway({"address": "192.0.2.1"}))
    assert dict(made.children) == {}
    assert reasons(made)["RoutingReady"] == "False/WaitingForGateway"


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_route_that_is_there_stays_whatever_the_gateway_says_later(status: str) -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    gateway_obj = gateway({"address": "192.0.2.1", "conditions": [{"type": "GatewayAPIReady", "status": status}]})
    made = composed_service(served(), [endpoint()], route=route, gateway_obj=gateway_obj)
    assert weights_of(made) == {"a": 1}
    assert made.ready


def test_without_a_gateway_route_and_address_stay_and_the_service_is_not_ready() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    made = composed_service(served(), [endpoint()], route=route, without_gateway=True)
    assert weights_of(made) == {"a": 1}
    assert (made.status["address"], made.ready) == (URL, False)
    assert reasons(made)["GatewayResolved"] == "False/GatewayNotFound"
    assert reasons(made)["RoutingReady"] == "False/WaitingForGateway"
    assert message(made, "RoutingReady") == "1 of 1 endpoints routable; there is no InferenceGateway named default"
    assert reasons(made)["Held"] == "True/InputMissing"
    never = composed_service(service(), [endpoint()], route=route, without_gateway=True)
    assert ("address" in never.status, never.ready) == (False, False)


TLS = {"secretRef": {"name": "front"}}
LOST: dict[str, tuple[str, str, str, Any]] = {
    "WaitingForAddress": ("the InferenceGateway has lost its address", "AddressAssigned", URL, None),
    "WaitingForTLS": ("the InferenceGateway does not answer https", "TLSReady", "https://192.0.2.1/ml-team/chat", TLS),
}


@pytest.mark.parametrize("reason", LOST)
def test_a_gateway_that_says_that_nobody_is_answered_keeps_route_and_address_and_the_service_is_not_ready(
    reason: str,
) -> None:
    why, condition, url, tls = LOST[reason]
    route = observed_route(composed_service(service(), [endpoint()]))
    lost = [*true("GatewayAPIReady"), {"type": condition, "status": "False", "reason": "Waiting"}]
    gateway_obj = gateway({"address": "192.0.2.1", "conditions": lost}, tls=tls)
    for obj in (served(address=url), service(status={"address": url})):
        made = composed_service(obj, [endpoint()], route=route, gateway_obj=gateway_obj)
        assert (made.status["address"], weights_of(made), made.ready) == (url, {"a": 1}, False)
        assert reasons(made)["GatewayResolved"] == f"False/{reason}"
        assert reasons(made)["RoutingReady"] == "False/WaitingForGateway"
        assert message(made, "RoutingReady") == f"1 of 1 endpoints routable; {why}"
        assert reasons(made)["Held"] == "False/InputsResolved"


def test_a_gateway_that_publishes_no_address_for_a_moment_changes_nothing() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    gateway_obj = gateway({"conditions": true("GatewayAPIReady")})
    made = composed_service(served(), [endpoint()], route=route, gateway_obj=gateway_obj)
    assert (made.status["address"], made.ready) == (URL, True)
    assert reasons(made)["GatewayResolved"] == "False/WaitingForAddress"


def test_a_service_that_has_not_served_is_not_ready_before_the_gateway_has_an_address() -> None:
    """Its route may have been accepted by a gateway that is no more."""
    route = observed_route(composed_service(service(), [endpoint()]))
    made = composed_service(
        service(), [endpoint()], route=route, gateway_obj=gateway({"conditions": true("GatewayAPIReady")})
    )
    assert not made.ready
    assert reasons(made)["RoutingReady"] == "False/WaitingForGateway"
    assert message(made, "RoutingReady") == "1 of 1 endpoints routable; the InferenceGateway has no address yet"


@pytest.mark.parametrize(
    ("gateway_obj", "url"),
    [
        (open_gateway("2001:db8::1"), "http://[2001:db8::1]/ml-team/chat"),
        (open_gateway("lb.example.com"), "http://lb.example.com/ml-team/chat"),
        (open_gateway(hostname="models.example.com"), "http://models.example.com/ml-team/chat"),
        (open_gateway(tls={"secretRef": {"name": "front"}}), "http://192.0.2.1/ml-team/chat"),
    ],
)
def test_the_address_begins_with_the_gateways_name_or_address(gateway_obj: Manifest, url: str) -> None:
    assert composed_service(service(), [endpoint()], gateway_obj=gateway_obj).status["address"] == url


def test_the_address_is_https_once_the_gateway_answers_so_and_stays_so() -> None:
    tls = {"secretRef": {"name": "front"}}
    secure = gateway({"address": "192.0.2.1", "conditions": true("GatewayAPIReady", "TLSReady")}, tls=tls)
    url = "https://192.0.2.1/ml-team/chat"
    assert composed_service(service(), [endpoint()], gateway_obj=secure).status["address"] == url
    assert (
        composed_service(served(address=url), [endpoint()], gateway_obj=open_gateway(tls=tls)).status["address"] == url
    )
    assert composed_service(served(address=url), [endpoint()]).status["address"] == URL


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("field", ["spec", "status"])
def test_a_gateway_that_cannot_be_read_changes_no_address(field: str, junk: Any) -> None:
    made = composed_service(served(), [endpoint()], gateway_obj={**open_gateway(), field: junk})
    assert made.status["address"] == URL
    if junk is not None:
        assert reasons(made)["Held"] == "True/InputInvalid"
