"""ModelDeployment: a model to serve, and how many replicas of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from function.api import content, labels
from function.api.base import (
    Column,
    Flag,
    Integer,
    Kind,
    Model,
    Rule,
    Scale,
    Text,
    between,
    date_time,
    items,
    length,
)
from function.api.engines import ENGINES, PHASE_RULES, REACH_RULES, Engine
from function.api.pod_template import Labels, label_rules
from function.api.workload import Workload, WorkloadFields


class TemplateMetadata(Model):
    """Labels that are given to replicas and their endpoints."""

    RULES = label_rules("template.metadata.labels")

    labels: Labels = Field(default_factory=dict)
    """Labels of replicas and endpoints; keys under `modelplane.ai/` are reserved."""


class TemplateSpec(WorkloadFields):
    """What to run, in the nested way of writing it."""

    RULES = (*PHASE_RULES, *REACH_RULES)

    engines: Annotated[tuple[Engine, ...], ENGINES, content.WANTED]
    """The engines that make up one replica."""


class Template(Model):
    """Labels of the replicas and, in the nested way of writing it, what to run."""

    metadata: TemplateMetadata = Field(default_factory=TemplateMetadata)
    """Labels that are given to replicas and their endpoints."""

    spec: TemplateSpec | None = None
    """What to run; then `replicas`, `rollout` and `template` are all that the deployment's spec may have."""


class Rollout(Model):
    """How replicas are replaced when what they run changes."""

    RULES = (
        Rule(
            "self.maxSurge > 0 || !has(self.maxUnavailable) || self.maxUnavailable > 0",
            "rollout.maxSurge and rollout.maxUnavailable must not both be 0",
        ),
    )

    max_surge: Annotated[Integer, between(0, 200)] = 1
    """Replicas that may exist beyond the wanted number during a rollout."""

    max_unavailable: Annotated[Integer, between(0, 200)] | None = None
    """Replicas that may be missing during a rollout; without it 1, or 0 when there is one replica."""

    progress_deadline_seconds: Annotated[Integer, between(1, 604800)] = 3600
    """How long a new revision may take until it serves; then the rollout stops."""

    paused: Flag = False
    """Start no further replacement."""


class ModelDeploymentSpec(WorkloadFields):
    """What to run, and how many replicas of it."""

    RULES = (
        *PHASE_RULES,
        *REACH_RULES,
        Rule(
            "has(self.engines) != (has(self.template) && has(self.template.spec))",
            "exactly one of spec.engines and spec.template.spec must be set",
        ),
        Rule(
            "!has(self.template) || !has(self.template.spec) || !(has(self.clusterSelector) || has(self.modelCacheRef)"
            " || has(self.serving) || has(self.tolerations))",
            "with spec.template.spec, clusterSelector, modelCacheRef, serving and tolerations belong under it",
        ),
    )

    replicas: Annotated[Integer, between(0, 200)]
    """Complete copies of the model across the fleet; 0 stops serving."""

    rollout: Rollout = Field(default_factory=Rollout)
    """How replicas are replaced when what they run changes."""

    engines: Annotated[tuple[Engine, ...], ENGINES, content.WANTED] = ()
    """The engines that make up one replica."""

    template: Template | None = None
    """Labels of the replicas and, in the nested way of writing it, what to run."""

    def workload(self) -> Workload:
        """Turn both ways of writing a deployment into one.

        Of a spec that admission would refuse for having both, the nested way counts.
        """
        template = self.template or Template()
        source: ModelDeploymentSpec | TemplateSpec = template.spec or self
        fields_set = source.model_fields_set
        parts: dict[str, Any] = {name: getattr(source, name) for name in Workload.model_fields if name in fields_set}
        if template.metadata.labels:
            parts["labels"] = template.metadata.labels
        return Workload.model_construct(**parts)


