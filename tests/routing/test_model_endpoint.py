"""A ModelEndpoint becomes a Service without a selector and a slice with its one address."""

import re
from typing import Any

import kubernetes_validate
import pytest

from function.composition import names
from tests.routing.builders import authority, bare_endpoint, composed_endpoint, message
from tests.routing.endpoint_parts import BACKEND, ROUTING, SERVICE, SLICE, bodies, on_port, running
from tests.support.observe import reasons

NEW = names.name("a", 63, "Service", "ml-team", "a", "")


def test_first_there_is_only_the_service() -> None:
    made = composed_endpoint(bare_endpoint())
    assert bodies(made) == {
        "service": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"namespace": "ml-team", "name": NEW},
            "spec": {"ports": [{"port": 80, "protocol": "TCP"}]},
        }
    }
    assert not made.children["service"].readiness.ready
    assert (made.status, made.ready, reasons(made)["RoutingReady"]) == ({}, False, "False/WaitingForBackend")


def test_once_the_service_is_observed_the_slice_refers_to_it_by_its_name() -> None:
    made = composed_endpoint(bare_endpoint(), service=SERVICE)
    assert bodies(made)["endpointslice-ipv4"] == {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": "ml-team", "labels": {"kubernetes.io/service-name": BACKEND}},
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
        "endpoints": [{"addresses": ["203.0.113.4"], "conditions": {"ready": True}}],
    }
    assert {key: child.readiness.ready for key, child in made.children.items()} == {
        "service": True,
        "endpointslice-ipv4": False,
    }
    assert (made.status, made.ready, reasons(made)["RoutingReady"]) == ({}, False, "False/WaitingForBackend")


def test_once_both_are_observed_the_backend_is_published() -> None:
    made = composed_endpoint(bare_endpoint(), service=SERVICE, endpointslice_ipv4=SLICE)
    assert made.status == {"routing": ROUTING}
    assert made.ready
    assert reasons(made) == {
        "RoutingReady": "True/BackendConfigured",
        "UpstreamTLS": "True/NotNeeded",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }


@pytest.mark.parametrize(
    ("url", "key", "address", "port", "name"),
    [
        ("http://34.55.100.10/v1", "endpointslice-ipv4", "34.55.100.10", 80, ""),
        ("https://api.together.xyz/v1", "endpointslice-fqdn", "api.together.xyz.", 443, "https"),
        ("http://[2001:db8::1]/v1", "endpointslice-ipv6", "2001:db8::1", 80, ""),
        ("https://h.example:8443", "endpointslice-fqdn", "h.example.", 8443, "https"),
        ("http://h.example:443", "endpointslice-fqdn", "h.example.", 443, ""),
    ],
)
def test_port_family_and_scheme_come_from_the_url_and_https_names_the_port(
    url: str, key: str, address: str, port: int, name: str
) -> None:
    made = bodies(composed_endpoint(bare_endpoint(url), service=SERVICE))
    assert set(made) == {"service", key}
    assert made[key]["endpoints"] == [{"addresses": [address], "conditions": {"ready": True}}]
    assert made[key]["ports"] == [{"name": name, "port": port, "protocol": "TCP"}]
    (exposed,) = made["service"]["spec"]["ports"]
    assert (exposed["port"], exposed.get("name", "")) == ((443, "https") if name else (80, ""))


@pytest.mark.parametrize("url", ["http://203.0.113.4:9000/v1", "https://203.0.113.4/v1"])
def test_the_port_that_routes_name_stays_whatever_port_and_scheme_the_url_gets(url: str) -> None:
    made = composed_endpoint(running(url), service=on_port(8000), endpointslice_ipv4=SLICE)
    (exposed,) = bodies(made)["service"]["spec"]["ports"]
    assert (exposed["port"], made.status["routing"]["port"]) == (8000, 8000)


def test_clear_text_stays_so_on_a_service_port_that_the_gateway_takes_for_tls() -> None:
    made = composed_endpoint(running(), service=on_port(443, name="https"), endpointslice_ipv4=SLICE)
    assert bodies(made)["service"]["spec"]["ports"] == [{"port": 443, "protocol": "TCP", "appProtocol": "http"}]


@pytest.mark.parametrize("junk", ["x", 0, 70000, True, None])
def test_a_port_that_is_none_is_not_taken_up(junk: Any) -> None:
    made = composed_endpoint(bare_endpoint(status={"routing": {"port": junk}}), service=on_port(junk))
    assert bodies(made)["service"]["spec"]["ports"] == [{"port": 80, "protocol": "TCP"}]


