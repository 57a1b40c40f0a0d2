"""What a Router finds the other engines of its replica by: a Service for each, named in its environment.

The Services have no address of their own: their names resolve to the pods that are ready. So a Router reaches every
port of a pod, such as one for the hand-over of a KV cache, and one that resolves names itself sees each pod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from function.api import labels
from function.api.engines import AnyEngine, EngineRole
from function.api.model_replica import ModelReplicaSpec
from function.api.pod_template import Container
from function.composition import Manifest
from function.replica.identity import ReplicaIdentity, engine_service_name
from function.replica.topologies.registry import topology_of
from function.replica.topologies.topology import port_name

_PREFIX: Final = "MODELPLANE_ENGINE_"
_PARTS: Final = ("ADDRESS", "HOST", "PORT")
_REFERENCE: Final = re.compile(rf"\$\$|\$\(({_PREFIX}[\w.-]*)\)")
"""A reference as the kubelet knows it; two dollars are one that refers to nothing."""
_IN_SHELL: Final = re.compile(rf"\$({_PREFIX}\w*)|\$\{{({_PREFIX}\w*)\}}")
_MENTIONED: Final = re.compile(rf"{_PREFIX}\w*")
_MAY_KNOW_BETTER: Final = re.compile(r"""\[|\b(test|case|if|source|eval|export[ \t]+["'{(]?\$)|(^|[\s;&|])\.\s""")
"""What a script may ask for a variable with, or get it from elsewhere by."""


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


def behind_router(engines: Sequence[AnyEngine]) -> list[str]:
    """The names of the engines that a Router passes requests on to."""
    return [engine.name for engine in engines if engine.role is not EngineRole.ROUTER]


def unknown_references(engines: Sequence[AnyEngine], engine: AnyEngine, container: Container) -> list[str]:
    """The variables of this module that a Router's container refers to and is not told; none of another engine.

    Only what is certain counts: nothing where the container may have variables from elsewhere, and nothing that a
    shell is to put in where the script may set it, or ask whether it is there.

    Args:
        engines: All engines of the replica.
        engine: One of them.
        container: The container that the engine runs in.
    """
    if engine.role is not EngineRole.ROUTER or container.env_from:
        return []
    told = {variable.name for variable in container.env}
    told |= {name for other in behind_router(engines) for name in _names(other)}
    words = [*container.command, *container.args, *(variable.value for variable in container.env)]
    text = "\n".join(words)
    found = [name for name in _REFERENCE.findall(text) if name]
    if not _MAY_KNOW_BETTER.search(text):
        found += ["".join(names) for names in _IN_SHELL.findall(_REFERENCE.sub(" ", text))]
    mentioned = set(_MENTIONED.findall(_IN_SHELL.sub(" ", _REFERENCE.sub(" ", text))))
    return [name for name in dict.fromkeys(found) if name not in told | mentioned]


def _names(engine: str) -> list[str]:
    """The variables that say where an engine is."""
    return [f"{_PREFIX}{engine.upper().replace('-', '_')}_{part}" for part in _PARTS]


def _variables(replica: ReplicaIdentity) -> Iterator[Manifest]:
    for engine, port in replica.routed.items():
        host = f"{engine_service_name(replica, engine)}.{replica.namespace}.svc"
        for name, value in zip(_names(engine), (f"{host}:{port}", host, str(port)), strict=True):
            yield {"name": name, "value": value}