class ReplicaCounts(Model):
    """How many replicas there are."""

    desired: Integer | None = None
    """Replicas that the spec asks for."""

    total: Integer | None = None
    """Replicas that are scheduled, less those that a rollout adds for a while."""

    ready: Integer | None = None
    """Replicas that serve."""


class Placement(Model):
    """Where a replica runs."""

    replica: Annotated[Text, length(None, 63)]
    """Name of the ModelReplica."""

    cluster: Annotated[Text, length(None, 63)] = ""
    """The InferenceCluster."""

    pools: Annotated[tuple[Annotated[Text, length(None, 63)], ...], items(None, 16, type="atomic")] = ()
    """The node pools."""

    revision: Annotated[Text, length(None, 63)] = ""
    """The revision that it runs."""

    serving: Flag = False
    """Whether it serves."""


class Revision(Model):
    """The revision that is rolled out."""

    name: Annotated[Text, length(None, 63)] = ""
    """Name of the revision, as replicas carry it in label `modelplane.ai/revision`."""

    since: Annotated[Text, length(None, 64), date_time()] | None = None
    """When it became the wanted one."""


class RevisionCount(Model):
    """How many replicas run a revision."""

    name: Annotated[Text, length(None, 63)]
    """Name of the revision."""

    replicas: Integer | None = None
    """Replicas that run it."""

    serving: Integer | None = None
    """Replicas of it that serve."""


class Avoidance(Model):
    """A pool that no replica is placed on for a while."""

    cluster: Annotated[Text, length(None, 63)]
    """The InferenceCluster."""

    pool: Annotated[Text, length(None, 63)]
    """The node pool."""

    until: Annotated[Text, length(None, 64), date_time()] | None = None
    """Until when."""

    attempts: Integer | None = None
    """How often a replica had to leave it."""


class MissingCluster(Model):
    """A cluster with replicas of the deployment that is not found any more."""

    cluster: Annotated[Text, length(None, 63)]
    """The InferenceCluster."""

    since: Annotated[Text, length(None, 64), date_time()] | None = None
    """When it was first missed."""


class ModelDeploymentStatus(Model):
    """Where replicas run and how many serve."""

    replicas: ReplicaCounts = Field(default_factory=ReplicaCounts)
    """How many replicas there are."""

    placements: Annotated[tuple[Placement, ...], items(None, 512, keys=("replica",))] = ()
    """Where each replica runs."""

    selector: Annotated[Text, length(None, 512)] = ""
    """Labels of the replicas, as the scale subresource shows them."""

    revision: Revision = Field(default_factory=Revision)
    """The revision that is rolled out."""

    revisions: Annotated[tuple[RevisionCount, ...], items(None, 256, keys=("name",))] = ()
    """How many replicas run each revision; more than one while a rollout goes on."""

    avoid: Annotated[tuple[Avoidance, ...], items(None, 256, keys=("cluster", "pool"))] = ()
    """Pools that no replica is placed on for a while."""

    missing: Annotated[tuple[MissingCluster, ...], items(None, 256, keys=("cluster",))] = ()
    """Clusters with replicas that are not found any more; ten minutes later these are placed anew."""


MODEL_DEPLOYMENT = Kind(
    group=labels.GROUP,
    kind="ModelDeployment",
    plural="modeldeployments",
    short="md",
    scope="Namespaced",
    about="A ModelDeployment is a model to serve: the engines that run it, the hardware that they need, and how many "
    "replicas there are. The fleet's scheduler places the replicas on inference clusters.",
    spec=ModelDeploymentSpec,
    status=ModelDeploymentStatus,
    step="compose-model-deployment",
    columns=(
        Column("DESIRED", ".spec.replicas", "integer"),
        Column("SCHEDULED", ".status.replicas.total", "integer"),
        Column("REPLICAS", ".status.replicas.ready", "integer"),
    ),
    scale=Scale(".spec.replicas", ".status.replicas.total", ".status.selector"),
)
