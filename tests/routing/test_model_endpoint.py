"""A ModelEndpoint becomes a Service without a selector and a slice with its one address."""

import re
from typing import Any

import kubernetes_validate
import pytest

from function.composition import Composition, Manifest, names
from tests.routing.builders import CERTIFICATE, authority, bare_endpoint, composed_endpoint, gateway, message, true
from tests.support.crd_schemas import violations
from tests.support.observe import said, with_condition

BACKEND = "a-0123456789ab"
NEW = names.name("a", 63, "Service", "ml-team", "a", "")
ROUTING = {"backendName": BACKEND, "host": "203.0.113.4", "port": 80, "protocol": "http", "rewritePath": "/"}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": BACKEND, "namespace": "ml-team"}}
SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "a-ba9876543210", "namespace": "ml-team"},
    "addressType": "IPv4",
}


def running(url: str = "http://203.0.113.4/v1", **spec: Any) -> Manifest:
    """An endpoint that was Ready at another address."""
    obj = bare_endpoint(url, {"routing": ROUTING}, **spec)
    return with_condition(with_condition(obj, "Ready"), "RoutingReady", reason="BackendConfigured")


def bodies(made: Composition) -> dict[str, Manifest]:
    return {key: child.manifest for key, child in made.children.items()}


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
    assert (made.status, made.ready, said(made)["RoutingReady"]) == ({}, False, "False/WaitingForBackend")


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
    assert (made.status, made.ready, said(made)["RoutingReady"]) == ({}, False, "False/WaitingForBackend")


def test_once_both_are_observed_the_backend_is_published() -> None:
    made = composed_endpoint(bare_endpoint(), service=SERVICE, endpointslice_ipv4=SLICE)
    assert made.status == {"routing": ROUTING}
    assert made.ready
    assert said(made) == {
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


def on_port(number: Any, **more: Any) -> Manifest:
    """The Service as it is observed with a port."""
    return {**SERVICE, "spec": {"ports": [{"port": number, "protocol": "TCP", **more}]}}


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
    assert (dict(made.children), said(made)["RoutingReady"]) == ({}, "False/InvalidRewrite")
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
    assert said(made)["RoutingReady"] == "False/InvalidURL"
    assert message(made, "RoutingReady").startswith("spec.url ")
    assert [event.reason for event in made.events] == ["InvalidURL"]


def test_an_invalid_url_later_loses_nothing_and_says_so() -> None:
    made = composed_endpoint(running("http://[::1"), service=SERVICE, endpointslice_ipv4=SLICE)
    assert set(made.children) == {"service", "endpointslice-ipv4"}
    assert (made.status, made.ready) == ({"routing": ROUTING}, True)
    assert said(made)["RoutingReady"] == "True/BackendConfigured"
    assert said(made)["Held"] == "True/InvalidSpec"
    assert "requests go where they went before" in message(made, "Held")


def test_what_of_a_url_is_ignored_is_said_without_saying_it() -> None:
    url = "http://key:secret@203.0.113.4/v1?api-version=1#x"
    made = composed_endpoint(bare_endpoint(url), service=SERVICE, endpointslice_ipv4=SLICE)
    assert (made.status, made.ready) == ({"routing": ROUTING}, True)
    assert message(made, "RoutingReady") == (
        f"{BACKEND} sends to 203.0.113.4:80; ignored of spec.url: user info, query, fragment"
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[fe80::1]/", "http://169.254.0.1/", "http://gateway/"])
def test_an_address_that_no_slice_takes_is_said_and_not_composed(url: str) -> None:
    made = composed_endpoint(bare_endpoint(url))
    assert (dict(made.children), made.ready) == ({}, False)
    assert said(made)["RoutingReady"] == "False/AddressRefused"
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
    assert said(made)["UpstreamTLS"] == reason


@pytest.mark.parametrize("name", ["chat", "7b-outside", "a.b", "1", "x" * 63])
def test_the_service_has_a_name_of_its_own_that_a_service_may_have(name: str) -> None:
    obj = bare_endpoint()
    obj["metadata"] |= {"name": name, "uid": "7b0c"}
    given = composed_endpoint(obj).children["service"].manifest["metadata"]["name"]
    assert given == names.name(name, 63, "Service", "ml-team", name, "7b0c")
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", given)


# ---------------------------------------------------------------------- certificates

GIVEN = {"tls": {"caSecretRef": {"name": "ca"}}}
URL = "https://llm.example.com:8443/v1"
SECURED = {**SERVICE, "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}}
AUTHORITY = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a-trusts", "namespace": "ml-team"},
    "data": {"ca.crt": CERTIFICATE},
}
POLICY: Manifest = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "BackendTLSPolicy",
    "metadata": {"name": "a-policy", "namespace": "ml-team"},
    "spec": {"validation": {"hostname": "llm.example.com", "caCertificateRefs": [{"name": "a-trusts"}]}},
}
FQDN = {**SLICE, "addressType": "FQDN"}


def test_an_authority_of_ones_own_is_copied_and_then_named_in_a_policy_for_the_service() -> None:
    first = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority()], service=SECURED)
    assert set(first.children) == {"service", "endpointslice-fqdn", "certificate-authority"}
    assert bodies(first)["certificate-authority"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": names.name("a", 63, "ConfigMap", "ml-team", "a", ""), "namespace": "ml-team"},
        "data": {"ca.crt": CERTIFICATE},
    }
    children: Any = {"service": SECURED, "endpointslice_fqdn": FQDN, "certificate_authority": AUTHORITY}
    then = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority()], **children)
    assert bodies(then)["backendtlspolicy"] == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "BackendTLSPolicy",
        "metadata": {"namespace": "ml-team"},
        "spec": {
            "targetRefs": [{"group": "", "kind": "Service", "name": BACKEND, "sectionName": "https"}],
            "validation": {
                "hostname": "llm.example.com",
                "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "a-trusts"}],
            },
        },
    }
    assert violations(bodies(then)["backendtlspolicy"], "backendtlspolicies") == []


