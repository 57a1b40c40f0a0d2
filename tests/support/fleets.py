"""Builders of fleets, deployments and replicas that make a test read as a sentence."""

from __future__ import annotations

from function.scheduling import (
    Cluster,
    ClusterTaint,
    ClusterToleration,
    DeviceRequirement,
    EngineSpec,
    Fleet,
    HoldReason,
    MemberSpec,
    NodeResources,
    Plan,
    Pool,
    ScheduledReplica,
    SchedulingRequest,
    schedule,
)
from function.selectors import Claim, Device, Value

ANY = "true"
BIG = 'device.capacity["gpu.example.com"].memory.compareTo(quantity("40Gi")) >= 0'


def gpu(model: str = "a100", *, count: int = 8, memory: str = "80Gi", name: str = "gpu") -> Device:
    """Devices that pods claim."""
    return Device(
        name,
        "gpu.example.com",
        "gpu.example.com",
        count=count,
        attributes=(("model", Value.string(model)),),
        capacity=(("memory", memory),),
    )


def nic(*, count: int = 1, name: str = "nic") -> Device:
    """A device that is matched, and never claimed."""
    return Device(name, "nic.example.com", claim=Claim.SYNTHETIC, count=count)


def is_model(model: str) -> str:
    """Select a GPU by its model."""
    return f'device.attributes["gpu.example.com"].model == "{model}"'


def is_driver(driver: str) -> str:
    """Select by driver."""
    return f'device.driver == "{driver}"'


GPU = is_driver("gpu.example.com")
NIC = is_driver("nic.example.com")


def pool(name: str = "pool", nodes: int = 4, *devices: Device, cpu: float = 0, gibibytes: int = 0) -> Pool:
    """A pool of eight-GPU nodes, unless told otherwise, with so many processors and so much memory for pods."""
    return Pool(name, nodes, devices or (gpu(),), node=resources(cpu, gibibytes))


def resources(cpu: float = 0, gibibytes: int = 0) -> NodeResources:
    """Processors and GiB of memory."""
    return NodeResources(int(cpu * 1000), gibibytes * 2**30)


def cluster(
    name: str,
    *pools: Pool,
    labels: dict[str, str] | None = None,
    region: str = "",
    ready: bool = True,
    address: str = "10.0.0.1",
    taints: tuple[ClusterTaint, ...] = (),
    terminating: bool = False,
    published: bool = True,
) -> Cluster:
    """A cluster that is ready and has one pool, unless told otherwise."""
    return Cluster(
        name,
        tuple(sorted((labels or {}).items())),
        region,
        ready=ready,
        gateway_address=address,
        taints=taints,
        pools=(pools or (pool(),)) if published else None,
        terminating=terminating,
    )


def request(name: str = "gpu", count: int = 1, *selectors: str) -> DeviceRequirement:
    """A request for any GPU, unless told otherwise."""
    return DeviceRequirement(name, count, selectors or (GPU,))


def standalone(*requests: DeviceRequirement) -> MemberSpec:
    """A single pod."""
    return MemberSpec("Standalone", 1, requests or (request(),))


def leader(*requests: DeviceRequirement) -> MemberSpec:
    """The head of a gang; it needs nothing unless told otherwise."""
    return MemberSpec("Leader", 1, requests)


def worker(nodes: int, *requests: DeviceRequirement) -> MemberSpec:
    """The rest of a gang."""
    return MemberSpec("Worker", nodes, requests or (request(),))


def engine(*members: MemberSpec, name: str = "engine", copies: int = 1) -> EngineSpec:
    """An engine with one standalone member, unless told otherwise."""
    return EngineSpec(name, copies, members or (standalone(),))


def deployment(
    replicas: int = 1,
    *engines: EngineSpec,
    tolerations: tuple[ClusterToleration, ...] = (),
    labels: dict[str, str] | None = None,
    hold: HoldReason | None = None,
    revision: str = "r1",
) -> SchedulingRequest:
    """A deployment `ml/demo` of one engine on one node, unless told otherwise."""
    return SchedulingRequest(
        "ml",
        "demo",
        replicas,
        revision,
        engines or (engine(),),
        tolerations,
        tuple(sorted((labels or {}).items())),
        hold_reason=hold,
    )


def own(on: str, index: int = 0, *nodes_by_pool: tuple[str, int], **more: object) -> ScheduledReplica:
    """A serving replica of the deployment, on one node of the pool `pool` unless told otherwise."""
    values: dict[str, object] = {
        "namespace": "ml",
        "name": f"demo-{on}-{index}",
        "deployment": ("ml", "demo"),
        "cluster": on,
        "index": index,
        "revision": "r1",
        "nodes_by_pool": nodes_by_pool or (("pool", 1),),
        "serving": True,
        "ever_ready": True,
        "available": more.get("serving", True),
        "own": True,
    }
    return ScheduledReplica(**{**values, **more})  # type: ignore[arg-type]


def other(on: str, *nodes_by_pool: tuple[str, int], name: str = "other", **more: object) -> ScheduledReplica:
    """A replica of another deployment."""
    return own(on, 0, *nodes_by_pool, name=name, deployment=("ml", name), own=False, **more)


def plan(clusters: list[Cluster], scheduling_request: SchedulingRequest, *replicas: ScheduledReplica) -> Plan:
    """Schedule."""
    return schedule(Fleet(tuple(clusters), replicas), scheduling_request)


def places(answer: Plan) -> list[str]:
    """Say where new replicas go, as `cluster/index`."""
    return [f"{placement.cluster}/{placement.index}" for placement in answer.placed]


def pools(answer: Plan) -> list[list[str]]:
    """Say which pools the engines of each new replica take."""
    return [[engine.pool for engine in placement.engines] for placement in answer.placed]


def kept(answer: Plan) -> list[str]:
    """Say which replicas stay, as `cluster/index`."""
    return [f"{running.replica.cluster}/{running.replica.index}" for running in answer.kept]


def deletions(answer: Plan) -> list[str]:
    """Say which replicas leave, in the order in which they were chosen."""
    return [f"{replica.cluster}/{replica.index}" for replica, _ in answer.deletions]
