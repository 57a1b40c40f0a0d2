"""ModelReplica: one complete copy of a model on one cluster."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from function.api import content, labels
from function.api.base import Column, Integer, Kind, Model, Text, date_time, immutable, items, length
from function.api.engines import ENGINES, PHASE_RULES, REACH_RULES, PlacedEngine
from function.api.workload import ReplicaFields

WorkloadKind: TypeAlias = Literal["Deployment", "LeaderWorkerSet"]

_INSTEAD = "change its ModelDeployment, which makes another replica"


class ModelReplicaSpec(ReplicaFields):
    """What runs, and where."""

    RULES = (*PHASE_RULES, *REACH_RULES)

    cluster_name: Annotated[Text, length(1, 63), immutable("the cluster of a replica", _INSTEAD)]
    """The InferenceCluster that the replica is pinned to."""

    engines: Annotated[tuple[PlacedEngine, ...], ENGINES, content.PLACED, immutable("what a replica runs", _INSTEAD)]
    """The engines, pinned to node pools."""


class EngineStatus(Model):
    """What runs for an engine."""

    name: Annotated[Text, length(None, 63)]
    """Name of the engine."""

    kind: WorkloadKind | None = None
    """Kind of the workload on the cluster."""

    workload: Annotated[Text, length(None, 253)] = ""
    """Name of the workload on the cluster."""

    desired: Integer | None = None
    """Copies that are wanted."""

    ready: Integer | None = None
    """Copies that are ready."""


class ModelReplicaStatus(Model):
    """How the replica is reached, and what runs for it."""

    serving_since: Annotated[Text, length(None, 64), date_time()] | None = None
    """When the replica first served."""

    path: Annotated[Text, length(None, 512)] = ""
    """Path below the cluster's gateway that reaches the replica."""

    engines: Annotated[tuple[EngineStatus, ...], items(None, 8, keys=("name",))] = ()
    """What runs for each engine."""


_DEPLOYMENT_LABEL = labels.DEPLOYMENT.replace(".", "\\.")

MODEL_REPLICA = Kind(
    group=labels.GROUP,
    kind="ModelReplica",
    plural="modelreplicas",
    short="mr",
    scope="Namespaced",
    about="A ModelReplica is one complete copy of a model on one inference cluster. ModelDeployment makes it, once: "
    "what it runs and where never changes.",
    spec=ModelReplicaSpec,
    status=ModelReplicaStatus,
    step="compose-model-replica",
    columns=(
        Column("DEPLOYMENT", f".metadata.labels.{_DEPLOYMENT_LABEL}"),
        Column("CLUSTER", ".spec.clusterName"),
        Column("MODELREADY", ".status.conditions[?(@.type=='ModelReady')].status"),
    ),
    internal=True,
)
