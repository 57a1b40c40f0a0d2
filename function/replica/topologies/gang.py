"""A gang of pods over several nodes for each copy of an engine, as a LeaderWorkerSet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from function.api import labels
from function.api.engines import AnyMember, PlacedEngine, PlacedMember, Role, ServedFrom
from function.api.model_replica import WorkloadKind
from function.composition import Manifest, Object, unstructured
from function.inventory.nodes import pods_per_copy
from function.replica.ending import LEADER_ADDRESS
from function.replica.engines import read_engine
from function.replica.identity import ReplicaIdentity, gang_name
from function.replica.topologies.counts import CopyCounts, at_least_one_serves
from function.replica.topologies.topology import ShapedEngine, Topology

RANK: Final = "MODELPLANE_RANK"

_ENV: Final[tuple[Manifest, ...]] = (
    {"name": LEADER_ADDRESS, "value": "$(LWS_LEADER_ADDRESS)"},
    {"name": RANK, "value": "$(LWS_WORKER_INDEX)"},
)
"""The controller of LeaderWorkerSets puts what these refer to before them, and users refer to these."""

_QUEUE_LABELS: Final = ("kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/priority-class")
"""What Kueue reads of a LeaderWorkerSet for all pods of a gang, and not of the pods (its LeaderWorkerSet webhook and
reconciler, API v1beta2). A pod of a Deployment may have them itself."""

_READINESS: Final = (
    f"has(object.status) && {at_least_one_serves('readyReplicas')}"
    " && object.spec.replicas - object.status.readyReplicas <= 1"
)
"""A LeaderWorkerSet says of which generation it speaks by its counts alone."""


def served_from(engine: ShapedEngine) -> ServedFrom:
    """Tell which pods of a gang answer requests: as its typed field says, else as the commands of both members do.

    Args:
        engine: The engine, whose members are those of a gang.
    """
    if engine.serving.served_from is not None:
        return engine.serving.served_from
    everywhere = all(read_engine(engine, member.template.container).on_every_node for member in engine.members)
    return ServedFrom.ALL_PODS if everywhere else ServedFrom.LEADER


def queue_notes(engine: ShapedEngine) -> Iterator[str]:
    """Say which labels for a queue the pods of a gang have and its LeaderWorkerSet has not, so that nothing reads them.

    Args:
        engine: An engine of any shape.
    """
    if len(engine.members) == 1:
        return
    metadata = engine.workload.metadata if engine.workload else None
    of_gang = metadata.labels if metadata else {}
    for label in _QUEUE_LABELS:
        of_pods = (member.template.metadata.labels for member in engine.members if member.template.metadata)
        found = next((written[label] for written in of_pods if label in written), "")
        if found and of_gang.get(label) != found:
            yield (
                f"label {label} {found} is of its pods, and Kueue reads that of a gang's LeaderWorkerSet: "
                "write it in engines[].workload.metadata.labels"
            )


class Gang(Topology):
    """A leader, which answers requests, and workers that follow it or, if the engine says so, answer too.

    A LeaderWorkerSet counts a gang as ready by its leader, once all workers have been created (LeaderWorkerSet 0.8.0).
    """

    @property
    def shape(self) -> str:
        """Two members."""
        return "one Leader and one Worker"

    def matches(self, engine: ShapedEngine) -> bool:
        """Tell by the two members, in any order."""
        return sorted(member.role for member in engine.members) == [Role.LEADER, Role.WORKER]

    @property
    def workload_kind(self) -> WorkloadKind:
        """A LeaderWorkerSet."""
        return "LeaderWorkerSet"

    def workload_name(self, replica: ReplicaIdentity, engine: PlacedEngine) -> str:
        """Name the LeaderWorkerSet."""
        return gang_name(replica, engine.name)

    def workload(self, replica: ReplicaIdentity, engine: PlacedEngine, templates: Mapping[Role, Manifest]) -> Manifest:
        """Build the LeaderWorkerSet.

        All pods of a gang start together, since a leader is not ready without its workers, and restart together.
        """
        (worker,) = (member for member in engine.members if member.role is Role.WORKER)
        return {
            "apiVersion": "leaderworkerset.x-k8s.io/v1",
            "kind": "LeaderWorkerSet",
            "metadata": {"name": self.workload_name(replica, engine), "namespace": replica.namespace},
            "spec": {
                "replicas": engine.copies,
                "startupPolicy": "LeaderCreated",
                "rolloutStrategy": {
                    "type": "RollingUpdate",
                    "rollingUpdateConfiguration": {"maxSurge": 0, "maxUnavailable": 1},
                },
                "leaderWorkerTemplate": {
                    "size": 1 + pods_per_copy(worker),
                    "restartPolicy": "RecreateGroupOnPodRestart",
                    "leaderTemplate": templates[Role.LEADER],
                    "workerTemplate": templates[Role.WORKER],
                },
            },
        }

    @property
    def readiness(self) -> str:
        """Ready once a gang of this generation is ready, with at most one missing."""
        return _READINESS

    def copies(self, workload: Object) -> CopyCounts:
        """Count gangs; one that is ready answers."""
        ready = unstructured.integer(workload, "status", "readyReplicas")
        return CopyCounts(
            noun="gangs",
            desired=unstructured.integer(workload, "spec", "replicas", default=1),
            updated=unstructured.integer(workload, "status", "updatedReplicas"),
            ready=ready,
            available=ready,
        )

    def pod_templates(self, workload: Object) -> list[Object]:
        """The leader's and the workers'."""
        both = unstructured.mapping(workload, "spec", "leaderWorkerTemplate")
        return [unstructured.mapping(both, field) for field in ("leaderTemplate", "workerTemplate")]

    def serves(self, engine: ShapedEngine, member: AnyMember) -> bool:
        """The leader does, and the workers where the engine says so."""
        return member.role is Role.LEADER or served_from(engine) is ServedFrom.ALL_PODS

    def serving_member(self, engine: PlacedEngine) -> PlacedMember:
        """The leader."""
        (leader,) = (member for member in engine.members if member.role is Role.LEADER)
        return leader

    def pod_labels(self, replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember) -> dict[str, str]:
        """The label by which a leader is told from its workers."""
        return {labels.GANG_ROLE: "leader"} if member.role is Role.LEADER else {}

    def env(self, engine: PlacedEngine, member: PlacedMember, written: list[Manifest]) -> list[Manifest]:
        """Say first where the leader is and which pod of the gang this is."""
        return [*(dict(variable) for variable in _ENV), *written]
