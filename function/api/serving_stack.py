"""ServingStack: what an inference cluster needs beside Kubernetes to serve models."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api import labels, patterns
from function.api.base import Column, Integer, Kind, Model, Rule, Text, between, items, length, matches
from function.api.credentials import ClusterSecret
from function.api.identities import AmbientIdentity
from function.api.taints import TOLERATIONS, NodeToleration

Component: TypeAlias = Literal[
    "certManager",
    "envoyGateway",
    "aiGateway",
    "prometheus",
    "leaderWorkerSet",
    "nodeFeatureDiscovery",
    "nvidiaDraDriver",
    "inferenceExtension",
]
"""Parts of the stack, named as in `versions` and `chartRepositories`."""

Version: TypeAlias = Annotated[Text, length(1, 32)]
Repository: TypeAlias = Annotated[Text, length(1, 512), matches(patterns.CHART_REPOSITORY)]
DriverRoot: TypeAlias = Annotated[Text, length(None, 512)]
Installed: TypeAlias = Annotated[tuple[Component, ...], items(None, 16, type="set")]


class WantedVersions(Model):
    """Versions that are asked for, an upgrade or a downgrade included; parts that are not named keep what they have."""

    gateway_api: Version = ""
    """Accepted and without effect: the gateway's chart brings the Gateway API."""

    cert_manager: Version = ""
    """Chart of cert-manager."""

    envoy_gateway: Version = ""
    """Chart of Envoy Gateway; InferencePool backends need v1.8 or later."""

    prometheus: Version = ""
    """Chart kube-prometheus-stack."""

    leader_worker_set: Version = ""
    """Chart of LeaderWorkerSet."""

    node_feature_discovery: Version = ""
    """Chart of Node Feature Discovery."""

    nvidia_dra_driver: Version = ""
    """Chart of NVIDIA's DRA driver."""


class ChartRepositories(Model):
    """Where charts come from, instead of their public repositories."""

    cert_manager: Repository = ""
    """Repository of the chart of cert-manager."""

    envoy_gateway: Repository = ""
    """Repository of the chart of Envoy Gateway."""

    ai_gateway: Repository = ""
    """Repository of the charts of Envoy AI Gateway."""

    prometheus: Repository = ""
    """Repository of the chart kube-prometheus-stack."""

    leader_worker_set: Repository = ""
    """Repository of the chart of LeaderWorkerSet."""

    node_feature_discovery: Repository = ""
    """Repository of the chart of Node Feature Discovery."""

    nvidia_dra_driver: Repository = ""
    """Repository of the chart of NVIDIA's DRA driver."""


class GatewayListener(Model):
    """A listener of the cluster's gateway."""

    name: Annotated[Text, length(1, 63)]
    """Name of the listener."""

    port: Annotated[Integer, between(1, 65535)]
    """Port to listen on."""

    protocol: Literal["HTTP", "TCP"]
    """Protocol to expect."""


class StackGateway(Model):
    """The gateway that takes requests to the cluster's replicas."""

    class_name: Annotated[Text, length(1, 63)] = "envoy"
    """Name of its GatewayClass."""

    listeners: Annotated[tuple[GatewayListener, ...], items(None, 8, keys=("name",))] = ()
    """Its listeners; without any there is one for HTTP on port 80."""


_KUBECONFIG = Rule(
    "self.exists(s, s.type == 'Kubeconfig')",
    "secrets must have an entry of type Kubeconfig",
)


class ServingStackSpec(Model):
    """How to reach the cluster, and what to install there."""

    secrets: Annotated[tuple[ClusterSecret, ...], items(1, 8, type="atomic"), _KUBECONFIG]
    """Secrets that reach the cluster: a kubeconfig, and a cloud identity if it needs one."""

    identity: AmbientIdentity | None = None
    """The identity that reaches the cluster when it is in no Secret."""

    nvidia_driver_root: DriverRoot = "/"
    """Where the NVIDIA driver is installed on the nodes."""

    versions: WantedVersions = Field(default_factory=WantedVersions)
    """Versions that are asked for; parts that are not named keep the version they have."""

    gateway: StackGateway = Field(default_factory=StackGateway)
    """The gateway that takes requests to the cluster's replicas."""

    chart_repositories: ChartRepositories = Field(default_factory=ChartRepositories)
    """Where charts come from, instead of their public repositories."""

    installed: Installed = ()
    """Parts that the cluster has already and that are left alone."""

    unneeded: Installed = ()
    """Parts that no node pool of the cluster needs: not installed, nor looked for. What is installed stays."""

    tolerations: Annotated[tuple[NodeToleration, ...], TOLERATIONS] = ()
    """What the pods of the stack tolerate: the taints of the cluster's pools, those that were included."""


class GatewayAddress(Model):
    """Where a gateway is reached."""

    address: Annotated[Text, length(None, 256)] = ""
    """IP address or host name, without scheme and port."""


class ServingStackStatus(Model):
    """Where the cluster is reached."""

    gateway: GatewayAddress = Field(default_factory=GatewayAddress)
    """The gateway that takes requests to the cluster's replicas."""


SERVING_STACK = Kind(
    group=labels.INFRASTRUCTURE_GROUP,
    kind="ServingStack",
    plural="servingstacks",
    short="ss",
    scope="Namespaced",
    about="A ServingStack installs on an inference cluster what it needs to serve models. InferenceCluster makes it.",
    spec=ServingStackSpec,
    status=ServingStackStatus,
    step="compose-serving-stack",
    columns=(Column("GATEWAY", ".status.gateway.address"),),
    internal=True,
)
