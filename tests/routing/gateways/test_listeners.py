"""The Gateway's listeners, and what is told of its address and its certificate."""

from typing import Any

import pytest

from tests.routing.builders import composed_gateway, gateway, message, true
from tests.routing.gateways.installed import POOL, of_generation, running, up_and_ready, with_status
from tests.support.observe import reasons

# --------------------------------------------------------------------- ready and address


def test_a_gateway_that_is_accepted_with_no_address_leaves_the_status_empty_and_is_not_ready() -> None:
    children = with_status(running(gateway()), "gateway", conditions=true("Accepted", "Programmed"))
    made = composed_gateway(gateway(), children)
    assert (made.status, made.ready) == ({}, False)
    assert reasons(made)["AddressAssigned"] == "False/WaitingForAddress"


def test_an_address_that_was_published_stays_while_the_gateway_has_none() -> None:
    children = with_status(running(gateway()), "gateway", conditions=true("Accepted", "Programmed"))
    made = composed_gateway(up_and_ready(), children)
    assert (made.status, made.ready) == ({"address": "192.0.2.1"}, False)
    assert "192.0.2.1 stays published" in message(made, "AddressAssigned")


@pytest.mark.parametrize(
    ("found", "address"),
    [
        (["lb.example.com", "192.0.2.9"], "192.0.2.9"),
        (["lb.example.com"], "lb.example.com"),
        (["", "0.0.0.0", "::", "a b", "2001:db8::1"], "2001:db8::1"),  # noqa: S104  # refused, not bound
    ],
)
def test_the_first_usable_address_is_published_an_ip_before_a_name(found: list[str], address: str) -> None:
    addresses = [{"value": value} for value in found]
    children = with_status(
        running(gateway()), "gateway", addresses=addresses, conditions=true("Accepted", "Programmed")
    )
    assert composed_gateway(gateway(), children).status == {"address": address}


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_only_a_gateway_that_says_so_is_no_longer_programmed(status: str) -> None:
    said_so = [*true("Accepted"), {"type": "Programmed", "status": status, "reason": "Pending"}]
    children = with_status(running(gateway()), "gateway", addresses=[{"value": "192.0.2.1"}], conditions=said_so)
    assert composed_gateway(up_and_ready(), children).ready == (status == "Unknown")
    assert not composed_gateway(gateway(), children).ready


@pytest.mark.parametrize(("generation", "ready_now"), [(2, True), (1, False)])
def test_what_the_gateway_says_of_an_earlier_generation_decides_nothing(generation: int, *, ready_now: bool) -> None:
    """A gateway that was Ready stays so; one that was not gets Ready only by a word about what it is now."""
    children = running(gateway())
    seen = of_generation(children["gateway"], 2)
    for status, was, becomes in (("True", gateway(), ready_now), ("False", up_and_ready(), not ready_now)):
        programmed = {"type": "Programmed", "status": status, "reason": "x", "observedGeneration": generation}
        said_so = [*true("Accepted", generation=generation), programmed]
        now = {**seen, "status": {**seen["status"], "conditions": said_so}}
        assert composed_gateway(was, {**children, "gateway": now}).ready == becomes


def test_when_traefik_is_no_longer_ready_gateway_and_class_stay() -> None:
    failed = {"type": "Synced", "status": "False", "message": "cannot pull chart"}
    children = with_status(running(gateway()), "traefik", conditions=[failed])
    made = composed_gateway(up_and_ready(), children)
    assert set(made.children) == set(children)
    assert reasons(made)["ControllerReady"] == "False/Installing"
    assert "cannot pull chart" in message(made, "ControllerReady")


@pytest.mark.parametrize("key", ["traefik", "gateway", "gateway-class", "provider-config-helm", "metallb"])
def test_observed_objects_that_lack_everything_fail_nothing(key: str) -> None:
    obj = gateway(traefik=POOL)
    children = running(obj)
    bare = {name: children[key][name] for name in ("apiVersion", "kind")}
    assert set(composed_gateway(obj, {**children, key: bare}).children) == set(children)


# --------------------------------------------------------------------- hostname, certificate, namespaces


def test_a_certificate_adds_a_listener_on_the_port_that_traefik_serves_as_443() -> None:
    spec: dict[str, Any] = {"tls": {"secretRef": {"name": "front"}}}
    children = running(gateway(**spec))
    web, secure = children["gateway"]["spec"]["listeners"]
    assert web["port"] == 8000
    assert secure == {
        "name": "websecure",
        "protocol": "HTTPS",
        "port": 8443,
        "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": "front"}]},
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    assert reasons(composed_gateway(gateway(**spec), children))["TLSReady"] == "False/Waiting"
    broken = {"type": "ResolvedRefs", "status": "False", "message": "Secret not found"}
    listeners = [{"name": "websecure", "conditions": [broken]}]
    waiting = composed_gateway(gateway(**spec), with_status(children, "gateway", listeners=listeners))
    assert "Secret modelplane-system/front" in message(waiting, "TLSReady")
    assert "Secret not found" in message(waiting, "TLSReady")
    listeners = [{"name": "websecure", "conditions": true("ResolvedRefs", "Programmed")}]
    serving = composed_gateway(gateway(**spec), with_status(children, "gateway", listeners=listeners))
    assert reasons(serving)["TLSReady"] == "True/Serving"


@pytest.mark.parametrize("status", ["True", "False"])
def test_what_a_listener_says_of_an_earlier_generation_leaves_the_word_about_its_certificate(status: str) -> None:
    spec: dict[str, Any] = {"tls": {"secretRef": {"name": "front"}}}
    children = running(gateway(**spec))
    old = {"type": "ResolvedRefs", "status": status, "reason": "x", "observedGeneration": 1}
    listeners = [{"name": "websecure", "conditions": [old, *true("Programmed", generation=2)]}]
    seen = {**of_generation(children["gateway"], 2), "status": {"listeners": listeners}}
    before = {"type": "TLSReady", "status": "True", "reason": "Serving", "message": "Secret modelplane-system/old"}
    made = composed_gateway(gateway({"conditions": [before]}, **spec), {**children, "gateway": seen})
    assert reasons(made)["TLSReady"] == "True/Serving"
    assert message(made, "TLSReady") == "Secret modelplane-system/old"
    fresh = composed_gateway(gateway(**spec), {**children, "gateway": seen})
    assert reasons(fresh)["TLSReady"] == "Unknown/NotKnownYet"


def test_route_namespaces_select_who_may_use_every_listener() -> None:
    spec: dict[str, Any] = {"routeNamespaces": {"matchLabels": {"team": "ml"}}, "tls": {"secretRef": {"name": "front"}}}
    for listener in running(gateway(**spec))["gateway"]["spec"]["listeners"]:
        assert listener["allowedRoutes"] == {
            "namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "ml"}}}
        }
