"""MetalLB comes and goes in order, where it is asked for."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.routing.builders import composed_gateway, definitions, gateway, message, true
from tests.routing.gateways.installed import POOL, observed, running, with_status
from tests.support.observe import reasons


def test_metallb_comes_in_order_and_each_of_its_parts_keeps_its_release() -> None:
    obj = gateway(traefik=POOL)
    first = composed_gateway(obj)
    assert set(first.children) == {"provider-config-helm", "namespace-metallb"}
    second = composed_gateway(obj, observed(first))
    assert {"metallb", "usage-pc-by-metallb"} <= set(second.children)
    assert "metallb-pool" not in second.children
    third = composed_gateway(obj, observed(second))
    assert third.children["metallb-pool"].manifest["spec"] == {"addresses": ["192.0.2.0/24"]}
    assert third.children["metallb-l2"].manifest["spec"] == {"ipAddressPools": ["modelplane"]}
    usage = third.children["usage-metallb-by-pool"].manifest
    assert usage["metadata"] == {"namespace": "metallb-system"}
    assert usage["spec"]["of"]["resourceRef"] == {"name": "default-release", "namespace": "modelplane-system"}
    assert usage["spec"]["by"] == {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "resourceRef": {"name": "modelplane"},
    }


def test_metallbs_namespace_lets_its_speaker_run_and_is_modelplanes_besides_the_gateways() -> None:
    assert composed_gateway(gateway(traefik=POOL)).children["namespace-metallb"].manifest == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "metallb-system",
            "labels": {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("audit", "enforce", "warn")},
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "Namespace",
                    "name": "modelplane-system",
                    "uid": "system",
                    "blockOwnerDeletion": True,
                }
            ],
        },
    }


@pytest.mark.parametrize("answer", [{}, {"system-namespace": []}, {"system-namespace": [{"kind": "Namespace"}]}])
def test_metallb_begins_only_in_a_namespace_that_stays_and_keeps_the_one_it_has(answer: dict[str, Any]) -> None:
    obj = gateway(traefik=POOL)
    required = {key: found for key, found in definitions().items() if key != "system-namespace"} | answer
    first = composed_gateway(obj, {}, required)
    assert set(first.children) == {"provider-config-helm"}
    assert not {"metallb", "namespace-metallb"} & set(composed_gateway(obj, observed(first), required).children)
    children = running(obj)
    assert set(composed_gateway(obj, children, required).children) == set(children)


def test_a_load_balancer_that_is_no_longer_ready_keeps_its_addresses() -> None:
    obj = gateway(traefik=POOL)
    children = with_status(running(obj), "metallb", conditions=[])
    made = composed_gateway(obj, children)
    assert set(made.children) == set(children)
    assert reasons(made)["LoadBalancerReady"] == "False/Installing"


@pytest.mark.parametrize("metallb", [{}, {"metallb": {"addressPool": ""}}])
def test_metallb_without_addresses_is_an_error_that_removes_nothing_and_installs_nothing(
    metallb: dict[str, Any],
) -> None:
    spec = {"loadBalancer": "MetalLB", **metallb}
    children = running(gateway(traefik=POOL))
    healthy = [*true("Ready"), {"type": "LoadBalancerReady", "status": "True", "reason": "LoadBalancerHealthy"}]
    kept = composed_gateway(gateway({"conditions": healthy}, traefik=spec), children)
    assert (set(kept.children), kept.ready) == (set(children), True)
    assert reasons(kept)["LoadBalancerReady"] == "True/LoadBalancerHealthy"
    assert reasons(kept)["Held"] == "True/InputInvalid"
    assert message(kept, "Held") == "spec.traefik.metallb.addressPool is required for loadBalancer MetalLB"
    fresh = composed_gateway(gateway(traefik=spec), running(gateway()))
    assert (set(fresh.children), fresh.ready) == (set(running(gateway())), False)
    assert reasons(fresh)["LoadBalancerReady"] == "Unknown/NotKnownYet"


ADDRESSES = {"metallb-pool", "metallb-l2", "usage-metallb-by-pool", "usage-metallb-by-l2"}
GONE: dict[str, list[Manifest]] = {
    "removed-metallb-pool": [],
    "removed-metallb-l2": [],
    "removed-metallb-usages": [],
}


def without_addresses() -> dict[str, Manifest]:
    """A gateway's children when MetalLB is no longer asked for, and its addresses are dropped."""
    return {key: child for key, child in running(gateway(traefik=POOL)).items() if key not in ADDRESSES}