def test_of_the_secret_only_the_certificates_are_copied() -> None:
    bundle = f"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n{CERTIFICATE}password: x\n{CERTIFICATE}"
    made = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority(bundle)], service=SECURED)
    assert bodies(made)["certificate-authority"]["data"] == {"ca.crt": CERTIFICATE * 2}


def test_nothing_is_routed_to_it_before_the_gateway_is_told_what_to_check() -> None:
    children: Any = {"service": SECURED, "endpointslice_fqdn": FQDN, "certificate_authority": AUTHORITY}
    before = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority()], **children)
    assert (before.status, before.ready, said(before)["RoutingReady"]) == ({}, False, "False/WaitingForTLS")
    after = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority()], **children, backendtlspolicy=POLICY)
    assert (after.status["routing"]["backendName"], after.ready) == (BACKEND, True)


def test_a_certificate_is_checked_for_the_host_that_requests_name() -> None:
    made = composed_endpoint(bare_endpoint("https://203.0.113.7:8443", host="llm.example.com"), [], service=SECURED)
    assert bodies(made)["backendtlspolicy"]["spec"]["validation"] == {
        "hostname": "llm.example.com",
        "wellKnownCACertificates": "System",
    }
    assert violations(bodies(made)["backendtlspolicy"], "backendtlspolicies") == []


@pytest.mark.parametrize("url", ["http://h.example", "https://h.example", "https://203.0.113.7"])
def test_where_the_gateway_need_not_be_told_only_its_rules_are_required_and_no_policy_made(url: str) -> None:
    made = composed_endpoint(bare_endpoint(url), service=SECURED)
    assert (set(made.requirements), "backendtlspolicy" in made.children) == ({"inference-gateway"}, False)


def test_no_policy_is_composed_before_the_gateway_says_that_its_kind_is_served() -> None:
    children: Any = {"service": SECURED, "certificate_authority": AUTHORITY}
    made = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority()], gateway(), **children)
    assert "backendtlspolicy" not in made.children
    assert said(made)["UpstreamTLS"] == "False/WaitingForGateway"
    kept = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority()], gateway(), **children, backendtlspolicy=POLICY)
    assert "backendtlspolicy" in kept.children


SECRETS: dict[str, list[Manifest]] = {
    "there is none": [],
    "it has another key": [authority(key="tls.crt")],
    "it holds no certificate": [authority("a password")],
    "it holds the beginning of a certificate": [authority(CERTIFICATE[:40])],
    "its certificate has no body": [authority("-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----")],
    "one of two certificates is cut": [authority(CERTIFICATE + CERTIFICATE.replace("MIIB", ""))],
    "it is not base64": [{**authority(), "data": {"ca.crt": "%"}}],
    "its data is text": [{**authority(), "data": "junk"}],
}


@pytest.mark.parametrize("how", SECRETS)
def test_without_the_authoritys_certificates_what_is_routed_to_stays_and_nothing_new_is(how: str) -> None:
    fresh = composed_endpoint(bare_endpoint(URL, **GIVEN), SECRETS[how], service=SECURED, endpointslice_fqdn=FQDN)
    assert (fresh.status, fresh.ready, said(fresh)["UpstreamTLS"]) == ({}, False, "False/AuthorityMissing")
    children: Any = {
        "service": SECURED,
        "endpointslice_fqdn": FQDN,
        "certificate_authority": AUTHORITY,
        "backendtlspolicy": POLICY,
    }
    kept = composed_endpoint(running(URL, **GIVEN), SECRETS[how], **children)
    assert bodies(kept)["certificate-authority"]["data"] == AUTHORITY["data"]
    assert bodies(kept)["backendtlspolicy"]["spec"] == POLICY["spec"]
    assert (kept.status, kept.ready) == ({"routing": ROUTING}, True)
    assert (said(kept)["UpstreamTLS"], said(kept)["Held"][:4]) == ("False/AuthorityMissing", "True")


@pytest.mark.parametrize("breaks", ["", " "])
def test_certificates_are_copied_as_the_gateway_can_read_them(breaks: str) -> None:
    made = composed_endpoint(
        bare_endpoint(URL, **GIVEN), [authority(breaks.join(CERTIFICATE.split("\n")))], service=SECURED
    )
    assert bodies(made)["certificate-authority"]["data"] == {"ca.crt": CERTIFICATE}


