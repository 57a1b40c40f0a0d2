"""What the route of a replica leads to: a Service, or an InferencePool whose endpoint picker chooses the pod."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from function.api.engines import AnyEngine, Picker, PlacedEngine, Serving
from function.api.model_replica import ModelReplicaSpec
from function.api.pod_template import Container
from function.replica import engine_flags, engine_metrics
from function.replica.engine_flags import FlagValue
from function.replica.engine_metrics import PoolMetrics
from function.replica.kv_transfer import assumptions, handover, mismatch
from function.replica.picker_scheduling import SMALLEST_BLOCK, PickerScheduling
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
        block_size: Tokens in the blocks in which the picker follows prefixes.
        metrics: What the picker is told of its engines' metrics.
        scheduling: How the picker chooses.
        error: Why no request could be answered; empty when all fits.
        handover_error: Why prefill and decode could not hand over the KV cache; empty when they can.
        warnings: What of the engines' flags could not be used.
    """

    picker: bool
    port: int
    by_name: bool
    block_size: int
    metrics: PoolMetrics
    scheduling: PickerScheduling
    error: str
    handover_error: str
    warnings: tuple[str, ...]


def read_backend(spec: ModelReplicaSpec, *, picker: bool) -> Backend:
    """Work out the backend of a replica, whose engines have been validated."""
    ports = {engine.name: topology_of(engine).ports(engine) for engine in spec.engines}
    sizes = [_block_size(engine) for engine in spec.engines if topology_of(engine).reuses_prefixes(engine)]
    by_name = all(port.pool == port.engine for port in ports.values())
    metrics = engine_metrics.read((engine, _container(engine)) for engine in spec.engines)
    handovers = {engine.name: handover(engine, _container(engine)) for engine in spec.engines if engine.phase}
    warnings = [port.warning for port in ports.values()]
    if picker:
        warnings += [*(size.warning for size in sizes), *metrics.warnings, *assumptions(handovers)]
    return Backend(
        picker=picker,
        port=ports[spec.engines[0].name].pool,
        by_name=by_name,
        block_size=max(SMALLEST_BLOCK, *(size.value for size in sizes)),
        metrics=metrics,
        scheduling=topology_of(spec.engines[0]).picker_scheduling(spec.engines[0]),
        error=_error(ports, one_port=picker or not by_name),
        handover_error=mismatch(handovers),
        warnings=tuple(filter(None, warnings)),
    )


def _container(engine: PlacedEngine) -> Container:
    return topology_of(engine).serving_member(engine).template.container


def _block_size(engine: PlacedEngine) -> FlagValue:
    return engine_flags.block_size(engine, _container(engine))


def _error(ports: dict[str, Ports], *, one_port: bool) -> str:
    error = next((port.error for port in ports.values() if port.error), "")
    if not error and one_port and len({port.pool for port in ports.values()}) > 1:
        listed = ", ".join(f"{name} on {port.pool}" for name, port in ports.items())
        return f"the pods of a pool take requests on one port, and these are on several: {listed}"
    return error
