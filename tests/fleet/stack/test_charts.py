"""The Releases of a ServingStack: charts, versions, values, and what the cluster has already."""

from typing import Any

import pytest

from function.api.labels import SERVING_STACK_NAMESPACES
from function.fleet.stack.charts import CHARTS
from tests.fleet.builders import message, observed_child
from tests.fleet.stack.builders import (
    CRDS,
    OBJECTS,
    RELEASES,
    STACK_CONFIG,
    chart_of,
    compose_installed,
    compose_stack,
    installed,
    part_keys,
    spec_of,
    stack,
    values_of,
)

# ---------------------------------------------------------------------- Releases


def test_a_release_has_a_fixed_name_on_the_cluster_and_the_stacks_provider_config() -> None:
    assert compose_installed().children["envoy-gateway"].manifest == {
        "apiVersion": "helm.m.crossplane.io/v1beta1",
        "kind": "Release",
        "metadata": {
            "name": "x-envoy-gateway",
            "annotations": {"crossplane.io/external-name": "mp-gateway-helm"},
            "finalizers": ["foregroundDeletion"],
            "ownerReferences": [
                {
                    "apiVersion": "helm.m.crossplane.io/v1beta1",
                    "kind": "ProviderConfig",
                    "name": STACK_CONFIG,
                    "uid": "uid-provider-config-helm",
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "providerConfigRef": {"kind": "ProviderConfig", "name": STACK_CONFIG},
            "forProvider": {
                "chart": {"name": "gateway-helm", "repository": "oci://docker.io/envoyproxy", "version": "v1.8.1"},
                "namespace": "envoy-gateway-system",
                "values": values_of(compose_installed(), "envoy-gateway"),
            },
        },
    }


def test_the_charts_are_these() -> None:
    answered = compose_installed()
    found = {
        key: (*chart_of(answered, key).values(), spec_of(answered, key)["forProvider"]["namespace"]) for key in RELEASES
    }
    envoy, ai_gateway = "oci://docker.io/envoyproxy", "envoy-ai-gateway-system"
    assert found == {
        "cert-manager": ("cert-manager", "https://charts.jetstack.io", "v1.17.1", "cert-manager"),
        "envoy-gateway": ("gateway-helm", envoy, "v1.8.1", "envoy-gateway-system"),
        "ai-gateway-crds": ("ai-gateway-crds-helm", envoy, "v0.7.0", ai_gateway),
        "ai-gateway": ("ai-gateway-helm", envoy, "v0.7.0", ai_gateway),
        "prometheus": (
            "kube-prometheus-stack",
            "https://prometheus-community.github.io/helm-charts",
            "72.6.2",
            "monitoring",
        ),
        "leader-worker-set": ("lws", "oci://registry.k8s.io/lws/charts", "v0.8.0", "lws-system"),
        "node-feature-discovery": (
            "node-feature-discovery",
            "oci://registry.k8s.io/nfd/charts",
            "0.18.3",
            "node-feature-discovery",
        ),
        "dra-driver": (
            "dra-driver-nvidia-gpu",
            "oci://registry.k8s.io/dra-driver-nvidia/charts",
            "0.4.0",
            "dra-driver-nvidia-gpu",
        ),
    }


def test_models_may_not_have_a_namespace_that_a_chart_fills() -> None:
    assert {chart.namespace for chart in CHARTS} == SERVING_STACK_NAMESPACES


def test_the_definitions_of_cert_manager_stay_when_the_stack_goes() -> None:
    assert values_of(compose_installed(), "cert-manager") == {"crds": {"enabled": True, "keep": True}}


def test_envoy_gateway_is_told_of_the_ai_gateway_and_of_inference_pools() -> None:
    config = values_of(compose_installed(), "envoy-gateway")["config"]["envoyGateway"]
    fqdn = config["extensionManager"]["service"]["fqdn"]
    assert fqdn == {"hostname": "ai-gateway-controller.envoy-ai-gateway-system.svc.cluster.local", "port": 1063}
    assert config["extensionManager"]["backendResources"] == [
        {"group": "inference.networking.k8s.io", "kind": "InferencePool", "version": "v1"}
    ]
    hooks = config["extensionManager"]["hooks"]["xdsTranslator"]
    assert hooks["post"] == ["Translation", "Cluster", "Route"]
    assert hooks["translation"] == {key: {"includeAll": True} for key in ("listener", "route", "cluster", "secret")}
    assert config["extensionApis"] == {"enableBackend": True}


def test_charts_whose_own_values_will_do_get_none() -> None:
    assert {key for key in RELEASES if values_of(compose_installed(), key) is None} == {
        "ai-gateway-crds",
        "ai-gateway",
        "leader-worker-set",
    }


def test_nodes_with_gpus_are_labelled_although_they_are_tainted() -> None:
    (toleration,) = values_of(compose_installed(), "node-feature-discovery")["worker"]["tolerations"]
    assert toleration == {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


@pytest.mark.parametrize(("root", "value"), [("/", None), ("", None), ("/home/kubernetes/bin/nvidia", "same")])
def test_the_driver_root_is_a_value_only_when_it_is_not_the_usual_one(root: str, value: str | None) -> None:
    answered = compose_installed(nvidiaDriverRoot=root)
    assert values_of(answered, "dra-driver") == {
        "gpuResourcesEnabledOverride": True,
        "resources": {"computeDomains": {"enabled": False}},
        **({"nvidiaDriverRoot": root} if value else {}),
    }
    assert "dra-driver-critical-pods-quota" in answered.children


RESERVED = {"key": "team", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}
GPU = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
CONTROL_PLANE = {
    "key": "node-role.kubernetes.io/control-plane",
    "operator": "Equal",
    "value": "",
    "effect": "NoSchedule",
}


def tolerations_in(values: Any, path: str = "") -> dict[str, Any]:
    """Every list of tolerations among a chart's values, by where it is."""
    found: dict[str, Any] = {}
    for key, value in (values or {}).items():
        if key == "tolerations":
            found[path] = value
        elif isinstance(value, dict):
            found |= tolerations_in(value, f"{path}.{key}" if path else key)
    return found


def test_every_pod_of_the_stack_tolerates_what_the_stack_is_told_beside_what_its_chart_says() -> None:
    answered = compose_installed(tolerations=[RESERVED])
    found = {key: tolerations_in(values_of(answered, key)) for key in RELEASES}
    assert found == {
        "cert-manager": {path: [RESERVED] for path in ("", "webhook", "cainjector", "startupapicheck")},
        "envoy-gateway": {"deployment.pod": [RESERVED], "certgen.job": [RESERVED]},
        "ai-gateway-crds": {},
        "ai-gateway": {"controller": [RESERVED]},
        "prometheus": {
            "prometheus.prometheusSpec": [RESERVED],
            "prometheusOperator": [RESERVED],
            "prometheusOperator.admissionWebhooks.patch": [RESERVED],
            "kube-state-metrics": [RESERVED],
            "prometheus-node-exporter": [{"operator": "Exists", "effect": "NoSchedule"}, RESERVED],
        },
        "leader-worker-set": {"": [RESERVED]},
        "node-feature-discovery": {"master": [CONTROL_PLANE, RESERVED], "worker": [GPU, RESERVED], "gc": [RESERVED]},
        "dra-driver": {"kubeletPlugin": [GPU, RESERVED]},
    }
    proxy = spec_of(answered, "gateway-proxy")["forProvider"]["manifest"]["spec"]["provider"]["kubernetes"]
    assert proxy["envoyDeployment"]["pod"]["tolerations"] == [RESERVED]


def test_tolerations_leave_every_other_value_as_it_is() -> None:
    def bare(values: Any) -> Any:
        """Values without tolerations, and without what would be empty then."""
        inner = {key: bare(value) if isinstance(value, dict) else value for key, value in (values or {}).items()}
        return {key: value for key, value in inner.items() if key != "tolerations" and value != {}}

    with_some, with_none = compose_installed(tolerations=[RESERVED]), compose_installed()
    for key in RELEASES:
        assert bare(values_of(with_some, key)) == bare(values_of(with_none, key))


def test_what_the_chart_tolerates_itself_is_not_said_twice() -> None:
    answered = compose_installed(tolerations=[GPU])
    assert values_of(answered, "node-feature-discovery")["worker"]["tolerations"] == [GPU]


def test_a_version_that_is_asked_for_is_installed_and_no_other_changes() -> None:
    children = installed(stack())
    answered = compose_stack(stack(versions={"certManager": "v1.18.2"}), children)
    assert chart_of(answered, "cert-manager")["version"] == "v1.18.2"
    assert chart_of(answered, "prometheus")["version"] == "72.6.2"


def test_an_installed_version_stays_unless_another_is_asked_for() -> None:
    children = installed(stack(versions={"certManager": "v1.16.0"}))
    assert chart_of(compose_stack(stack(), children), "cert-manager")["version"] == "v1.16.0"


def test_a_release_is_never_renamed_or_moved_on_the_cluster() -> None:
    children = installed(stack())
    release = children["prometheus"]
    release["metadata"]["annotations"] = {"crossplane.io/external-name": "old"}
    release["spec"]["forProvider"]["namespace"] = "observability"
    answered = compose_stack(stack(), children)
    notes = answered.children["prometheus"].manifest["metadata"]["annotations"]
    assert notes == {"crossplane.io/external-name": "old"}
    assert spec_of(answered, "prometheus")["forProvider"]["namespace"] == "observability"


def test_charts_come_from_a_mirror_when_the_user_has_one() -> None:
    answered = compose_installed(chartRepositories={"aiGateway": "oci://mirror.example.com/envoy"})
    mirrored = {key for key in RELEASES if chart_of(answered, key)["repository"] == "oci://mirror.example.com/envoy"}
    assert mirrored == {"ai-gateway", "ai-gateway-crds"}


# ---------------------------------------------------------------------- installed


@pytest.mark.parametrize(
    ("component", "left_out"),
    [
        ("certManager", {"cert-manager"}),
        ("envoyGateway", {"envoy-gateway"}),
        ("aiGateway", {"ai-gateway", "ai-gateway-crds"}),
        ("prometheus", {"prometheus"}),
        ("leaderWorkerSet", {"leader-worker-set"}),
        ("nodeFeatureDiscovery", {"node-feature-discovery"}),
        ("nvidiaDraDriver", {"dra-driver", "dra-driver-critical-pods-quota"}),
        ("inferenceExtension", CRDS),
    ],
)
def test_what_the_cluster_has_already_is_left_out_and_not_waited_for(component: str, left_out: set[str]) -> None:
    answered = compose_installed(installed=[component])
    assert part_keys(answered) == (RELEASES | OBJECTS) - left_out
    assert answered.ready


def test_what_this_stack_installed_stays_as_it_is_when_it_is_listed_later() -> None:
    children = {**installed(stack(installed=["prometheus"])), **installed(stack())}
    asked = stack(installed=["prometheus"], versions={"prometheus": "80.0.0"})
    answered = compose_stack(asked, children)
    assert set(answered.children) == set(children)
    assert chart_of(answered, "prometheus")["version"] == "72.6.2"
    assert answered.ready
    left = "installed by this stack and now listed in spec.installed, so left as it is: prometheus"
    assert message(answered, "StackReady") == f"18 of 18 parts are ready; {left}"
    broken = {**children, "prometheus": observed_child("prometheus", children["prometheus"], "False")}
    assert compose_stack(asked, broken).ready