def using(**of: Any) -> Manifest:
    """A Usage of something."""
    return {"apiVersion": "protection.crossplane.io/v1beta1", "kind": "Usage", "spec": {"of": of}}


def test_without_metallb_its_addresses_go_first_and_its_release_only_when_they_are_gone() -> None:
    children = running(gateway(traefik=POOL))
    first = composed_gateway(gateway(), children, {**definitions(), **GONE})
    assert set(children) - set(first.children) == ADDRESSES
    assert first.ttl_seconds == 5
    left = without_addresses()
    last = composed_gateway(gateway(), left, {**definitions(), **GONE})
    assert set(left) - set(last.children) == {"metallb"}
    assert message(last, "LoadBalancerReady") == "MetalLB is no longer asked for: its Release goes"


@pytest.mark.parametrize(
    ("answer", "kept", "word"),
    [
        ({}, True, "False/Removing"),
        ({"removed-metallb": [{"kind": "Release"}]}, True, "False/Removing"),
        ({"removed-metallb": []}, False, "True/NotManaged"),
    ],
)
def test_metallb_is_removed_only_when_its_release_is_gone_and_keeps_its_provider_config_until_then(
    answer: dict[str, Any], *, kept: bool, word: str
) -> None:
    going = [{"type": "LoadBalancerReady", "status": "False", "reason": "Removing"}]
    left = {key: child for key, child in without_addresses().items() if key != "metallb"}
    made = composed_gateway(gateway({"conditions": going}), left, {**definitions(), **answer})
    assert set(left) - set(made.children) == (set() if kept else {"usage-pc-by-metallb"})
    assert reasons(made)["LoadBalancerReady"] == word
    assert "namespace-metallb" in made.children


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {**GONE, "removed-metallb-pool": [{"kind": "IPAddressPool"}]},
        {key: found for key, found in GONE.items() if key != "removed-metallb-usages"},
        {**GONE, "removed-metallb-usages": [using(kind="Release", resourceRef={"name": "default-release"})]},
        {**GONE, "removed-metallb-usages": [{"kind": "Usage", "spec": "junk"}]},
    ],
)
def test_metallbs_release_waits_for_what_is_not_seen_to_be_gone(answers: dict[str, Any]) -> None:
    left = without_addresses()
    waiting = composed_gateway(gateway(), left, {**definitions(), **answers})
    assert set(waiting.children) == set(left)
    assert reasons(waiting)["LoadBalancerReady"] == "False/Removing"
    assert waiting.ttl_seconds == 5


def test_neither_a_label_that_crossplane_left_nor_a_usage_of_something_else_keeps_metallbs_release() -> None:
    left = without_addresses()
    release = {**left["metallb"], "metadata": {"name": "m", "labels": {"crossplane.io/in-use": "true"}}}
    others = [using(kind="Release", resourceRef={"name": "other"}), using(kind="Secret", resourceRef={"name": "m"})]
    answers = {**definitions(), **GONE, "removed-metallb-usages": others}
    made = composed_gateway(gateway(), {**left, "metallb": release}, answers)
    assert "metallb" not in made.children


def test_a_release_that_is_not_ready_cannot_be_removed_in_order_and_stays() -> None:
    left = without_addresses()
    made = composed_gateway(gateway(), with_status(left, "metallb", conditions=[]))
    assert set(made.children) == set(left)
    assert reasons(made)["LoadBalancerReady"] == "False/RemovalBlocked"
    assert not any(key.startswith("removed-metallb-") for key in made.requirements)
