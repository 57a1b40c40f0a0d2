"""Rules of ModelService, ModelEndpoint and InferenceGateway."""

from __future__ import annotations

from typing import Any, Final

from function.api import patterns
from tests.e2e.bed.admission.case import Rule, may_become, no, no_status, rule, status, yes
from tests.e2e.bed.admission.pods import LONG, QUALIFIED
from tests.e2e.bed.admission.words import (
    above,
    below,
    broken,
    mismatch,
    required,
    too_empty,
    too_few,
    too_many,
    too_short,
    unknown,
    unsupported,
)
from tests.support.api import endpoint, gateway, manifest, service

_GROUP: Final = "spec.endpoints[0]"


def group(**fields: Any) -> dict[str, Any]:
    """A group of endpoints."""
    return {"selector": {"matchLabels": {"modelplane.ai/deployment": "qwen-demo"}}, **fields}


SERVICES: Final[tuple[Rule, ...]] = (
    rule(
        "api better 6",
        "a service has 1 to 16 groups of endpoints",
        yes(service(*[group()] * 16)),
        no(manifest("ModelService", {"endpoints": []}), too_few("spec.endpoints")),
        no(manifest("ModelService", {}), required("spec.endpoints")),
        no(service(*[group()] * 17), too_many("spec.endpoints", 17, 16)),
    ),
    rule(
        "api better 6",
        "a group selects by at least one label",
        no(service({}), required(f"{_GROUP}.selector")),
        no(service({"selector": {}}), required(f"{_GROUP}.selector.matchLabels")),
        no(service({"selector": {"matchLabels": {}}}), too_empty(f"{_GROUP}.selector.matchLabels")),
        no(
            service({"selector": {"matchLabels": {"app": "-x"}}}),
            mismatch(f"{_GROUP}.selector.matchLabels.app", "-x", patterns.LABEL_VALUE),
        ),
    ),
    rule(
        "design fields",
        "a group has a weight from 0 to 1000000 and a priority",
        yes(*(service(group(weight=weight)) for weight in (0, 1, 1000000)), service(group(priority=1))),
        no(service(group(weight=-1)), below(f"{_GROUP}.weight", -1, 0)),
        no(service(group(weight=1000001)), above(f"{_GROUP}.weight", 1000001, 1000000)),
        no(service(group(priority=-1)), below(f"{_GROUP}.priority", -1, 0)),
        may_become(service(), service(group(weight=3), group(weight=0))),
    ),
    rule(
        "design fields",
        "the status tells the address, and each endpoint once",
        status(
            service(), address="http://192.0.2.1/ml-team/qwen", endpoints=[{"name": "a", "weight": 1, "ready": True}]
        ),
        no_status(
            service(),
            {"endpoints": [{"name": "a"}, {"name": "a"}]},
            '.status.endpoints: duplicate entries for key [name="a"]',
        ),
    ),
)

