"""InferenceGateway: the front door of the control cluster."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api import labels, patterns
from function.api.base import Column, Integer, Kind, Model, Rule, Text, between, items, length, matches
from function.api.pod_template import Annotations, key_rules
from function.api.references import LabelSelector, NameRef, ObjectName

Hostname: TypeAlias = Annotated[Text, length(1, 253), matches(patterns.DNS_SUBDOMAIN)]

PublicPath: TypeAlias = Annotated[Text, length(1, 64), matches(patterns.PATH_PREFIX)]

NAME = "default"
"""The only name that an InferenceGateway may have."""


class MetalLB(Model):
    """Addresses that MetalLB gives to the gateway."""

    address_pool: Annotated[Text, length(None, 253)]
    """A range of addresses, or a CIDR."""


class ChartValues(Model):
    """Values of a chart, in a ConfigMap of `modelplane-system`."""

    name: ObjectName
    """Name of the ConfigMap."""

    key: Annotated[Text, length(1, 253)] = "values.yaml"
    """Its key, which holds values in YAML."""


class Traefik(Model):
    """How Traefik is installed."""

    RULES = (
        *key_rules("serviceAnnotations", "traefik.serviceAnnotations"),
        Rule(
            "!has(self.loadBalancer) || self.loadBalancer != 'MetalLB' || "
            "(has(self.metallb) && self.metallb.addressPool != '')",
            "traefik.metallb.addressPool is required for loadBalancer MetalLB",
        ),
    )

    version: Annotated[Text, length(None, 32)] = ""
    """Version of the chart; without it, the one that Modelplane was tested with."""

    replicas: Annotated[Integer, between(1, 100)] | None = None
    """How many copies of Traefik run; without it, two."""

    service_annotations: Annotations = Field(default_factory=dict)
    """Annotations of Traefik's Service, by which a cloud's load balancer is told what to be."""

    values_from: Annotated[tuple[ChartValues, ...], items(None, 4, type="atomic")] = ()
    """More values of the chart, later over earlier ones; those that the front door relies on go over all of them."""

    load_balancer: Literal["MetalLB"] | None = None
    """A load balancer to install; leave it out where the cluster has one."""

    metallb: MetalLB | None = None
    """Addresses that MetalLB gives to the gateway."""


class FrontTLS(Model):
    """How the front door proves who it is."""

    secret_ref: NameRef
    """A Secret of type kubernetes.io/tls in `modelplane-system`."""


Reach: TypeAlias = Annotated[Text, length(1, 253), matches(patterns.CIDR_OR_HOST_SUFFIX)]
"""A CIDR; or a host name, which means itself and everything below it."""


class EndpointRules(Model):
    """Where endpoints that are written by hand may lead; those of replicas lead to their clusters in any case."""

    allow: Annotated[tuple[Reach, ...], items(None, 64, type="set")] = ()
    """What is open although it is not public: CIDRs, and host names with everything below them. Without it, what is
    public is open, and addresses and names of private networks, clusters, machines and clouds are not."""

    deny: Annotated[tuple[Reach, ...], items(None, 64, type="set")] = ()
    """What is refused, whatever `allow` has: CIDRs, and host names with everything below them."""


class InferenceGatewaySpec(Model):
    """How requests reach the control cluster."""

    RULES = (
        Rule(
            "self.backend != 'Traefik' || has(self.traefik)",
            "spec.traefik is required for backend Traefik",
        ),
    )

    backend: Literal["Traefik"]
    """The gateway to install."""

    traefik: Traefik | None = None
    """How Traefik is installed."""

    hostname: Hostname = ""
    """Name to publish in addresses of services, instead of the gateway's own address."""

    tls: FrontTLS | None = None
    """Serve HTTPS with this certificate."""

    public_paths: Annotated[tuple[PublicPath, ...], items(1, 8, type="set")] = ()
    """What of an endpoint is public, as paths below a service's URL; without it, `/v1`. `/` makes all of it public."""

    endpoints: EndpointRules = Field(default_factory=EndpointRules)
    """Where endpoints that are written by hand may lead."""

    route_namespaces: LabelSelector | None = None
    """Labels of the namespaces whose services may use the gateway; without it, all may."""


class ClusterGateway(Model):
    """Where a cluster's gateway is reached."""

    name: ObjectName
    """Name of the InferenceCluster."""

    address: Annotated[Text, length(None, 256)] = ""
    """IP address or host name, without scheme and port."""


class InferenceGatewayStatus(Model):
    """Where services are reached."""

    address: Annotated[Text, length(None, 256)] = ""
    """IP address or host name, without scheme and port."""

    cluster_gateways: Annotated[tuple[ClusterGateway, ...], items(None, 16384, keys=("name",))] = ()
    """Gateways of the clusters, to which no endpoint that is written by hand may lead."""


INFERENCE_GATEWAY = Kind(
    group=labels.GROUP,
    kind="InferenceGateway",
    plural="inferencegateways",
    short="ig",
    scope="Cluster",
    about="The InferenceGateway named default is the front door: every ModelService is a path below its address.",
    spec=InferenceGatewaySpec,
    status=InferenceGatewayStatus,
    step="compose-inference-gateway",
    columns=(Column("GATEWAY", ".spec.backend"), Column("ADDRESS", ".status.address")),
    rules=(Rule(f"self.metadata.name == '{NAME}'", f"there is one InferenceGateway: metadata.name must be {NAME}"),),
)
