"""The Objects of a ServingStack."""

from function.composition import unstructured
from function.fleet.stack.objects import ESTABLISHED
from tests.fleet.builders import message, remote
from tests.fleet.stack.builders import CRDS, compose_installed, compose_stack, installed, spec_of, stack

# ---------------------------------------------------------------------- Objects


def test_the_gateway_its_class_and_its_proxy_refer_to_each_other() -> None:
    answered = compose_installed(gateway={"className": "mine"})
    assert remote(answered, "gateway")["metadata"] == {"name": "inference-gateway", "namespace": "modelplane-system"}
    assert remote(answered, "gateway")["spec"] == {
        "gatewayClassName": "mine",
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}
        ],
    }
    assert unstructured.name_of(remote(answered, "gateway-class")) == "mine"
    assert remote(answered, "gateway-class")["spec"] == {
        "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
        "parametersRef": {
            "group": "gateway.envoyproxy.io",
            "kind": "EnvoyProxy",
            "name": "inference-gateway",
            "namespace": "modelplane-system",
        },
    }
    proxy = remote(answered, "gateway-proxy")["spec"]["provider"]
    assert proxy == {"type": "Kubernetes", "kubernetes": {"envoyService": {"externalTrafficPolicy": "Cluster"}}}


def test_clients_cannot_say_where_the_picker_or_a_side_car_sends_a_request() -> None:
    assert remote(compose_installed(), "gateway-client-policy") == {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "ClientTrafficPolicy",
        "metadata": {"name": "inference-gateway", "namespace": "modelplane-system"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "inference-gateway"}],
            "headers": {
                "earlyRequestHeaders": {
                    "remove": [
                        "x-prefiller-host-port",
                        "x-encoder-hosts-ports",
                        "x-data-parallel-host-port",
                        "x-gateway-destination-endpoint",
                        "x-gateway-destination-endpoint-subset",
                    ]
                }
            },
        },
    }


def test_listeners_are_those_of_the_spec() -> None:
    listeners = [{"name": "web", "port": 8080, "protocol": "HTTP"}, {"name": "raw", "port": 9000, "protocol": "TCP"}]
    found = remote(compose_installed(gateway={"listeners": listeners}), "gateway")["spec"]["listeners"]
    assert found == [{**listener, "allowedRoutes": {"namespaces": {"from": "All"}}} for listener in listeners]


def test_a_class_that_is_there_keeps_its_name_and_the_gateway_its_class() -> None:
    children = installed(stack())
    answered = compose_stack(stack(gateway={"className": "other"}), children)
    assert unstructured.name_of(remote(answered, "gateway-class")) == "envoy"
    assert remote(answered, "gateway")["spec"]["gatewayClassName"] == "envoy"
    text = "spec.gateway.className: other is not used, the cluster's class stays envoy"
    assert message(answered, "Held") == text


def test_a_definition_that_the_cluster_has_already_is_left_as_it_is_and_ready_once_it_is_established() -> None:
    """An Object that may not update is never ready by creation when it finds what another has created."""
    for key in CRDS:
        assert spec_of(compose_installed(), key)["managementPolicies"] == ["Observe", "Create"]
        assert spec_of(compose_installed(), key)["readiness"] == {
            "policy": "DeriveFromCelQuery",
            "celQuery": ESTABLISHED,
        }


def test_the_gateway_is_watched_and_ready_by_its_address() -> None:
    body = spec_of(compose_installed(), "gateway")
    assert body["watch"] is True
    assert body["readiness"] == {
        "policy": "DeriveFromCelQuery",
        "celQuery": "has(object.status) && has(object.status.addresses) && object.status.addresses.size() > 0",
    }


def test_the_namespace_of_the_gateway_is_never_deleted_on_the_cluster() -> None:
    answered = compose_installed()
    assert spec_of(answered, "gateway-namespace")["managementPolicies"] == ["Observe", "Create", "Update"]
    assert remote(answered, "gateway-namespace")["metadata"] == {"name": "modelplane-system"}


def test_the_quota_lets_critical_pods_into_the_drivers_namespace() -> None:
    quota = remote(compose_installed(), "dra-driver-critical-pods-quota")
    assert quota["metadata"] == {"name": "allow-critical-pods", "namespace": "dra-driver-nvidia-gpu"}
    assert quota["spec"]["hard"] == {"pods": "1000"}
