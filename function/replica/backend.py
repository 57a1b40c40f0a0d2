"""What the route of a replica leads to: a Service, or an InferencePool whose endpoint picker chooses the pod."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from function.api.engines import AnyEngine, Picker, PlacedEngine, Serving
from function.api.model_replica import ModelReplicaSpec
from function.replica.engines import DEFAULT_BLOCK_SIZE, FlagValue
from function.replica.picker_scheduling import PickerScheduling
from function.replica.pods import has_other_name
from function.replica.topologies.registry import picker_of, topology_of
from function.replica.topologies.topology import Ports


def choose_picker(serving: Serving, engines: Iterable[AnyEngine]) -> Picker:
    """Choose whether a replica has an endpoint picker.

    It is for choosing among pods: unless the user or the serving mode decides, there is one when several
    answer requests.
    """
    several = sum(engine.copies for engine in engines) > 1
    return picker_of(serving.mode) or serving.picker or (Picker.ENABLED if several else Picker.DISABLED)


@dataclass(frozen=True, slots=True)
class Backend:
    """What pods and picker need to know of each other.

    Attributes:
        picker: Whether an endpoint picker chooses the pod.
        port: Where the pods of the pool take requests.
        by_name: Whether a Service can name the port of the engines instead, which need not be the same for all.
        block_size: Tokens in a block of the KV cache of those whose prefixes the picker follows.
        scheduling: How the picker chooses.
        error: Why no request could be answered; empty when all fits.
        warnings: What of the engines' flags could not be used.
    """

    picker: bool
    port: int
    by_name: bool
    block_size: int
    scheduling: PickerScheduling
    error: str
    warnings: tuple[str, ...]


def read_backend(spec: ModelReplicaSpec, *, picker: bool) -> Backend:
    """Work out the backend of a replica, whose engines have been validated."""
    ports = {engine.name: topology_of(engine).ports(engine) for engine in spec.engines}
    sizes = {engine.name: _block_size(engine) for engine in spec.engines if topology_of(engine).reuses_prefixes(engine)}
    block_size = next(iter(sizes.values()), FlagValue(DEFAULT_BLOCK_SIZE))
    by_name = all(port.pool == port.engine for port in ports.values()) and not any(map(_names_its_port, spec.engines))
    warnings = [port.warning for port in ports.values()]
    if picker:
        warnings.append(block_size.warning)
    if picker and len({size.value for size in sizes.values()}) > 1:
        given = ", ".join(f"{name} {size.value}" for name, size in sizes.items())
        warnings.append(f"blocks of the KV cache differ in size ({given}); the picker assumes {block_size.value}")
    return Backend(
        picker=picker,
        port=ports[spec.engines[0].name].pool,
        by_name=by_name,
        block_size=block_size.value,
        scheduling=topology_of(spec.engines[0]).picker_scheduling,
        error=_error(ports, one_port=picker or not by_name),
        warnings=tuple(filter(None, warnings)),
    )


def _names_its_port(engine: PlacedEngine) -> bool:
    """Tell whether the user has named the port of an engine, which then is referred to by its number."""
    topology = topology_of(engine)
    return has_other_name(topology.serving_member(engine).template.container, topology.ports(engine).engine)


def _block_size(engine: PlacedEngine) -> FlagValue:
    return topology_of(engine).facts(engine).block_size


def _error(ports: dict[str, Ports], *, one_port: bool) -> str:
    error = next((port.error for port in ports.values() if port.error), "")
    if not error and one_port and len({port.pool for port in ports.values()}) > 1:
        listed = ", ".join(f"{name} on {port.pool}" for name, port in ports.items())
        return f"the pods of a pool take requests on one port, and these are on several: {listed}"
    return error
