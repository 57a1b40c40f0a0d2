"""Which nodes of its pool a pod may run on."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from function.api.base import Integer, Model, Rule, Text, between, length
from function.api.pods.selection import LabelKey, ObjectSelector, Values
from function.api.pods.values import MAX_INT32, MAX_INT64, LabelName, few
from function.api.taints import NodeToleration

Weight: TypeAlias = Annotated[Integer, between(1, 100)]
Keys: TypeAlias = Annotated[tuple[LabelKey, ...], few(16)]


class NodeExpression(Model):
    """A condition on one label of a node."""

    RULES = (
        Rule(
            "self.operator in ['Exists', 'DoesNotExist'] ? !has(self.values) || self.values.size() == 0"
            " : has(self.values) && self.values.size() > 0",
            "values are needed with the operators In, NotIn, Gt and Lt, and with no others",
        ),
        Rule(
            "!(self.operator in ['Gt', 'Lt']) || !has(self.values) || self.values.size() <= 1",
            "the operators Gt and Lt need exactly one value",
        ),
    )

    key: LabelKey
    """Key of the label."""

    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    """How it is compared; Gt and Lt compare whole numbers."""

    values: Values = ()
    """What it is compared with."""


class NodeTerm(Model):
    """Conditions on a node that must all hold."""

    match_expressions: Annotated[tuple[NodeExpression, ...], few(32)] = ()
    """Conditions on its labels; a term without any matches no node."""


class RequiredNodes(Model):
    """Nodes that a pod may run on."""

    node_selector_terms: Annotated[tuple[NodeTerm, ...], few(16, 1)]
    """Of which at least one must match."""


class PreferredNodes(Model):
    """Nodes that are preferred."""

    weight: Weight
    """How much."""

    preference: NodeTerm
    """Which."""


class NodeAffinity(Model):
    """Rules about labels of nodes."""

    required: RequiredNodes | None = Field(default=None, alias="requiredDuringSchedulingIgnoredDuringExecution")
    """Nodes that the pod may run on."""

    preferred: Annotated[tuple[PreferredNodes, ...], few(16)] = Field(
        default=(), alias="preferredDuringSchedulingIgnoredDuringExecution"
    )
    """Nodes that are preferred."""


_KEYS_NEED_SELECTOR = Rule(
    "has(self.labelSelector) || (!has(self.matchLabelKeys) && !has(self.mismatchLabelKeys))",
    "matchLabelKeys and mismatchLabelKeys need labelSelector",
)


class NearbyPodTerm(Model):
    """Pods of the same namespace, and how near they are meant."""

    RULES = (_KEYS_NEED_SELECTOR,)

    topology_key: LabelKey
    """Label of nodes: those with the same value are near each other."""

    label_selector: ObjectSelector | None = None
    """Which pods; without it none."""

    match_label_keys: Keys = ()
    """Labels of which the pods must have the values that this pod has."""

    mismatch_label_keys: Keys = ()
    """Labels of which the pods must not have the values that this pod has."""


class PodTerm(NearbyPodTerm):
    """Pods, and how near they are meant."""

    namespaces: Annotated[tuple[LabelName, ...], few(16)] = ()
    """Namespaces of the pods; without it and `namespaceSelector` that of this pod."""

    namespace_selector: ObjectSelector | None = None
    """Namespaces of the pods, by their labels."""


class PreferredPods(Model):
    """Pods whose nearness is preferred."""

    weight: Weight
    """How much."""

    pod_affinity_term: PodTerm
    """Which pods, and how near."""


class PodAffinity(Model):
    """Rules about other pods on the same or near nodes."""

    required: Annotated[tuple[PodTerm, ...], few(16)] = Field(
        default=(), alias="requiredDuringSchedulingIgnoredDuringExecution"
    )
    """What must hold."""

    preferred: Annotated[tuple[PreferredPods, ...], few(16)] = Field(
        default=(), alias="preferredDuringSchedulingIgnoredDuringExecution"
    )
    """What is preferred."""


class PodAntiAffinity(Model):
    """Rules about other pods that are not to be on the same or near nodes.

    What must hold keeps others away too, so it is about pods of this namespace alone.
    """

    required: Annotated[tuple[NearbyPodTerm, ...], few(16)] = Field(
        default=(), alias="requiredDuringSchedulingIgnoredDuringExecution"
    )
    """What must hold, among the pods of this namespace."""

    preferred: Annotated[tuple[PreferredPods, ...], few(16)] = Field(
        default=(), alias="preferredDuringSchedulingIgnoredDuringExecution"
    )
    """What is preferred."""


class Affinity(Model):
    """What draws pods to nodes."""

    node_affinity: NodeAffinity | None = None
    """Rules about labels of nodes."""

    pod_affinity: PodAffinity | None = None
    """Pods to be near to."""

    pod_anti_affinity: PodAntiAffinity | None = None
    """Pods to be away from."""


class SpreadConstraint(Model):
    """How pods are spread over nodes."""

    RULES = (
        Rule("has(self.labelSelector) || !has(self.matchLabelKeys)", "matchLabelKeys needs labelSelector"),
        Rule(
            "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
            "minDomains needs whenUnsatisfiable: DoNotSchedule",
        ),
    )

    max_skew: Annotated[Integer, between(1, MAX_INT32)]
    """How many more pods one domain may have than another."""

    topology_key: LabelKey
    """Label of nodes: those with the same value are one domain."""

    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    """Whether the rule must hold or is preferred."""

    label_selector: ObjectSelector | None = None
    """Which pods are counted; without it none."""

    match_label_keys: Keys = ()
    """Labels of which the pods must have the values that this pod has."""

    min_domains: Annotated[Integer, between(1, MAX_INT32)] | None = None
    """How many domains there must be before an uneven spread is accepted."""

    node_affinity_policy: Literal["Honor", "Ignore"] | None = None
    """Whether nodes that the pod may not run on count as domains; without it they do not."""

    node_taints_policy: Literal["Honor", "Ignore"] | None = None
    """Whether nodes count as domains whose taints the pod does not tolerate; without it they do."""


class PodToleration(NodeToleration):
    """Lets pods onto nodes that carry a taint, for as long as it says."""

    RULES = (
        *NodeToleration.RULES,
        Rule(
            "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            "tolerationSeconds needs effect NoExecute",
        ),
    )

    toleration_seconds: Annotated[Integer, between(-MAX_INT64, MAX_INT64)] | None = None
    """How long the pod may stay once the taint is there; without it always."""


SchedulerName: TypeAlias = Annotated[Text, length(1, 253)]
