"""Traefik is installed in order, in the version that is asked for."""

from collections.abc import Mapping
from typing import Any

import kubernetes_validate
import pytest

from function.composition import Manifest
from function.routing.gateways import charts
from tests.routing.builders import composed_gateway, gateway, message, true
from tests.routing.gateways.installed import PLURALS, POOL, observed, running, with_status
from tests.support.crd_schemas import violations
from tests.support.observe import reasons, with_condition

# --------------------------------------------------------------------- the order


def test_first_there_is_only_the_provider_config() -> None:
    made = composed_gateway(gateway())
    assert {key: child.manifest for key, child in made.children.items()} == {
        "provider-config-helm": {
            "apiVersion": "helm.m.crossplane.io/v1beta1",
            "kind": "ProviderConfig",
            "metadata": {"name": "modelplane-in-cluster", "namespace": "modelplane-system"},
            "spec": {"credentials": {"source": "InjectedIdentity"}},
        }
    }
    assert (made.status, made.ready) == ({}, False)
    assert reasons(made) == {
        "GatewayAPIReady": "True/CRDsPresent",
        "ControllerReady": "False/Installing",
        "ControllerSupported": "True/Supported",
        "LoadBalancerReady": "True/NotManaged",
        "AddressAssigned": "False/WaitingForAddress",
        "TLSReady": "False/NotConfigured",
        "Held": "False/InputsResolved",
        "ChildrenReady": "False/ChildNotReady",
    }


def test_traefik_comes_after_the_provider_config_with_the_usage_that_keeps_it() -> None:
    first = composed_gateway(gateway())
    made = composed_gateway(gateway(), observed(first))
    assert set(made.children) == {"provider-config-helm", "traefik", "usage-pc-by-traefik"}
    assert made.children["traefik"].manifest == {
        "apiVersion": "helm.m.crossplane.io/v1beta1",
        "kind": "Release",
        "metadata": {"namespace": "modelplane-system", "labels": {"modelplane.ai/release": "traefik"}},
        "spec": {
            "providerConfigRef": {"kind": "ProviderConfig", "name": "modelplane-in-cluster"},
            "forProvider": {
                "chart": {"name": "traefik", "repository": "https://traefik.github.io/charts", "version": "41.1.0"},
                "namespace": "traefik-system",
                "values": {
                    "providers": {
                        "kubernetesGateway": {
                            "enabled": True,
                            "statusAddress": {"service": {"namespace": "traefik-system", "name": "traefik"}},
                        },
                        "kubernetesIngress": {"enabled": False},
                    },
                    "service": {"nameOverride": "traefik"},
                    "gateway": {"enabled": False},
                    "gatewayClass": {"enabled": False},
                    "deployment": {"replicas": 2},
                    "ports": {
                        entry: {
                            "http": {"encodedCharacters": {"allowEncodedSlash": False}},
                            "transport": {"respondingTimeouts": {"readTimeout": "1h"}},
                        }
                        for entry in ("web", "websecure")
                    },
                },
            },
        },
    }


def test_gateway_and_class_come_once_traefik_is_ready_and_each_keeps_traefik() -> None:
    release = composed_gateway(gateway(), observed(composed_gateway(gateway())))
    made = composed_gateway(gateway(), observed(release))
    assert set(made.children) - set(release.children) == {
        "gateway",
        "gateway-class",
        "usage-traefik-by-gateway",
        "usage-traefik-by-gateway-class",
    }
    assert made.children["gateway"].manifest == {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "modelplane", "namespace": "modelplane-system"},
        "spec": {
            "gatewayClassName": "traefik",
            "listeners": [
                {"name": "web", "protocol": "HTTP", "port": 8000, "allowedRoutes": {"namespaces": {"from": "All"}}}
            ],
        },
    }
    assert made.children["usage-traefik-by-gateway"].manifest["spec"] == {
        "replayDeletion": True,
        "of": {
            "apiVersion": "helm.m.crossplane.io/v1beta1",
            "kind": "Release",
            "resourceSelector": {"matchControllerRef": True, "matchLabels": {"modelplane.ai/release": "traefik"}},
        },
        "by": {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "resourceRef": {"name": "modelplane"},
        },
    }


def test_the_class_goes_only_after_the_gateway() -> None:
    children = running(gateway())
    seen = {**children["gateway-class"], "metadata": {"name": "traefik", "uid": "class"}}
    made = composed_gateway(gateway(), {**children, "gateway-class": seen})
    assert made.children["gateway-class"].manifest["metadata"] == {
        "name": "traefik",
        "finalizers": ["foregroundDeletion"],
    }
    owner = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "name": "traefik",
        "uid": "class",
        "blockOwnerDeletion": True,
    }
    assert made.children["gateway"].manifest["metadata"]["ownerReferences"] == [owner]


def test_with_gateway_programmed_and_an_address_the_front_door_is_ready() -> None:
    made = composed_gateway(gateway(), running(gateway()))
    assert (made.status, made.ready) == ({"address": "192.0.2.1"}, True)
    assert reasons(made) == {
        "GatewayAPIReady": "True/CRDsPresent",
        "ControllerReady": "True/ControllerHealthy",
        "ControllerSupported": "True/Supported",
        "LoadBalancerReady": "True/NotManaged",
        "AddressAssigned": "True/AddressAssigned",
        "TLSReady": "False/NotConfigured",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }


