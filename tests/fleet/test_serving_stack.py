"""ServingStack: how it reaches its cluster, in which order it installs, and when it is ready."""

from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Composition, Manifest, objects
from function.fleet.stack import serving_stack
from tests.fleet.builders import (
    ADDRESS,
    CONFIGS,
    CRDS,
    OBJECTS,
    RELEASES,
    STACK_CONFIG,
    compose_stack,
    installed,
    message,
    observed,
    parts,
    remembered,
    remote,
    seen,
    spec,
    stack,
    whole,
)
from tests.support.observe import NOW, answer, said, with_condition

IDENTITY = {"type": "GoogleApplicationCredentials", "name": "sa", "key": "private_key"}
KUBECONFIG = {"type": "Kubeconfig", "name": "kc", "key": "kubeconfig"}


# ---------------------------------------------------------------------- provider configs


def test_the_first_pass_composes_the_two_provider_configs_alone_and_is_not_ready() -> None:
    answered = compose_stack(stack())
    assert set(answered.children) == CONFIGS
    assert answered.status == {}
    assert not answered.ready
    assert said(answered)["StackReady"] == "False/Installing"
    assert message(answered, "StackReady") == "0 of 17 parts are ready; the provider configs are not created yet"


def test_both_provider_configs_have_the_same_name_and_spec() -> None:
    answered = compose_stack(stack(secrets=[IDENTITY, KUBECONFIG]))
    kubeconfig = {"namespace": "modelplane-system", "name": "kc", "key": "kubeconfig"}
    identity = {"namespace": "modelplane-system", "name": "sa", "key": "private_key"}
    for key, api_version in (
        ("provider-config-kubernetes", "kubernetes.m.crossplane.io/v1alpha1"),
        ("provider-config-helm", "helm.m.crossplane.io/v1beta1"),
    ):
        assert answered.children[key].manifest == {
            "apiVersion": api_version,
            "kind": "ProviderConfig",
            "metadata": {"name": STACK_CONFIG},
            "spec": {
                "credentials": {"source": "Secret", "secretRef": kubeconfig},
                "identity": {"type": "GoogleApplicationCredentials", "source": "Secret", "secretRef": identity},
            },
        }


@pytest.mark.parametrize(
    "kind", ["GoogleApplicationCredentials", "AWSWebIdentityCredentials", "NebiusServiceAccountCredentials"]
)
def test_the_first_identity_of_any_cloud_is_used_from_its_own_namespace(kind: str) -> None:
    first = {"type": kind, "name": "sa", "key": "creds", "namespace": "crossplane-system"}
    answered = compose_stack(stack(secrets=[KUBECONFIG, first, IDENTITY]))
    for key in CONFIGS:
        assert spec(answered, key)["identity"] == {
            "type": kind,
            "source": "Secret",
            "secretRef": {"namespace": "crossplane-system", "name": "sa", "key": "creds"},
        }


@pytest.mark.parametrize(
    ("secrets", "text"),
    [
        ([IDENTITY], "spec.secrets has no entry of type Kubeconfig: add one"),
        ([], "spec.secrets has no entry of type Kubeconfig: add one"),
        ([{**KUBECONFIG, "name": ""}], "spec.secrets[0].name is empty: name the Secret and its key"),
        ([KUBECONFIG, {**IDENTITY, "key": ""}], "spec.secrets[1].key is empty: name the Secret and its key"),
    ],
)
def test_secrets_that_cannot_be_used_are_a_condition_and_a_hold(secrets: list[Any], text: str) -> None:
    children = installed(stack())
    obj = remembered(stack(secrets=secrets), whole())
    answered = compose_stack(obj, children)
    assert answered.ready
    assert set(answered.children) == set(children)
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert said(answered)["StackReady"] == "False/SecretsUnusable"
    assert said(answered)["Held"] == "True/InvalidSpec"
    assert message(answered, "Held") == text
    assert not compose_stack(stack(secrets=secrets)).children


def test_consumers_use_the_observed_name_of_their_provider_config() -> None:
    children = installed(stack())
    children["provider-config-helm"]["metadata"] = {"name": "old"}
    answered = compose_stack(stack(), children)
    assert answered.children["provider-config-helm"].manifest["metadata"]["name"] == "old"
    assert spec(answered, "cert-manager")["providerConfigRef"] == {"kind": "ProviderConfig", "name": "old"}
    assert spec(answered, "gateway")["providerConfigRef"] == {"kind": "ProviderConfig", "name": STACK_CONFIG}


# ---------------------------------------------------------------------- order


def test_parts_come_in_order_of_what_they_need() -> None:
    order: list[set[str]] = []
    children: dict[str, Manifest] = {}
    for _ in range(8):
        answered = compose_stack(stack(), children)
        new = parts(answered) - set(children)
        order.append(new)
        children = observed(answered)
    assert order == [
        set(),
        {"cert-manager", "ai-gateway-crds", "gateway-namespace", *CRDS},
        {"envoy-gateway", "prometheus", "leader-worker-set", "node-feature-discovery"},
        {"ai-gateway", "dra-driver", "gateway-proxy", "gateway-client-policy"},
        {"dra-driver-critical-pods-quota", "gateway-class"},
        {"gateway"},
        set(),
        set(),
    ]


