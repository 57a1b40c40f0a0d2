"""Usages of the serving stack: what must outlive what.

Both provider configs outlive every Release and Object, since these cannot be removed from the
cluster without them. The gateway goes before its class and the class before Envoy Gateway, which
alone clears their finalizers. A Usage comes when both its objects are there or on their way, and
nothing takes it away while the stack lives: Kubernetes removes it with the object that uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.composition import Draft, Manifest, names, objects
from function.fleet import charts
from function.fleet.charts import RESOURCE
from function.fleet.stack_objects import GATEWAY, GATEWAY_CLASS

CONSUMER: Final = "modelplane.ai/usage-consumer"
"""Label of a Release or Object by which the Usage of its provider config finds it."""

USAGE: Final = "usage-pc-"
CLASS_BY_GATEWAY: Final = "usage-gateway-class-by-gateway"
ENVOY_BY_CLASS: Final = "usage-envoy-gw-by-gateway-class"

_ENVOY: Final = "envoy-gateway"


@dataclass(frozen=True, slots=True)
class Consumer:
    """A Release or Object that needs a provider config.

    Attributes:
        key: Its composition resource name.
        api_version: Its apiVersion, which is also that of the provider config.
        kind: Its kind.
        provider_config: The ProviderConfig that it needs.
    """

    key: str
    api_version: str
    kind: str
    provider_config: str


def consumer_label(key: str) -> str:
    """The value of the label by which a consumer is found: its composition resource name, cut to fit if it must."""
    return key if len(key) <= names.LABEL_VALUE else names.name(key, names.LABEL_VALUE, "Consumer", "", key)


def compose_provider_usage(draft: Draft, consumer: Consumer) -> None:
    """Let a consumer's provider config outlive it."""
    draft.child(
        f"{USAGE}{consumer.key}",
        {
            "apiVersion": "protection.crossplane.io/v1beta1",
            "kind": "Usage",
            "metadata": {"namespace": draft.observation.namespace},
            "spec": {
                "of": {
                    "apiVersion": consumer.api_version,
                    "kind": "ProviderConfig",
                    "resourceRef": {"name": consumer.provider_config},
                },
                "by": _labelled(consumer.api_version, consumer.kind, CONSUMER, consumer_label(consumer.key)),
                "replayDeletion": True,
            },
        },
    )


def compose_teardown_usages(draft: Draft) -> None:
    """Let the gateway's class outlive the gateway, and Envoy Gateway the class."""
    gateway = _labelled(objects.API_VERSION, objects.KIND, RESOURCE, GATEWAY)
    gateway_class = _labelled(objects.API_VERSION, objects.KIND, RESOURCE, GATEWAY_CLASS)
    envoy = _labelled(charts.API_VERSION, charts.KIND, RESOURCE, _ENVOY)
    there = draft.keys | set(draft.observation.children)
    if {GATEWAY_CLASS, GATEWAY} <= there:
        draft.child(CLASS_BY_GATEWAY, _usage(gateway_class, gateway))
    if {_ENVOY, GATEWAY_CLASS} <= there:
        draft.child(ENVOY_BY_CLASS, _usage(envoy, gateway_class))


def _usage(of: Manifest, by: Manifest) -> Manifest:
    return {
        "apiVersion": "protection.crossplane.io/v1beta1",
        "kind": "Usage",
        "spec": {"of": of, "by": by, "replayDeletion": True},
    }


def _labelled(api_version: str, kind: str, label: str, value: str) -> Manifest:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "resourceSelector": {"matchControllerRef": True, "matchLabels": {label: value}},
    }