@pytest.mark.parametrize(
    ("url", "spec", "facts"),
    [
        ("http://203.0.113.4/ml-team/a/v1", {}, {"rewritePath": "/ml-team/a/"}),
        ("https://h.example/openai/v1", {}, {"rewritePath": "/openai/", "hostname": "h.example"}),
        ("https://h.example/my%20org/v1", {}, {"rewritePath": "/my org/", "hostname": "h.example"}),
        ("https://h.example", {"rewritePath": "/a%3fb%2520/"}, {"rewritePath": "/a?b%20/", "hostname": "h.example"}),
        ("https://h.example/v1", {"rewritePath": "/x/"}, {"rewritePath": "/x/", "hostname": "h.example"}),
        ("https://h.example", {"host": "other.example"}, {"rewritePath": "/", "hostname": "other.example"}),
    ],
)
def test_how_it_is_routed_to_is_published_once(url: str, spec: dict[str, Any], facts: dict[str, str]) -> None:
    children: Any = {"service": SERVICE, "endpointslice_ipv4": SLICE, "backendtlspolicy": {"kind": "BackendTLSPolicy"}}
    found = composed_endpoint(running(url, **spec), [], **children).status["routing"]
    assert {key: found[key] for key in ("rewritePath", "hostname") if key in found} == facts


@pytest.mark.parametrize(
    "spec", [{"rewritePath": "x/"}, {"rewritePath": "/" * 961}, {"rewritePath": "/a%2Fb/"}, {"host": "A b"}]
)
def test_a_path_or_host_that_no_route_can_say_is_refused_and_what_runs_stays(spec: dict[str, Any]) -> None:
    made = composed_endpoint(bare_endpoint(**spec))
    assert (dict(made.children), reasons(made)["RoutingReady"]) == ({}, "False/InvalidRewrite")
    kept = composed_endpoint(running(**spec), service=SERVICE, endpointslice_ipv4=SLICE)
    assert (set(kept.children), kept.status, kept.ready) == (
        {"service", "endpointslice-ipv4"},
        {"routing": ROUTING},
        True,
    )


@pytest.mark.parametrize("url", ["http://203.0.113.4/v1", "https://h.example:8443", "http://[2001:db8::1]"])
def test_what_is_composed_passes_the_schema_of_kubernetes(url: str) -> None:
    for body in bodies(composed_endpoint(bare_endpoint(url), service=SERVICE)).values():
        kubernetes_validate.validate(body, kubernetes_validate.latest_version(), strict=True)


def test_another_address_family_gets_another_slice_and_the_old_one_goes_once_the_new_one_is_there() -> None:
    moved = running("http://lb.example.com/v1")
    first = composed_endpoint(moved, service=SERVICE, endpointslice_ipv4=SLICE)
    assert set(first.children) == {"service", "endpointslice-ipv4", "endpointslice-fqdn"}
    assert first.status["routing"]["backendName"] == BACKEND
    new = {**SLICE, "addressType": "FQDN"}
    then = composed_endpoint(moved, service=SERVICE, endpointslice_ipv4=SLICE, endpointslice_fqdn=new)
    assert set(then.children) == {"service", "endpointslice-fqdn"}
    assert then.ready


@pytest.mark.parametrize("url", ["not-a-url", "https://host:abc", "http://[::1", "ftp://h.example", "http://h:70000"])
def test_an_invalid_url_with_nothing_composed_yet_composes_nothing_and_is_not_ready(url: str) -> None:
    made = composed_endpoint(bare_endpoint(url))
    assert (dict(made.children), made.status, made.ready) == ({}, {}, False)
    assert reasons(made)["RoutingReady"] == "False/InvalidURL"
    assert message(made, "RoutingReady").startswith("spec.url ")
    assert [event.reason for event in made.events] == ["InvalidURL"]


def test_an_invalid_url_later_loses_nothing_and_says_so() -> None:
    made = composed_endpoint(running("http://[::1"), service=SERVICE, endpointslice_ipv4=SLICE)
    assert set(made.children) == {"service", "endpointslice-ipv4"}
    assert (made.status, made.ready) == ({"routing": ROUTING}, True)
    assert reasons(made)["RoutingReady"] == "True/BackendConfigured"
    assert reasons(made)["Held"] == "True/InvalidSpec"
    assert "requests go where they went before" in message(made, "Held")


