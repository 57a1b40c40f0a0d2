"""Which topologies there are, and which of them an engine has."""

from __future__ import annotations

from typing import Final

from function.api.engines import Picker, ServingMode
from function.api.model_replica import ModelReplicaSpec
from function.composition import InvalidSpecError
from function.replica.topologies.gang import Gang
from function.replica.topologies.prefill_decode import PrefillDecode
from function.replica.topologies.standalone import Standalone
from function.replica.topologies.topology import ShapedEngine, Topology

_BASES: Final[tuple[Topology, ...]] = (Standalone(), Gang())
"""How the pods of an engine run, whether or not it has a phase."""

TOPOLOGIES: tuple[Topology, ...] = (*map(PrefillDecode, _BASES), *_BASES)
"""Every topology. An engine has the first that matches it."""


def topology_of(engine: ShapedEngine) -> Topology:
    """Find the topology of an engine.

    Raises:
        InvalidSpecError: None has members like these.
    """
    for topology in TOPOLOGIES:
        if topology.matches(engine):
            return topology
    shapes = ", or ".join(dict.fromkeys(topology.shape for topology in TOPOLOGIES))
    raise InvalidSpecError(f"spec.engines: an engine is {shapes}")


def validate(spec: ModelReplicaSpec) -> None:
    """Check that every engine has a topology, and that they and the serving mode go together.

    Raises:
        InvalidSpecError: They do not.
    """
    of_engines = [topology_of(engine) for engine in spec.engines]
    of_mode = [topology for topology in TOPOLOGIES if topology.mode is spec.serving.mode]
    for topology in (*of_engines, *of_mode):
        error = topology.validate(spec)
        if error:
            raise InvalidSpecError(f"spec.engines: {error}")
    if any(topology.mode is not spec.serving.mode for topology in of_engines):
        raise InvalidSpecError(f"spec.engines: not every engine fits serving mode {spec.serving.mode}")


def picker_of(mode: ServingMode) -> Picker | None:
    """Say whether the replicas of a serving mode have an endpoint picker; None when the mode does not decide."""
    return next((topology.picker for topology in TOPOLOGIES if topology.mode is mode and topology.picker), None)
