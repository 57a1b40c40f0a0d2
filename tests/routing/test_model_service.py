"""A ModelService becomes one route from its path to weighted endpoints."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Composition, Manifest, names
from function.deployment import draining
from function.routing import endpoint_view, model_service
from tests.routing.builders import (
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
    rules,
    served,
    service,
    service_of,
    shares_of,
    true,
)
from tests.support.crd_schemas import violations
from tests.support.observe import said

URL = "http://192.0.2.1/ml-team/chat"
SECOND = timedelta(seconds=1)
MARKER = names.name("x-modelplane-gateway", 63, "InferenceGateway", "default", "")
JUNK: tuple[Any, ...] = ("junk", 7, [], ["x"], None)


def rewrite(path: str, **more: str) -> list[Manifest]:
    """What becomes of the public path `/v1`, for an endpoint that is found below a path."""
    body = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": f"{path}v1"}, **more}
    return [{"type": "URLRewrite", "urlRewrite": body}]


# ---------------------------------------------------------------------- the route


def test_one_ready_endpoint_with_a_rewrite_path_is_one_backend_with_its_own_filter() -> None:
    made = composed_service(service(), [endpoint(rewritePath="/ml-team/a/")])
    assert made.children["httproute"].manifest == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"namespace": "ml-team"},
        "spec": {
            "parentRefs": [{"name": "modelplane", "namespace": "modelplane-system"}],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/ml-team/chat/v1"}}],
                    "filters": [
                        {
                            "type": "RequestHeaderModifier",
                            "requestHeaderModifier": {
                                "remove": [
                                    "x-prefiller-host-port",
                                    "x-encoder-hosts-ports",
                                    "x-data-parallel-host-port",
                                    "x-gateway-destination-endpoint",
                                    "x-gateway-destination-endpoint-subset",
                                ],
                                "set": [{"name": MARKER, "value": "1"}],
                            },
                        }
                    ],
                    "timeouts": {"request": "0s"},
                    "backendRefs": [
                        {"name": "a-0123456789ab", "port": 80, "weight": 1, "filters": rewrite("/ml-team/a/")}
                    ],
                },
                {
                    "matches": [
                        {
                            "path": {"type": "PathPrefix", "value": "/ml-team/chat/v1"},
                            "headers": [{"type": "Exact", "name": MARKER, "value": "1"}],
                        }
                    ]
                },
            ],
        },
    }


def test_two_endpoints_with_the_same_rewrite_path_are_two_backends_of_one_rule() -> None:
    made = composed_service(service(), [endpoint("b", rewritePath="/x/"), endpoint("a", rewritePath="/x/")])
    assert [(ref["name"], ref["filters"]) for ref in refs(made)] == [
        ("a-0123456789ab", rewrite("/x/")),
        ("b-0123456789ab", rewrite("/x/")),
    ]


def test_endpoints_with_different_paths_and_schemes_share_a_rule_each_with_its_filter_and_port() -> None:
    outside = endpoint("b", "https://api.together.xyz/", rewritePath="/")
    made = composed_service(service(), [endpoint("a", rewritePath="/ml-team/a/"), outside])
    assert [(ref["port"], ref["filters"]) for ref in refs(made)] == [
        (80, rewrite("/ml-team/a/")),
        (443, rewrite("/", hostname="api.together.xyz")),
    ]


def test_without_a_rewrite_path_it_is_derived_from_the_url() -> None:
    made = composed_service(service(), [endpoint("a", "https://h.example/openai/v1"), endpoint("b")])
    assert [ref["filters"] for ref in refs(made)] == [rewrite("/openai/", hostname="h.example"), rewrite("/")]


def test_requests_name_the_host_that_the_endpoint_asks_for() -> None:
    made = composed_service(service(), [endpoint("a", "https://h.example", host="other.example")])
    assert refs(made)[0]["filters"] == rewrite("/", hostname="other.example")


def test_the_port_is_the_one_that_the_endpoint_publishes() -> None:
    moving = endpoint("a", "http://203.0.113.4:9000/")
    moving["status"]["routing"]["port"] = 8000
    assert refs(composed_service(service(), [moving]))[0]["port"] == 8000


@pytest.mark.parametrize("spec", ["junk", {"url": "http://[::1"}, {"url": 7}, {"url": "http://h.example:9/x/"}, None])
def test_only_what_an_endpoint_publishes_decides_how_it_is_routed_to(spec: Any) -> None:
    good = endpoint("a", "https://h.example/openai/v1")
    before = composed_service(service(), [good])
    made = composed_service(served(), [{**good, "spec": spec}], route=observed_route(before))
    assert refs(made) == refs(before)
    assert (made.ready, said(made)["Held"]) == (True, "False/InputsResolved")


@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_the_route_passes_the_schema_of_its_definition(count: int) -> None:
    found = [endpoint(f"e{n}", "https://h.example/openai/v1") for n in range(count)]
    assert violations(dict(composed_service(service(), found).children["httproute"].manifest), "httproutes") == []


def test_the_order_in_which_endpoints_arrive_changes_nothing() -> None:
    found = [endpoint(name) for name in ("c", "a", "b")]
    assert composed_service(service(), found) == composed_service(service(), found[::-1])


# ---------------------------------------------------------------------- what is public


def circle(made: Composition) -> list[Manifest]:
    """What requests are matched by that have gone in a circle."""
    (only,) = [one for one in made.children["httproute"].manifest["spec"]["rules"] if one not in rules(made)]
    assert set(only) == {"matches"}
    return list(only["matches"])


@pytest.mark.parametrize("paths", [["/"], ["/v1", "/v1/audio", "/rerank"], [f"/{n}" for n in range(8)]])
def test_a_request_that_comes_back_meets_a_rule_without_a_backend_at_every_public_path(paths: list[str]) -> None:
    made = composed_service(service(), [endpoint("a")], door=open_gateway(publicPaths=paths))
    assert [one["path"] for one in circle(made)] == [rule["matches"][0]["path"] for rule in rules(made)]
    for one in rules(made):
        (modifier,) = (each["requestHeaderModifier"] for each in one["filters"])
        (mark,) = modifier["set"]
        assert all(each["headers"] == [{"type": "Exact", **mark}] for each in circle(made))
        assert mark["name"] not in modifier["remove"]
    assert violations(made.children["httproute"].manifest, "httproutes") == []


def test_every_gateway_has_a_mark_of_its_own_so_that_one_may_stand_behind_another() -> None:
    def marks(uid: str) -> set[str]:
        door = open_gateway()
        made = composed_service(service(), [endpoint("a")], door={**door, "metadata": {"name": "default", "uid": uid}})
        return {one["headers"][0]["name"] for one in circle(made)}

    assert (len(marks("1")), marks("1") & marks("2")) == (1, set())


def test_without_a_gateway_requests_keep_the_mark_that_they_get() -> None:
    door = {**open_gateway(), "metadata": {"name": "default", "uid": "7b0c"}}
    before = composed_service(service(), [endpoint("a")], door=door)
    made = composed_service(served(), [endpoint("a")], route=observed_route(before), without_door=True)
    assert made.children["httproute"].manifest["spec"] == before.children["httproute"].manifest["spec"]


def reached(made: Composition) -> dict[str, list[str]]:
    """The paths that are matched, each with what takes its place at each endpoint."""
    return {
        rule["matches"][0]["path"]["value"]: [
            ref["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"] for ref in rule.get("backendRefs", [])
        ]
        for rule in rules(made)
    }


def test_only_the_api_of_models_is_public_when_the_gateway_says_nothing_else() -> None:
    made = composed_service(service(), [endpoint("a", rewritePath="/ml-team/a/"), endpoint("b", rewritePath="/b")])
    assert reached(made) == {"/ml-team/chat/v1": ["/ml-team/a/v1", "/b/v1"]}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/v1", "/rerank"], {"/ml-team/chat/rerank": ["/a/rerank"], "/ml-team/chat/v1": ["/a/v1"]}),
        (["/", "/v1"], {"/ml-team/chat": ["/a/"]}),
        (["/api/v2"], {"/ml-team/chat/api/v2": ["/a/api/v2"]}),
    ],
)
def test_the_gateway_says_what_is_public_path_by_path_or_everything(
    paths: list[str], expected: dict[str, list[str]]
) -> None:
    made = composed_service(service(), [endpoint("a", rewritePath="/a/")], door=open_gateway(publicPaths=paths))
    assert reached(made) == expected
    assert violations(dict(made.children["httproute"].manifest), "httproutes") == []


@pytest.mark.parametrize("paths", [["/"], ["/v1", "/api/v2"]])
@pytest.mark.parametrize("how", ["gone", "junk", "paths"])
def test_while_the_gateway_cannot_be_read_what_is_public_stays_so(paths: list[str], how: str) -> None:
    found = [endpoint("a", rewritePath="/a/"), endpoint("b", "https://h.example/openai/v1")]
    before = composed_service(service(), found, door=open_gateway(publicPaths=paths))
    door = {**open_gateway(), "spec": "junk"} if how == "junk" else open_gateway(publicPaths=["//"])
    made = composed_service(served(), found, route=observed_route(before), door=door, without_door=how == "gone")
    assert made.children["httproute"].manifest["spec"] == before.children["httproute"].manifest["spec"]
    assert said(made)["Held"][:4] == "True"


@pytest.mark.parametrize("paths", [["/"], ["/v1", "/api/v2"]])
def test_an_endpoint_that_cannot_be_read_keeps_its_place_at_every_public_path(paths: list[str]) -> None:
    door = open_gateway(publicPaths=paths)
    found = [endpoint("a"), endpoint("b", "https://h.example/openai/v1")]
    before = composed_service(service(), found, door=door)
    doubted = [found[0], publishing(port=None)(found[1])]
    made = composed_service(served(), doubted, route=observed_route(before), door=door)
    assert made.children["httproute"].manifest["spec"] == before.children["httproute"].manifest["spec"]
    narrowed = composed_service(served(), doubted, route=observed_route(before))
    assert reached(narrowed) == {"/ml-team/chat/v1": ["/v1", "/openai/v1"]}


def test_the_longest_path_of_an_endpoint_and_the_longest_public_one_fit_into_a_route() -> None:
    longest = endpoint("a", rewritePath=f"/{'a' * 959}")
    made = composed_service(service(), [longest], door=open_gateway(publicPaths=[f"/{'b' * 63}"]))
    assert refs(made)
    assert violations(dict(made.children["httproute"].manifest), "httproutes") == []


# ---------------------------------------------------------------------- which endpoints


def test_endpoints_are_asked_for_in_the_services_own_namespace() -> None:
    made = composed_service(service(group(app="x"), group(app="y")), [], [])
    assert {key: (r.kind, r.name, dict(r.labels), r.namespace) for key, r in made.requirements.items()} == {
        "endpoints-0": ("ModelEndpoint", "", {"app": "x"}, "ml-team"),
        "endpoints-1": ("ModelEndpoint", "", {"app": "y"}, "ml-team"),
        "inference-gateway": ("InferenceGateway", "default", {}, ""),
    }


def test_endpoints_of_another_namespace_are_not_routed_to_even_when_they_are_delivered() -> None:
    made = composed_service(service(), [endpoint("a"), endpoint("a", namespace="other", backend="theirs-0123456789ab")])
    assert shares_of(made) == {"a": 1}
    assert made.status["summary"] == {"ready": "1/1"}


def test_an_endpoint_that_two_groups_select_belongs_to_the_first() -> None:
    made = composed_service(service(group(80), group(20)), [endpoint("a")], [endpoint("a"), endpoint("b")])
    assert shares_of(made) == {"a": 4, "b": 1}


def test_an_endpoint_without_a_backend_waits_and_the_route_stays_without_it() -> None:
    made = composed_service(service(), [endpoint(backend="")])
    assert "backendRefs" not in rule(made)
    assert message(made, "EndpointsResolved") == "Matched 1 endpoint(s); 1 waiting for Backend"
    assert said(made)["RoutingReady"] == "False/NoRoutableEndpoint"
    assert message(made, "RoutingReady") == "0 of 1 endpoints routable"
    assert made.status["address"] == URL
    assert not made.ready


def test_draining_and_terminating_endpoints_have_no_backend_while_others_serve() -> None:
    going = endpoint("c")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    made = composed_service(service(), [endpoint("a"), endpoint("b", draining=True), going])
    assert shares_of(made) == {"a": 1}
    assert made.status["summary"] == {"ready": "1/3"}
    assert set(rows(made)) == {"a", "b", "c"}
    assert "draining" in rows(made)["b"]


def test_weights_are_shared_between_the_endpoints_of_a_group() -> None:
    made = composed_service(service(group(95), group(5)), [endpoint("a"), endpoint("b")], [endpoint("c")])
    assert shares_of(made) == {"a": 48, "b": 47, "c": 5}


def test_a_group_without_routable_endpoints_leaves_its_share_to_the_others() -> None:
    made = composed_service(service(group(50), group(50)), [endpoint("a")], [endpoint("b", backend="")])
    assert shares_of(made) == {"a": 1}


def test_weight_zero_keeps_the_entry_and_sends_nothing() -> None:
    made = composed_service(service(group(100), group(0)), [endpoint("a")], [endpoint("b")])
    assert shares_of(made) == {"a": 1, "b": 0}
    assert rows(made)["b"] == "its group has weight 0"


def test_when_every_weight_is_zero_the_service_says_so_and_is_not_ready() -> None:
    before = composed_service(service(group(0)), [endpoint("a")])
    made = composed_service(service(group(0)), [endpoint("a")], route=observed_route(before))
    assert shares_of(made) == {"a": 0}
    assert not made.ready
    assert message(made, "RoutingReady") == "1 of 1 endpoints routable, and their groups have weight 0"


def test_the_lowest_priority_with_a_routable_endpoint_takes_all_and_the_others_stand_by() -> None:
    groups = service(group(priority=0), group(priority=1))
    serving = composed_service(groups, [endpoint("own")], [endpoint("outside")])
    assert shares_of(serving) == {"own": 1}
    assert rows(serving)["outside"] == "standing by: the endpoints of priority 0 take all traffic"
    fallen = composed_service(groups, [endpoint("own", backend="")], [endpoint("outside")])
    assert shares_of(fallen) == {"outside": 1}


def test_more_endpoints_than_a_route_can_name_give_a_valid_route_and_a_condition() -> None:
    made = composed_service(service(), [endpoint(f"e{n:02}") for n in range(17)])
    assert len(refs(made)) == 16
    assert said(made)["EndpointsTruncated"] == "True/TooManyEndpoints"
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
    assert said(made)["EndpointsTruncated"] == "False/AllRouted"
    assert {rows(made)[f"b{n:02}"] for n in range(without)} == {"its group has weight 0"}


def test_beside_groups_without_weight_only_those_that_would_get_traffic_are_counted() -> None:
    found = [endpoint(f"a{n:02}") for n in range(20)], [endpoint("b")]
    made = composed_service(service(group(1), group(0)), *found)
    assert message(made, "EndpointsTruncated") == "16 of 20 endpoints get traffic"


def test_up_to_sixteen_nothing_is_left_out() -> None:
    made = composed_service(service(), [endpoint(f"e{n:02}") for n in range(16)])
    assert (len(refs(made)), said(made)["EndpointsTruncated"]) == (16, "False/AllRouted")


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


# ---------------------------------------------------------------------- readiness


def test_the_first_pass_never_says_that_routing_is_ready() -> None:
    made = composed_service(service(), [endpoint()])
    assert (made.ready, said(made)["RoutingReady"]) == (False, "False/Configuring")


def test_a_route_that_our_gateway_accepted_with_all_backends_found_makes_the_service_ready() -> None:
    before = composed_service(service(), [endpoint()])
    made = composed_service(service(), [endpoint(), endpoint("b", backend="")], route=observed_route(before))
    assert made.ready
    assert said(made) == {
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
    assert (made.ready, said(made)["RoutingReady"]) == (False, "False/Configuring")
    refused = {"type": "Accepted", "status": "False", "reason": "NotAllowedByListeners"}
    both = observed_route(before)
    both["status"]["parents"] += observed_route(before, refused, **other)["status"]["parents"]
    for parents in (both["status"]["parents"], both["status"]["parents"][::-1]):
        made = composed_service(service(), [endpoint()], route={**both, "status": {"parents": parents}})
        assert (made.ready, said(made)["RoutingReady"]) == (True, "True/RouteConfigured")


@pytest.mark.parametrize("kind", ["Accepted", "ResolvedRefs"])
def test_a_route_that_is_refused_or_has_a_backend_that_is_not_found_is_not_ready(kind: str) -> None:
    refused = {"type": kind, "status": "False", "reason": "BackendNotFound", "message": "service not found"}
    others = [c for c in true("Accepted", "ResolvedRefs") if c["type"] != kind]
    route = observed_route(composed_service(service(), [endpoint()]), *others, refused)
    made = composed_service(served(), [endpoint()], route=route)
    assert (made.ready, said(made)["RoutingReady"]) == (False, "False/RouteRefused")
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
    assert {said(made)["RoutingReady"] for made in answers.values()} == {"False/Configuring"}


def test_a_route_that_is_accepted_without_backends_is_not_yet_proof_for_its_first_backend() -> None:
    empty = observed_route(composed_service(service(), [endpoint(backend="")]))
    made = composed_service(service(), [endpoint()], route=empty)
    assert (made.ready, said(made)["RoutingReady"]) == (False, "False/Configuring")


# ---------------------------------------------------------------------- while nothing serves


def test_a_service_looks_at_its_endpoints_every_ten_seconds_since_nothing_tells_it_of_their_changes() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    assert composed_service(service(), [endpoint()], route=route).ttl_seconds == 10


def test_without_any_endpoint_route_and_address_stay_and_the_service_is_not_ready() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    made = composed_service(served(), [], route=route)
    assert "backendRefs" not in rule(made)
    assert (made.status["address"], made.ready) == (URL, False)
    assert said(made)["EndpointsResolved"] == "False/NoEndpoints"
    assert said(made)["RoutingReady"] == "False/NoRoutableEndpoint"
    assert message(made, "EndpointsResolved") == "No ModelEndpoints matched the configured selectors"


def test_an_endpoint_that_is_gone_has_no_backend_any_more() -> None:
    route = observed_route(composed_service(service(), [endpoint("a"), endpoint("b")]))
    assert shares_of(composed_service(served(), [endpoint("a")], route=route)) == {"a": 1}


# ---------------------------------------------------------------------- what is not listed


def moved(obj: Manifest) -> Manifest:
    """The same endpoint with labels that nobody selects."""
    return {**obj, "metadata": {**obj["metadata"], "labels": {"app": "other"}}}


CHAT = {"app": "chat"}
BOTH = [endpoint("a", labels=CHAT), endpoint("b", rewritePath="/b/", labels=CHAT)]
SERVICES = [service_of(one) for one in BOTH]


@pytest.mark.parametrize("listed", [[], BOTH[:1], BOTH[1:]])
def test_an_endpoint_that_is_there_and_was_not_listed_keeps_its_share(listed: list[Manifest]) -> None:
    before = composed_service(service(), BOTH)
    obj = served(shares={"a": 1, "b": 1})
    made = composed_service(obj, listed, route=observed_route(before), there=[*BOTH, *SERVICES])
    assert refs(made) == refs(before)
    assert made.ready
    assert made.status["summary"] == {"ready": "2/2"}
    assert said(made)["Held"] == "True/InputMissing"
    assert "is there and was not listed with the others; it is treated as if it were" in message(made, "Held")
    assert message(made, "EndpointsResolved").endswith(f"; {2 - len(listed)} of them not listed, and there")


def test_what_is_not_listed_stays_in_the_group_that_selects_it_and_as_it_is() -> None:
    groups = group(95, app="own"), group(5, app="new")
    own = [endpoint(name, labels={"app": "own"}) for name in ("a", "b")]
    new = endpoint("c", labels={"app": "new"})
    before = composed_service(service(*groups), own, [new])
    obj = served(*groups, shares=shares_of(before))
    made = composed_service(obj, [], [], route=observed_route(before), there=[*own, new])
    assert shares_of(made) == {"a": 48, "b": 47, "c": 5}
    draining_one = {**own[0], "spec": {**own[0]["spec"], "draining": True}}
    made = composed_service(obj, [], [], route=observed_route(before), there=[draining_one, own[1], new])
    assert shares_of(made) == {"b": 19, "c": 1}


def test_an_endpoint_that_its_own_group_does_not_list_is_not_given_to_another_that_does() -> None:
    groups = group(80, app="chat"), group(20, team="ml")
    both, other = endpoint("a", labels={"app": "chat", "team": "ml"}), endpoint("b", labels={"team": "ml"})
    before = composed_service(service(*groups), [both], [both, other])
    obj = served(*groups, shares=shares_of(before))
    made = composed_service(obj, [], [both, other], route=observed_route(before))
    assert shares_of(made) == shares_of(before) == {"a": 4, "b": 1}


@pytest.mark.parametrize("shares", [{}, {"a": 48, "b": 47, "c": 5}], ids=["status is lost", "status is there"])
def test_an_endpoint_that_is_not_found_keeps_its_share_while_its_service_is_there(shares: dict[str, int]) -> None:
    groups = group(95, app="own"), group(5, app="new")
    own, new = [endpoint("a"), endpoint("b")], endpoint("c")
    before = composed_service(service(*groups), own, [new])
    assert shares_of(before) == {"a": 48, "b": 47, "c": 5}
    obj, route = served(*groups, shares=shares), observed_route(before)
    for listed in ([], own[:1]):
        made = composed_service(obj, listed, [], route=route, there=[service_of(replica) for replica in [*own, new]])
        assert (shares_of(made), made.ready) == ({"a": 48, "b": 47, "c": 5}, True)
        assert said(made)["Held"] == "True/InputMissing"
        text = "ModelEndpoint c is not found, and its Service c-0123456789ab is there; it is routed to as before"
        assert text in message(made, "Held")
        assert rows(made)["c"] == text


def test_while_shares_stay_as_they_are_a_new_endpoint_waits_and_one_that_drains_leaves() -> None:
    one, other, new = endpoint("a"), endpoint("b"), endpoint("c")
    before = composed_service(service(), [one, other])
    obj, there = served(shares={"a": 1, "b": 1}), [service_of(one), service_of(other)]
    made = composed_service(obj, [one, new], route=observed_route(before), there=there)
    assert shares_of(made) == {"a": 1, "b": 1}
    assert rows(made)["c"].startswith("it waits: shares stay as they are")
    leaving = {**one, "spec": {**one["spec"], "draining": True}}
    made = composed_service(obj, [leaving, new], route=observed_route(before), there=there)
    assert shares_of(made) == {"b": 1}


ORPHANED: Manifest = {"ownerReferences": []}
GOING: Manifest = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "there",
    [[], [moved(BOTH[1]), SERVICES[1]], [service_of(BOTH[1], **GOING)], [service_of(BOTH[1], **ORPHANED)]],
    ids=["nothing is there", "it is not selected any more", "its Service goes", "its Service belongs to nobody"],
)
def test_an_endpoint_leaves_the_route_at_once_by_a_fact_about_itself(there: list[Manifest]) -> None:
    before = composed_service(service(), BOTH)
    obj = served(shares={"a": 1, "b": 1})
    made = composed_service(obj, BOTH[:1], route=observed_route(before), there=[BOTH[0], SERVICES[0], *there])
    assert (shares_of(made), made.ready) == ({"a": 1}, True)
    assert said(made)["Held"] == "False/InputsResolved"


def test_an_endpoint_made_anew_does_not_keep_the_service_of_the_one_before() -> None:
    old = endpoint("a", backend=given_to("a", "old"), uid="old")
    before = composed_service(service(), [old])
    new = endpoint("a", backend="", uid="new")
    made = composed_service(served(shares={"a": 1}), [new], route=observed_route(before), there=[service_of(old)])
    assert "backendRefs" not in rule(made)


def test_what_takes_requests_is_asked_for_by_name_and_nothing_else() -> None:
    before = composed_service(service(group(1), group(0)), BOTH, [endpoint("c")])
    obj = served(group(1), group(0), shares={**shares_of(before), "A b": 1, "x" * 64: 1})
    made = composed_service(obj, BOTH, [endpoint("c")], route=observed_route(before))
    assert {key: (r.kind, r.name, r.namespace) for key, r in made.requirements.items() if r.namespace and r.name} == {
        "routed-a": ("ModelEndpoint", "a", "ml-team"),
        "routed-b": ("ModelEndpoint", "b", "ml-team"),
        "backend-a-0123456789ab": ("Service", "a-0123456789ab", "ml-team"),
        "backend-b-0123456789ab": ("Service", "b-0123456789ab", "ml-team"),
    }


# ---------------------------------------------------------------------- when all endpoints drain


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
    assert (shares_of(made), made.ready) == ({"a": 1}, True)
    assert said(made)["RoutingReady"] == "True/RoutedToDraining"
    text = "0 of 2 endpoints routable; all of them drain, and requests go to those that still serve: 1"
    assert message(made, "RoutingReady") == text
    assert made.status["summary"] == {"ready": "0/2"}
    assert "no other endpoint can be routed to" in rows(made)["a"]
    assert rows(made)["b"] == "it is draining: nothing new is sent to it"


@pytest.mark.parametrize("other", [endpoint("b"), {**endpoint("b"), "spec": "junk"}])
def test_while_another_endpoint_can_be_routed_to_one_that_drains_gets_nothing(other: Manifest) -> None:
    made = composed_service(service(), [leaving("a"), endpoint("c", draining=True), other])
    assert shares_of(made) == {"b": 1}


def test_those_that_stand_by_come_before_those_that_drain_and_those_without_weight_do_not() -> None:
    groups = service(group(priority=0), group(priority=1))
    assert shares_of(composed_service(groups, [leaving("own")], [endpoint("outside")])) == {"outside": 1}
    made = composed_service(service(group(1), group(0)), [leaving("own")], [endpoint("outside")])
    assert shares_of(made) == {"own": 1, "outside": 0}


def test_a_replica_that_leaves_gets_requests_for_a_minute_and_none_when_it_goes() -> None:
    route = observed_route(composed_service(service(), [endpoint("a")]))
    at = {
        seconds: composed_service(served(), [leaving("a")], route=route, after=seconds * SECOND) for seconds in (58, 60)
    }
    assert shares_of(at[58]) == {"a": 1}
    assert at[58].ttl_seconds == 2
    assert (shares_of(at[60]), at[60].ready) == ({}, False)
    assert said(at[60])["RoutingReady"] == "False/NoRoutableEndpoint"


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
    assert shares_of(composed_service(service(), [gone])) == {}


def test_an_endpoint_of_nobody_gets_requests_until_it_is_deleted_when_all_drain() -> None:
    route = observed_route(composed_service(service(), [endpoint("a")]))
    made = composed_service(served(), [endpoint("a", draining=True)], route=route, after=86400 * SECOND)
    assert (shares_of(made), made.ready) == ({"a": 1}, True)


def test_the_last_endpoint_that_drains_keeps_its_backend_when_it_cannot_be_read() -> None:
    before = composed_service(service(), [leaving("a")])
    garbled = publishing(port="x")(leaving("a"))
    made = composed_service(served(), [garbled], route=observed_route(before))
    assert refs(made) == refs(before) != []
    assert said(made)["Held"] == "True/InputInvalid"
    other = composed_service(served(), [garbled, endpoint("b")], route=observed_route(before))
    assert shares_of(other) == {"b": 1}


# ---------------------------------------------------------------------- the gateway


def test_no_route_is_composed_before_the_gateway_says_that_its_kind_is_served() -> None:
    made = composed_service(service(), [endpoint()], door=gateway({"address": "192.0.2.1"}))
    assert dict(made.children) == {}
    assert said(made)["RoutingReady"] == "False/WaitingForGateway"


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_route_that_is_there_stays_whatever_the_gateway_says_later(status: str) -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    door = gateway({"address": "192.0.2.1", "conditions": [{"type": "GatewayAPIReady", "status": status}]})
    made = composed_service(served(), [endpoint()], route=route, door=door)
    assert shares_of(made) == {"a": 1}
    assert made.ready


def test_without_a_gateway_route_and_address_stay_and_the_service_is_not_ready() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    made = composed_service(served(), [endpoint()], route=route, without_door=True)
    assert shares_of(made) == {"a": 1}
    assert (made.status["address"], made.ready) == (URL, False)
    assert said(made)["GatewayResolved"] == "False/GatewayNotFound"
    assert said(made)["RoutingReady"] == "False/WaitingForGateway"
    assert message(made, "RoutingReady") == "1 of 1 endpoints routable; there is no InferenceGateway named default"
    assert said(made)["Held"] == "True/InputMissing"
    never = composed_service(service(), [endpoint()], route=route, without_door=True)
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
    door = gateway({"address": "192.0.2.1", "conditions": lost}, tls=tls)
    for obj in (served(address=url), service(status={"address": url})):
        made = composed_service(obj, [endpoint()], route=route, door=door)
        assert (made.status["address"], shares_of(made), made.ready) == (url, {"a": 1}, False)
        assert said(made)["GatewayResolved"] == f"False/{reason}"
        assert said(made)["RoutingReady"] == "False/WaitingForGateway"
        assert message(made, "RoutingReady") == f"1 of 1 endpoints routable; {why}"
        assert said(made)["Held"] == "False/InputsResolved"


def test_a_gateway_that_publishes_no_address_for_a_moment_changes_nothing() -> None:
    route = observed_route(composed_service(service(), [endpoint()]))
    door = gateway({"conditions": true("GatewayAPIReady")})
    made = composed_service(served(), [endpoint()], route=route, door=door)
    assert (made.status["address"], made.ready) == (URL, True)
    assert said(made)["GatewayResolved"] == "False/WaitingForAddress"


def test_a_service_that_has_not_served_is_not_ready_before_the_gateway_has_an_address() -> None:
    """Its route may have been accepted by a gateway that is no more."""
    route = observed_route(composed_service(service(), [endpoint()]))
    made = composed_service(service(), [endpoint()], route=route, door=gateway({"conditions": true("GatewayAPIReady")}))
    assert not made.ready
    assert said(made)["RoutingReady"] == "False/WaitingForGateway"
    assert message(made, "RoutingReady") == "1 of 1 endpoints routable; the InferenceGateway has no address yet"


@pytest.mark.parametrize(
    ("door", "url"),
    [
        (open_gateway("2001:db8::1"), "http://[2001:db8::1]/ml-team/chat"),
        (open_gateway("lb.example.com"), "http://lb.example.com/ml-team/chat"),
        (open_gateway(hostname="models.example.com"), "http://models.example.com/ml-team/chat"),
        (open_gateway(tls={"secretRef": {"name": "front"}}), "http://192.0.2.1/ml-team/chat"),
    ],
)
def test_the_address_begins_with_the_gateways_name_or_address(door: Manifest, url: str) -> None:
    assert composed_service(service(), [endpoint()], door=door).status["address"] == url


def test_the_address_is_https_once_the_gateway_answers_so_and_stays_so() -> None:
    tls = {"secretRef": {"name": "front"}}
    secure = gateway({"address": "192.0.2.1", "conditions": true("GatewayAPIReady", "TLSReady")}, tls=tls)
    url = "https://192.0.2.1/ml-team/chat"
    assert composed_service(service(), [endpoint()], door=secure).status["address"] == url
    assert composed_service(served(address=url), [endpoint()], door=open_gateway(tls=tls)).status["address"] == url
    assert composed_service(served(address=url), [endpoint()]).status["address"] == URL


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("field", ["spec", "status"])
def test_a_gateway_that_cannot_be_read_changes_no_address(field: str, junk: Any) -> None:
    made = composed_service(served(), [endpoint()], door={**open_gateway(), field: junk})
    assert made.status["address"] == URL
    if junk is not None:
        assert said(made)["Held"] == "True/InputInvalid"


# ---------------------------------------------------------------------- doubt


@pytest.mark.parametrize("found", [(None,), ([endpoint()], None)])
def test_before_everything_is_fetched_all_stays_as_it_is(found: tuple[Any, ...]) -> None:
    groups = [group()] * len(found)
    route = observed_route(composed_service(service(*groups), *([endpoint("a")] for _ in groups)))
    made = composed_service(served(*groups), *found, route=route)
    assert made.children["httproute"].manifest["spec"] == route["spec"]
    assert made.ready
    assert made.status == {"address": URL, "summary": {"ready": "1/1"}}
    assert said(made)["Held"] == "True/InputUnresolved"


def given_to(name: str, uid: str) -> str:
    """The name of an endpoint's Service."""
    return names.name(name, 63, "Service", "ml-team", name, uid)


