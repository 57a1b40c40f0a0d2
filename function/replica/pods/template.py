"""The pod templates of an engine, and the metadata of its workload."""

from __future__ import annotations

from function.api import labels
from function.api.engines import PlacedEngine, PlacedMember, Role
from function.composition import Manifest
from function.replica import cached_model, ending, engine_metrics
from function.replica.identity import ReplicaIdentity
from function.replica.pods import additions
from function.replica.pods.merge import fill_in
from function.replica.references import with_copies
from function.replica.router import with_addresses
from function.replica.topologies.registry import topology_of
from function.replica.topologies.topology import Topology


def pod_templates(replica: ReplicaIdentity, engine: PlacedEngine) -> dict[Role, Manifest]:
    """Build the pod template of each member of an engine.

    Args:
        replica: The replica that the pods belong to.
        engine: The engine.
    """
    topology = topology_of(engine)
    return {member.role: _pod_template(replica, engine, member, topology) for member in engine.members}


def with_metadata(workload: Manifest, engine: PlacedEngine) -> Manifest:
    """Give a workload the labels and annotations that the user wrote for it, less those that are reserved.

    Args:
        workload: The workload.
        engine: Its engine.
    """
    written = engine.workload.metadata if engine.workload else None
    if written is None:
        return workload
    metadata = dict(workload["metadata"])
    for field, values in (("labels", written.labels), ("annotations", written.annotations)):
        added = {**_unreserved(values), **metadata.get(field, {})}
        if added:
            metadata[field] = added
    return {**workload, "metadata": metadata}


def _pod_template(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Manifest:
    metadata = member.template.metadata
    annotations = dict(metadata.annotations) if metadata else {}
    written = _unreserved(metadata.labels) if metadata else {}
    # The user's own goes before: a picker can be told of metrics that nobody here knows.
    program = engine_metrics.labels(engine, member.template.container) if topology.serves(engine, member) else {}
    return {
        "metadata": {
            "labels": {**program, **written, **additions.pod_labels(replica, engine, member, topology)},
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": _pod_spec(replica, engine, member, topology),
    }


def _unreserved(values: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if not key.startswith(labels.RESERVED_PREFIX)}


def _pod_spec(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Manifest:
    written = member.template.spec.plain()
    name = member.template.container.name
    containers = [
        _with_command(replica, engine, member, topology, container) if container["name"] == name else container
        for container in written["containers"]
    ]
    spec = fill_in({**written, "containers": containers}, additions.additions(replica, engine, member, topology))
    spec["containers"] = [
        fill_in(container, _ending(engine, member, topology, spec, container["name"]))
        for container in spec["containers"]
    ]
    return with_copies(spec, replica.copy_names)


def _ending(engine: PlacedEngine, member: PlacedMember, topology: Topology, spec: Manifest, name: str) -> Manifest:
    """What a container needs to end well. One beside the engine waits as long as requests may still arrive."""
    container, waiting = member.template.container, ending.Waiting()
    if name == container.name:
        ports = topology.ports(engine)
        asked = (ports.engine, *ports.asked) if topology.serves(engine, member) else ()
        waiting = ending.waits_for(engine, member, asked)
    return ending.lifecycle(container, waiting, grace=spec["terminationGracePeriodSeconds"])


def _with_command(
    replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology, container: Manifest
) -> Manifest:
    """An engine's container with the arguments and variables that it is started with; nothing of it when empty."""
    serves = topology.serves(engine, member)
    args = cached_model.arguments(member.template.container, cached=bool(replica.cache) and serves)
    env = topology.env(engine, member, with_addresses(replica, engine, container.get("env", [])))
    others = {key: value for key, value in container.items() if key not in {"args", "env"} and value != []}
    return {**others, **({"args": args} if args else {}), **({"env": env} if env else {})}
