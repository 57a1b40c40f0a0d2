"""Prefill and decode in separate pods: what tells them apart, and what hands a request from one to the other.

The picker sends a request to a Decode pod, and says in a header which Prefill pod to ask first.
The side-car of the Decode pod does so, and then hands the request with the transferred KV cache
to the engine beside it. The pods of either phase run as another topology says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from function.api.engines import AnyMember, Phase, Picker, PlacedEngine, PlacedMember, Role, ServingMode
from function.api.model_replica import ModelReplicaSpec, WorkloadKind
from function.composition import Manifest, Object
from function.replica.engines import EngineFacts, read_engine
from function.replica.identity import ReplicaIdentity
from function.replica.kv_transfer import Handover, handover
from function.replica.picker_scheduling import SCORERS, PickerScheduling
from function.replica.security_context import container_security_context
from function.replica.topologies.counts import CopyCounts
from function.replica.topologies.topology import Ports, ShapedEngine, Topology

IMAGE: Final = "ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.9.0"

SIDE_CAR_PORT: Final = 8000
"""Where the side-car of a Decode engine takes requests."""

_UNCACHED_TOKENS: Final = 16
"""Prompts with fewer tokens that no cache holds are not worth a trip to another pod; 0 would mean none is."""

_WHEN_WORTH_IT: Final[Manifest] = {
    "type": "prefix-based-pd-decider",
    "parameters": {"nonCachedTokens": _UNCACHED_TOKENS},
}
_ALWAYS: Final[Manifest] = {"type": "always-disagg-pd-decider"}


def _scheduling(decider: Manifest) -> PickerScheduling:
    """A pod of each phase, the Prefill pod as a decider says.

    Without a picker the gateway sends nothing: it could not tell prefill from decode.
    """
    return PickerScheduling(
        plugins=(
            {"type": "prefix-cache-scorer"},
            {"type": "disagg-headers-handler"},
            {"type": "queue-scorer"},
            {"type": "prefill-filter"},
            {"type": "decode-filter"},
            {"type": "max-score-picker"},
            decider,
            {"type": "disagg-profile-handler", "parameters": {"deciders": {"prefill": decider["type"]}}},
        ),
        profiles=(
            {"name": "prefill", "plugins": [{"pluginRef": "prefill-filter"}, *SCORERS]},
            {"name": "decode", "plugins": [{"pluginRef": "decode-filter"}, *SCORERS]},
        ),
        failure_mode="FailClose",
    )


@dataclass(frozen=True, slots=True)
class PrefillDecode(Topology):
    """One of a pair of engines that answer a request together.

    Attributes:
        base: How the engine's pods run.
    """

    base: Topology

    @property
    def shape(self) -> str:
        """Whatever the pods run as."""
        return self.base.shape

    def matches(self, engine: ShapedEngine) -> bool:
        """Tell by the phase, and by how the pods run."""
        return engine.phase is not None and self.base.matches(engine)

    @property
    def mode(self) -> ServingMode:
        """The mode of the same name."""
        return ServingMode.PREFILL_DECODE

    def validate(self, spec: ModelReplicaSpec) -> str:
        """Refuse engines that are no pair."""
        phases = sorted(engine.phase or "" for engine in spec.engines)
        if spec.serving.mode is self.mode and phases == [Phase.DECODE, Phase.PREFILL]:
            return ""
        return "one engine each of phase Prefill and Decode, for that serving mode alone"

    @property
    def workload_kind(self) -> WorkloadKind:
        """Whatever the pods run as."""
        return self.base.workload_kind

    def workload_name(self, replica: ReplicaIdentity, engine: PlacedEngine) -> str:
        """Name the workload like that of any other engine."""
        return self.base.workload_name(replica, engine)

    def workload(self, replica: ReplicaIdentity, engine: PlacedEngine, templates: Mapping[Role, Manifest]) -> Manifest:
        """Build the workload like that of any other engine."""
        return self.base.workload(replica, engine, templates)

    @property
    def readiness(self) -> str:
        """Ready like any other engine."""
        return self.base.readiness

    def copies(self, workload: Object) -> CopyCounts:
        """Count as for any other engine."""
        return self.base.copies(workload)

    def pod_templates(self, workload: Object) -> list[Object]:
        """Those of whatever the pods run as."""
        return self.base.pod_templates(workload)

    def serves(self, engine: ShapedEngine, member: AnyMember) -> bool:
        """Those that would without phases too."""
        return self.base.serves(engine, member)

    def serving_pods(self, engine: ShapedEngine) -> int:
        """Count as for any other engine."""
        return self.base.serving_pods(engine)

    def serving_member(self, engine: PlacedEngine) -> PlacedMember:
        """The one that would answer requests without phases too."""
        return self.base.serving_member(engine)

    def facts(self, engine: PlacedEngine) -> EngineFacts:
        """Read what is known of an engine; one beside a side-car is not taken to listen where that does."""
        container = self.serving_member(engine).template.container
        return read_engine(engine, container, taken=SIDE_CAR_PORT if engine.phase is Phase.DECODE else 0)

    def ports(self, engine: PlacedEngine) -> Ports:
        """Work out the ports: the side-car of a Decode engine takes requests in its stead."""
        if engine.phase is not Phase.DECODE:
            return self.base.ports(engine)
        base, port = self.base.ports(engine), self.facts(engine).port
        error = (
            f"engine {engine.name} cannot listen on {SIDE_CAR_PORT}, where its side-car takes requests; "
            f"have it listen on another port, such as {SIDE_CAR_PORT + 1}"
        )
        error = error if port.value == SIDE_CAR_PORT else base.error
        return replace(base, engine=port.value, pool=SIDE_CAR_PORT, warning=port.warning, error=error)

    def pod_labels(self, replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember) -> dict[str, str]:
        """The labels by which the picker tells prefill from decode, on pods that answer requests."""
        base = self.base.pod_labels(replica, engine, member)
        if engine.phase is None or not self.serves(engine, member):
            return base
        return {"llm-d.ai/role": engine.phase.lower(), "llm-d.ai/inference-serving": "true", **base}

    def env(self, engine: PlacedEngine, member: PlacedMember, written: list[Manifest]) -> list[Manifest]:
        """Add what transfers need, less what the user has written."""
        env = self.base.env(engine, member, written)
        names = {variable["name"] for variable in env}
        return [*env, *(variable for variable in self._handover(engine).engine_env if variable["name"] not in names)]

    def side_cars(self, engine: PlacedEngine) -> list[Manifest]:
        """Build what hands requests on, for a Decode engine."""
        base = self.base.side_cars(engine)
        if engine.phase is not Phase.DECODE:
            return base
        found = self._handover(engine)
        side_car: Manifest = {
            "name": "pd-sidecar",
            "image": IMAGE,
            "args": ["--secure-proxy=false", *found.side_car_args, f"--vllm-port={self.ports(engine).engine}"],
            **({"env": found.side_car_env} if found.side_car_env else {}),
            "ports": [{"containerPort": SIDE_CAR_PORT}],
            "readinessProbe": {
                "httpGet": {"path": "/health", "port": SIDE_CAR_PORT},
                "periodSeconds": 10,
                "timeoutSeconds": 5,
            },
            "securityContext": container_security_context(),
        }
        return [*base, side_car]

    @property
    def picker(self) -> Picker:
        """Always one: nothing else could choose a pod of each phase."""
        return Picker.ENABLED

    def picker_scheduling(self, engine: PlacedEngine) -> PickerScheduling:
        """A pod of each phase, the Prefill pod only when it is worth the trip, or when Decode cannot do without."""
        return _scheduling(_ALWAYS if self._handover(engine).both_at_once else _WHEN_WORTH_IT)

    def _handover(self, engine: PlacedEngine) -> Handover:
        return handover(engine, self.base.serving_member(engine).template.container)

    def reuses_prefixes(self, engine: PlacedEngine) -> bool:
        """Tell by the phase: a request goes to a Decode pod first."""
        return engine.phase is Phase.DECODE