def test_which_certificate_cannot_be_read_is_said() -> None:
    bundle = CERTIFICATE + CERTIFICATE.replace("MIIB", "")
    made = composed_endpoint(bare_endpoint(URL, **GIVEN), [authority(bundle)], service=SECURED)
    assert message(made, "UpstreamTLS") == (
        "ca.crt of Secret ca: certificate 2 of 2 is none: what stands in it cannot be read"
    )


def test_an_endpoint_that_turns_to_tls_goes_on_as_it_was_until_the_gateway_is_told() -> None:
    first = composed_endpoint(running(URL, **GIVEN), [authority()], service=on_port(80), endpointslice_ipv4=SLICE)
    assert bodies(first)["service"]["spec"] == on_port(80)["spec"]
    assert set(first.children) == {"service", "endpointslice-ipv4", "certificate-authority"}
    assert (first.status, first.ready) == ({"routing": ROUTING}, True)
    told: Any = {"certificate_authority": AUTHORITY, "backendtlspolicy": POLICY}
    then = composed_endpoint(
        running(URL, **GIVEN), [authority()], service=on_port(80), endpointslice_ipv4=SLICE, **told
    )
    assert bodies(then)["service"]["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "name": "https"}]


def test_a_policy_that_is_not_asked_for_any_more_goes_before_the_certificates_that_it_names() -> None:
    children: Any = {"service": SECURED, "endpointslice_fqdn": FQDN, "certificate_authority": AUTHORITY}
    first = composed_endpoint(running(URL), **children, backendtlspolicy=POLICY)
    assert set(first.children) == {"service", "endpointslice-fqdn", "certificate-authority"}
    then = composed_endpoint(running(URL), **children)
    assert set(then.children) == {"service", "endpointslice-fqdn"}


def judged(kind: str, *, generation: int = 2, controller: str = "traefik.io/gateway-controller") -> Any:
    """A whole endpoint whose policy, of generation 2, a gateway says no to."""
    no = {"type": kind, "status": "False", "reason": "No", "message": "two policies", "observedGeneration": generation}
    other = "Accepted" if kind == "ResolvedRefs" else "ResolvedRefs"
    ancestor = {"controllerName": controller, "conditions": [*true(other, generation=generation), no]}
    policy = {
        **POLICY,
        "metadata": {**POLICY["metadata"], "generation": 2},
        "status": {"ancestors": [{"controllerName": "else.io/gateway"}, ancestor]},
    }
    children: Any = {"service": SECURED, "endpointslice_fqdn": FQDN, "certificate_authority": AUTHORITY}
    return {**children, "backendtlspolicy": policy}


@pytest.mark.parametrize("kind", ["Accepted", "ResolvedRefs"])
def test_a_policy_that_the_gateway_refuses_takes_the_endpoints_readiness_and_nothing_else(kind: str) -> None:
    made = composed_endpoint(running(URL, **GIVEN), [authority()], **judged(kind))
    assert (said(made)["UpstreamTLS"], said(made)["RoutingReady"]) == ("False/PolicyRefused", "False/PolicyRefused")
    assert message(made, "UpstreamTLS") == f"{kind} is False: two policies"
    assert message(made, "RoutingReady") == (
        f"The gateway refuses BackendTLSPolicy a-policy, and answers requests with 500: {kind} is False: two policies"
    )
    good = composed_endpoint(running(URL, **GIVEN), [authority()], **judged(kind, generation=1))
    assert (bodies(made), made.status, made.ready) == (bodies(good), good.status, False)


@pytest.mark.parametrize(
    "words", [{"generation": 1}, {"controller": "other.io/gateway"}], ids=["earlier policy", "another gateway"]
)
def test_words_about_an_earlier_policy_or_of_another_gateway_refuse_nothing(words: dict[str, Any]) -> None:
    made = composed_endpoint(running(URL, **GIVEN), [authority()], **judged("Accepted", **words))
    assert (said(made)["UpstreamTLS"], made.ready) == ("True/GivenAuthority", True)


@pytest.mark.parametrize(("url", "secrets"), [("https://[::1", [authority()]), (URL, [])], ids=["no URL", "no Secret"])
def test_a_refusal_is_said_while_something_else_is_in_doubt(url: str, secrets: list[Manifest]) -> None:
    made = composed_endpoint(running(url, **GIVEN), secrets, **judged("Accepted"))
    assert (said(made)["RoutingReady"], said(made)["Held"][:4], made.ready) == ("False/PolicyRefused", "True", False)
    assert set(made.children) == {"service", "endpointslice-fqdn", "certificate-authority", "backendtlspolicy"}
    assert made.status == {"routing": ROUTING}


def test_a_policy_that_is_not_asked_for_any_more_refuses_nothing() -> None:
    made = composed_endpoint(running(URL), **judged("Accepted"))
    assert (said(made)["RoutingReady"], made.ready) == ("True/BackendConfigured", True)
