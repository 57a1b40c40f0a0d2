"""How requests reach the pods of a replica: by a Service, or by a pool whose endpoint picker chooses one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from function.api.engines import AnyEngine, Picker, PlacedEngine, Serving
from function.api.model_replica import ModelReplicaSpec
from function.replica import engine_flags
from function.replica.engine_flags import SIDE_CAR_PORT

DISAGGREGATED: Final = "PrefillDecode"


def choose_picker(serving: Serving, engines: Iterable[AnyEngine]) -> Picker:
    """Choose whether a replica has an endpoint picker.

    It is for choosing among pods: without a word from the user, there is one when several answer requests.
    """
    if serving.mode == DISAGGREGATED:
        return "Enabled"
    return serving.picker or ("Enabled" if sum(engine.copies for engine in engines) > 1 else "Disabled")


@dataclass(frozen=True, slots=True)
class Topology:
    """What pods and picker need to know of each other.

    Attributes:
        disaggregated: Whether a pair of engines answers a request together.
        picker: Whether an endpoint picker chooses the pod.
        port: Where the pods of the pool take requests.
        block_size: Tokens in a block of the KV cache of those whose prefixes the picker follows.
        fault: Why no request could be answered; empty when all fits.
        remarks: What of the engines' flags could not be used.
    """

    disaggregated: bool
    picker: bool
    port: int
    block_size: int
    fault: str
    remarks: tuple[str, ...]


def topology(spec: ModelReplicaSpec, *, picker: bool) -> Topology:
    """Work out the topology of a replica."""
    pair = spec.serving.mode == DISAGGREGATED
    pooled = {engine.name: _pool_port(engine) for engine in spec.engines}
    followed = next((engine for engine in spec.engines if engine.phase == "Decode"), spec.engines[0])
    sizes = {engine.name: engine_flags.block_size(engine) for engine in spec.engines}
    block_size = sizes[followed.name]
    said = [*(engine_flags.port(engine) for engine in spec.engines), *([block_size] if picker else [])]
    remarks = [one.remark for one in said if one.remark]
    if picker and not pair and len({size.value for size in sizes.values()}) > 1:
        given = ", ".join(f"{name} {size.value}" for name, size in sizes.items())
        remarks.append(f"blocks of the KV cache differ in size ({given}); the picker assumes {block_size.value}")
    return Topology(
        disaggregated=pair,
        picker=picker,
        port=SIDE_CAR_PORT if pair else pooled[spec.engines[0].name],
        block_size=block_size.value,
        fault=_fault(spec, pooled, picker=picker),
        remarks=tuple(remarks),
    )


def _pool_port(engine: PlacedEngine) -> int:
    """Where an engine's pods take requests: a Decode engine's side-car takes them in its stead."""
    return SIDE_CAR_PORT if engine.phase == "Decode" else engine_flags.port(engine).value


def _fault(spec: ModelReplicaSpec, pooled: dict[str, int], *, picker: bool) -> str:
    for engine in spec.engines:
        if engine.phase == "Decode" and engine_flags.port(engine).value == SIDE_CAR_PORT:
            return (
                f"engine {engine.name} cannot listen on {SIDE_CAR_PORT}, where its side-car takes requests; "
                "have it listen on another port, such as 8001"
            )
    if picker and len(set(pooled.values())) > 1:
        ports = ", ".join(f"{name} on {number}" for name, number in pooled.items())
        return f"the pods of a pool take requests on one port, and these are on several: {ports}"
    return ""
