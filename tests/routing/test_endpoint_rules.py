"""Where an endpoint that is written by hand may lead, and what becomes of one that leads elsewhere."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.composition import Composition, Manifest
from function.routing.model_endpoint import COMPOSER
from tests.routing.builders import (
    bare_endpoint,
    composed_endpoint,
    composed_service,
    endpoint,
    gateway,
    message,
    observed_route,
    open_gateway,
    refs,
    rows,
    served,
    true,
)
from tests.routing.endpoint_parts import BACKEND, ROUTING, SERVICE, SLICE, bodies, running
from tests.support.doubts import JUNK
from tests.support.observe import answer, reasons

CLUSTERS = [{"name": "ams-1", "address": "34.1.2.3"}, {"name": "osl-1", "address": "lb.cloud.example"}]


def gateway_with_rules(allow: list[str] | None = None, deny: list[str] | None = None, **spec: Any) -> Manifest:
    """The front door at 52.1.2.3, named models.example.com, with rules of its own and two clusters."""
    status = {"address": "52.1.2.3", "clusterGateways": CLUSTERS, "conditions": true("GatewayAPIReady", "Ready")}
    return gateway(status, endpoints={"allow": allow or [], "deny": deny or []}, hostname="models.example.com", **spec)


def fresh(url: str, gateway_obj: Mapping[str, Any] | None = None, **spec: Any) -> Composition:
    return composed_endpoint(bare_endpoint(url, **spec), gateway_obj=gateway_obj or gateway_with_rules())


def routed(url: str, gateway_obj: Mapping[str, Any]) -> Composition:
    """An endpoint that requests are sent to."""
    return composed_endpoint(running(url), gateway_obj=gateway_obj, service=SERVICE, endpointslice_ipv4=SLICE)


INNER = [
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local./",
    "http://10.96.0.1",
    "http://metadata.google.internal/computeMetadata",
    "http://100.100.100.200",
    "http://168.63.129.16",
    "http://[fd00:ec2::254]",
    "http://[64:ff9b::a9fe:a9fe]",
    "http://chat.other-team.svc",
    "http://10.0.0.1.nip.io",
]


@pytest.mark.parametrize("url", INNER)
def test_an_endpoint_that_leads_inside_is_refused_and_gets_no_backend(url: str) -> None:
    made = fresh(url, rewritePath="/api/")
    assert (dict(made.children), made.ready) == ({}, False)
    assert made.status == {"routing": {"refused": True}}
    assert reasons(made)["RoutingReady"] == "False/AddressNotAllowed"
    assert "spec.endpoints.allow of InferenceGateway default can open it" in message(made, "RoutingReady")


@pytest.mark.parametrize("url", INNER)
def test_without_a_gateway_a_new_endpoint_may_lead_only_to_what_is_public(url: str) -> None:
    for there, reason in ((url, "False/AddressNotAllowed"), ("https://api.example.com/v1", "False/WaitingForBackend")):
        made = answer(COMPOSER, bare_endpoint(there), {}, {"inference-gateway": []})
        assert reasons(made)["RoutingReady"] == reason


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://10.96.0.1", "10.96.0.0/24"),
        ("http://10.96.0.1", "0.0.0.0/0"),
        ("http://[fd12::1]", "fd12::/16"),
        ("http://[64:ff9b::a00:1]", "64:ff9b::/96"),
        ("http://llm.corp", "corp"),
        ("http://chat.team.svc.cluster.local", "team.svc.cluster.local"),
    ],
)
def test_what_is_allowed_is_open(url: str, allow: str) -> None:
    assert reasons(fresh(url, gateway_with_rules([allow])))["RoutingReady"] == "False/WaitingForBackend"


@pytest.mark.parametrize(
    ("url", "allow"),
    [
        ("http://10.97.0.1", "10.96.0.0/24"),
        ("http://[64:ff9b::a60:1]", "10.96.0.0/24"),
        ("http://notteam.svc.cluster.local", "team.svc.cluster.local"),
        ("http://xcorp.internal", "corp.internal"),
    ],
)
def test_nothing_is_allowed_beside_what_is_written(url: str, allow: str) -> None:
    assert reasons(fresh(url, gateway_with_rules([allow])))["RoutingReady"] == "False/AddressNotAllowed"


@pytest.mark.parametrize(
    ("url", "host", "deny", "entry"),
    [
        ("https://api.bad.example", "", "bad.example", "bad.example"),
        ("https://bad.example.", "", "bad.example", "bad.example"),
        ("https://8.8.8.8", "", "8.8.0.0/16", "8.8.0.0/16"),
        ("https://8.8.8.8", "api.bad.example", "bad.example", "bad.example"),
        ("https://[64:ff9b::808:808]", "", "8.8.0.0/16", "8.8.0.0/16"),
        ("https://8.8.8.8", "", "8.8.8.8/16", "8.8.0.0/16"),
    ],
)
def test_what_is_denied_is_refused_whatever_is_allowed(url: str, host: str, deny: str, entry: str) -> None:
    made = fresh(url, gateway_with_rules(["0.0.0.0/0", "::/0", "example"], [deny]), **({"host": host} if host else {}))
    assert reasons(made)["RoutingReady"] == "False/AddressNotAllowed"
    assert message(made, "RoutingReady").endswith(f"which spec.endpoints.deny of InferenceGateway default has: {entry}")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://52.1.2.3/ml-team/chat", ""),
        ("http://[::ffff:52.1.2.3]/ml-team/chat", ""),
        ("http://[64:ff9b::3401:203]/ml-team/chat", ""),
        ("https://models.example.com/ml-team/chat", ""),
        ("https://MODELS.example.com./ml-team/chat", ""),
        ("https://8.8.8.8/ml-team/chat", "models.example.com"),
        ("http://traefik.traefik-system.svc.cluster.local/ml-team/chat", ""),
        ("http://34.1.2.3/other-team/chat-0", ""),
        ("http://34.1.2.3:8080/other-team/chat-0", ""),
        ("http://lb.cloud.example/other-team/chat-0", ""),
    ],
)
def test_a_gateway_of_our_own_is_refused_whatever_is_allowed(url: str, host: str) -> None:
    allow = ["0.0.0.0/0", "::/0", "example.com", "cloud.example", "svc.cluster.local"]
    made = fresh(url, gateway_with_rules(allow), **({"host": host} if host else {}))
    assert (dict(made.children), reasons(made)["RoutingReady"]) == ({}, "False/OwnGateway")


# ---------------------------------------------------------------------- one that is routed to already


def test_what_a_cluster_says_of_its_gateway_closes_no_endpoint_that_is_routed_to() -> None:
    """A cluster may say that its gateway is where a provider is."""
    made = routed("http://34.1.2.3/v1", gateway_with_rules())
    assert (made.ready, reasons(made)["RoutingReady"]) == (True, "True/BackendConfigured")


def test_an_endpoint_that_is_denied_later_leads_nowhere_at_once_and_its_service_stays_for_routes() -> None:
    made = routed("http://203.0.113.4/v1", gateway_with_rules(["203.0.113.0/24"], ["203.0.113.4/32"]))
    assert (made.ready, made.status) == (False, {"routing": {"refused": True}})
    assert bodies(made)["endpointslice-ipv4"] == {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "namespace": "ml-team",
            "name": "a-ba9876543210",
            "labels": {"kubernetes.io/service-name": BACKEND},
        },
        "addressType": "IPv4",
        "ports": [],
        "endpoints": [],
    }
    assert set(made.children) == {"service", "endpointslice-ipv4"}


def leading_to(address: str) -> Manifest:
    return {**SLICE, "endpoints": [{"addresses": [address], "conditions": {"ready": True}}]}


@pytest.mark.parametrize(
    ("url", "spec"),
    [
        ("https://[::1", {}),
        ("https://api.example.com", {"rewritePath": "/../"}),
        ("https://api.example.com", {"tls": {"caSecretRef": {"name": "gone"}}}),
        ("http://127.0.0.1", {}),
    ],
)
@pytest.mark.parametrize("address", ["10.96.0.1", "52.1.2.3", "203.0.113.4"])
def test_what_is_kept_because_something_else_is_wrong_must_be_allowed_too(
    url: str, spec: dict[str, Any], address: str
) -> None:
    children: Any = {"service": SERVICE, "endpointslice_ipv4": leading_to(address)}
    gateway_obj = gateway_with_rules(["203.0.113.0/24"])
    made = composed_endpoint(running(url, **spec), [], gateway_obj, **children)
    if address == "203.0.113.4":
        assert (made.status, made.ready) == ({"routing": ROUTING}, True)
        assert bodies(made)["endpointslice-ipv4"]["endpoints"] == leading_to(address)["endpoints"]
    else:
        assert (made.status, made.ready) == ({"routing": {"refused": True}}, False)
        assert bodies(made)["endpointslice-ipv4"]["endpoints"] == []


def test_an_endpoint_that_is_allowed_again_is_routed_to_as_before() -> None:
    refused = routed("http://203.0.113.4/v1", gateway_with_rules())
    obj = bare_endpoint(status=dict(refused.status))
    again = composed_endpoint(
        obj, gateway_obj=gateway_with_rules(["203.0.113.0/24"]), service=SERVICE, endpointslice_ipv4=SLICE
    )
    assert (again.status, again.ready) == ({"routing": ROUTING}, True)


def test_a_service_sends_nothing_to_an_endpoint_that_is_refused_and_keeps_no_backend_of_it() -> None:
    before = composed_service(served(), [endpoint("a"), endpoint("b")])
    refused = {**endpoint("b"), "status": {"routing": {"refused": True}}}
    made = composed_service(served(), [endpoint("a"), refused], route=observed_route(before))
    assert [ref["name"] for ref in refs(made)] == ["a-0123456789ab"]
    assert rows(made) == {"a": "", "b": "it leads where no endpoint may: its RoutingReady says why"}
    assert reasons(made)["Held"] == "False/InputsResolved"


@pytest.mark.parametrize("answered", [None, []], ids=["not fetched yet", "there is none"])
def test_while_the_gateway_is_not_known_what_is_routed_to_stays(answered: list[Manifest] | None) -> None:
    for url in ("http://203.0.113.4/v1", "http://10.96.0.1"):
        required = {} if answered is None else {"inference-gateway": answered}
        children = {"service": SERVICE, "endpointslice-ipv4": SLICE}
        made = answer(COMPOSER, running(url), children, required)
        assert (set(made.children), made.status, made.ready) == (set(children), {"routing": ROUTING}, True)
        assert reasons(made)["Held"] == f"True/{'InputUnresolved' if answered is None else 'InputMissing'}"


UNREADABLE: dict[str, dict[str, Any]] = {
    "its spec is text": {"spec": "junk"},
    "its status is text": {"status": "junk"},
    "its clusters are text": {"status": {"address": "52.1.2.3", "clusterGateways": "junk"}},
    "an entry is no CIDR": {"spec": {"backend": "Traefik", "traefik": {}, "endpoints": {"allow": ["10.0.0.0/40"]}}},
    "the rules are a list": {"spec": {"backend": "Traefik", "traefik": {}, "endpoints": ["10.0.0.0/8"]}},
}


@pytest.mark.parametrize("how", UNREADABLE)
def test_what_cannot_be_read_of_the_gateway_opens_nothing_and_stops_nothing(how: str) -> None:
    gateway_obj = {**gateway_with_rules(), **UNREADABLE[how]}
    kept = routed("http://203.0.113.4/v1", gateway_obj)
    assert (set(kept.children), kept.status, kept.ready) == (
        {"service", "endpointslice-ipv4"},
        {"routing": ROUTING},
        True,
    )
    assert reasons(kept)["Held"] == "True/InputInvalid"
    for url in ("http://10.96.0.1", "https://api.example.com"):
        assert dict(fresh(url, gateway_obj).children) == {}


def test_a_certain_refusal_counts_although_something_else_cannot_be_read() -> None:
    spec = {**gateway_with_rules()["spec"], "endpoints": {"allow": ["10.0.0.0/40"], "deny": ["203.0.113.0/24"]}}
    made = routed("http://203.0.113.4/v1", {**gateway_with_rules(), "spec": spec})
    assert reasons(made)["RoutingReady"] == "False/AddressNotAllowed"


@given(junk=st.sampled_from(JUNK), where=st.sampled_from(["allow", "deny", "both"]))
def test_junk_in_the_rules_never_fails_and_never_opens_anything(junk: Any, where: str) -> None:
    rules = {key: junk for key in ("allow", "deny") if where in (key, "both")}
    made = fresh(
        "http://10.96.0.1", {**gateway_with_rules(), "spec": {**gateway_with_rules()["spec"], "endpoints": rules}}
    )
    assert (dict(made.children), made.ready) == ({}, False)


# ---------------------------------------------------------------------- paths and names


@pytest.mark.parametrize("path", ["/../api/", "/a/./b", "/%2e%2e/api", "//evil.example", "/a//b", "/a/%2F/b"])
def test_a_path_that_leads_elsewhere_than_it_says_is_refused(path: str) -> None:
    assert reasons(fresh("https://api.example.com", rewritePath=path))["RoutingReady"] == "False/InvalidRewrite"
    assert reasons(fresh(f"https://api.example.com{path}x"))["RoutingReady"] == "False/InvalidURL"


def test_a_name_is_absolute_so_that_no_search_list_leads_it_into_the_cluster() -> None:
    made = composed_endpoint(bare_endpoint("http://kubernetes.default"), gateway_obj=open_gateway(), service=SERVICE)
    assert bodies(made)["endpointslice-fqdn"]["endpoints"][0]["addresses"] == ["kubernetes.default."]


def test_a_secret_is_looked_for_in_the_endpoints_own_namespace_whatever_its_name_says() -> None:
    obj = bare_endpoint("https://api.example.com", tls={"caSecretRef": {"name": "other-team/ca"}})
    asked = composed_endpoint(obj).requirements["certificate-authority"]
    assert (asked.namespace, asked.name) == ("ml-team", "other-team/ca")
