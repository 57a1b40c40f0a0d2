"""InferenceCluster: a cluster that models run on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from function.api import labels, patterns
from function.api.base import Column, Integer, Kind, Model, Text, items, length, matches
from function.api.clouds.pool_rules import pool_rules
from function.api.cluster_sources import SOURCES, ClusterSource
from function.api.node_pools import POOLS, NodePool, PublishedPool
from function.api.serving_stack import (
    ChartRepositories,
    DriverRoot,
    GatewayAddress,
    Installed,
    StackGateway,
    WantedVersions,
)
from function.api.taints import TAINTS, Taint


class StackSettings(Model):
    """What to change about the serving stack that is installed on the cluster."""

    versions: WantedVersions = Field(default_factory=WantedVersions)
    """Versions that are asked for; parts that are not named keep the version they have."""

    gateway: StackGateway = Field(default_factory=StackGateway)
    """The gateway that takes requests to the cluster's replicas."""

    nvidia_driver_root: DriverRoot = ""
    """Where the NVIDIA driver is installed on the nodes, when not where the source puts it."""

    chart_repositories: ChartRepositories = Field(default_factory=ChartRepositories)
    """Where charts come from, instead of their public repositories."""

    installed: Installed = ()
    """Parts that the cluster has already and that are left alone."""


NamespaceName: TypeAlias = Annotated[Text, length(1, 63), matches(patterns.DNS_LABEL)]
NamespacePattern: TypeAlias = Annotated[Text, length(1, 63), matches(patterns.NAMESPACE_PATTERN)]
KeyPattern: TypeAlias = Annotated[Text, length(1, 317), matches(patterns.KEY_PATTERN)]


ServerName: TypeAlias = Annotated[Text, length(1, 253), matches(patterns.SERVER)]


class PodSecurity(StrEnum):
    """A level of Kubernetes' Pod Security Standards: what pods may have in a namespace."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


class NamespaceOverride(Model):
    """What is otherwise in one namespace."""

    name: NamespaceName
    """Name of the namespace."""

    pod_security: PodSecurity
    """Level of the Pod Security Standards that its pods keep to."""


class Namespaces(Model):
    """What the namespaces of teams may be and have on the cluster, beyond what is safe on any."""

    allowed: Annotated[tuple[NamespaceName, ...], items(None, 64, type="set")] = ()
    """Namespaces that models may have although they are reserved: `default`, or one that ends in `-system` or begins
    with `openshift-`. Those of Kubernetes, Crossplane, Modelplane and the serving stack stay reserved."""

    reserved: Annotated[tuple[NamespacePattern, ...], items(None, 64, type="set")] = ()
    """More namespaces that models may not have, since something else runs there; `*` at either end stands for any
    characters."""

    pod_metadata: Annotated[tuple[KeyPattern, ...], items(None, 64, type="set")] = ()
    """Keys of labels and annotations that pods may have although they grant something: a network, a role of the cloud,
    an unconfined profile, an injected container. `*` at the end stands for any characters."""

    pod_security: PodSecurity = PodSecurity.BASELINE
    """Level of Kubernetes' Pod Security Standards that pods keep to: a privileged pod, or one with the network or a
    folder of its node, needs `privileged`; `restricted` asks pods to give up what engines seldom need."""

    service_accounts: Annotated[tuple[KeyPattern, ...], items(None, 64, type="set")] = ()
    """ServiceAccounts of their namespace that pods may name beside `default`: an account can carry rights on the
    cluster and roles of the cloud. `*` at the end stands for any characters, here and in the next three lists."""

    priority_classes: Annotated[tuple[KeyPattern, ...], items(None, 64, type="set")] = ()
    """PriorityClasses that pods may name: pods of a higher one drive out those of other teams."""

    runtime_classes: Annotated[tuple[KeyPattern, ...], items(None, 64, type="set")] = ()
    """RuntimeClasses that pods may name: a runtime can give a container more than its spec says, such as all GPUs."""

    csi_drivers: Annotated[tuple[KeyPattern, ...], items(None, 64, type="set")] = ()
    """CSI drivers whose volumes pods may write into their spec: such a volume says itself what is mounted, and neither
    a claim nor a storage class stands in between."""

    nfs_servers: Annotated[tuple[ServerName, ...], items(None, 64, type="set")] = ()
    """NFS servers that pods may mount anything from that is exported to the nodes. Each is written whole, since a name
    that begins like another may lead anywhere."""

    overrides: Annotated[tuple[NamespaceOverride, ...], items(None, 64, keys=("name",))] = ()
    """Namespaces in which another level counts."""

    def pod_security_of(self, namespace: str) -> PodSecurity:
        """The level that pods in a namespace keep to."""
        return next((each.pod_security for each in self.overrides if each.name == namespace), self.pod_security)


class InferenceClusterSpec(Model):
    """Where the cluster comes from, and its node pools."""

    RULES = pool_rules(SOURCES)

    cluster: ClusterSource
    """Where the cluster comes from."""

    taints: Annotated[tuple[Taint, ...], TAINTS] = ()
    """Taints that keep deployments away, for example during maintenance."""

    node_pools: Annotated[tuple[NodePool, ...], POOLS] = ()
    """Pools of nodes with accelerators. Pools can be added and removed."""

    serving_stack: StackSettings = Field(default_factory=StackSettings)
    """What to change about the serving stack that is installed on the cluster."""

    namespaces: Namespaces = Field(default_factory=Namespaces)
    """What the namespaces of teams may be and have on the cluster."""


class ProviderConfigRef(Model):
    """The provider config through which objects are applied to the cluster."""

    name: Annotated[Text, length(None, 253)] = ""
    """Name of the ClusterProviderConfig of provider-kubernetes."""


class PublishedCache(Model):
    """Where model weights are cached."""

    storage_class_name: Annotated[Text, length(None, 253)] = ""
    """A storage class for volumes that many nodes mount."""


class InferenceClusterStatus(Model):
    """What the cluster offers."""

    provider_config_ref: ProviderConfigRef = Field(default_factory=ProviderConfigRef)
    """The provider config through which objects are applied to the cluster."""

    namespace: Annotated[Text, length(None, 63)] = ""
    """Namespace of what Modelplane composes for the cluster."""

    gateway: GatewayAddress = Field(default_factory=GatewayAddress)
    """The gateway that takes requests to the cluster's replicas."""

    cache: PublishedCache = Field(default_factory=PublishedCache)
    """Where model weights are cached."""

    replicas: Integer | None = None
    """Replicas that are placed on the cluster."""

    pools: Integer | None = None
    """Pools that replicas can be placed on."""

    nodes: Integer | None = None
    """Nodes that those pools can have together."""

    gpu_pools: Annotated[tuple[PublishedPool, ...], items(None, 8, keys=("name",))] = ()
    """Pools that replicas can be placed on."""


INFERENCE_CLUSTER = Kind(
    group=labels.GROUP,
    kind="InferenceCluster",
    plural="inferenceclusters",
    short="ic",
    scope="Cluster",
    about="An InferenceCluster is a cluster that models run on: one that a cloud makes, or one that exists. "
    "Its labels are what deployments select it by.",
    spec=InferenceClusterSpec,
    status=InferenceClusterStatus,
    step="compose-inference-cluster",
    columns=(
        Column("SOURCE", ".spec.cluster.source"),
        Column("GATEWAY", ".status.gateway.address"),
        Column("POOLS", ".status.pools", "integer"),
        Column("NODES", ".status.nodes", "integer"),
        Column("REPLICAS", ".status.replicas", "integer"),
    ),
)
