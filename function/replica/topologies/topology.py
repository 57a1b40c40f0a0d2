"""The protocol of a topology: everything that a ModelReplica needs to know of how an engine runs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from function.api.engines import Picker, PlacedEngine, PlacedMember, Role, ServingMode
from function.api.model_replica import ModelReplicaSpec, WorkloadKind
from function.composition import Manifest, Object
from function.replica import engine_flags, picker_scheduling
from function.replica.identity import ReplicaIdentity
from function.replica.picker_scheduling import PickerScheduling
from function.replica.topologies.counts import CopyCounts


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the pods of an engine take requests.

    Attributes:
        engine: The port that the engine itself listens on.
        pool: The port of the pod that requests are sent to.
        warning: Which flag of the engine could not be used, and what is assumed instead; empty when none.
        error: Why requests could not reach the engine; empty when they can.
    """

    engine: int
    pool: int
    warning: str = ""
    error: str = ""


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
    def matches(self, engine: PlacedEngine) -> bool:
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
    def serving_member(self, engine: PlacedEngine) -> PlacedMember:
        """The member whose pods answer requests."""

    def ports(self, engine: PlacedEngine) -> Ports:
        """Work out where the pods of an engine take requests."""
        port = engine_flags.port(engine, self.serving_member(engine).template.container)
        return Ports(engine=port.value, pool=port.value, warning=port.warning)

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

    @property
    def picker_scheduling(self) -> PickerScheduling:
        """How an endpoint picker chooses among the pods of a replica with such engines."""
        return picker_scheduling.UNIFIED

    def reuses_prefixes(self, engine: PlacedEngine) -> bool:
        """Tell whether the picker looks for a request's prefix in the KV cache of an engine's pods."""
        return True