def test_what_of_a_url_is_ignored_is_said_without_saying_it() -> None:
    url = "http://key:secret@203.0.113.4/v1#x"
    made = composed_endpoint(bare_endpoint(url), service=SERVICE, endpointslice_ipv4=SLICE)
    assert (made.status, made.ready) == ({"routing": ROUTING}, True)
    assert message(made, "RoutingReady") == (
        f"{BACKEND} sends to 203.0.113.4:80; ignored of spec.url: user info, fragment"
    )


def test_an_endpoint_whose_url_has_a_query_takes_no_traffic_and_says_what_to_do_without_saying_the_query() -> None:
    made = composed_endpoint(bare_endpoint("https://203.0.113.4/openai/deployments/gpt-4o?api-version=secret"))
    assert (dict(made.children), made.status, made.ready) == ({}, {}, False)
    assert reasons(made)["RoutingReady"] == "False/QueryNotSent"
    assert "take it out, and have clients say it" in message(made, "RoutingReady")
    assert "secret" not in message(made, "RoutingReady")


def test_an_endpoint_that_serves_and_gets_a_query_goes_on_without_it() -> None:
    made = composed_endpoint(running("http://203.0.113.4/v1?x=1"), service=SERVICE, endpointslice_ipv4=SLICE)
    assert (made.status, made.ready) == ({"routing": ROUTING}, True)
    assert reasons(made)["Held"] == "True/InvalidSpec"


@pytest.mark.parametrize(
    ("url", "rewrite", "published"),
    [
        ("/v1", "", {"rewritePath": "/"}),
        ("/openai/v1/", "", {"rewritePath": "/openai/"}),
        ("", "", {"rewritePath": "/"}),
        ("/v1beta/openai", "", {"rewritePath": "/v1beta/openai/", "apiPath": "/v1beta/openai"}),
        ("/inference/", "", {"rewritePath": "/inference/", "apiPath": "/inference"}),
        ("", "/v1beta/openai", {"rewritePath": "/v1beta/openai/", "apiPath": "/v1beta/openai"}),
        ("/v1beta/openai", "/v1beta/openai/", {"rewritePath": "/v1beta/openai/", "apiPath": "/v1beta/openai"}),
        ("/inference", "/inference", {"rewritePath": "/inference/", "apiPath": "/inference"}),
        ("", "/api/paas/v4", {"rewritePath": "/api/paas/v4/", "apiPath": "/api/paas/v4"}),
        ("", "/openai/v1/", {"rewritePath": "/openai/"}),
        ("", "/openai/", {"rewritePath": "/openai/"}),
        ("/ml-team/qwen-1/v1", "/ml-team/qwen-1/", {"rewritePath": "/ml-team/qwen-1/"}),
        ("/inference", "/", {"rewritePath": "/"}),
    ],
)
def test_a_base_url_says_where_the_api_is_that_clients_know_as_v1(
    url: str, rewrite: str, published: dict[str, str]
) -> None:
    more = {"rewritePath": rewrite} if rewrite else {}
    made = composed_endpoint(
        bare_endpoint(f"http://203.0.113.4{url}", **more), service=SERVICE, endpointslice_ipv4=SLICE
    )
    paths = {key: value for key, value in made.status["routing"].items() if key in {"rewritePath", "apiPath"}}
    assert paths == published
    said = f", /v1 as {published['apiPath']}" if "apiPath" in published else ""
    assert message(made, "RoutingReady") == f"{BACKEND} sends to 203.0.113.4:80{said}"
    again = bare_endpoint(f"http://203.0.113.4{url}", made.status, **more)
    assert composed_endpoint(again, service=SERVICE, endpointslice_ipv4=SLICE).status == made.status


@pytest.mark.parametrize(
    ("url", "rewrite", "said"),
    [
        ("/v1/chat/completions", "", "url ends with /chat/completions"),
        ("/openai/v1/embeddings/", "", "url ends with /embeddings"),
        ("", "/v1/completions", "rewritePath ends with /completions"),
    ],
)
def test_a_base_url_that_ends_with_what_requests_have_themselves_is_named(url: str, rewrite: str, said: str) -> None:
    more = {"rewritePath": rewrite} if rewrite else {}
    made = composed_endpoint(
        bare_endpoint(f"http://203.0.113.4{url}", **more), service=SERVICE, endpointslice_ipv4=SLICE
    )
    assert made.ready
    assert message(made, "RoutingReady") == (
        f"{BACKEND} sends to 203.0.113.4:80, /v1 as {(rewrite or url).rstrip('/')}; spec.{said}, which requests have "
        "themselves: leave it out"
    )


