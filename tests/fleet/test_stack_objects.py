"""The Objects of a ServingStack, and the Usages that order its teardown."""

from function.composition import Manifest, manifest, names
from function.fleet.provider_usages import consumer_label
from tests.fleet.builders import (
    CONFIGS,
    OBJECTS,
    RELEASES,
    STACK_CONFIG,
    TEARDOWN,
    compose_stack,
    installed,
    message,
    observed,
    parts,
    remote,
    spec,
    stack,
    usages,
    whole,
)

# ---------------------------------------------------------------------- Objects


def test_the_gateway_its_class_and_its_proxy_refer_to_each_other() -> None:
    answered = whole(gateway={"className": "mine"})
    assert remote(answered, "gateway")["metadata"] == {"name": "inference-gateway", "namespace": "modelplane-system"}
    assert remote(answered, "gateway")["spec"] == {
        "gatewayClassName": "mine",
        "listeners": [
            {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}
        ],
    }
    assert manifest.name_of(remote(answered, "gateway-class")) == "mine"
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


def test_listeners_are_those_of_the_spec() -> None:
    listeners = [{"name": "web", "port": 8080, "protocol": "HTTP"}, {"name": "raw", "port": 9000, "protocol": "TCP"}]
    found = remote(whole(gateway={"listeners": listeners}), "gateway")["spec"]["listeners"]
    assert found == [{**one, "allowedRoutes": {"namespaces": {"from": "All"}}} for one in listeners]


def test_a_class_that_is_there_keeps_its_name_and_the_gateway_its_class() -> None:
    children = installed(stack())
    answered = compose_stack(stack(gateway={"className": "other"}), children)
    assert manifest.name_of(remote(answered, "gateway-class")) == "envoy"
    assert remote(answered, "gateway")["spec"]["gatewayClassName"] == "envoy"
    text = "spec.gateway.className: other is not used, the cluster's class stays envoy"
    assert message(answered, "Held") == text


def test_the_gateway_is_watched_and_ready_by_its_address() -> None:
    body = spec(whole(), "gateway")
    assert body["watch"] is True
    assert body["readiness"] == {
        "policy": "DeriveFromCelQuery",
        "celQuery": "has(object.status) && has(object.status.addresses) && object.status.addresses.size() > 0",
    }


def test_the_namespace_of_the_gateway_is_never_deleted_on_the_cluster() -> None:
    answered = whole()
    assert spec(answered, "gateway-namespace")["managementPolicies"] == ["Observe", "Create", "Update"]
    assert remote(answered, "gateway-namespace")["metadata"] == {"name": "modelplane-system"}


def test_the_quota_lets_critical_pods_into_the_drivers_namespace() -> None:
    quota = remote(whole(), "dra-driver-critical-pods-quota")
    assert quota["metadata"] == {"name": "allow-critical-pods", "namespace": "dra-driver-nvidia-gpu"}
    assert quota["spec"]["hard"] == {"pods": "1000"}


# ---------------------------------------------------------------------- Usages


def test_a_whole_stack_is_sixteen_parts_two_provider_configs_and_eighteen_usages() -> None:
    assert set(whole().children) == CONFIGS | RELEASES | OBJECTS | usages(*RELEASES, *OBJECTS) | TEARDOWN


def test_a_provider_config_outlives_each_of_its_consumers() -> None:
    assert whole().children["usage-pc-gateway"].manifest == {
        "apiVersion": "protection.crossplane.io/v1beta1",
        "kind": "Usage",
        "metadata": {"name": "x-usage-pc-gateway", "namespace": "modelplane-system"},
        "spec": {
            "of": {
                "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
                "kind": "ProviderConfig",
                "resourceRef": {"name": STACK_CONFIG},
            },
            "by": {
                "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
                "kind": "Object",
                "resourceSelector": {
                    "matchControllerRef": True,
                    "matchLabels": {"modelplane.ai/usage-consumer": "gateway"},
                },
            },
            "replayDeletion": True,
        },
    }


def test_the_gateway_goes_before_its_class_and_the_class_before_envoy_gateway() -> None:
    answered = whole()
    for key, of, by in (
        ("usage-gateway-class-by-gateway", ("Object", "gateway-class"), ("Object", "gateway")),
        ("usage-envoy-gw-by-gateway-class", ("Release", "envoy-gateway"), ("Object", "gateway-class")),
    ):
        body = spec(answered, key)
        found = [
            (body[side]["kind"], body[side]["resourceSelector"]["matchLabels"]["modelplane.ai/resource"])
            for side in ("of", "by")
        ]
        assert found == [of, by]


def test_a_usage_comes_only_when_both_its_objects_are_there_or_on_their_way() -> None:
    children: dict[str, Manifest] = {}
    for _ in range(6):
        answered = compose_stack(stack(), children)
        there = set(answered.children)
        assert there & {key for key in there if key.startswith("usage-pc-")} == usages(*parts(answered))
        assert ("usage-gateway-class-by-gateway" in there) == ({"gateway", "gateway-class"} <= there)
        assert ("usage-envoy-gw-by-gateway-class" in there) == ({"envoy-gateway", "gateway-class"} <= there)
        children = observed(answered)


def test_each_consumer_is_labelled_with_a_value_that_a_label_can_have() -> None:
    answered = whole()
    for key in RELEASES | OBJECTS:
        value = answered.children[key].manifest["metadata"]["labels"]["modelplane.ai/usage-consumer"]
        wanted = spec(answered, f"usage-pc-{key}")["by"]["resourceSelector"]["matchLabels"]
        assert wanted == {"modelplane.ai/usage-consumer": value}
        assert len(value) <= 63


def test_a_consumer_with_a_long_name_is_labelled_by_a_hash() -> None:
    assert consumer_label("a" * 63) == "a" * 63
    short = consumer_label("a" * 64)
    assert short == names.name("a" * 64, 63, "Consumer", "", "a" * 64)
    assert len(short) == 63
