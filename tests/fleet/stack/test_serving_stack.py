"""ServingStack: how it reaches its cluster, and where requests reach it."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Manifest, objects
from function.fleet.stack import serving_stack
from tests.fleet.builders import ADDRESS, message, observed_child, remote, with_status
from tests.fleet.stack.builders import (
    CONFIGS,
    CRDS,
    OBJECTS,
    RELEASES,
    STACK_CONFIG,
    compose_installed,
    compose_stack,
    installed,
    spec_of,
    stack,
)
from tests.support.observe import reasons

IDENTITY = {"type": "GoogleApplicationCredentials", "name": "sa", "key": "private_key"}
KUBECONFIG = {"type": "Kubeconfig", "name": "kc", "key": "kubeconfig"}


# ---------------------------------------------------------------------- provider configs


def test_the_first_pass_composes_the_two_provider_configs_alone_and_is_not_ready() -> None:
    answered = compose_stack(stack())
    assert set(answered.children) == CONFIGS
    assert answered.status == {}
    assert not answered.ready
    assert reasons(answered)["StackReady"] == "False/Installing"
    assert message(answered, "StackReady") == "0 of 18 parts are ready; the provider configs are not created yet"


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
        assert spec_of(answered, key)["identity"] == {
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
    obj = with_status(stack(secrets=secrets), compose_installed())
    answered = compose_stack(obj, children)
    assert answered.ready
    assert set(answered.children) == set(children)
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert reasons(answered)["StackReady"] == "False/SecretsUnusable"
    assert reasons(answered)["Held"] == "True/InvalidSpec"
    assert message(answered, "Held") == text
    assert not compose_stack(stack(secrets=secrets)).children


def test_consumers_use_the_observed_name_of_their_provider_config() -> None:
    children = installed(stack())
    children["provider-config-helm"]["metadata"] = {"name": "old"}
    answered = compose_stack(stack(), children)
    assert answered.children["provider-config-helm"].manifest["metadata"]["name"] == "old"
    assert spec_of(answered, "cert-manager")["providerConfigRef"] == {"kind": "ProviderConfig", "name": "old"}
    assert spec_of(answered, "gateway")["providerConfigRef"] == {"kind": "ProviderConfig", "name": STACK_CONFIG}


# ---------------------------------------------------------------------- address


def test_an_address_is_published_before_the_gateway_says_that_it_is_ready() -> None:
    children = installed(stack())
    children["gateway"] = {**children["gateway"], "status": {"atProvider": children["gateway"]["status"]["atProvider"]}}
    answered = compose_stack(stack(), children)
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert not answered.ready


def test_a_gateway_without_an_address_leaves_the_one_that_was_known_and_says_so() -> None:
    children = installed(stack())
    obj = with_status(stack(), compose_stack(stack(), children))
    bare = objects.wrap(remote(compose_installed(), "gateway"), STACK_CONFIG)
    children["gateway"] = {
        **bare,
        "metadata": {"name": "x-gateway"},
        "status": {"atProvider": {"manifest": {"kind": "Gateway"}}},
    }
    answered = compose_stack(obj, children)
    assert answered.status == {"gateway": {"address": ADDRESS}}
    assert reasons(answered)["GatewayAddressed"] == "False/WaitingForAddress"
    text = f"Gateway inference-gateway has no address; {ADDRESS} stays published"
    assert message(answered, "GatewayAddressed") == text
    children["gateway"]["status"] = {}
    assert reasons(compose_stack(obj, children))["GatewayAddressed"] == "True/Addressed"


# ---------------------------------------------------------------------- what always holds


def test_every_child_is_declared_with_its_kind() -> None:
    for key, child in compose_installed().children.items():
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
            found[key] = observed_child(key, {k: v for k, v in everything[key].items() if k != "status"}, state)
    return found


@given(
    children_of_a_stack(),
    st.lists(st.sampled_from(["certManager", "prometheus", "inferenceExtension"]), unique=True),
    st.lists(st.sampled_from(["nvidiaDraDriver", "prometheus", "inferenceExtension"]), unique=True),
)
@settings(max_examples=60, deadline=None)
def test_no_state_of_the_children_takes_one_away_or_makes_it_ready_too_early(
    children: dict[str, Manifest], listed: list[str], unneeded: list[str]
) -> None:
    answered = compose_stack(stack(installed=listed, unneeded=unneeded), children)
    assert set(children) <= set(answered.children)
    unready = [key for key, child in children.items() if child["status"]["conditions"][1]["status"] != "True"]
    if answered.ready:
        assert not [key for key in unready if key in (RELEASES | OBJECTS) and key not in _left_alone(listed)]


def _left_alone(listed: list[str]) -> set[str]:
    owners = {"certManager": {"cert-manager"}, "prometheus": {"prometheus"}, "inferenceExtension": CRDS}
    return {key for component in listed for key in owners[component]}