def test_no_definition_of_the_gateway_api_is_ever_composed() -> None:
    kinds = {child["kind"] for child in running(gateway(traefik=POOL)).values()}
    assert "CustomResourceDefinition" not in kinds


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"traefik": POOL},
        {"tls": {"secretRef": {"name": "front"}}, "routeNamespaces": {"matchLabels": {"team": "ml"}}},
    ],
)
def test_what_is_composed_passes_the_schema_of_its_definition(spec: dict[str, Any]) -> None:
    made = composed_gateway(gateway(**spec), running(gateway(**spec)))
    checked = [child.manifest for child in made.children.values() if child.manifest["kind"] in PLURALS]
    assert len(checked) >= 7
    for body in checked:
        assert violations(dict(body), PLURALS[body["kind"]]) == []
    for body in (child.manifest for child in made.children.values()):
        if body["kind"] == "Namespace":
            kubernetes_validate.validate(body, kubernetes_validate.latest_version(), strict=True)


# --------------------------------------------------------------------- versions


def test_an_installed_version_is_kept_until_the_user_asks_for_another() -> None:
    children = running(gateway(traefik={"version": "41.0.2"}))
    kept = composed_gateway(gateway(), children)
    assert charts.version_of(kept.children["traefik"].manifest) == "41.0.2"
    asked = composed_gateway(gateway(traefik={"version": "41.3.0"}), children)
    assert charts.version_of(asked.children["traefik"].manifest) == "41.3.0"


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("40.2.0", "False/OlderThanSupported"),
        ("41.0.1", "False/OlderThanSupported"),
        ("41.0.2", "True/Supported"),
        ("100.0.0", "True/Supported"),
        ("latest", "Unknown/NotComparable"),
    ],
)
def test_the_version_that_is_asked_for_is_used_and_reported(version: str, reason: str) -> None:
    made = composed_gateway(gateway(traefik={"version": version}), observed(composed_gateway(gateway())))
    assert charts.version_of(made.children["traefik"].manifest) == version
    assert reasons(made)["ControllerSupported"] == reason
    assert version in message(made, "ControllerSupported")


@pytest.mark.parametrize(
    ("asked", "said_so"),
    [
        ({"version": "41.0.1"}, "Traefik chart 41.0.1 is used as asked for"),
        ({}, "Traefik chart 41.0.1 is kept"),
    ],
)
def test_an_old_chart_is_said_to_be_asked_for_or_kept(asked: dict[str, Any], said_so: str) -> None:
    made = composed_gateway(gateway(traefik=asked), running(gateway(traefik={"version": "41.0.1"})))
    known = "at least 41.0.2 is supported, 41.1.0 is the default"
    assert message(made, "ControllerSupported") == f"{said_so}; {known}"


@pytest.mark.parametrize(("asked", "replicas"), [({}, 2), ({"replicas": 5}, 5), ({"replicas": 1}, 1)])
def test_traefik_runs_in_so_many_copies(asked: dict[str, Any], replicas: int) -> None:
    release = running(gateway(traefik=asked))["traefik"]
    assert release["spec"]["forProvider"]["values"]["deployment"] == {"replicas": replicas}


def test_annotations_for_the_load_balancer_reach_traefiks_service() -> None:
    inside = {"networking.gke.io/load-balancer-type": "Internal"}
    release = running(gateway(traefik={"serviceAnnotations": inside}))["traefik"]
    assert release["spec"]["forProvider"]["values"]["service"] == {"nameOverride": "traefik", "annotations": inside}


def test_values_of_ones_own_come_from_config_maps_and_leave_what_the_front_door_relies_on() -> None:
    """What stands in `values` is merged over `valuesFrom` by the provider."""
    plain = running(gateway())["traefik"]["spec"]["forProvider"]
    made = running(gateway(traefik={"valuesFrom": [{"name": "tuning"}, {"name": "more", "key": "traefik.yaml"}]}))
    refs = [{"name": "tuning", "key": "values.yaml"}, {"name": "more", "key": "traefik.yaml"}]
    assert made["traefik"]["spec"]["forProvider"] == {**plain, "valuesFrom": [{"configMapKeyRef": ref} for ref in refs]}
    assert violations(dict(made["traefik"]), "releases") == []


# --------------------------------------------------------------------- hostname, certificate, namespaces


def changing(children: Mapping[str, Manifest], state: str = "deployed") -> dict[str, Manifest]:
    """The children with a Traefik whose Release was changed a moment ago."""
    told = with_status(children, "traefik", atProvider={"state": state, "releaseDescription": "no quota"})
    synced = with_condition(told["traefik"], "Synced", reason="ReconcileSuccess")
    return {**told, "traefik": with_condition(synced, "Ready", "False", "Unavailable")}


def test_while_traefiks_release_is_being_changed_the_front_door_and_its_controller_stay_ready() -> None:
    gateway_obj = gateway({"address": "192.0.2.1", "conditions": true("ControllerReady", "Ready")})
    made = composed_gateway(gateway_obj, changing(running(gateway())))
    assert made.ready
    assert reasons(made)["ControllerReady"] == "True/Changing"
    assert message(made, "ControllerReady") == "Release traefik: Ready is False: Unavailable"
    never = composed_gateway(gateway(), changing(running(gateway())))
    assert reasons(never)["ControllerReady"] == "False/Installing"


def test_a_traefik_that_could_not_be_changed_is_named_with_helms_words_and_what_answers_goes_on() -> None:
    gateway_obj = gateway({"address": "192.0.2.1", "conditions": true("ControllerReady", "Ready")})
    children = changing(running(gateway()), "failed")
    made = composed_gateway(gateway_obj, children)
    assert (made.ready, set(made.children)) == (True, set(children))
    assert reasons(made)["ControllerReady"] == "False/ReleaseFailed"
    assert message(made, "ControllerReady").endswith("Unavailable, Helm says that it failed: no quota")
