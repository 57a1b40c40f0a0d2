"""What the user wrote of a pod and serving needs otherwise: said in words before anything is composed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from function.api import labels
from function.api.engines import AnyMember, PlacedEngine, PlacedMember
from function.composition import Manifest, Object, unstructured
from function.inventory.pod_requests import extended_resources, is_implicit_claim, is_same_accelerator
from function.replica import references
from function.replica.ending import DRAIN_SECONDS
from function.replica.engines import read_engine
from function.replica.identity import ReplicaIdentity, is_picker_name
from function.replica.pods.additions import additions, pod_labels
from function.replica.pods.limits import over_limits
from function.replica.pods.merge import fill_in, item_key
from function.replica.router import behind_router, unknown_references
from function.replica.topologies.gang import queue_notes
from function.replica.topologies.registry import topology_of
from function.replica.topologies.topology import Topology

_SYSTEM: Final = "system-"
"""How the priority classes begin that Kubernetes keeps for itself."""

_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_HOOKS: Final = ("postStart", "preStop")
_MOST_NAMED: Final = 4
"""Variables that are named of those which are missing."""

_TCP: Final = frozenset({"", "TCP"})


def conflicts(replica: ReplicaIdentity, engines: Iterable[PlacedEngine], claimable: Iterable[str] = ()) -> list[str]:
    """Say what of the pods of engines cannot be joined with what serving needs, one sentence for each clash.

    Args:
        replica: The replica that the pods would belong to.
        engines: Its engines.
        claimable: DeviceClasses and drivers of the devices that its pods may claim, beside those that they do.
    """
    engines, found = list(engines), []
    members = [member for engine in engines for member in engine.members]
    claimed = {request.device_class_name for member in members for request in member.device_requests} | {*claimable}
    for engine in engines:
        topology = topology_of(engine)
        for member in engine.members:
            where = f"engine {engine.name}, {member.role}"
            found += [f"{where}: {clash}" for clash in _clashes(replica, engine, member, topology)]
            found += [f"{where}: {clash}" for clash in _claimed_twice(member, claimed)]
            found += [f"{where}: {clash}" for clash in _routed_addresses(engines, engine, member)]
    sources, most = len(references.named(engines)), references.MOST_SOURCES
    if sources > most:
        found.append(f"the pods name {sources} Secrets and ConfigMaps, and {most} at most are copied: name fewer")
    return found


def _claimed_twice(member: AnyMember, claimed: Collection[str]) -> Iterator[str]:
    """Say which accelerators the pods of a member would have beside those that are counted, by an extended resource.

    Args:
        member: The member.
        claimed: The DeviceClasses or drivers of the devices that pods of its replica claim: in a pod that claims none,
            the resource is uncharged.
    """
    for container, resource in extended_resources(member.template.spec):
        if is_implicit_claim(resource) or any(is_same_accelerator(resource, name) for name in claimed):
            yield (
                "devices are claimed by nodeSelector.devices; "
                f"remove {resource} from resources of container {container}"
            )


def warnings(replica: ReplicaIdentity, engines: Iterable[PlacedEngine]) -> list[str]:
    """Say what of the pods of engines is not as it is written, or may not be what is wanted.

    Args:
        replica: The replica that the pods belong to.
        engines: Its engines.
    """
    found = []
    for engine in engines:
        topology = topology_of(engine)
        found += [f"engine {engine.name}: {note}" for note in queue_notes(engine)]
        for member in engine.members:
            where = f"engine {engine.name}, {member.role}"
            notes = [*_labels(member, pod_labels(replica, engine, member, topology)), *_notes(engine, member, topology)]
            found += [f"{where}: {note}" for note in notes]
    return found


def _labels(member: PlacedMember, own: dict[str, str]) -> Iterator[str]:
    written = member.template.metadata.labels if member.template.metadata else {}
    for key, value in sorted(own.items()):
        if not key.startswith(labels.RESERVED_PREFIX) and written.get(key, value) != value:
            yield f"label {key} is {value}, since serving needs it, and not {written[key]}"


def _notes(engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Iterator[str]:
    spec = member.template.spec
    grace = spec.termination_grace_period_seconds
    if grace is not None and grace <= DRAIN_SECONDS:
        sent = f"the {DRAIN_SECONDS} s for which a pod that ends may still be sent requests"
        yield f"terminationGracePeriodSeconds {grace} is no longer than {sent}, so some are cut"
    if spec.host_network and engine.copies > 1:
        port, copies = topology.ports(engine).engine, engine.copies
        yield f"with hostNetwork a pod has port {port} of its node, so each of {copies} copies needs a node of its own"


def _clashes(replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember, topology: Topology) -> Iterator[str]:
    written, added = member.template.spec.plain(), additions(replica, engine, member, topology)
    name = member.template.container.name
    yield from _reserved_names(member)
    yield from _node_selector(written, added)
    yield from _containers(written, added, name)
    yield from _ports(written, added, name, fronted=_fronted_port(engine, member))
    yield from _volumes(written, added)
    yield from _mounts(written, added, name)
    yield from _probed_ports(written, fill_in(written, added))
    yield from _amounts(member)


def _reserved_names(member: PlacedMember) -> Iterator[str]:
    """Names that no platform team can permit, since they are the system's or our own."""
    priority, account = member.template.spec.priority_class_name, member.template.spec.service_account_name
    if priority and priority.startswith(_SYSTEM):
        yield f"priorityClassName {priority} is the system's own: name another class"
    if account and is_picker_name(account):
        yield f"serviceAccountName {account} is that of an endpoint picker: name another account"


