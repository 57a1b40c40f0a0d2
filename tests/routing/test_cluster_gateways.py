"""The InferenceGateway publishes where the gateways of clusters are, which endpoints may not lead to."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.routing.builders import composed_gateway, definitions, gateway
from tests.support.observe import reasons

KNOWN = [{"name": "ams-1", "address": "34.1.2.3"}, {"name": "osl-1", "address": "lb.cloud.example"}]


def cluster(name: str, address: Any) -> Manifest:
    status = {"gateway": {"address": address}}
    return {"kind": "InferenceCluster", "metadata": {"name": name}, "status": status}


def published(clusters: list[Manifest] | None, known: list[dict[str, str]] | None = None, **spec: Any) -> Any:
    required = {**definitions(), **({} if clusters is None else {"clusters": clusters})}
    status = {"clusterGateways": known} if known else None
    return composed_gateway(gateway(status, **spec), {}, required).status.get("clusterGateways", [])


def test_every_cluster_with_an_address_is_listed_in_the_order_of_names() -> None:
    found = [cluster("osl-1", "lb.cloud.example"), cluster("new", ""), cluster("ams-1", "34.1.2.3")]
    assert published(found) == KNOWN


@pytest.mark.parametrize("found", [None, []], ids=["not fetched yet", "none found"])
def test_while_no_cluster_is_found_those_that_are_known_stay(found: list[Manifest] | None) -> None:
    assert published(found, KNOWN) == KNOWN


def test_a_cluster_that_is_gone_among_others_is_forgotten() -> None:
    assert published([cluster("osl-1", "lb.cloud.example")], KNOWN) == KNOWN[1:]


@pytest.mark.parametrize("address", ["", 7, None, "not a host", ["34.9.9.9"], {"x": 1}])
def test_what_a_cluster_does_not_say_stays_as_it_was(address: Any) -> None:
    assert published([cluster("ams-1", address), cluster("osl-1", "lb.cloud.example")], KNOWN) == KNOWN


def test_a_hold_of_the_gateway_keeps_the_list() -> None:
    made = composed_gateway(gateway({"clusterGateways": KNOWN}), {}, {})
    assert (made.status["clusterGateways"], reasons(made)["Held"]) == (KNOWN, "True/InputUnresolved")


def test_an_entry_of_the_rules_that_cannot_be_read_is_named_and_stops_nothing() -> None:
    rules = {"allow": ["10.0.0.0/8", "10.0.0.0/40"], "deny": ["*.example.com"]}
    made = composed_gateway(gateway(endpoints=rules))
    held = next(condition.message for condition in made.conditions if condition.type == "Held")
    assert held == (
        "spec.endpoints.allow[1] is no CIDR and no host name; it has no effect; "
        "spec.endpoints.deny[0] is no CIDR and no host name; it has no effect"
    )
    good = composed_gateway(gateway())
    assert (made.children, made.status, made.ready) == (good.children, good.status, good.ready)
