"""What the route of a replica leads to: a Service, or an InferencePool whose endpoint picker chooses the pod."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from function.api.engines import EngineRole, Picker, PlacedEngine, Scheme, Serving
from function.api.model_replica import ModelReplicaSpec
from function.api.pod_template import Container
from function.replica import engine_metrics
from function.replica.engine_metrics import PoolMetrics
from function.replica.engines import FlagValue, read_engine
from function.replica.kv_transfer import assumptions, handover, mismatch
from function.replica.picker_scheduling import SMALLEST_BLOCK, PickerScheduling
from function.replica.pods import has_other_name
from function.replica.topologies.registry import picker_of, topology_of
from function.replica.topologies.topology import Ports, ShapedEngine

_Shaped = TypeVar("_Shaped", bound=ShapedEngine)


def choose_picker(serving: Serving, engines: Iterable[ShapedEngine]) -> Picker:
    """Choose whether a replica has an endpoint picker.

    It is for choosing among pods: unless the user or the serving mode decides, there is one when several
    answer requests. There is none where a Router chooses, nor in front of pods that one could not send requests to.
    """
    asked = asked_engines(list(engines))
    several = sum(topology_of(engine).serving_pods(engine) for engine in asked) > 1
    wanted = several and not any(engine.role is EngineRole.ROUTER or _unfit(engine) for engine in asked)
    return picker_of(serving.mode) or serving.picker or (Picker.ENABLED if wanted else Picker.DISABLED)


def asked_engines(engines: Sequence[_Shaped]) -> list[_Shaped]:
    """The engines of a replica that requests are sent to: its Router alone, or all."""
    return [engine for engine in engines if engine.role is EngineRole.ROUTER] or list(engines)


def _unfit(engine: ShapedEngine) -> bool:
    """Tell whether the pods of an engine could not be in an InferencePool."""
    topology = topology_of(engine)
    serving = [member.template.container for member in engine.members if topology.serves(engine, member)]
    tls = any(read_engine(engine, container).scheme is Scheme.HTTPS for container in serving)
    return tls or len(engine.serving.ports or ()) > 1


@dataclass(frozen=True, slots=True)
class BackendRefusal:
    """Why no request could be answered.

    Attributes:
        reason: The condition's reason.
        message: What to do about it.
    """

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Backend:
    """What pods and picker need to know of each other.

    Attributes:
        picker: Whether an endpoint picker chooses the pod.
        ports: Where the pods that are asked take requests.
        by_name: Whether a Service can name the ports of the engines instead, which need not be the same for all.
        scheme: How the pods that are asked are spoken to.
        block_size: Tokens in the blocks in which the picker follows prefixes.
        metrics: What the picker is told of its engines' metrics.
        scheduling: How the picker chooses.
        refusal: Why no request could be answered; None when all fits.
        handover_error: Why prefill and decode could not hand over the KV cache; empty when they can.
        warnings: What of the engines' flags could not be used.
    """

    picker: bool
    ports: tuple[int, ...]
    by_name: bool
    scheme: Scheme
    block_size: int
    metrics: PoolMetrics
    scheduling: PickerScheduling
    refusal: BackendRefusal | None
    handover_error: str
    warnings: tuple[str, ...]

    @property
    def port(self) -> int:
        """Where the pods of the pool take requests."""
        return self.ports[0]

    @property
    def refusal_when_new(self) -> BackendRefusal | None:
        """Why a replica that has not been made yet is not; one that runs may go on although its engines disagree."""
        return BackendRefusal("InvalidTransfer", self.handover_error) if self.handover_error else self.refusal


def read_backend(spec: ModelReplicaSpec, *, picker: bool) -> Backend:
    """Work out the backend of a replica, whose engines have been validated."""
    asked = asked_engines(spec.engines)
    ports = {engine.name: topology_of(engine).ports(engine) for engine in spec.engines}
    of_asked = {engine.name: ports[engine.name] for engine in asked}
    first = of_asked[asked[0].name]
    sizes = [_block_size(engine) for engine in asked if topology_of(engine).reuses_prefixes(engine)]
    by_name = all(port.pool == port.engine for port in of_asked.values()) and not any(map(_names_its_port, asked))
    metrics = engine_metrics.read((engine, _container(engine)) for engine in asked)
    handovers = {engine.name: handover(engine, _container(engine)) for engine in asked if engine.phase}
    warnings = [port.warning for port in ports.values()]
    if picker:
        warnings += [*(size.warning for size in sizes), *metrics.warnings, *assumptions(handovers)]
    return Backend(
        picker=picker,
        ports=first.asked,
        by_name=by_name,
        scheme=first.scheme,
        block_size=max((SMALLEST_BLOCK, *(size.value for size in sizes))),
        metrics=metrics,
        scheduling=topology_of(asked[0]).picker_scheduling(asked[0]),
        refusal=_refuse_ports(ports, of_asked, picker=picker, by_name=by_name)
        or _refuse_schemes(of_asked, picker=picker),
        handover_error=mismatch(handovers),
        warnings=tuple(filter(None, warnings)),
    )


def _names_its_port(engine: PlacedEngine) -> bool:
    """Tell whether the user has named the port of an engine, which then is referred to by its number."""
    return has_other_name(_container(engine), topology_of(engine).ports(engine).engine)


def _container(engine: PlacedEngine) -> Container:
    return topology_of(engine).serving_member(engine).template.container


def _block_size(engine: PlacedEngine) -> FlagValue:
    return topology_of(engine).facts(engine).block_size


def _refuse_ports(
    ports: dict[str, Ports], asked: dict[str, Ports], *, picker: bool, by_name: bool
) -> BackendRefusal | None:
    """Refuse ports that requests would not reach: an InferencePool has one (inference-extension 1.0.1)."""
    error = next((port.error for port in ports.values() if port.error), "")
    listed = ", ".join(_listed(name, port) for name, port in asked.items())
    if not error and picker and any(port.more for port in asked.values()):
        error = f"an endpoint picker chooses among pods that have one port, and these have several: {listed}"
    if not error and (picker or not by_name) and len({port.pool for port in asked.values()}) > 1:
        before = [port.pool for port in asked.values() if port.pool != port.engine]
        advice = f"have the others listen on {before[0]} too" if before else "have all listen on one"
        error = f"the pods of a pool take requests on one port, and these are on several: {listed}; {advice}"
    if not error and len({len(port.asked) for port in asked.values()}) > 1:
        error = f"the pods of a replica take requests on equally many ports, and these do not: {listed}"
    return BackendRefusal("InvalidPort", error) if error else None


def _listed(name: str, ports: Ports) -> str:
    numbers = " and ".join(map(str, ports.asked))
    behind = f" (its side-car, with the engine behind it on {ports.engine})" if ports.pool != ports.engine else ""
    return f"{name} on {numbers}{behind}"


def _refuse_schemes(asked: dict[str, Ports], *, picker: bool) -> BackendRefusal | None:
    """Refuse engines that could not be spoken to as they are."""
    schemes = {port.scheme for port in asked.values()}
    listed = ", ".join(f"{name} {port.scheme}" for name, port in asked.items())
    if len(schemes) > 1:
        return BackendRefusal(
            "InvalidScheme", f"the engines that requests are sent to are spoken to in one way: {listed}"
        )
    if picker and Scheme.HTTPS in schemes:
        message = f"an endpoint picker and its gateway do not speak TLS to engines ({listed}): serve HTTP"
        return BackendRefusal("InvalidScheme", f"{message}, or set serving.picker to Disabled if engines have no phase")
    return None