def _node_selector(written: Object, added: Object) -> Iterator[str]:
    selected = unstructured.mapping(written, "nodeSelector")
    for key, value in unstructured.mapping(added, "nodeSelector").items():
        if selected.get(key, value) != value:
            yield f"nodeSelector {key} is for the pool that pods are placed in, and not to be written: remove it"


def _containers(written: Object, added: Object, engine: str) -> Iterator[str]:
    own = {unstructured.text(each, "name") for each in _all_containers(added)} - {engine}
    seen: set[str] = set()
    for container in _all_containers(written):
        name = unstructured.text(container, "name")
        if name in own:
            yield f"a container named {name} is added to the pod: give yours another name"
        if name in seen:
            yield f"two containers are named {name}: give one another name"
        seen.add(name)


def _fronted_port(engine: PlacedEngine, member: PlacedMember) -> int:
    """The port that `serving.port` says, if a container in front of the engine may have it; else 0.

    None may where the engine's own command says that port. On the node's network no two may list one.
    """
    written = engine.serving.port or 0
    unwritten = engine.model_copy(update={"serving": engine.serving.model_copy(update={"port": None})})
    own = read_engine(unwritten, member.template.container).port
    is_own = own.said and own.value == written
    return 0 if is_own or member.template.spec.host_network else written


def _ports(written: Object, added: Object, engine: str, *, fronted: int) -> Iterator[str]:
    """Ports that the pod's own servers have, by number and by name; the engine does not have one that is fronted."""
    taken = {
        unstructured.integer(port, "containerPort"): (unstructured.text(each, "name"), unstructured.text(port, "name"))
        for each in _all_containers(added)
        for port in unstructured.items(each, "ports")
    }
    names = {name: number for number, (_, name) in taken.items() if name}
    for container in _all_containers(written):
        mine = unstructured.text(container, "name")
        for port in unstructured.items(container, "ports"):
            number, name = unstructured.integer(port, "containerPort"), unstructured.text(port, "name")
            holder, _ = taken.get(number, (mine, ""))
            is_front = holder == engine and number == fronted
            if holder != mine and not is_front and unstructured.text(port, "protocol") in _TCP:
                yield f"container {mine} has port {number}, on which {holder} listens: have it listen on another"
            if name in names and (names[name] != number or mine != engine):
                yield (
                    f"port {number} of container {mine} is named {name}, as is port {names[name]} on which requests "
                    "arrive: give it another name, or set serving.port"
                )


