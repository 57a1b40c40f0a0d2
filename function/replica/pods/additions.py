"""What Modelplane adds to the pods of a member, as a pod's spec that has nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from function.api import labels
from function.api.engines import PlacedEngine, PlacedMember
from function.composition import Manifest
from function.replica.cached_model import MODELS_PATH
from function.replica.ending import GRACE_SECONDS
from function.replica.identity import ReplicaIdentity, claim_name, claim_template_name
from function.replica.pods.ports import has_other_name
from function.replica.pods.probes import probes
from function.replica.pods.resources import share_of_engine
from function.replica.topologies.topology import PORT_NAME, Topology

_CLAIM: Final = "devices"
_GPU_TAINT: Final = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
_SHARED_MEMORY: Final = "dshm"
_SHARED_MEMORY_PATH: Final = "/dev/shm"  # noqa: S108  # a mount in the engine's container
_CACHE: Final = "model-cache"


def additions(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Manifest:
    """Build what is added to the spec of a member's pods.

    Args:
        replica: The replica that the pods belong to.
        engine: The engine.
        member: The member.
        topology: The engine's topology.
    """
    written = member.template.spec
    side_cars = topology.side_cars(engine) if topology.serves(engine, member) else []
    added: Manifest = {
        "nodeSelector": {labels.POOL: member.node_pool_name},
        "tolerations": tolerations(member),
        "initContainers": [{**side_car, "restartPolicy": "Always"} for side_car in side_cars],
        "containers": [_engine_container(replica, engine, member, topology)],
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "automountServiceAccountToken": False,
        "volumes": [*_shared_memory(member), *_cache_volumes(replica)],
    }
    if member.device_requests:
        template = claim_template_name(replica, engine.name, member.role)
        added["resourceClaims"] = [{"name": _CLAIM, "resourceClaimTemplateName": template}]
    if engine.copies > 1:
        added["topologySpreadConstraints"] = [spread_constraint(pod_selector(replica, engine))]
    if written.host_network:
        # Without it such a pod asks its node's DNS, which knows neither Services nor the leader of a gang.
        added["dnsPolicy"] = "ClusterFirstWithHostNet"
    return {field: value for field, value in added.items() if value != []}


def pod_labels(
    replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology
) -> dict[str, str]:
    """The labels that a member's pods have from Modelplane."""
    found = {
        labels.DEPLOYMENT: replica.deployment,
        labels.REPLICA: replica.name,
        labels.ENGINE: engine.name,
        **({labels.SERVING: replica.served_by(engine.name)} if topology.serves(engine, member) else {}),
        **topology.pod_labels(replica, engine, member),
    }
    return {key: value for key, value in found.items() if value}


def pod_selector(replica: ReplicaIdentity, engine: PlacedEngine) -> dict[str, str]:
    """The labels that select all pods of an engine."""
    return {labels.REPLICA: replica.name, labels.ENGINE: engine.name}


def tolerations(*members: PlacedMember) -> list[Manifest]:
    """Tolerate the taints of the nodes that members run on."""
    found: list[Manifest] = [dict(_GPU_TAINT)]
    for toleration in (toleration.plain() for member in members for toleration in member.tolerations):
        if toleration not in found:
            found.append(toleration)
    return found


def spread_constraint(selected: Mapping[str, str]) -> Manifest:
    """Prefer nodes that run fewer of the selected pods."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(selected)},
    }


def _engine_container(
    replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology
) -> Manifest:
    container = member.template.container
    body: Manifest = {"name": container.name}
    claims = {"claims": [{"name": _CLAIM}]} if member.device_requests else {}
    requests = share_of_engine(member)
    resources = {**claims, **({"requests": requests} if requests else {})}
    if resources:
        body["resources"] = resources
    mounts = [{"name": volume["name"], "mountPath": _SHARED_MEMORY_PATH} for volume in _shared_memory(member)]
    if replica.cache:
        mounts.append({"name": _CACHE, "mountPath": MODELS_PATH})
    if mounts:
        body["volumeMounts"] = mounts
    if topology.serves(engine, member):
        ports = topology.ports(engine)
        port: str | int = ports.engine if has_other_name(container, ports.engine) else PORT_NAME
        body["ports"] = ports.of_container
        path, seconds = topology.facts(engine).health_path, engine.serving.startup_seconds
        body.update(probes(path, port, seconds, scheme=ports.scheme))
    return body


def _shared_memory(member: PlacedMember) -> list[Manifest]:
    """Memory that processes of an engine share, unless the user has given it some or shares that of the node."""
    mounts = member.template.container.volume_mounts
    has_some = any(mount.mount_path.rstrip("/") == _SHARED_MEMORY_PATH for mount in mounts)
    if has_some or member.template.spec.host_ipc:
        return []
    return [{"name": _SHARED_MEMORY, "emptyDir": {"medium": "Memory"}}]


def _cache_volumes(replica: ReplicaIdentity) -> list[Manifest]:
    if not replica.cache:
        return []
    claim = claim_name(replica.namespace, replica.cache)
    return [{"name": _CACHE, "persistentVolumeClaim": {"claimName": claim}}]
