"""An InferenceGateway needs the Gateway API, and settles together with services and endpoints."""

from typing import Any

import pytest

from function.composition import Manifest
from function.preview.control_plane import ControlPlane
from function.routing.gateways import traefik
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
)
from tests.routing.gateways.installed import POOL, observed, running, up_and_ready
from tests.support.observe import reasons

# --------------------------------------------------------------------- the Gateway API


@pytest.mark.parametrize("missing", traefik.GATEWAY.definitions)
def test_a_definition_that_is_missing_is_named_with_the_line_that_installs_it(missing: str) -> None:
    first = observed(composed_gateway(gateway()))
    made = composed_gateway(gateway(), first, definitions(without=[missing]))
    assert set(made.children) == {"provider-config-helm"}
    assert reasons(made)["GatewayAPIReady"] == "False/CRDsMissing"
    assert reasons(made)["ControllerReady"] == "False/WaitingForGatewayAPI"
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
    assert reasons(made)["GatewayAPIReady"] == "False/CRDsTooOld"
    assert "standard-install.yaml" in message(made, "GatewayAPIReady")


@pytest.mark.parametrize("version", ["v1.5.0", "v1.5.1", "v1.10.0", "v2.0.0", "1.5", "7"])
def test_versions_are_compared_as_versions(version: str) -> None:
    assert reasons(composed_gateway(gateway(), {}, definitions(version)))["GatewayAPIReady"] == "True/CRDsPresent"


@pytest.mark.parametrize("version", [None, "", "main", "v1.x"])
def test_a_version_that_cannot_be_read_is_doubt(version: str | None) -> None:
    required = {**definitions(), "crd-gateways": definitions(version)["crd-gateways"]}
    made = composed_gateway(gateway(), observed(composed_gateway(gateway())), required)
    assert set(made.children) == {"provider-config-helm"}
    assert reasons(made)["GatewayAPIReady"] == "Unknown/NotKnownYet"
    assert reasons(made)["Held"] == "True/InputInvalid"
    assert "gateways.gateway.networking.k8s.io" in message(made, "Held")
    kept = composed_gateway(up_and_ready(), running(gateway()), required)
    assert set(kept.children) == set(running(gateway()))
    assert kept.ready


@pytest.mark.parametrize("required", [{}, definitions(without=["gateways"]), definitions("v1.3.0")])
def test_what_runs_stays_whatever_becomes_of_the_definitions(required: dict[str, Any]) -> None:
    children = running(gateway())
    made = composed_gateway(up_and_ready(), children, required)
    assert set(made.children) == set(children)
    assert (made.status, made.ready) == ({"address": "192.0.2.1"}, True)


# --------------------------------------------------------------------- a control plane that settles


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
        order += [name for name, is_gone in gone.items() if is_gone and name not in order]
    assert order.index("class") > order.index("gateway")
    assert order.index("traefik") > max(order.index("gateway"), order.index("class"))
    assert order.index("metallb") > order.index("pool")
    assert order.index("config") > max(order.index("traefik"), order.index("metallb"))