ENDPOINTS: Final[tuple[Rule, ...]] = (
    rule(
        "api 21, by design",
        "the address of an endpoint starts with http:// or https://, and what follows is not judged",
        yes(endpoint("http://10.0.0.7:8000/v1"), endpoint("https://not a host/")),
        no(endpoint("api.together.xyz/v1"), mismatch("spec.url", "api.together.xyz/v1", patterns.HTTP_URL)),
        no(endpoint(""), too_short("spec.url", "")),
        no(manifest("ModelEndpoint", {}), required("spec.url")),
    ),
    rule(
        "api 10.1.10",
        "an address may end with a slash or a path, and the path be rewritten to the root",
        yes(endpoint("https://api.together.xyz/", rewritePath="/"), endpoint("https://example.com/v1/")),
        no(endpoint(rewritePath="v1"), mismatch("spec.rewritePath", "v1", patterns.ABSOLUTE_PATH)),
    ),
    rule(
        "design fields",
        "an endpoint may name a host, trust an authority of its own, and drain",
        yes(
            endpoint(host="api.together.xyz", tls={"caSecretRef": {"name": "ca"}}),
            endpoint(tls={"insecureSkipVerify": True}, draining=True),
        ),
        no(endpoint(host="api_together"), mismatch("spec.host", "api_together", patterns.DNS_SUBDOMAIN)),
        no(endpoint(tls={"caSecretRef": {}}), required("spec.tls.caSecretRef.name")),
        may_become(endpoint(), endpoint("https://elsewhere.example.com/"), endpoint(draining=True)),
    ),
    rule(
        "api 10.1.16, by design",
        "an endpoint takes no credentials in this version",
        no(endpoint(auth={"secretRef": {"name": "key"}}), unknown("spec.auth")),
    ),
    rule(
        "api section 3.4",
        "the status names the backend",
        status(endpoint(), routing={"backendName": "together", "host": "api.together.xyz", "port": 443}),
        status(endpoint(), routing={"refused": True}),
        no_status(
            endpoint(),
            {"routing": {"port": "443"}},
            ".status.routing.port: expected numeric (int or float), got string",
        ),
    ),
)