@pytest.mark.parametrize("missing", sorted(CONFIGS))
def test_nothing_new_is_composed_until_both_provider_configs_are_there(missing: str) -> None:
    children = observed(compose_stack(stack()))
    del children[missing]
    assert parts(compose_stack(stack(), children)) == set()


def test_what_is_observed_stays_composed_whatever_became_of_what_it_waited_for() -> None:
    children = installed(stack())
    assert parts(compose_stack(stack(), {"gateway": children["gateway"]})) == {"gateway"}
    assert parts(compose_stack(stack(), {"ai-gateway": children["ai-gateway"]})) == {"ai-gateway"}
    broken = {**children, "cert-manager": seen("cert-manager", children["cert-manager"], "False", "no quota")}
    assert set(compose_stack(stack(), broken).children) == set(children)


def test_a_part_waits_until_what_it_needs_is_ready() -> None:
    children = observed(compose_stack(stack(), observed(compose_stack(stack()))))
    children["cert-manager"] = seen("cert-manager", children["cert-manager"], "False", "no quota")
    answered = compose_stack(stack(), children)
    assert parts(answered) == parts(compose_stack(stack(), observed(compose_stack(stack()))))
    text = "5 of 17 parts are ready; cert-manager: Ready is False: no quota (and 11 more)"
    assert message(answered, "StackReady") == text


# ---------------------------------------------------------------------- readiness and address


def test_a_stack_is_ready_when_every_part_is_and_its_address_is_known() -> None:
    answered = whole()
    assert answered.ready
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert said(answered) == {
        "ClusterReachable": "True/Reachable",
        "StackReady": "True/Installed",
        "GatewayAddressed": "True/Addressed",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }


@pytest.mark.parametrize("key", sorted(RELEASES | OBJECTS))
def test_a_stack_is_not_ready_while_one_part_says_that_it_is_not_or_is_still_to_come(key: str) -> None:
    children = installed(stack())
    obj = remembered(stack(), compose_stack(stack(), children))
    broken = {**children, key: seen(key, children[key], "False", "something is wrong")}
    answered = compose_stack(obj, broken)
    assert not answered.ready
    text = f"16 of 17 parts are ready; {key}: Ready is False: something is wrong"
    assert message(answered, "StackReady") == text
    del broken[key]
    answered = compose_stack(obj, broken)
    assert not answered.ready
    assert message(answered, "StackReady") == f"16 of 17 parts are ready; {key}: not created yet"


def changed(
    children: Mapping[str, Manifest], *, state: str = "deployed", reason: str = "Unavailable", text: str = ""
) -> dict[str, Manifest]:
    """The children with a Release whose version was changed a moment ago, which Helm has not done or not told yet."""
    bare = {key: value for key, value in children["prometheus"].items() if key != "status"}
    there = {**bare, "status": {"atProvider": {"state": state, "revision": 2, "releaseDescription": text}}}
    synced = with_condition(there, "Synced", reason="ReconcileSuccess")
    return {**children, "prometheus": with_condition(synced, "Ready", "False", reason)}


def standing(children: Mapping[str, Manifest], after: timedelta = timedelta()) -> Composition:
    """The answer about a stack that was ready until now."""
    obj = remembered(stack(), compose_stack(stack(), installed(stack())))
    return answer(serving_stack.COMPOSER, obj, children, now=NOW + after)


@pytest.mark.parametrize("state", ["deployed", "pending-upgrade", "pending-rollback"])
def test_a_stack_that_was_ready_stays_so_while_a_release_is_only_being_changed(state: str) -> None:
    answered = standing(changed(installed(stack()), state=state), timedelta(minutes=14, seconds=50))
    assert answered.ready
    assert said(answered)["StackReady"] == "True/Changing"
    text = "16 of 17 parts are ready; prometheus: Ready is False: Unavailable, it is being changed"
    assert message(answered, "StackReady") == text
    assert answered.ttl_seconds == 10


def test_a_change_that_is_not_done_after_fifteen_minutes_is_an_outage_and_says_so() -> None:
    answered = standing(changed(installed(stack())), timedelta(minutes=15))
    assert not answered.ready
    assert said(answered)["StackReady"] == "False/ReleaseFailed"
    text = "16 of 17 parts are ready; prometheus: Ready is False: Unavailable, a change is not done after 15 minutes"
    assert message(answered, "StackReady") == text


