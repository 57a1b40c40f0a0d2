"""The order in which a serving stack is deleted.

Releases and Objects are removed from the cluster through a provider config, so each config goes
after all that use it. The gateway goes before its class, and the class before Envoy Gateway, which
alone clears their finalizers. An object with two owners would stay until both are gone, so each has
one: Envoy Gateway owns the provider config of the Objects, and that config owns the class:

    provider-config-helm
        every Release
        envoy-gateway
            provider-config-kubernetes
                every Object
                gateway-class
                    gateway
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from function.composition import Draft
from function.fleet.stack.charts import StackChart
from function.fleet.stack.objects import GATEWAY, GATEWAY_CLASS
from function.fleet.stack.parts import Part

KUBERNETES_CONFIG: Final = "provider-config-kubernetes"
HELM_CONFIG: Final = "provider-config-helm"

_ENVOY: Final = "envoy-gateway"


def order_teardown(draft: Draft, parts: Iterable[Part]) -> None:
    """Have everything that is composed go in order."""
    for part in parts:
        if part.key != GATEWAY:
            draft.delete_before(HELM_CONFIG if isinstance(part, StackChart) else KUBERNETES_CONFIG, part.key)
    draft.delete_before(GATEWAY_CLASS, GATEWAY)
    draft.delete_before(_ENVOY, KUBERNETES_CONFIG)