def publishing(**facts: Any) -> Callable[[Manifest], Manifest]:
    """Spoil what an endpoint publishes; None leaves a fact out."""

    def spoil(obj: Manifest) -> Manifest:
        routing = {**obj["status"]["routing"], **facts}
        return {**obj, "status": {"routing": {key: value for key, value in routing.items() if value is not None}}}

    return spoil


SPOILED: dict[str, Callable[[Manifest], Manifest]] = {
    "no spec and no status": lambda obj: {key: obj[key] for key in ("apiVersion", "kind", "metadata")},
    "status is text": lambda obj: {**obj, "status": "junk"},
    "routing is a list": lambda obj: {**obj, "status": {"routing": []}},
    "rewrite path is relative": publishing(rewritePath="x/"),
    "rewrite path is not published yet": publishing(rewritePath=None),
    "host is no name": publishing(hostname="A B"),
    "host is a number": publishing(hostname=7),
    "port is text": publishing(port="x"),
    "port is left out": publishing(port=None),
    "backend is a number": publishing(backendName=7),
    "status is gone": lambda obj: {**obj, "status": {}},
}
NOTHING_PUBLISHED = ("no spec and no status", "status is gone")


@pytest.mark.parametrize("uid", ["", "7b0c"])
@pytest.mark.parametrize("how", SPOILED)
def test_a_malformed_endpoint_among_good_ones_keeps_the_backend_that_it_has(how: str, uid: str) -> None:
    good, other = endpoint("a"), endpoint("b", backend=given_to("b", uid), uid=uid, rewritePath="/b/")
    before = composed_service(service(), [good, other])
    made = composed_service(served(), [good, SPOILED[how](other)], route=observed_route(before))
    assert refs(made) == refs(before)
    assert made.ready
    assert said(made)["Held"] == "True/InputInvalid"
    assert "ModelEndpoint b" in message(made, "Held")
    assert "routed to as before" in rows(made)["b"]