def test_an_endpoint_that_was_published_with_its_v1_behind_a_path_keeps_it_and_says_how_to_have_it_replaced() -> None:
    before = {"routing": {**ROUTING, "rewritePath": "/proxy/"}}
    made = composed_endpoint(
        bare_endpoint("http://203.0.113.4/proxy", before), service=SERVICE, endpointslice_ipv4=SLICE
    )
    assert (made.status, made.ready) == (before, True)
    assert message(made, "RoutingReady").endswith("say rewritePath /proxy to have it replaced")
    told = composed_endpoint(
        bare_endpoint("http://203.0.113.4/proxy", before, rewritePath="/proxy"),
        service=SERVICE,
        endpointslice_ipv4=SLICE,
    )
    assert told.status["routing"]["apiPath"] == "/proxy"


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[fe80::1]/", "http://169.254.0.1/", "http://gateway/"])
def test_an_address_that_no_slice_takes_is_said_and_not_composed(url: str) -> None:
    made = composed_endpoint(bare_endpoint(url))
    assert (dict(made.children), made.ready) == ({}, False)
    assert reasons(made)["RoutingReady"] == "False/AddressRefused"
    kept = composed_endpoint(running(url), service=SERVICE, endpointslice_ipv4=SLICE)
    assert set(kept.children) == {"service", "endpointslice-ipv4"}
    assert (kept.status, kept.ready) == ({"routing": ROUTING}, True)


def test_draining_changes_none_of_its_children_and_not_its_readiness() -> None:
    stays = composed_endpoint(running(), service=SERVICE, endpointslice_ipv4=SLICE)
    drains = composed_endpoint(running(draining=True), service=SERVICE, endpointslice_ipv4=SLICE)
    assert (drains.children, drains.status, drains.ready) == (stays.children, stays.status, stays.ready)
    assert "draining" in message(drains, "RoutingReady")


def test_a_service_that_is_lost_comes_back_under_the_name_that_routes_have() -> None:
    made = composed_endpoint(running())
    assert made.children["service"].manifest["metadata"]["name"] == BACKEND
    labels = made.children["endpointslice-ipv4"].manifest["metadata"]["labels"]
    assert labels == {"kubernetes.io/service-name": BACKEND}
    assert made.status == {"routing": ROUTING}
    assert not made.ready


@pytest.mark.parametrize("junk", ["Not A Name", "-a", "1a", "a" * 64, 7, [], {"x": 1}])
def test_a_published_name_that_is_none_is_not_taken_up(junk: Any) -> None:
    made = composed_endpoint(bare_endpoint(status={"routing": {"backendName": junk}}))
    assert made.children["service"].manifest["metadata"]["name"] == NEW


@pytest.mark.parametrize(
    ("url", "spec", "reason"),
    [
        ("http://h.example", {}, "True/NotNeeded"),
        ("https://h.example", {}, "True/WellKnownAuthorities"),
        ("http://h.example:443", {}, "True/NotNeeded"),
        ("https://h.example", {"tls": {"insecureSkipVerify": True}}, "False/NotSupported"),
        ("https://h.example", {"host": "h.example"}, "True/WellKnownAuthorities"),
        ("https://h.example", {"host": "other.example"}, "True/WellKnownAuthorities"),
        ("https://203.0.113.7", {"host": "other.example"}, "True/WellKnownAuthorities"),
        ("http://h.example", {"tls": {"caSecretRef": {"name": "ca"}}}, "True/NotNeeded"),
        ("https://h.example", {"tls": {"caSecretRef": {"name": "ca"}}}, "True/GivenAuthority"),
        ("https://203.0.113.7", {"tls": {"caSecretRef": {"name": "ca"}}}, "False/HostNeeded"),
    ],
)
def test_how_the_endpoint_is_spoken_to_is_said_and_what_has_no_effect_too(
    url: str, spec: dict[str, Any], reason: str
) -> None:
    made = composed_endpoint(bare_endpoint(url, **spec), [authority()])
    assert reasons(made)["UpstreamTLS"] == reason


@pytest.mark.parametrize("name", ["chat", "7b-outside", "a.b", "1", "x" * 63])
def test_the_service_has_a_name_of_its_own_that_a_service_may_have(name: str) -> None:
    obj = bare_endpoint()
    obj["metadata"] |= {"name": name, "uid": "7b0c"}
    given = composed_endpoint(obj).children["service"].manifest["metadata"]["name"]
    assert given == names.name(name, 63, "Service", "ml-team", name, "7b0c")
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", given)
