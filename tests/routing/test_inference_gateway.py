"""An InferenceGateway becomes Traefik, a Gateway and, where asked for, MetalLB."""

from collections.abc import Mapping
from typing import Any

import kubernetes_validate
import pytest

from function.composition import Composition, Manifest
from function.preview.control_plane import ControlPlane
from function.routing.gateways import charts, traefik
from tests.routing.builders import (
    API_VERSION,
    bare_endpoint,
    composed_gateway,
    conditions_of,
    definitions,
    gateway,
    message,
    plane,
    service,
    true,
)
from tests.support.crd_schemas import violations
from tests.support.observe import ready, said, with_condition

POOL = {"loadBalancer": "MetalLB", "metallb": {"addressPool": "192.0.2.0/24"}}
PLURALS = {
    "ProviderConfig": "providerconfigs",
    "Release": "releases",
    "Gateway": "gateways",
    "GatewayClass": "gatewayclasses",
    "Usage": "usages",
}


def observed(made: Composition, *keys: str) -> dict[str, Manifest]:
    """Children of an answer as they are observed, and up."""
    return {key: up(made.children[key].manifest) for key in keys or made.children}


def up(body: Manifest) -> Manifest:
    """An object as it is observed when all is well."""
    meta = {"name": f"default-{body['kind'].lower()}", **body["metadata"]}
    obj = {**body, "metadata": meta}
    if body["kind"] == "Release":
        return ready(obj)
    if body["kind"] == "GatewayClass":
        return {**obj, "status": {"conditions": true("Accepted")}}
    if body["kind"] == "Gateway":
        addresses = [{"type": "IPAddress", "value": "192.0.2.1"}]
        return {**obj, "status": {"addresses": addresses, "conditions": true("Accepted", "Programmed")}}
    return obj


def running(obj: Mapping[str, Any]) -> dict[str, Manifest]:
    """What is observed of a gateway that has come up."""
    children: dict[str, Manifest] = {}
    for _ in range(4):
        children = observed(composed_gateway(obj, children))
    return children


def with_status(children: Mapping[str, Manifest], key: str, **status: Any) -> dict[str, Manifest]:
    return {**children, key: {**children[key], "status": status}}