GATEWAYS: Final[tuple[Rule, ...]] = (
    rule(
        "api better 4",
        "there is one gateway, and it is named default",
        yes(gateway()),
        no(gateway("second"), broken("<nil>", "there is one InferenceGateway: metadata.name must be default")),
    ),
    rule(
        "api section 2.1",
        "a backend needs its block",
        no(
            manifest("InferenceGateway", {"backend": "Traefik"}, "default"),
            broken("spec", "spec.traefik is required for backend Traefik"),
        ),
        no(gateway(backend="Nginx"), unsupported("spec.backend", "Nginx", "Traefik")),
        no(manifest("InferenceGateway", {"traefik": {}}, "default"), required("spec.backend")),
    ),
    rule(
        "api section 2.1",
        "MetalLB needs addresses, and addresses may stand without it",
        yes(
            gateway(traefik={"version": "41.0.2", "loadBalancer": "MetalLB", "metallb": {"addressPool": "a-b"}}),
            gateway(traefik={"metallb": {"addressPool": "192.0.2.0/28"}}),
        ),
        no(
            gateway(traefik={"loadBalancer": "MetalLB"}),
            broken("spec.traefik", "traefik.metallb.addressPool is required for loadBalancer MetalLB"),
        ),
        no(
            gateway(traefik={"loadBalancer": "MetalLB", "metallb": {"addressPool": ""}}),
            broken("spec.traefik", "traefik.metallb.addressPool is required for loadBalancer MetalLB"),
        ),
        no(gateway(traefik={"metallb": {}}), required("spec.traefik.metallb.addressPool")),
        no(
            gateway(traefik={"loadBalancer": "Cilium"}),
            unsupported("spec.traefik.loadBalancer", "Cilium", "MetalLB"),
        ),
    ),
    rule(
        "design fields",
        "a gateway may have a name, a certificate, and namespaces whose services use it",
        yes(
            gateway(
                hostname="models.example.com",
                tls={"secretRef": {"name": "front-door"}},
                routeNamespaces={"matchLabels": {"team": "ml"}},
            )
        ),
        no(gateway(hostname="Models"), mismatch("spec.hostname", "Models", patterns.DNS_SUBDOMAIN)),
        no(gateway(tls={}), required("spec.tls.secretRef")),
    ),
    rule(
        "design fields",
        "a gateway may say how many copies of it run, and what of an endpoint is public",
        yes(
            gateway(traefik={"replicas": 1}),
            gateway(traefik={"replicas": 100}, publicPaths=["/v1", "/rerank", "/api/v2"]),
            gateway(publicPaths=["/"]),
        ),
        yes(
            gateway(traefik={"serviceAnnotations": {"networking.gke.io/load-balancer-type": "Internal"}}),
            gateway(traefik={"valuesFrom": [{"name": "tuning"}, {"name": "more", "key": "traefik.yaml"}]}),
        ),
        no(
            gateway(traefik={"serviceAnnotations": {"-x": "y"}}),
            broken("spec.traefik", f"keys of traefik.serviceAnnotations {QUALIFIED}"),
        ),
        no(
            gateway(traefik={"serviceAnnotations": {f"{'a' * 254}/x": "y"}}),
            broken("spec.traefik", f"the prefix of a key of traefik.serviceAnnotations {LONG}"),
        ),
        no(
            gateway(traefik={"serviceAnnotations": {f"k{n}": "" for n in range(33)}}),
            too_many("spec.traefik.serviceAnnotations", 33, 32),
        ),
        no(gateway(traefik={"valuesFrom": [{}]}), required("spec.traefik.valuesFrom[0].name")),
        no(
            gateway(traefik={"valuesFrom": [{"name": "x"}] * 5}),
            too_many("spec.traefik.valuesFrom", 5, 4),
        ),
        no(gateway(traefik={"replicas": 0}), below("spec.traefik.replicas", 0, 1)),
        no(gateway(traefik={"replicas": 101}), above("spec.traefik.replicas", 101, 100)),
        no(gateway(publicPaths=[]), too_few("spec.publicPaths")),
        no(gateway(publicPaths=[f"/{n}" for n in range(9)]), too_many("spec.publicPaths", 9, 8)),
        *(
            no(gateway(publicPaths=[path]), mismatch("spec.publicPaths[0]", path, patterns.PATH_PREFIX))
            for path in ("v1", "/v1/", "//", "/../metrics", "/v1 ")
        ),
        may_become(gateway(), gateway(publicPaths=["/v1"]), gateway(traefik={"replicas": 3})),
    ),
    rule(
        "design fields",
        "a gateway may open and close where endpoints lead, by CIDRs and host names with everything below them",
        yes(
            gateway(endpoints={}),
            gateway(
                endpoints={"allow": ["10.0.0.0/8", "fd00::/8", "::/0", "svc.cluster.local", "xn--bcher-kva.example"]}
            ),
            gateway(endpoints={"deny": [f"10.{n}.0.0/16" for n in range(64)]}),
        ),
        *(
            no(
                gateway(endpoints={where: [entry]}),
                mismatch(f"spec.endpoints.{where}[0]", entry, patterns.CIDR_OR_HOST_SUFFIX),
            )
            for where, entry in (
                ("allow", "10.0.0.1"),
                ("allow", "10.0.0.0/33"),
                ("allow", "10.0.0.256/8"),
                ("allow", "fd00::/129"),
                ("deny", "*.example.com"),
                ("deny", ".example.com"),
                ("deny", "Example.com"),
                ("deny", "https://example.com"),
                ("deny", "example.com/v1"),
            )
        ),
        no(gateway(endpoints={"allow": [""]}), too_short("spec.endpoints.allow[0]", "")),
        no(gateway(endpoints={"deny": [f"n{n}.example" for n in range(65)]}), too_many("spec.endpoints.deny", 65, 64)),
        may_become(
            gateway(), gateway(endpoints={"allow": ["10.1.0.0/16"]}), gateway(endpoints={"deny": ["example.com"]})
        ),
    ),
    rule(
        "design fields",
        "a gateway tells where those of the clusters are, each once",
        status(gateway(), address="192.0.2.1", clusterGateways=[{"name": "ams-1", "address": "198.51.100.1"}]),
        no_status(
            gateway(),
            {"clusterGateways": [{"name": "ams-1"}, {"name": "ams-1"}]},
            '.status.clusterGateways: duplicate entries for key [name="ams-1"]',
        ),
    ),
    rule(
        "api 10.2.8",
        "the gateway's singleton is enforced here, where the product only asked for it",
        no(gateway("front-door"), broken("<nil>", "there is one InferenceGateway: metadata.name must be default")),
    ),
)