def test_a_change_that_cannot_be_applied_is_said_and_what_is_deployed_counts_for_as_long() -> None:
    children = changed(installed(stack()))
    why = "update failed: failed to upgrade release: no such chart"
    children["prometheus"] = with_condition(children["prometheus"], "Synced", "False", "ReconcileError", why)
    answered = standing(children)
    assert answered.ready
    assert said(answered)["ClusterReachable"] == "False/NotSynced"
    assert message(answered, "StackReady").endswith(f"prometheus: Synced is False: {why}, it is being changed")
    assert said(standing(children, timedelta(minutes=15)))["StackReady"] == "False/ReleaseFailed"


def test_a_change_that_failed_is_no_change_any_more_and_takes_nothing_away() -> None:
    children = changed(installed(stack()), state="failed", text="Upgrade failed: no quota")
    answered = standing(children)
    assert not answered.ready
    assert said(answered)["StackReady"] == "False/ReleaseFailed"
    assert message(answered, "StackReady").endswith(
        "prometheus: Ready is False: Unavailable, Helm says that it failed: Upgrade failed: no quota"
    )
    assert set(answered.children) == set(children)
    assert answered.status == {"gateway": {"address": ADDRESS}}


def test_a_release_that_somebody_uninstalled_is_not_being_changed() -> None:
    answered = standing(changed(installed(stack()), state="pending-install", reason="Creating"))
    assert not answered.ready
    assert said(answered)["StackReady"] == "False/Installing"


def test_a_stack_that_was_not_ready_does_not_become_so_while_a_release_is_being_changed() -> None:
    answered = compose_stack(stack(), changed(installed(stack())))
    assert not answered.ready
    assert said(answered)["StackReady"] == "False/Installing"


def test_a_part_that_is_down_is_not_hidden_by_another_that_is_being_changed() -> None:
    children = changed(installed(stack()))
    children["gateway"] = seen("gateway", children["gateway"], "False", "something is wrong")
    assert not standing(children).ready


def test_a_part_that_does_not_say_whether_it_is_ready_leaves_ready_as_it_was() -> None:
    children = installed(stack())
    obj = remembered(stack(), compose_stack(stack(), children))
    silent = {**children, "prometheus": {k: v for k, v in children["prometheus"].items() if k != "status"}}
    assert compose_stack(obj, silent).ready
    assert not compose_stack(stack(), silent).ready


def test_an_address_is_published_before_the_gateway_says_that_it_is_ready() -> None:
    children = installed(stack())
    children["gateway"] = {**children["gateway"], "status": {"atProvider": children["gateway"]["status"]["atProvider"]}}
    answered = compose_stack(stack(), children)
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert not answered.ready


def test_a_gateway_without_an_address_leaves_the_one_that_was_known_and_says_so() -> None:
    children = installed(stack())
    obj = remembered(stack(), compose_stack(stack(), children))
    bare = objects.wrap(remote(whole(), "gateway"), STACK_CONFIG)
    children["gateway"] = {
        **bare,
        "metadata": {"name": "x-gateway"},
        "status": {"atProvider": {"manifest": {"kind": "Gateway"}}},
    }
    answered = compose_stack(obj, children)
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert said(answered)["GatewayAddressed"] == "False/WaitingForAddress"
    text = f"Gateway inference-gateway has no address; {ADDRESS} stays published"
    assert message(answered, "GatewayAddressed") == text
    children["gateway"]["status"] = {}
    assert said(compose_stack(obj, children))["GatewayAddressed"] == "True/Addressed"


# ---------------------------------------------------------------------- what always holds


def test_every_child_is_declared_with_its_kind() -> None:
    for key, child in whole().children.items():
        declared = [kind for name, kind in serving_stack.COMPOSER.children.items() if fnmatchcase(key, name)]
        assert declared == [child.manifest["kind"]], key


@st.composite
def children_of_a_stack(draw: st.DrawFn) -> dict[str, Manifest]:
    """Any part of a stack that has come up, each child in any state."""
    everything = installed(stack())
    found = {}
    for key in sorted(everything):
        state = draw(st.sampled_from(["absent", "True", "False", "Unknown"]))
        if state != "absent":
            found[key] = seen(key, {k: v for k, v in everything[key].items() if k != "status"}, state)
    return found


@given(
    children_of_a_stack(), st.lists(st.sampled_from(["certManager", "prometheus", "inferenceExtension"]), unique=True)
)
@settings(max_examples=60, deadline=None)
def test_no_state_of_the_children_takes_one_away_or_makes_it_ready_too_early(
    children: dict[str, Manifest], listed: list[str]
) -> None:
    answered = compose_stack(stack(installed=listed), children)
    assert set(children) <= set(answered.children)
    unready = [key for key, child in children.items() if child["status"]["conditions"][1]["status"] != "True"]
    if answered.ready:
        assert not [key for key in unready if key in (RELEASES | OBJECTS) and key not in _left_alone(listed)]


def _left_alone(listed: list[str]) -> set[str]:
    owners = {"certManager": {"cert-manager"}, "prometheus": {"prometheus"}, "inferenceExtension": CRDS}
    return {key for component in listed for key in owners[component]}
