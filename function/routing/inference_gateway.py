"""InferenceGateway: the front door of the control cluster, which is Traefik.

The Gateway API's definitions are a prerequisite that is looked at and never composed. Each part
comes once what it needs is observed; once a part is there, it stays whatever closes again.
"""

from __future__ import annotations

from function.api.inference_gateway import InferenceGatewaySpec
from function.composition import RENDERS, Composer, Composition, Doubt, Draft, Outcome
from function.routing import cluster_gateways, egress, gateway_api
from function.routing.front_door import API_VERSION
from function.routing.gateway_conditions import GATEWAY_API, VOCABULARY
from function.routing.gateways import charts, metallb, traefik


def compose(draft: Draft) -> Composition:
    """Compose the front door."""
    spec = draft.spec(InferenceGatewaySpec)
    pool = metallb.pool_of(spec)
    definitions = gateway_api.ask(draft)
    around = metallb.ask(draft, pool)
    gateways = cluster_gateways.gather(draft)
    if definitions.unresolved:
        return draft.hold("InputUnresolved", "CustomResourceDefinitions of the Gateway API not fetched yet")
    for listed in egress.rules(spec):
        for fault in listed.faults:
            draft.skip("InputInvalid", f"{fault}; it has no effect")
    gateway_api.say(draft, definitions)
    draft.child("provider-config-helm", charts.provider_config())
    metallb.compose(draft, pool, around)
    traefik.compose(draft, spec, definitions)
    traefik.say_tls(draft, spec)
    ready = traefik.say_address(draft)
    address = traefik.address_of(draft)
    published = {"address": address} if address else {}
    draft.publish({**published, cluster_gateways.FIELD: gateways} if gateways else published)
    return draft.finish(ready=ready)


COMPOSER = Composer(
    api_version=API_VERSION,
    kind="InferenceGateway",
    compose=compose,
    vocabulary=VOCABULARY,
    doubts=(
        Doubt("crd-*", empty=Outcome(held=False, conditions={GATEWAY_API: "CRDsMissing"})),
        Doubt("system-namespace", RENDERS, RENDERS, RENDERS),
        Doubt(cluster_gateways.CLUSTERS, RENDERS, RENDERS, RENDERS),
        Doubt("removed-metallb-*", RENDERS, Outcome(held=False, removes=("metallb",)), RENDERS),
        Doubt("removed-metallb", RENDERS, Outcome(held=False, removes=("usage-pc-by-metallb",)), RENDERS),
    ),
    children={
        "gateway": "Gateway",
        "gateway-class": "GatewayClass",
        "metallb": "Release",
        "metallb-l2": "L2Advertisement",
        "metallb-pool": "IPAddressPool",
        "namespace-metallb": "Namespace",
        "provider-config-helm": "ProviderConfig",
        "traefik": "Release",
        "usage-metallb-by-l2": "Usage",
        "usage-metallb-by-pool": "Usage",
        "usage-pc-by-metallb": "Usage",
        "usage-pc-by-traefik": "Usage",
        "usage-traefik-by-gateway": "Usage",
        "usage-traefik-by-gateway-class": "Usage",
    },
)