def _volumes(written: Object, added: Object) -> Iterator[str]:
    own = {unstructured.text(volume, "name") for volume in unstructured.items(added, "volumes")}
    for volume in unstructured.items(written, "volumes"):
        if unstructured.text(volume, "name") in own:
            yield f"a volume named {volume['name']} is added to the pod: give yours another name"


def _mounts(written: Object, added: Object, engine: str) -> Iterator[str]:
    key = item_key("volumeMounts")
    volumes = {
        unstructured.text(volume, "name") for spec in (written, added) for volume in unstructured.items(spec, "volumes")
    }
    own = {
        key(mount): unstructured.text(mount, "name")
        for each in unstructured.items(added, "containers")
        if each["name"] == engine
        for mount in unstructured.items(each, "volumeMounts")
    }
    for container in _all_containers(written):
        name = unstructured.text(container, "name")
        for mount in unstructured.items(container, "volumeMounts"):
            volume = unstructured.text(mount, "name")
            if volume not in volumes:
                yield f"container {name} mounts volume {volume}, which the pod does not have: add it to volumes"
            if name == engine and own.get(key(mount), volume) != volume:
                yield (
                    f"container {name} mounts volume {volume} at {mount['mountPath']}, where the cached weights are: "
                    "mount it elsewhere, or remove modelCacheRef"
                )
        for device in unstructured.items(container, "volumeDevices"):
            if unstructured.text(device, "name") not in volumes:
                yield f"container {name} has volume {device['name']}, which the pod does not have: add it to volumes"


def _probed_ports(written: Object, joined: Object) -> Iterator[str]:
    """Ports that probes and hooks name, and a container does not have: the kubelet looks at that container alone."""
    names = {
        unstructured.text(container, "name"): [
            name for port in unstructured.items(container, "ports") if (name := unstructured.text(port, "name"))
        ]
        for container in _all_containers(joined)
    }
    for container in _all_containers(written):
        mine = unstructured.text(container, "name")
        for asks, port in _named_ports(container):
            if port not in names[mine]:
                what = f"{asks} of container {mine} names port {port}, and the container has"
                if names[mine]:
                    yield f"{what} {', '.join(names[mine])}: name one of these, or a number"
                else:
                    yield f"{what} none with a name: list it in ports, or give its number"


def _named_ports(container: Object) -> Iterator[tuple[str, str]]:
    """The probes and hooks of a container that name a port, with its name. Kubernetes runs no hook by tcpSocket."""
    asked = [(probe, container, action) for probe in _PROBES for action in ("httpGet", "tcpSocket")]
    asked += [(hook, unstructured.mapping(container, "lifecycle"), "httpGet") for hook in _HOOKS]
    for name, holder, action in asked:
        port = unstructured.text(holder, name, action, "port")
        if port and not port.isdigit():
            yield name, port


def _amounts(member: PlacedMember) -> Iterator[str]:
    spec = member.template.spec
    for container in (*spec.containers, *spec.init_containers):
        for resource, request, limit in over_limits(container):
            yield (
                f"container {container.name} requests {request} of {resource}, and its limit is {limit}: request "
                "less, or raise the limit"
            )


def _routed_addresses(engines: list[PlacedEngine], engine: PlacedEngine, member: PlacedMember) -> Iterator[str]:
    container, others = member.template.container, ", ".join(behind_router(engines))
    for name in unknown_references(engines, engine, container)[:_MOST_NAMED]:
        yield (
            f"container {container.name} refers to {name}, and is told ADDRESS, HOST and PORT of engines {others} alone"
        )


def _all_containers(spec: Object) -> list[Object | Manifest]:
    return [*unstructured.items(spec, "containers"), *unstructured.items(spec, "initContainers")]
