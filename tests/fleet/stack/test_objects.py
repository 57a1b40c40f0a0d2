"""The Objects of a ServingStack."""

from function.composition import Manifest, unstructured
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


ENVOYS = {"gateway.envoyproxy.io/owning-gateway-name": "inference-gateway"} | {
    "gateway.envoyproxy.io/owning-gateway-namespace": "modelplane-system"
}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {"matchLabels": ENVOYS},
}
AS_PUBLISHED = {
    "provider": {"type": "Kubernetes", "kubernetes": {"envoyService": {"externalTrafficPolicy": "Cluster"}}}
}
"""The EnvoyProxy of stacks that were made with one Envoy."""


def with_proxy(spec: Manifest) -> dict[str, Manifest]:
    """The children of a stack that has come up, with another EnvoyProxy."""
    children = installed(stack())
    proxy = children["gateway-proxy"]
    provider = proxy["spec"]["forProvider"]
    body = {**proxy["spec"], "forProvider": {**provider, "manifest": {**provider["manifest"], "spec": spec}}}
    return {**children, "gateway-proxy": {**proxy, "spec": body}}


def test_two_envoys_prefer_nodes_of_their_own_leave_one_at_a_time_and_finish_what_they_answer() -> None:
    assert remote(compose_installed(), "gateway-proxy")["spec"] == {
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyService": {"externalTrafficPolicy": "Cluster"},
                "envoyDeployment": {"replicas": 2, "pod": {"topologySpreadConstraints": [SPREAD]}},
                "envoyPDB": {
                    "maxUnavailable": 1,
                    "patch": {"value": {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}},
                },
            },
        },
        "shutdown": {"drainTimeout": "300s"},
    }


def test_an_envoy_that_runs_gets_a_second_beside_it_and_is_replaced_with_a_new_version_alone() -> None:
    """Whatever is of the pod replaces it, and this one would cut what takes longer than a minute."""
    before = with_proxy(AS_PUBLISHED)
    kept = remote(compose_stack(stack(), before), "gateway-proxy")["spec"]
    assert kept["provider"]["kubernetes"]["envoyDeployment"] == {"replicas": 2}
    assert "envoyPDB" in kept["provider"]["kubernetes"]
    assert "shutdown" not in kept
    same = stack(versions={"envoyGateway": "v1.8.1"})
    assert remote(compose_stack(same, before), "gateway-proxy")["spec"] == kept
    newer = remote(compose_stack(stack(versions={"envoyGateway": "v1.9.0"}), before), "gateway-proxy")["spec"]
    assert newer == remote(compose_installed(), "gateway-proxy")["spec"]
    assert remote(compose_stack(stack(), with_proxy(newer)), "gateway-proxy")["spec"] == newer


def test_a_model_is_sent_more_than_envoys_own_limit_and_connections_end_before_an_engine_ends_them() -> None:
    assert remote(compose_installed(), "gateway-backend-policy") == {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "BackendTrafficPolicy",
        "metadata": {"name": "inference-gateway", "namespace": "modelplane-system"},
        "spec": {
            "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "inference-gateway"}],
            "circuitBreaker": {
                "maxConnections": 16384,
                "maxPendingRequests": 16384,
                "maxParallelRequests": 16384,
            },
            "timeout": {"http": {"connectionIdleTimeout": "3s"}},
        },
    }


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