@pytest.mark.parametrize("how", [how for how in SPOILED if how not in NOTHING_PUBLISHED])
def test_a_malformed_endpoint_that_was_never_routed_to_is_skipped_and_named(how: str) -> None:
    before = composed_service(service(), [endpoint("a")])
    made = composed_service(served(), [endpoint("a"), SPOILED[how](endpoint("b"))], route=observed_route(before))
    assert refs(made) == refs(before)
    assert made.ready
    assert "ModelEndpoint b" in message(made, "Held")
    assert made.status["summary"] == {"ready": "1/2"}


def test_an_endpoint_made_anew_under_the_same_name_does_not_inherit_the_old_backend() -> None:
    before = composed_service(service(), [endpoint("a", backend=given_to("a", "old"), uid="old")])
    made = composed_service(served(), [endpoint("a", backend="", uid="new")], route=observed_route(before))
    assert "backendRefs" not in rule(made)


def test_an_endpoint_whose_name_only_begins_like_anothers_does_not_take_its_backend() -> None:
    before = composed_service(service(), [endpoint("b-2")])
    made = composed_service(served(), [endpoint("b", backend=""), endpoint("b-2")], route=observed_route(before))
    assert refs(made) == refs(before)


def test_a_long_name_that_no_backend_can_have_is_skipped_and_the_status_stays_valid() -> None:
    made = composed_service(service(), [endpoint("a"), endpoint("x" * 70)])
    assert shares_of(made) == {"a": 1}
    assert set(rows(made)) == {"a"}
    assert "more than 63 characters" in message(made, "Held")


PIECES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=2)
)


@settings(deadline=None)
@given(
    spec=st.dictionaries(st.sampled_from(["url", "rewritePath", "host", "draining"]), PIECES),
    routing=PIECES | st.dictionaries(st.sampled_from(["backendName", "port", "rewritePath", "hostname"]), PIECES),
)
def test_junk_in_an_endpoint_never_fails_and_never_touches_the_others(spec: Any, routing: Any) -> None:
    before = composed_service(service(), [endpoint("a")])
    junk = {**endpoint("b"), "spec": spec, "status": {"routing": routing}}
    made = composed_service(served(), [endpoint("a"), junk], route=observed_route(before))
    assert refs(before) == refs(made)
    assert made.ready
