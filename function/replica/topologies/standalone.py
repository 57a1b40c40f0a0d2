"""A pod on a node of its own for each copy of an engine, as a Deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from function.api import labels
from function.api.engines import AnyMember, PlacedEngine, PlacedMember, Role
from function.api.model_replica import WorkloadKind
from function.composition import Manifest, Object, objects, unstructured
from function.replica.identity import ReplicaIdentity, deployment_name
from function.replica.topologies.counts import CopyCounts, at_least_one_serves, count_pods
from function.replica.topologies.topology import ShapedEngine, Topology

_READINESS: Final = (
    f"{objects.AVAILABLE} && has(object.status.observedGeneration)"
    " && object.status.observedGeneration >= object.metadata.generation"
    f" && {at_least_one_serves('availableReplicas')}"
)
"""A Deployment of one pod that may be unavailable calls itself Available without any: hence the counts."""


class Standalone(Topology):
    """Pods that are independent of each other."""

    @property
    def shape(self) -> str:
        """One member."""
        return "one Standalone member"

    def matches(self, engine: ShapedEngine) -> bool:
        """Tell by the only member."""
        return [member.role for member in engine.members] == [Role.STANDALONE]

    @property
    def workload_kind(self) -> WorkloadKind:
        """A Deployment."""
        return "Deployment"

    def workload_name(self, replica: ReplicaIdentity, engine: PlacedEngine) -> str:
        """Name the Deployment."""
        return deployment_name(replica, engine.name)

    def workload(self, replica: ReplicaIdentity, engine: PlacedEngine, templates: Mapping[Role, Manifest]) -> Manifest:
        """Build the Deployment.

        A pod that is replaced goes before its successor comes: in a pool that is full there is no node for both.
        """
        name = self.workload_name(replica, engine)
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": replica.namespace},
            "spec": {
                "replicas": engine.copies,
                "selector": {"matchLabels": {labels.WORKLOAD: name}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
                "template": templates[Role.STANDALONE],
            },
        }

    @property
    def readiness(self) -> str:
        """Ready once a pod of this generation is available, with at most one missing."""
        return _READINESS

    def copies(self, workload: Object) -> CopyCounts:
        """Count pods."""
        return count_pods(workload)

    def pod_templates(self, workload: Object) -> list[Object]:
        """The only one."""
        return [unstructured.mapping(workload, "spec", "template")]

    def serves(self, engine: ShapedEngine, member: AnyMember) -> bool:
        """Every pod does."""
        return True

    def pod_labels(self, replica: ReplicaIdentity, engine: PlacedEngine, member: PlacedMember) -> dict[str, str]:
        """The label by which the Deployment selects its pods."""
        return {labels.WORKLOAD: self.workload_name(replica, engine)}