# ---------------------------------------------------------------------- the order


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
    assert said(made) == {
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
                        entry: {"http": {"encodedCharacters": {"allowEncodedSlash": False}}}
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
    assert said(made) == {
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


# ---------------------------------------------------------------------- the Gateway API


@pytest.mark.parametrize("missing", traefik.GATEWAY.definitions)
def test_a_definition_that_is_missing_is_named_with_the_line_that_installs_it(missing: str) -> None:
    first = observed(composed_gateway(gateway()))
    made = composed_gateway(gateway(), first, definitions(without=[missing]))
    assert set(made.children) == {"provider-config-helm"}
    assert said(made)["GatewayAPIReady"] == "False/CRDsMissing"
    assert said(made)["ControllerReady"] == "False/WaitingForGatewayAPI"
    line = (
        "kubectl apply --server-side -f "
        "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.5.1/standard-install.yaml"
    )
    said_so = f"1 of 7 definitions are missing ({missing}); install them with: {line}"
    assert message(made, "GatewayAPIReady") == said_so


@pytest.mark.parametrize("version", ["v1.4.1", "v1.0.0", "v0.8.1", "1.4", "v1.5.0-rc.1"])
def test_definitions_below_the_needed_bundle_are_too_old(version: str) -> None:
    made = composed_gateway(gateway(), observed(composed_gateway(gateway())), definitions(version))
    assert set(made.children) == {"provider-config-helm"}
    assert said(made)["GatewayAPIReady"] == "False/CRDsTooOld"
    assert "standard-install.yaml" in message(made, "GatewayAPIReady")


@pytest.mark.parametrize("version", ["v1.5.0", "v1.5.1", "v1.10.0", "v2.0.0", "1.5", "7"])
def test_versions_are_compared_as_versions(version: str) -> None:
    assert said(composed_gateway(gateway(), {}, definitions(version)))["GatewayAPIReady"] == "True/CRDsPresent"


@pytest.mark.parametrize("version", [None, "", "main", "v1.x"])
def test_a_version_that_cannot_be_read_is_doubt(version: str | None) -> None:
    required = {**definitions(), "crd-gateways": definitions(version)["crd-gateways"]}
    made = composed_gateway(gateway(), observed(composed_gateway(gateway())), required)
    assert set(made.children) == {"provider-config-helm"}
    assert said(made)["GatewayAPIReady"] == "Unknown/NotKnownYet"
    assert said(made)["Held"] == "True/InputInvalid"
    assert "gateways.gateway.networking.k8s.io" in message(made, "Held")
    kept = composed_gateway(up_and_ready(), running(gateway()), required)
    assert set(kept.children) == set(running(gateway()))
    assert kept.ready


def up_and_ready() -> Manifest:
    return gateway({"address": "192.0.2.1", "conditions": true("Ready", "GatewayAPIReady")})


@pytest.mark.parametrize("required", [{}, definitions(without=["gateways"]), definitions("v1.3.0")])
def test_what_runs_stays_whatever_becomes_of_the_definitions(required: dict[str, Any]) -> None:
    children = running(gateway())
    made = composed_gateway(up_and_ready(), children, required)
    assert set(made.children) == set(children)
    assert (made.status, made.ready) == ({"address": "192.0.2.1"}, True)


# ---------------------------------------------------------------------- versions


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
    assert said(made)["ControllerSupported"] == reason
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


# ---------------------------------------------------------------------- ready and address


def test_a_gateway_that_is_accepted_with_no_address_leaves_the_status_empty_and_is_not_ready() -> None:
    children = with_status(running(gateway()), "gateway", conditions=true("Accepted", "Programmed"))
    made = composed_gateway(gateway(), children)
    assert (made.status, made.ready) == ({}, False)
    assert said(made)["AddressAssigned"] == "False/WaitingForAddress"


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


def of_generation(gateway_seen: Manifest, generation: int) -> Manifest:
    return {**gateway_seen, "metadata": {**gateway_seen["metadata"], "generation": generation}}


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
    assert said(made)["ControllerReady"] == "False/Installing"
    assert "cannot pull chart" in message(made, "ControllerReady")


@pytest.mark.parametrize("key", ["traefik", "gateway", "gateway-class", "provider-config-helm", "metallb"])
def test_observed_objects_that_lack_everything_fail_nothing(key: str) -> None:
    obj = gateway(traefik=POOL)
    children = running(obj)
    bare = {name: children[key][name] for name in ("apiVersion", "kind")}
    assert set(composed_gateway(obj, {**children, key: bare}).children) == set(children)


# ---------------------------------------------------------------------- hostname, certificate, namespaces


def changing(children: Mapping[str, Manifest], state: str = "deployed") -> dict[str, Manifest]:
    """The children with a Traefik whose Release was changed a moment ago."""
    told = with_status(children, "traefik", atProvider={"state": state, "releaseDescription": "no quota"})
    synced = with_condition(told["traefik"], "Synced", reason="ReconcileSuccess")
    return {**told, "traefik": with_condition(synced, "Ready", "False", "Unavailable")}


def test_while_traefiks_release_is_being_changed_the_front_door_and_its_controller_stay_ready() -> None:
    door = gateway({"address": "192.0.2.1", "conditions": true("ControllerReady", "Ready")})
    made = composed_gateway(door, changing(running(gateway())))
    assert made.ready
    assert said(made)["ControllerReady"] == "True/Changing"
    assert message(made, "ControllerReady") == "Release traefik: Ready is False: Unavailable"
    never = composed_gateway(gateway(), changing(running(gateway())))
    assert said(never)["ControllerReady"] == "False/Installing"


def test_a_traefik_that_could_not_be_changed_is_named_with_helms_words_and_what_answers_goes_on() -> None:
    door = gateway({"address": "192.0.2.1", "conditions": true("ControllerReady", "Ready")})
    children = changing(running(gateway()), "failed")
    made = composed_gateway(door, children)
    assert (made.ready, set(made.children)) == (True, set(children))
    assert said(made)["ControllerReady"] == "False/ReleaseFailed"
    assert message(made, "ControllerReady").endswith("Unavailable, Helm says that it failed: no quota")


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
    assert said(composed_gateway(gateway(**spec), children))["TLSReady"] == "False/Waiting"
    broken = {"type": "ResolvedRefs", "status": "False", "message": "Secret not found"}
    listeners = [{"name": "websecure", "conditions": [broken]}]
    waiting = composed_gateway(gateway(**spec), with_status(children, "gateway", listeners=listeners))
    assert "Secret modelplane-system/front" in message(waiting, "TLSReady")
    assert "Secret not found" in message(waiting, "TLSReady")
    listeners = [{"name": "websecure", "conditions": true("ResolvedRefs", "Programmed")}]
    serving = composed_gateway(gateway(**spec), with_status(children, "gateway", listeners=listeners))
    assert said(serving)["TLSReady"] == "True/Serving"


@pytest.mark.parametrize("status", ["True", "False"])
def test_what_a_listener_says_of_an_earlier_generation_leaves_the_word_about_its_certificate(status: str) -> None:
    spec: dict[str, Any] = {"tls": {"secretRef": {"name": "front"}}}
    children = running(gateway(**spec))
    old = {"type": "ResolvedRefs", "status": status, "reason": "x", "observedGeneration": 1}
    listeners = [{"name": "websecure", "conditions": [old, *true("Programmed", generation=2)]}]
    seen = {**of_generation(children["gateway"], 2), "status": {"listeners": listeners}}
    before = {"type": "TLSReady", "status": "True", "reason": "Serving", "message": "Secret modelplane-system/old"}
    made = composed_gateway(gateway({"conditions": [before]}, **spec), {**children, "gateway": seen})
    assert said(made)["TLSReady"] == "True/Serving"
    assert message(made, "TLSReady") == "Secret modelplane-system/old"
    fresh = composed_gateway(gateway(**spec), {**children, "gateway": seen})
    assert said(fresh)["TLSReady"] == "Unknown/NotKnownYet"


def test_route_namespaces_select_who_may_use_every_listener() -> None:
    spec: dict[str, Any] = {"routeNamespaces": {"matchLabels": {"team": "ml"}}, "tls": {"secretRef": {"name": "front"}}}
    for listener in running(gateway(**spec))["gateway"]["spec"]["listeners"]:
        assert listener["allowedRoutes"] == {
            "namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "ml"}}}
        }


# ---------------------------------------------------------------------- MetalLB


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
    assert said(made)["LoadBalancerReady"] == "False/Installing"


@pytest.mark.parametrize("metallb", [{}, {"metallb": {"addressPool": ""}}])
def test_metallb_without_addresses_is_an_error_that_removes_nothing_and_installs_nothing(
    metallb: dict[str, Any],
) -> None:
    spec = {"loadBalancer": "MetalLB", **metallb}
    children = running(gateway(traefik=POOL))
    healthy = [*true("Ready"), {"type": "LoadBalancerReady", "status": "True", "reason": "LoadBalancerHealthy"}]
    kept = composed_gateway(gateway({"conditions": healthy}, traefik=spec), children)
    assert (set(kept.children), kept.ready) == (set(children), True)
    assert said(kept)["LoadBalancerReady"] == "True/LoadBalancerHealthy"
    assert said(kept)["Held"] == "True/InputInvalid"
    assert message(kept, "Held") == "spec.traefik.metallb.addressPool is required for loadBalancer MetalLB"
    fresh = composed_gateway(gateway(traefik=spec), running(gateway()))
    assert (set(fresh.children), fresh.ready) == (set(running(gateway())), False)
    assert said(fresh)["LoadBalancerReady"] == "Unknown/NotKnownYet"


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
    assert said(made)["LoadBalancerReady"] == word
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
    assert said(waiting)["LoadBalancerReady"] == "False/Removing"
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
    assert said(made)["LoadBalancerReady"] == "False/RemovalBlocked"
    assert not any(key.startswith("removed-metallb-") for key in made.requirements)


# ---------------------------------------------------------------------- a control plane that settles


LABELS = {"app": "chat"}


def named_endpoint(name: str, url: str) -> Manifest:
    return {**bare_endpoint(url), "metadata": {"name": name, "namespace": "ml-team", "labels": LABELS}}


@pytest.fixture
def settled() -> ControlPlane:
    own = named_endpoint("own", "http://203.0.113.4/ml-team/own/v1")
    outside = named_endpoint("outside", "https://api.together.xyz/v1")
    return plane(gateway(traefik=POOL), own, outside, service())


def get(of: ControlPlane, kind: str, name: str) -> Manifest:
    found = of.get(API_VERSION, kind, "" if kind == "InferenceGateway" else "ml-team", name)
    assert found is not None
    return found


def test_gateway_endpoints_and_service_settle_ready_with_an_address(settled: ControlPlane) -> None:
    for kind, name in (("InferenceGateway", "default"), ("ModelEndpoint", "own"), ("ModelService", "chat")):
        assert conditions_of(get(settled, kind, name))["Ready"] == "True"
    address = get(settled, "InferenceGateway", "default")["status"]["address"]
    assert address.startswith("192.0.2.")
    status = get(settled, "ModelService", "chat")["status"]
    assert status["address"] == f"http://{address}/ml-team/chat"
    assert status["summary"] == {"ready": "2/2"}


def test_another_pass_over_a_settled_front_door_changes_nothing(settled: ControlPlane) -> None:
    before = settled.everything()
    settled.settle()
    assert settled.everything() == before


def test_taking_an_endpoint_away_leaves_no_backend_without_a_service(settled: ControlPlane) -> None:
    settled.apply(
        [{**named_endpoint("own", "http://203.0.113.4/v1"), "spec": {"url": "http://203.0.113.4/v1", "draining": True}}]
    )
    settled.settle()
    settled.delete(API_VERSION, "ModelEndpoint", "ml-team", "own")
    settled.settle()
    (route,) = settled.list("gateway.networking.k8s.io/v1", "HTTPRoute")
    assert len(route["spec"]["rules"][0]["backendRefs"]) == 1


def test_an_endpoint_that_moves_between_address_families_stays_routable(settled: ControlPlane) -> None:
    backend = get(settled, "ModelEndpoint", "own")["status"]["routing"]["backendName"]
    settled.apply([named_endpoint("own", "http://lb.example.com/ml-team/own/v1")])
    settled.settle()
    moved = get(settled, "ModelEndpoint", "own")
    assert moved["status"]["routing"]["backendName"] == backend
    assert conditions_of(moved)["Ready"] == "True"
    families = [s["addressType"] for s in settled.list("discovery.k8s.io/v1", "EndpointSlice", "ml-team")]
    assert families == ["FQDN", "FQDN"]


def test_metallb_is_removed_in_order_while_everything_else_stays(settled: ControlPlane) -> None:
    settled.apply([gateway()])
    settled.settle()
    front = get(settled, "InferenceGateway", "default")
    assert conditions_of(front)["LoadBalancerReady"] == "True"
    assert [r["metadata"]["labels"]["modelplane.ai/release"] for r in releases(settled)] == ["traefik"]
    assert settled.list("metallb.io/v1beta1", "IPAddressPool") == ()
    assert settled.get("v1", "Namespace", "", "metallb-system") is not None
    assert conditions_of(get(settled, "ModelService", "chat"))["Ready"] == "True"


def test_when_the_front_door_is_deleted_metallbs_namespace_stays_for_helm_and_serves_the_next(
    settled: ControlPlane,
) -> None:
    before = metallb_namespace(settled)
    settled.delete(API_VERSION, "InferenceGateway", "", "default")
    settled.settle()
    left = metallb_namespace(settled)
    assert left["uid"] == before["uid"]
    assert [owner["name"] for owner in left["ownerReferences"]] == ["modelplane-system"]
    assert releases(settled) == ()
    settled.apply([gateway(traefik=POOL)])
    settled.settle()
    assert conditions_of(get(settled, "InferenceGateway", "default"))["LoadBalancerReady"] == "True"


def metallb_namespace(of: ControlPlane) -> Manifest:
    found = of.get("v1", "Namespace", "", "metallb-system")
    assert found is not None
    return dict(found["metadata"])


def releases(of: ControlPlane) -> tuple[Manifest, ...]:
    return of.list("helm.m.crossplane.io/v1beta1", "Release")


def test_when_the_front_door_is_deleted_the_gateway_goes_before_traefik(settled: ControlPlane) -> None:
    settled.delete(API_VERSION, "InferenceGateway", "", "default")
    order: list[str] = []
    for _ in range(12):
        settled.step()
        gone = {
            "traefik": not any(
                r["metadata"]["labels"]["modelplane.ai/release"] == "traefik" for r in releases(settled)
            ),
            "metallb": not any(
                r["metadata"]["labels"]["modelplane.ai/release"] == "metallb" for r in releases(settled)
            ),
            "pool": not settled.list("metallb.io/v1beta1", "IPAddressPool"),
            "class": not settled.list("gateway.networking.k8s.io/v1", "GatewayClass"),
            "gateway": not settled.list("gateway.networking.k8s.io/v1", "Gateway"),
            "config": not settled.list("helm.m.crossplane.io/v1beta1", "ProviderConfig"),
        }
        order += [what for what, is_gone in gone.items() if is_gone and what not in order]
    assert order.index("class") > order.index("gateway")
    assert order.index("traefik") > max(order.index("gateway"), order.index("class"))
    assert order.index("metallb") > order.index("pool")
    assert order.index("config") > max(order.index("traefik"), order.index("metallb"))
