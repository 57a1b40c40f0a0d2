"""The fleet as the scheduler sees it: clusters, their node pools, and the replicas on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from function.selectors import Device

NO_SCHEDULE = "NoSchedule"
NO_EXECUTE = "NoExecute"


@dataclass(frozen=True, slots=True)
class ClusterTaint:
    """A taint of a cluster.

    Attributes:
        key: What the taint is about.
        value: Compared by tolerations with the operator Equal.
        effect: `NoSchedule` keeps new replicas out; `NoExecute` also asks those inside to leave.
    """

    key: str
    value: str = ""
    effect: str = NO_SCHEDULE


@dataclass(frozen=True, slots=True)
class NodeResources:
    """Processors and memory: what a node has for a pod, or what a pod requests of it.

    Attributes:
        cpu: Thousandths of processors; 0 when not known, or not requested.
        memory: Bytes of memory; 0 likewise.
    """

    cpu: int = 0
    memory: int = 0


NO_RESOURCES: Final = NodeResources()
"""Of a node of which nothing is known, and of a pod that requests nothing."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool with accelerators.

    Attributes:
        name: Its name within the cluster.
        nodes: How many nodes it has, or may grow to.
        devices: What each node carries, in published order.
        class_name: The InferenceClass that describes the nodes; empty if not published.
        node: What of each node pods can request.
    """

    name: str
    nodes: int
    devices: tuple[Device, ...]
    class_name: str = ""
    node: NodeResources = NO_RESOURCES


@dataclass(frozen=True, slots=True)
class Cluster:
    """An inference cluster.

    Attributes:
        name: The cluster's name.
        labels: Its labels, sorted by key.
        region: The value of its region label; empty for a cluster that is a region by itself.
        ready: Whether its Ready condition is True.
        gateway_address: Where its gateway answers; empty while unknown.
        taints: Its taints.
        pools: Its node pools in published order; None while it has published nothing, which is
            doubt and not the same as having none.
        terminating: Whether it is being deleted.
    """

    name: str
    labels: tuple[tuple[str, str], ...] = ()
    region: str = ""
    ready: bool = True
    gateway_address: str = ""
    taints: tuple[ClusterTaint, ...] = ()
    pools: tuple[Pool, ...] | None = ()
    terminating: bool = False

    @property
    def topology_domain(self) -> tuple[str, str]:
        """The region that replicas are spread over; a cluster without a region is one by itself."""
        return (self.region, "") if self.region else ("", self.name)


@dataclass(frozen=True, slots=True)
class ScheduledReplica:
    """A replica that exists, of any deployment.

    Attributes:
        namespace: The replica's namespace.
        name: The replica's name.
        deployment: Namespace and name of the deployment it belongs to.
        cluster: The cluster that it is pinned to.
        index: Its number among its deployment's replicas on that cluster.
        revision: The revision of the deployment that it was made from.
        nodes_by_pool: Pool and nodes it takes there, as it was placed. Several entries for a pool add up.
        pool_assignments: Engine and pool, as it was placed, the pool empty where a member names none; empty if not
            known.
        serving: Whether it serves now.
        readiness_unknown: Whether it reports neither that it serves nor that it does not.
        ever_ready: Whether it has ever served.
        reachable: Whether requests may reach it, if it serves.
        available: Whether it has served long enough for every service to have noticed.
        deadline_exceeded: Whether it has not served within its deadline.
        created: Creation time as RFC 3339 text, comparable as text.
        terminating: Whether it is being deleted.
        draining: Whether it is marked as draining, and gets no new requests.
        own: Whether it belongs to the deployment that is being scheduled.
    """

    namespace: str
    name: str
    deployment: tuple[str, str]
    cluster: str
    index: int
    revision: str = ""
    nodes_by_pool: tuple[tuple[str, int], ...] = ()
    pool_assignments: tuple[tuple[str, str], ...] = ()
    serving: bool = False
    readiness_unknown: bool = False
    ever_ready: bool = False
    reachable: bool = True
    available: bool = False
    deadline_exceeded: bool = False
    created: str = ""
    terminating: bool = False
    draining: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """All clusters, selected or not, and all replicas on them, of all deployments."""

    clusters: tuple[Cluster, ...]
    replicas: tuple[ScheduledReplica, ...] = ()
