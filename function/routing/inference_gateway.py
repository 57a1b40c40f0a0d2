"""InferenceGateway: the front door of the control cluster, which is the gateway that it selects.

The Gateway API's definitions are a prerequisite that is looked at and never composed. Each part
comes once what it needs is observed; once a part is there, it stays whatever closes again.
"""

from __future__ import annotations

from functools import partial

from function.api.inference_gateway import INFERENCE_GATEWAY, InferenceGatewaySpec
from function.composition import RENDERS, Composer, Composition, Doubt, Draft, Outcome
from function.routing import cluster_gateways, egress, gateway_api
from function.routing.gateway_conditions import GATEWAY_API
from function.routing.gateways import charts
from function.routing.gateways.registry import GATEWAYS, GatewayRegistry


def compose(draft: Draft, registry: GatewayRegistry) -> Composition:
    """Compose the front door."""
    spec = draft.spec(InferenceGatewaySpec)
    gateway = registry.of(draft.observation.composite)
    definitions = gateway_api.require(draft, gateway.definitions)
    installation = gateway.prepare(draft, spec)
    clusters = cluster_gateways.gather(draft)
    if definitions.unresolved:
        return draft.hold("InputUnresolved", "CustomResourceDefinitions of the Gateway API not fetched yet")
    for entries in egress.rules(spec):
        for fault in entries.faults:
            draft.skip("InputInvalid", f"{fault}; it has no effect")
    gateway_api.set_condition(draft, definitions)
    draft.child("provider-config-helm", charts.provider_config())
    ready = installation.compose(draft, definitions)
    address = installation.address(draft)
    published = {"address": address} if address else {}
    draft.publish({**published, cluster_gateways.FIELD: clusters} if clusters else published)
    return draft.finish(ready=ready)


def composer(registry: GatewayRegistry) -> Composer:
    """Give the composer that installs one of these gateways."""
    return Composer(
        api_version=INFERENCE_GATEWAY.api_version,
        kind=INFERENCE_GATEWAY.kind,
        compose=partial(compose, registry=registry),
        vocabulary=registry.vocabulary,
        doubts=(
            Doubt("crd-*", empty=Outcome(held=False, conditions={GATEWAY_API: "CRDsMissing"})),
            Doubt(cluster_gateways.CLUSTERS, RENDERS, RENDERS, RENDERS),
            *registry.doubts,
        ),
        children={"provider-config-helm": "ProviderConfig", **registry.children},
    )


COMPOSER = composer(GATEWAYS)
