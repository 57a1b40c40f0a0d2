"""How the gateway is told what an endpoint's certificate is checked for."""

from typing import Any

import pytest

from function.composition import Manifest, names
from tests.routing.builders import CERTIFICATE, authority, bare_endpoint, composed_endpoint, gateway, message, true
from tests.routing.endpoint_parts import BACKEND, ROUTING, SERVICE, SLICE, bodies, on_port, running
from tests.support.crd_schemas import violations
from tests.support.observe import reasons

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
    assert (before.status, before.ready, reasons(before)["RoutingReady"]) == ({}, False, "False/WaitingForTLS")
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
    assert reasons(made)["UpstreamTLS"] == "False/WaitingForGateway"
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
    assert (fresh.status, fresh.ready, reasons(fresh)["UpstreamTLS"]) == ({}, False, "False/AuthorityMissing")
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
    assert (reasons(kept)["UpstreamTLS"], reasons(kept)["Held"][:4]) == ("False/AuthorityMissing", "True")


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
    assert (reasons(made)["UpstreamTLS"], reasons(made)["RoutingReady"]) == (
        "False/PolicyRefused",
        "False/PolicyRefused",
    )
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
    assert (reasons(made)["UpstreamTLS"], made.ready) == ("True/GivenAuthority", True)


@pytest.mark.parametrize(("url", "secrets"), [("https://[::1", [authority()]), (URL, [])], ids=["no URL", "no Secret"])
def test_a_refusal_is_said_while_something_else_is_in_doubt(url: str, secrets: list[Manifest]) -> None:
    made = composed_endpoint(running(url, **GIVEN), secrets, **judged("Accepted"))
    assert (reasons(made)["RoutingReady"], reasons(made)["Held"][:4], made.ready) == (
        "False/PolicyRefused",
        "True",
        False,
    )
    assert set(made.children) == {"service", "endpointslice-fqdn", "certificate-authority", "backendtlspolicy"}
    assert made.status == {"routing": ROUTING}


def test_a_policy_that_is_not_asked_for_any_more_refuses_nothing() -> None:
    made = composed_endpoint(running(URL), **judged("Accepted"))
    assert (reasons(made)["RoutingReady"], made.ready) == ("True/BackendConfigured", True)
