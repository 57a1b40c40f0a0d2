"""The protocol of a topology: everything that a ModelReplica needs to know of how an engine runs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from function.api.engines import AnyMember, Engine, Picker, PlacedEngine, PlacedMember, Role, Scheme, ServingMode
from function.api.model_replica import ModelReplicaSpec, WorkloadKind
from function.composition import Manifest, Object
from function.inventory.nodes import pods_per_copy
from function.replica import picker_scheduling
from function.replica.engines import EngineFacts, read_engine
from function.replica.identity import ReplicaIdentity
from function.replica.picker_scheduling import PickerScheduling
from function.replica.topologies.counts import CopyCounts

PORT_NAME: Final = "engine"
"""Name of the engine's first port; Services refer to it, so engines may listen on different numbers."""

ShapedEngine: TypeAlias = Engine | PlacedEngine
"""An engine with its members, placed or not."""


def port_name(index: int) -> str:
    """Name a port of the engine by its place among them."""
    return f"{PORT_NAME}-{index}" if index else PORT_NAME


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the pods of an engine take requests.

    Attributes:
        engine: The port that the engine itself listens on; of several the first, which probes ask.
        pool: The port of the pod that requests are sent to; of several the first.
        more: The further ports of an engine that has several, to all of which requests are sent.
        scheme: How the engine is spoken to.
        warning: Which flag of the engine could not be used, and what is assumed instead; empty when none.
        error: Why requests could not reach the engine; empty when they can.
    """

    engine: int
    pool: int
    more: tuple[int, ...] = ()
    scheme: Scheme = Scheme.HTTP
    warning: str = ""
    error: str = ""

    @property
    def asked(self) -> tuple[int, ...]:
        """All ports of the pod that requests are sent to."""
        return (self.pool, *self.more)

    @property
    def of_container(self) -> list[Manifest]:
        """The engine's ports as its container lists them."""
        numbers = enumerate((self.engine, *self.more))
        return [{"name": port_name(index), "containerPort": number} for index, number in numbers]


class Topology(Protocol):
    """How the pods of an engine are run, reached and counted.

    A topology holds no state of an engine: each operation is given what it is about. Operations with a
    body are what holds for most; the others have to be written.
    """

    # ------------------------------------------------------------------ choosing

    @property
    @abstractmethod
    def shape(self) -> str:
        """The members of its engines, in words: `an engine is <shape>`."""

    @abstractmethod
    def matches(self, engine: ShapedEngine) -> bool:
        """Tell whether an engine has this topology."""

    @property
    def mode(self) -> ServingMode:
        """The serving mode of replicas with such engines."""
        return ServingMode.UNIFIED

    def validate(self, spec: ModelReplicaSpec) -> str:
        """Say why a replica with such engines, or of the serving mode, is invalid; empty when it is valid."""
        return ""

    # ------------------------------------------------------------------ workload

    @property
    @abstractmethod
    def workload_kind(self) -> WorkloadKind:
        """The kind of the workload."""

    @abstractmethod
    def workload_name(self, replica: ReplicaIdentity, engine: PlacedEngine) -> str:
        """Name the workload of an engine."""

    @abstractmethod
    def workload(self, replica: ReplicaIdentity, engine: PlacedEngine, templates: Mapping[Role, Manifest]) -> Manifest:
        """Build the workload of an engine.

        Args:
            replica: The replica that it belongs to.
            engine: The engine.
            templates: The pod template of each member.
        """

    @property
    @abstractmethod
    def readiness(self) -> str:
        """When the workload is ready, in CEL over `object`: this generation answers, with at most one copy missing."""

    @abstractmethod
    def copies(self, workload: Object) -> CopyCounts:
        """Read how many copies a workload counts.

        Args:
            workload: The workload as it is on the cluster; empty when it is not there.
        """

    @abstractmethod
    def pod_templates(self, workload: Object) -> list[Object]:
        """Read the pod templates of a workload that has been composed earlier."""

    # ------------------------------------------------------------------ pods

    @abstractmethod
    def serves(self, engine: ShapedEngine, member: AnyMember) -> bool:
        """Tell whether the pods of a member answer requests."""

    def serving_member(self, engine: PlacedEngine) -> PlacedMember:
        """The member whose flags count for all pods that answer requests."""
        return next(member for member in engine.members if self.serves(engine, member))

    def serving_pods(self, engine: ShapedEngine) -> int:
        """Count the pods that answer requests, of all copies."""
        serving = (member for member in engine.members if self.serves(engine, member))
        return engine.copies * sum(map(pods_per_copy, serving))

    def facts(self, engine: PlacedEngine) -> EngineFacts:
        """Read what is known of an engine: its program, where it listens, what is assumed of it."""
        return read_engine(engine, self.serving_member(engine).template.container)

    def ports(self, engine: PlacedEngine) -> Ports:
        """Work out where the pods of an engine take requests."""
        facts = self.facts(engine)
        first, *more = engine.serving.ports or (facts.port.value,)
        return Ports(
            engine=first,
            pool=first,
            more=tuple(more),
            scheme=facts.scheme,
            warning=facts.port.warning,
            error="" if engine.serving.ports else self._disagreement(engine),
        )

    def _disagreement(self, engine: PlacedEngine) -> str:
        """Say that members which all answer requests listen on different ports; empty when they do not."""
        serving = [member for member in engine.members if self.serves(engine, member)]
        ports = {member.role: read_engine(engine, member.template.container).port.value for member in serving}
        if len(set(ports.values())) <= 1:
            return ""
        listed = ", ".join(f"its {role} on {port}" for role, port in ports.items())
        return f"all pods of engine {engine.name} answer requests, and they listen on different ports: {listed}"

    def pod_labels(
        self,
        replica: ReplicaIdentity,
        engine: PlacedEngine,
        member: PlacedMember,
    ) -> dict[str, str]:
        """The labels that a member's pods have beside those of every pod."""
        return {}

    def env(self, engine: PlacedEngine, member: PlacedMember, written: list[Manifest]) -> list[Manifest]:
        """Add to the environment variables of a member's container.

        Args:
            engine: The engine.
            member: The member.
            written: The variables that the user has written.
        """
        return written

    def side_cars(self, engine: PlacedEngine) -> list[Manifest]:
        """Build the side-cars of a pod which answers requests: they start before its engine, and end after it."""
        return []

    # ------------------------------------------------------------------ picker

    @property
    def picker(self) -> Picker | None:
        """Whether every replica of the serving mode has an endpoint picker; None when the mode does not decide."""
        return None

    def picker_scheduling(self, engine: PlacedEngine) -> PickerScheduling:
        """How an endpoint picker chooses among the pods of a replica with such an engine."""
        return picker_scheduling.UNIFIED

    def reuses_prefixes(self, engine: PlacedEngine) -> bool:
        """Tell whether the picker looks for a request's prefix in the KV cache of an engine's pods."""
        return True
