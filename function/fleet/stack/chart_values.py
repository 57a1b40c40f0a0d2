"""Values of the serving stack's charts, where they differ from the charts' own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from function.composition import Manifest
from function.fleet.stack import namespaces

_GPU: Final[Manifest] = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
"""NVIDIA's own taint, which GPU nodes have by habit."""

CERT_MANAGER: Final[Mapping[str, Any]] = {"crds": {"enabled": True, "keep": True}}
"""The definitions stay when the chart goes, and with them everybody's certificates."""

ENVOY_GATEWAY: Final[Mapping[str, Any]] = {
    "config": {
        "envoyGateway": {
            "extensionApis": {"enableBackend": True},
            "extensionManager": {
                "hooks": {
                    "xdsTranslator": {
                        "translation": {
                            "listener": {"includeAll": True},
                            "route": {"includeAll": True},
                            "cluster": {"includeAll": True},
                            "secret": {"includeAll": True},
                        },
                        "post": ["Translation", "Cluster", "Route"],
                    },
                },
                "service": {
                    "fqdn": {
                        "hostname": f"ai-gateway-controller.{namespaces.AI_GATEWAY}.svc.cluster.local",
                        "port": 1063,
                    },
                },
                "backendResources": [
                    {"group": "inference.networking.k8s.io", "kind": "InferencePool", "version": "v1"},
                ],
            },
        },
    },
}
"""Routes may lead to InferencePools, which the AI gateway's controller translates."""

PROMETHEUS: Final[Mapping[str, Any]] = {
    "fullnameOverride": "prometheus",
    "grafana": {"enabled": False},
    "alertmanager": {"enabled": False},
    "prometheus": {
        "prometheusSpec": {
            "podMonitorSelectorNilUsesHelmValues": False,
            "additionalScrapeConfigs": [
                {
                    "job_name": "envoy-gateway-proxy",
                    "metrics_path": "/stats/prometheus",
                    "kubernetes_sd_configs": [
                        {"role": "pod", "namespaces": {"names": [namespaces.ENVOY_GATEWAY]}},
                    ],
                    "relabel_configs": [
                        {
                            "source_labels": ["__meta_kubernetes_pod_label_app_kubernetes_io_component"],
                            "action": "keep",
                            "regex": "proxy",
                        },
                        {
                            "source_labels": ["__address__"],
                            "action": "replace",
                            "regex": r"([^:]+)(?::\d+)?",
                            "replacement": "$1:19001",
                            "target_label": "__address__",
                        },
                    ],
                },
            ],
        },
    },
}
"""Scrapes every namespace's PodMonitors (the chart's own default), and the gateways' proxies."""

NODE_FEATURE_DISCOVERY: Final[Mapping[str, Any]] = {"worker": {"tolerations": [_GPU]}}
"""The DRA driver selects nodes by the labels that this sets, and GPU nodes are tainted."""

DRA_DRIVER: Final[Mapping[str, Any]] = {
    "gpuResourcesEnabledOverride": True,
    "resources": {"computeDomains": {"enabled": False}},
}

_VALUES: Final[Mapping[str, Mapping[str, Any]]] = {
    "cert-manager": CERT_MANAGER,
    "envoy-gateway": ENVOY_GATEWAY,
    "prometheus": PROMETHEUS,
    "node-feature-discovery": NODE_FEATURE_DISCOVERY,
    "dra-driver": DRA_DRIVER,
}


_CONTROL_PLANE: Final[Manifest] = {
    "key": "node-role.kubernetes.io/control-plane",
    "operator": "Equal",
    "value": "",
    "effect": "NoSchedule",
}
_EVERY_NODE: Final[Manifest] = {"operator": "Exists", "effect": "NoSchedule"}

_TOLERATING: Final[Mapping[str, Mapping[str, tuple[Manifest, ...]]]] = {
    "cert-manager": {"": (), "webhook": (), "cainjector": (), "startupapicheck": ()},
    "envoy-gateway": {"deployment.pod": (), "certgen.job": ()},
    "ai-gateway": {"controller": ()},
    "prometheus": {
        "prometheus.prometheusSpec": (),
        "prometheusOperator": (),
        "prometheusOperator.admissionWebhooks.patch": (),
        "kube-state-metrics": (),
        "prometheus-node-exporter": (_EVERY_NODE,),
    },
    "leader-worker-set": {"": ()},
    "node-feature-discovery": {"master": (_CONTROL_PLANE,), "worker": (_GPU,), "gc": ()},
    "dra-driver": {"kubeletPlugin": (_GPU,)},
}
"""Where each chart has the tolerations of its pods, with those of its own, which a list of ours replaces.

Read in the charts at the versions of `versions`; of the DRA driver in those before and after, which have the same
place. Of what the values switch off nothing is said.
"""


def values_of(key: str, driver_root: str, tolerations: Sequence[Manifest] = ()) -> dict[str, Any]:
    """Give a chart's values; empty when its own will do.

    Args:
        key: The composition resource name of its Release.
        driver_root: Where the NVIDIA driver is on the nodes; empty or `/` for where the chart looks anyway.
        tolerations: What its pods tolerate beside what the chart lets them tolerate.
    """
    values = dict(_VALUES.get(key, {}))
    if key == "dra-driver" and driver_root not in {"", "/"}:
        values["nvidiaDriverRoot"] = driver_root
    if tolerations:
        for path, own in _TOLERATING.get(key, {}).items():
            wanted = [*own, *(toleration for toleration in tolerations if toleration not in own)]
            values = _with(values, [*filter(None, path.split(".")), "tolerations"], wanted)
    return values


def _with(values: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """Values with another value in one place."""
    first, *rest = path
    return {**values, first: _with(values.get(first, {}), rest, value) if rest else value}
