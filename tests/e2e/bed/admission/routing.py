"""Rules of ModelService, ModelEndpoint and InferenceGateway."""

from __future__ import annotations

from typing import Any, Final

from function.api import patterns
from tests.e2e.bed.admission.case import Rule, accepts, accepts_status, accepts_update, rejects, rejects_status, rule
from tests.e2e.bed.admission.messages import (
    above,
    below,
    broken,
    mismatch,
    required,
    too_few,
    too_many,
    too_short,
    unknown,
    unsupported,
)
from tests.e2e.bed.admission.pods import LONG, QUALIFIED
from tests.support.api import endpoint, gateway, manifest, service

_GROUP: Final = "spec.endpoints[0]"


_SELECT_NOTHING: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"matchLabels": {}},
    {"matchLabels": {}, "matchExpressions": []},
)


def group(**fields: Any) -> dict[str, Any]:
    """A group of endpoints."""
    return {"selector": {"matchLabels": {"modelplane.ai/deployment": "qwen-demo"}}, **fields}


SERVICES: Final[tuple[Rule, ...]] = (
    rule(
        "api better 6",
        "a service has 1 to 16 groups of endpoints",
        accepts(service(*[group()] * 16)),
        rejects(manifest("ModelService", {"endpoints": []}), too_few("spec.endpoints")),
        rejects(manifest("ModelService", {}), required("spec.endpoints")),
        rejects(service(*[group()] * 17), too_many("spec.endpoints", 17, 16)),
    ),
    rule(
        "api better 6",
        "a group selects by at least one label",
        rejects(service({}), required(f"{_GROUP}.selector")),
        *(
            rejects(
                service({"selector": selector}),
                broken(
                    f"{_GROUP}.selector", "a selector of endpoints needs an entry in matchLabels or matchExpressions"
                ),
            )
            for selector in _SELECT_NOTHING
        ),
        accepts(service({"selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}})),
        rejects(
            service({"selector": {"matchLabels": {"app": "-x"}}}),
            mismatch(f"{_GROUP}.selector.matchLabels.app", "-x", patterns.LABEL_VALUE),
        ),
    ),
    rule(
        "design fields",
        "a group has a weight from 0 to 1000000 and a priority",
        accepts(*(service(group(weight=weight)) for weight in (0, 1, 1000000)), service(group(priority=1))),
        rejects(service(group(weight=-1)), below(f"{_GROUP}.weight", -1, 0)),
        rejects(service(group(weight=1000001)), above(f"{_GROUP}.weight", 1000001, 1000000)),
        rejects(service(group(priority=-1)), below(f"{_GROUP}.priority", -1, 0)),
        accepts_update(service(), service(group(weight=3), group(weight=0))),
    ),
    rule(
        "design fields",
        "the status tells the address, and each endpoint once",
        accepts_status(
            service(), address="http://192.0.2.1/ml-team/qwen", endpoints=[{"name": "a", "weight": 1, "ready": True}]
        ),
        rejects_status(
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
        accepts(endpoint("http://10.0.0.7:8000/v1"), endpoint("https://not a host/")),
        rejects(endpoint("api.together.xyz/v1"), mismatch("spec.url", "api.together.xyz/v1", patterns.HTTP_URL)),
        rejects(endpoint(""), too_short("spec.url", "")),
        rejects(manifest("ModelEndpoint", {}), required("spec.url")),
    ),
    rule(
        "api 10.1.10",
        "an address may end with a slash or a path, and the path be rewritten to the root",
        accepts(endpoint("https://api.together.xyz/", rewritePath="/"), endpoint("https://example.com/v1/")),
        rejects(endpoint(rewritePath="v1"), mismatch("spec.rewritePath", "v1", patterns.ABSOLUTE_PATH)),
    ),
    rule(
        "design fields",
        "an endpoint may name a host, trust an authority of its own, and drain",
        accepts(
            endpoint(host="api.together.xyz", tls={"caSecretRef": {"name": "ca"}}),
            endpoint(tls={"insecureSkipVerify": True}, draining=True),
        ),
        rejects(endpoint(host="api_together"), mismatch("spec.host", "api_together", patterns.DNS_SUBDOMAIN)),
        rejects(endpoint(tls={"caSecretRef": {}}), required("spec.tls.caSecretRef.name")),
        accepts_update(endpoint(), endpoint("https://elsewhere.example.com/"), endpoint(draining=True)),
    ),
    rule(
        "api 10.1.16, by design",
        "an endpoint takes no credentials in this version",
        rejects(endpoint(auth={"secretRef": {"name": "key"}}), unknown("spec.auth")),
    ),
    rule(
        "api section 3.4",
        "the status names the backend",
        accepts_status(endpoint(), routing={"backendName": "together", "host": "api.together.xyz", "port": 443}),
        accepts_status(endpoint(), routing={"refused": True}),
        rejects_status(
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
        accepts(gateway()),
        rejects(gateway("second"), broken("<nil>", "there is one InferenceGateway: metadata.name must be default")),
    ),
    rule(
        "api section 2.1",
        "a backend needs its block",
        rejects(
            manifest("InferenceGateway", {"backend": "Traefik"}, "default"),
            broken("spec", "spec.traefik is required for backend Traefik"),
        ),
        rejects(gateway(backend="Nginx"), unsupported("spec.backend", "Nginx", "Traefik")),
        rejects(manifest("InferenceGateway", {"traefik": {}}, "default"), required("spec.backend")),
    ),
    rule(
        "api section 2.1",
        "MetalLB needs addresses, and addresses may stand without it",
        accepts(
            gateway(traefik={"version": "41.0.2", "loadBalancer": "MetalLB", "metallb": {"addressPool": "a-b"}}),
            gateway(traefik={"metallb": {"addressPool": "192.0.2.0/28"}}),
        ),
        rejects(
            gateway(traefik={"loadBalancer": "MetalLB"}),
            broken("spec.traefik", "traefik.metallb.addressPool is required for loadBalancer MetalLB"),
        ),
        rejects(
            gateway(traefik={"loadBalancer": "MetalLB", "metallb": {"addressPool": ""}}),
            broken("spec.traefik", "traefik.metallb.addressPool is required for loadBalancer MetalLB"),
        ),
        rejects(gateway(traefik={"metallb": {}}), required("spec.traefik.metallb.addressPool")),
        rejects(
            gateway(traefik={"loadBalancer": "Cilium"}),
            unsupported("spec.traefik.loadBalancer", "Cilium", "MetalLB"),
        ),
    ),
    rule(
        "design fields",
        "a gateway may have a name, a certificate, and namespaces whose services use it",
        accepts(
            gateway(
                hostname="models.example.com",
                tls={"secretRef": {"name": "front-door"}},
                routeNamespaces={"matchLabels": {"team": "ml"}},
            )
        ),
        rejects(gateway(hostname="Models"), mismatch("spec.hostname", "Models", patterns.DNS_SUBDOMAIN)),
        rejects(gateway(tls={}), required("spec.tls.secretRef")),
    ),
    rule(
        "design fields",
        "a gateway may say how many copies of it run, and what of an endpoint is public",
        accepts(
            gateway(traefik={"replicas": 1}),
            gateway(traefik={"replicas": 100}, publicPaths=["/v1", "/rerank", "/api/v2"]),
            gateway(publicPaths=["/"]),
        ),
        accepts(
            gateway(traefik={"serviceAnnotations": {"networking.gke.io/load-balancer-type": "Internal"}}),
            gateway(traefik={"valuesFrom": [{"name": "tuning"}, {"name": "more", "key": "traefik.yaml"}]}),
        ),
        rejects(
            gateway(traefik={"serviceAnnotations": {"-x": "y"}}),
            broken("spec.traefik", f"keys of traefik.serviceAnnotations {QUALIFIED}"),
        ),
        rejects(
            gateway(traefik={"serviceAnnotations": {f"{'a' * 254}/x": "y"}}),
            broken("spec.traefik", f"the prefix of a key of traefik.serviceAnnotations {LONG}"),
        ),
        rejects(
            gateway(traefik={"serviceAnnotations": {f"k{n}": "" for n in range(33)}}),
            too_many("spec.traefik.serviceAnnotations", 33, 32),
        ),
        rejects(gateway(traefik={"valuesFrom": [{}]}), required("spec.traefik.valuesFrom[0].name")),
        rejects(
            gateway(traefik={"valuesFrom": [{"name": "x"}] * 5}),
            too_many("spec.traefik.valuesFrom", 5, 4),
        ),
        rejects(gateway(traefik={"replicas": 0}), below("spec.traefik.replicas", 0, 1)),
        rejects(gateway(traefik={"replicas": 101}), above("spec.traefik.replicas", 101, 100)),
        rejects(gateway(publicPaths=[]), too_few("spec.publicPaths")),
        rejects(gateway(publicPaths=[f"/{n}" for n in range(9)]), too_many("spec.publicPaths", 9, 8)),
        *(
            rejects(gateway(publicPaths=[path]), mismatch("spec.publicPaths[0]", path, patterns.PATH_PREFIX))
            for path in ("v1", "/v1/", "//", "/../metrics", "/v1 ")
        ),
        accepts_update(gateway(), gateway(publicPaths=["/v1"]), gateway(traefik={"replicas": 3})),
    ),
    rule(
        "design fields",
        "a gateway may open and close where endpoints lead, by CIDRs and host names with everything below them",
        accepts(
            gateway(endpoints={}),
            gateway(
                endpoints={"allow": ["10.0.0.0/8", "fd00::/8", "::/0", "svc.cluster.local", "xn--bcher-kva.example"]}
            ),
            gateway(endpoints={"deny": [f"10.{n}.0.0/16" for n in range(64)]}),
        ),
        *(
            rejects(
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
        rejects(gateway(endpoints={"allow": [""]}), too_short("spec.endpoints.allow[0]", "")),
        rejects(
            gateway(endpoints={"deny": [f"n{n}.example" for n in range(65)]}), too_many("spec.endpoints.deny", 65, 64)
        ),
        accepts_update(
            gateway(), gateway(endpoints={"allow": ["10.1.0.0/16"]}), gateway(endpoints={"deny": ["example.com"]})
        ),
    ),
    rule(
        "design fields",
        "a gateway tells where those of the clusters are, each once",
        accepts_status(gateway(), address="192.0.2.1", clusterGateways=[{"name": "ams-1", "address": "198.51.100.1"}]),
        rejects_status(
            gateway(),
            {"clusterGateways": [{"name": "ams-1"}, {"name": "ams-1"}]},
            '.status.clusterGateways: duplicate entries for key [name="ams-1"]',
        ),
    ),
    rule(
        "api 10.2.8",
        "the gateway's singleton is enforced here, where the product only asked for it",
        rejects(gateway("front-door"), broken("<nil>", "there is one InferenceGateway: metadata.name must be default")),
    ),
)
