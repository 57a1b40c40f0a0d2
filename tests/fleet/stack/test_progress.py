"""ServingStack: in which order it installs, and when it is ready."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from function.composition import Composition, Manifest
from function.fleet.stack import serving_stack
from tests.fleet.builders import ADDRESS, message, observed, observed_child, with_status
from tests.fleet.stack.builders import (
    CONFIGS,
    CRDS,
    OBJECTS,
    RELEASES,
    compose_installed,
    compose_stack,
    installed,
    part_keys,
    stack,
)
from tests.support.observe import NOW, answer, reasons, with_condition

REFINING = {"gateway-backend-policy"}
"""Parts without which models are served, only less well."""

# ---------------------------------------------------------------------- order


def test_parts_come_in_order_of_what_they_need() -> None:
    order: list[set[str]] = []
    children: dict[str, Manifest] = {}
    for _ in range(8):
        answered = compose_stack(stack(), children)
        new = part_keys(answered) - set(children)
        order.append(new)
        children = observed(answered)
    assert order == [
        set(),
        {"cert-manager", "ai-gateway-crds", "gateway-namespace", *CRDS},
        {"envoy-gateway", "prometheus", "leader-worker-set", "node-feature-discovery"},
        {"ai-gateway", "dra-driver", "gateway-proxy", "gateway-client-policy", "gateway-backend-policy"},
        {"dra-driver-critical-pods-quota", "gateway-class"},
        {"gateway"},
        set(),
        set(),
    ]


@pytest.mark.parametrize("missing", sorted(CONFIGS))
def test_nothing_new_is_composed_until_both_provider_configs_are_there(missing: str) -> None:
    children = observed(compose_stack(stack()))
    del children[missing]
    assert part_keys(compose_stack(stack(), children)) == set()


def test_what_is_observed_stays_composed_whatever_became_of_what_it_waited_for() -> None:
    children = installed(stack())
    assert part_keys(compose_stack(stack(), {"gateway": children["gateway"]})) == {"gateway"}
    assert part_keys(compose_stack(stack(), {"ai-gateway": children["ai-gateway"]})) == {"ai-gateway"}
    broken = {**children, "cert-manager": observed_child("cert-manager", children["cert-manager"], "False", "no quota")}
    assert set(compose_stack(stack(), broken).children) == set(children)


def test_a_part_waits_until_what_it_needs_is_ready() -> None:
    children = observed(compose_stack(stack(), observed(compose_stack(stack()))))
    children["cert-manager"] = observed_child("cert-manager", children["cert-manager"], "False", "no quota")
    answered = compose_stack(stack(), children)
    assert part_keys(answered) == part_keys(compose_stack(stack(), observed(compose_stack(stack()))))
    text = "5 of 18 parts are ready; cert-manager: Ready is False: no quota (and 12 more)"
    assert message(answered, "StackReady") == text


# ---------------------------------------------------------------------- readiness and address


def test_a_stack_is_ready_when_every_part_is_and_its_address_is_known() -> None:
    answered = compose_installed()
    assert answered.ready
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert reasons(answered) == {
        "ClusterReachable": "True/Reachable",
        "StackReady": "True/Installed",
        "GatewayAddressed": "True/Addressed",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }


@pytest.mark.parametrize("key", sorted(RELEASES | OBJECTS))
def test_a_stack_is_not_ready_while_one_part_says_that_it_is_not_or_is_still_to_come(key: str) -> None:
    children = installed(stack())
    obj = with_status(stack(), compose_stack(stack(), children))
    broken = {**children, key: observed_child(key, children[key], "False", "something is wrong")}
    answered = compose_stack(obj, broken)
    assert not answered.ready
    text = f"17 of 18 parts are ready; {key}: Ready is False: something is wrong"
    assert message(answered, "StackReady") == text
    del broken[key]
    answered = compose_stack(obj, broken)
    assert answered.ready is (key in REFINING)
    assert message(answered, "StackReady") == f"17 of 18 parts are ready; {key}: not created yet"


def changing_release(
    children: Mapping[str, Manifest], *, state: str = "deployed", reason: str = "Unavailable", text: str = ""
) -> dict[str, Manifest]:
    """The children with a Release whose version was changed a moment ago, which Helm has not done or not told yet."""
    bare = {key: value for key, value in children["prometheus"].items() if key != "status"}
    there = {**bare, "status": {"atProvider": {"state": state, "revision": 2, "releaseDescription": text}}}
    synced = with_condition(there, "Synced", reason="ReconcileSuccess")
    return {**children, "prometheus": with_condition(synced, "Ready", "False", reason)}


def compose_after_ready(children: Mapping[str, Manifest], after: timedelta = timedelta()) -> Composition:
    """The answer about a stack that was ready until now."""
    obj = with_status(stack(), compose_stack(stack(), installed(stack())))
    return answer(serving_stack.COMPOSER, obj, children, now=NOW + after)


@pytest.mark.parametrize("state", ["deployed", "pending-upgrade", "pending-rollback"])
def test_a_stack_that_was_ready_stays_so_while_a_release_is_only_being_changed(state: str) -> None:
    answered = compose_after_ready(changing_release(installed(stack()), state=state), timedelta(minutes=14, seconds=50))
    assert answered.ready
    assert reasons(answered)["StackReady"] == "True/Changing"
    text = "17 of 18 parts are ready; prometheus: Ready is False: Unavailable, it is being changed"
    assert message(answered, "StackReady") == text
    assert answered.ttl_seconds == 10


def test_a_change_that_is_not_done_after_fifteen_minutes_is_an_outage_and_says_so() -> None:
    answered = compose_after_ready(changing_release(installed(stack())), timedelta(minutes=15))
    assert not answered.ready
    assert reasons(answered)["StackReady"] == "False/ReleaseFailed"
    text = "17 of 18 parts are ready; prometheus: Ready is False: Unavailable, a change is not done after 15 minutes"
    assert message(answered, "StackReady") == text


def test_a_change_that_cannot_be_applied_is_said_and_what_is_deployed_counts_for_as_long() -> None:
    children = changing_release(installed(stack()))
    why = "update failed: failed to upgrade release: no such chart"
    children["prometheus"] = with_condition(children["prometheus"], "Synced", "False", "ReconcileError", why)
    answered = compose_after_ready(children)
    assert answered.ready
    assert reasons(answered)["ClusterReachable"] == "False/NotSynced"
    assert message(answered, "StackReady").endswith(f"prometheus: Synced is False: {why}, it is being changed")
    assert reasons(compose_after_ready(children, timedelta(minutes=15)))["StackReady"] == "False/ReleaseFailed"


def test_a_change_that_failed_is_no_change_any_more_and_takes_nothing_away() -> None:
    children = changing_release(installed(stack()), state="failed", text="Upgrade failed: no quota")
    answered = compose_after_ready(children)
    assert not answered.ready
    assert reasons(answered)["StackReady"] == "False/ReleaseFailed"
    assert message(answered, "StackReady").endswith(
        "prometheus: Ready is False: Unavailable, Helm says that it failed: Upgrade failed: no quota"
    )
    assert set(answered.children) == set(children)
    assert answered.status == {"gateway": {"address": ADDRESS}}


def test_a_release_that_somebody_uninstalled_is_not_being_changed() -> None:
    answered = compose_after_ready(changing_release(installed(stack()), state="pending-install", reason="Creating"))
    assert not answered.ready
    assert reasons(answered)["StackReady"] == "False/Installing"


def test_a_stack_that_was_not_ready_does_not_become_so_while_a_release_is_being_changed() -> None:
    answered = compose_stack(stack(), changing_release(installed(stack())))
    assert not answered.ready
    assert reasons(answered)["StackReady"] == "False/Installing"


def test_a_part_that_is_down_is_not_hidden_by_another_that_is_being_changed() -> None:
    children = changing_release(installed(stack()))
    children["gateway"] = observed_child("gateway", children["gateway"], "False", "something is wrong")
    assert not compose_after_ready(children).ready


def test_a_part_that_does_not_say_whether_it_is_ready_leaves_ready_as_it_was() -> None:
    children = installed(stack())
    obj = with_status(stack(), compose_stack(stack(), children))
    silent = {**children, "prometheus": {k: v for k, v in children["prometheus"].items() if k != "status"}}
    assert compose_stack(obj, silent).ready
    assert not compose_stack(stack(), silent).ready


@pytest.mark.parametrize("before", ["True", "False"])
def test_a_stack_that_serves_goes_on_while_a_part_is_made_that_a_newer_version_brings(before: str) -> None:
    children = {key: child for key, child in installed(stack()).items() if key != "gateway-backend-policy"}
    seen = with_condition(with_status(stack(), compose_installed()), "Ready", before)
    answered = compose_stack(seen, children)
    assert answered.ready is (before == "True")
    assert "gateway-backend-policy" in answered.children
