"""What a Router finds the other engines of its replica by: a Service for each, named in its environment.

The Services have no address of their own: their names resolve to the pods that are ready. So a Router reaches every
port of a pod, such as one for the hand-over of a KV cache, and one that resolves names itself sees each pod.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from function.api import labels
from function.api.engines import AnyEngine, EngineRole
from function.api.model_replica import ModelReplicaSpec
from function.composition import Manifest
from function.replica.identity import ReplicaIdentity, engine_service_name
from function.replica.topologies.registry import topology_of
from function.replica.topologies.topology import port_name


def routed_ports(spec: ModelReplicaSpec) -> Mapping[str, int]:
    """The engines that a Router passes requests on to, with the port of each; empty without a Router."""
    if not any(engine.role is EngineRole.ROUTER for engine in spec.engines):
        return {}
    return {
        engine.name: topology_of(engine).ports(engine).pool
        for engine in spec.engines
        if engine.role is not EngineRole.ROUTER
    }


def services(replica: ReplicaIdentity, spec: ModelReplicaSpec) -> Iterator[tuple[str, Manifest]]:
    """Build the Service of each engine that a Router passes requests on to, by the engine's name."""
    for engine in spec.engines:
        if engine.name in replica.routed:
            yield engine.name, _service(replica, engine.name, topology_of(engine).ports(engine).asked)


def _service(replica: ReplicaIdentity, engine: str, ports: Sequence[int]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": engine_service_name(replica, engine), "namespace": replica.namespace},
        "spec": {
            "clusterIP": "None",
            "selector": {labels.SERVING: replica.served_by(engine)},
            "ports": [
                {"name": port_name(index), "port": number, "protocol": "TCP", "targetPort": number}
                for index, number in enumerate(ports)
            ],
        },
    }


def with_addresses(replica: ReplicaIdentity, engine: AnyEngine, written: list[Manifest]) -> list[Manifest]:
    """Tell a Router first where the other engines are, less what the user has written.

    Args:
        replica: The replica.
        engine: An engine of it, which need not be a Router.
        written: The variables that the user has written, which may refer to these.
    """
    if engine.role is not EngineRole.ROUTER:
        return written
    names = {variable["name"] for variable in written}
    return [*(variable for variable in _variables(replica) if variable["name"] not in names), *written]


def _variables(replica: ReplicaIdentity) -> Iterator[Manifest]:
    for engine, port in replica.routed.items():
        host = f"{engine_service_name(replica, engine)}.{replica.namespace}.svc"
        prefix = f"MODELPLANE_ENGINE_{engine.upper().replace('-', '_')}"
        for suffix, value in (("ADDRESS", f"{host}:{port}"), ("HOST", host), ("PORT", str(port))):
            yield {"name": f"{prefix}_{suffix}", "value": value}
