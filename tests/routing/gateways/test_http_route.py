"""A service's route as one HTTPRoute, with a rule for each public path."""

from typing import Any

import pytest

from function.composition import Composition, Manifest, names
from tests.routing.builders import (
    composed_service,
    endpoint,
    observed_route,
    open_gateway,
    publishing,
    refs,
    rewrite,
    rules,
    served,
    service,
)
from tests.support.crd_schemas import violations
from tests.support.observe import reasons

MARKER = names.name("x-modelplane-gateway", 63, "InferenceGateway", "default", "")


# --------------------------------------------------------------------- the route


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


GEMINI = endpoint("a", "https://h.example/v1beta/openai")


def _replacements(made: Composition) -> dict[str, list[str]]:
    """What each backend has in the place of each public path."""
    return {
        found["matches"][0]["path"]["value"]: [
            ref["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"] for ref in found["backendRefs"]
        ]
        for found in rules(made)
        if "backendRefs" in found
    }


@pytest.mark.parametrize(
    ("public", "replacements"),
    [
        (["/v1"], {"/v1": ["/v1beta/openai", "/v1"]}),
        (["/v1/models"], {"/v1/models": ["/v1beta/openai/models", "/v1/models"]}),
        (["/metrics", "/v1"], {"/metrics": ["/v1beta/openai/metrics", "/metrics"], "/v1": ["/v1beta/openai", "/v1"]}),
        (["/"], {"": ["/v1beta/openai/", "/"], "/v1": ["/v1beta/openai", "/v1"]}),
    ],
)
def test_an_api_that_is_elsewhere_takes_the_place_of_v1_and_is_read_back_from_the_route(
    public: list[str], replacements: dict[str, list[str]]
) -> None:
    front = open_gateway(publicPaths=public)
    made = composed_service(service(), [GEMINI, endpoint("b")], gateway_obj=front)
    assert _replacements(made) == {f"/ml-team/chat{path}": found for path, found in replacements.items()}
    unreadable = publishing(port=None)(GEMINI)
    obj = served(weights={"a": 1, "b": 1})
    kept = composed_service(obj, [unreadable, endpoint("b")], route=observed_route(made), gateway_obj=front)
    assert _replacements(kept) == _replacements(made)


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
    assert (made.ready, reasons(made)["Held"]) == (True, "False/InputsResolved")


@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_the_route_passes_the_schema_of_its_definition(count: int) -> None:
    found = [endpoint(f"e{n}", "https://h.example/openai/v1") for n in range(count)]
    assert violations(dict(composed_service(service(), found).children["httproute"].manifest), "httproutes") == []


def test_the_order_in_which_endpoints_arrive_changes_nothing() -> None:
    found = [endpoint(name) for name in ("c", "a", "b")]
    assert composed_service(service(), found) == composed_service(service(), found[::-1])


# --------------------------------------------------------------------- what is public


def circle(made: Composition) -> list[Manifest]:
    """What requests are matched by that have gone in a circle."""
    (only,) = [found for found in made.children["httproute"].manifest["spec"]["rules"] if found not in rules(made)]
    assert set(only) == {"matches"}
    return list(only["matches"])


@pytest.mark.parametrize("paths", [["/"], ["/v1", "/v1/audio", "/rerank"], [f"/{n}" for n in range(8)]])
def test_a_request_that_comes_back_meets_a_rule_without_a_backend_at_every_public_path(paths: list[str]) -> None:
    made = composed_service(service(), [endpoint("a")], gateway_obj=open_gateway(publicPaths=paths))
    assert [match["path"] for match in circle(made)] == [rule["matches"][0]["path"] for rule in rules(made)]
    for public in rules(made):
        (modifier,) = (each["requestHeaderModifier"] for each in public["filters"])
        (mark,) = modifier["set"]
        assert all(each["headers"] == [{"type": "Exact", **mark}] for each in circle(made))
        assert mark["name"] not in modifier["remove"]
    assert violations(made.children["httproute"].manifest, "httproutes") == []


def test_every_gateway_has_a_mark_of_its_own_so_that_one_may_stand_behind_another() -> None:
    def marks(uid: str) -> set[str]:
        gateway_obj = open_gateway()
        made = composed_service(
            service(), [endpoint("a")], gateway_obj={**gateway_obj, "metadata": {"name": "default", "uid": uid}}
        )
        return {match["headers"][0]["name"] for match in circle(made)}

    assert (len(marks("1")), marks("1") & marks("2")) == (1, set())


def test_without_a_gateway_requests_keep_the_mark_that_they_get() -> None:
    gateway_obj = {**open_gateway(), "metadata": {"name": "default", "uid": "7b0c"}}
    before = composed_service(service(), [endpoint("a")], gateway_obj=gateway_obj)
    made = composed_service(served(), [endpoint("a")], route=observed_route(before), without_gateway=True)
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
    made = composed_service(service(), [endpoint("a", rewritePath="/a/")], gateway_obj=open_gateway(publicPaths=paths))
    assert reached(made) == expected
    assert violations(dict(made.children["httproute"].manifest), "httproutes") == []


@pytest.mark.parametrize("paths", [["/"], ["/v1", "/api/v2"]])
@pytest.mark.parametrize("how", ["gone", "junk", "paths"])
def test_while_the_gateway_cannot_be_read_what_is_public_stays_so(paths: list[str], how: str) -> None:
    found = [endpoint("a", rewritePath="/a/"), endpoint("b", "https://h.example/openai/v1")]
    before = composed_service(service(), found, gateway_obj=open_gateway(publicPaths=paths))
    gateway_obj = {**open_gateway(), "spec": "junk"} if how == "junk" else open_gateway(publicPaths=["//"])
    made = composed_service(
        served(), found, route=observed_route(before), gateway_obj=gateway_obj, without_gateway=how == "gone"
    )
    assert made.children["httproute"].manifest["spec"] == before.children["httproute"].manifest["spec"]
    assert reasons(made)["Held"][:4] == "True"


@pytest.mark.parametrize("paths", [["/"], ["/v1", "/api/v2"]])
def test_an_endpoint_that_cannot_be_read_keeps_its_place_at_every_public_path(paths: list[str]) -> None:
    gateway_obj = open_gateway(publicPaths=paths)
    found = [endpoint("a"), endpoint("b", "https://h.example/openai/v1")]
    before = composed_service(service(), found, gateway_obj=gateway_obj)
    doubted = [found[0], publishing(port=None)(found[1])]
    made = composed_service(served(), doubted, route=observed_route(before), gateway_obj=gateway_obj)
    assert made.children["httproute"].manifest["spec"] == before.children["httproute"].manifest["spec"]
    narrowed = composed_service(served(), doubted, route=observed_route(before))
    assert reached(narrowed) == {"/ml-team/chat/v1": ["/v1", "/openai/v1"]}


def test_the_longest_path_of_an_endpoint_and_the_longest_public_one_fit_into_a_route() -> None:
    longest = endpoint("a", rewritePath=f"/{'a' * 959}")
    made = composed_service(service(), [longest], gateway_obj=open_gateway(publicPaths=[f"/{'b' * 63}"]))
    assert refs(made)
    assert violations(dict(made.children["httproute"].manifest), "httproutes") == []
