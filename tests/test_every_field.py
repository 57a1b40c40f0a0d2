"""No field is lost: each that a user may write is found at the end of its way.

In a world where every field is set (`tests/support/full_world.py`) each is changed in turn. Its new value must be in
what is composed, in a status, or in what is asked for: in the ModelReplica for a ModelDeployment, in the objects on
the cluster for a ModelReplica. A ModelReplica has the fields of its model and no others, as the API server sees to it.
A field that ends in behaviour instead of text has a row in `ENDS`.
"""

from fnmatch import fnmatchcase

import pytest

from function.api.base import Kind
from function.api.clouds import CLOUDS
from function.api.kinds import KINDS
from tests.support.every_field import UNSET, literal, lost, paths

REPLICA = "children/replica-full-*/spec/clusterName"
NOTHING = ""

NOT_COMPOSED = [cloud.block for cloud in CLOUDS if cloud.secrets is None]

ENDS = {
    # what clouds will make, which this version does not compose
    "InferenceClass spec.provisioning.*": NOTHING,
    "InferenceCluster spec.cluster.source": "conditions/ClusterReady",
    **{f"InferenceCluster spec.cluster.{cloud}.*": NOTHING for cloud in NOT_COMPOSED},
    "InferenceCluster spec.nodePools[].minNodeCount": NOTHING,
    "InferenceCluster spec.nodePools[].zones[]": NOTHING,
    "InferenceCluster spec.nodePools[].capacityBlock.*": NOTHING,
    "InferenceCluster spec.nodePools[].fabric.*": NOTHING,
    "ModelCache spec.source": NOTHING,
    "ModelCache spec.huggingFace.*": NOTHING,
    # for people, or accepted without effect as the reference says
    "InferenceClass spec.description": NOTHING,
    "InferenceGateway spec.backend": "conditions/Held",
    "ServingStack spec.versions.gatewayApi": NOTHING,
    # where replicas may be placed
    "InferenceCluster spec.namespaces.overrides[].*": "children/namespace-default/*/pod-security.kubernetes.io/enforce",
    "InferenceCluster spec.taints[].*": REPLICA,
    "InferenceCluster spec.namespaces.*": REPLICA,
    "ModelCache spec.clusterSelector.matchLabels{}": REPLICA,
    "ModelCache spec.clusterSelector.matchExpressions[].*": REPLICA,
    "ModelDeployment *clusterSelector.matchLabels{}": REPLICA,
    "ModelDeployment *clusterSelector.matchExpressions[].*": REPLICA,
    "ModelDeployment *spec.tolerations[].*": REPLICA,
    "ModelDeployment *engines[].members[].role": REPLICA,
    # what both engines of a pair must have alike, or one of them a fixed one
    "ModelDeployment *engines[].serving.kvTransfer": "conditions/ReplicasScheduled",
    "ModelDeployment spec.template.spec.engines[].serving.port": "conditions/ReplicasScheduled",
    # what has but one value, beside none
    "ModelDeployment *engines[].role": "children/replica-full-*/role",
    "ModelDeployment *initContainers[].restartPolicy": "children/replica-full-*/restartPolicy",
    "ModelReplica *initContainers[].restartPolicy": "children/model-serving-vllm/*/restartPolicy",
    # how replicas are replaced
    "ModelDeployment spec.rollout.maxUnavailable": "children/endpoint-full-*/spec/draining",
    "ModelDeployment spec.rollout.progressDeadlineSeconds": "ttl",
    "ModelDeployment spec.rollout.paused": REPLICA,
    # which objects a replica has on its cluster
    "ModelReplica spec.serving.*": "children/inference-pool/*",
    "ModelReplica spec.engines[].role": "children/engine-service-ranks/*",
    "ModelReplica spec.engines[].phase": "children/epp-config/*",
    "ModelReplica spec.engines[].serving.engineType": "children/model-serving-vllm/*/labels/llm-d.ai/engine-type",
    "ModelReplica spec.engines[].serving.from": "children/model-serving-gang/*/workerTemplate/*/labels/*",
    "ModelReplica spec.engines[].serving.scheme": "children/model-serving-ranks/*/readinessProbe/httpGet/scheme",
    "ModelReplica spec.engines[].serving.startupSeconds": "children/model-serving-gang/*/startupProbe/failureThreshold",
    "ModelReplica spec.engines[].serving.kvTransfer": "children/model-serving-decode/*",
    "ModelReplica spec.engines[].members[].role": "children/model-serving-gang/*",
    "ModelReplica spec.engines[].members[].worker.nodes": "children/model-serving-gang/*/leaderWorkerTemplate/size",
    # the front door
    "InferenceGateway spec.traefik.loadBalancer": "children/metallb*",
    "InferenceGateway spec.endpoints.*": "conditions/RoutingReady",
    "ModelEndpoint spec.url": "status/routing/rewritePath",
    "ModelEndpoint spec.tls.caSecretRef.key": "conditions/UpstreamTLS",
    "ModelEndpoint spec.tls.insecureSkipVerify": "conditions/UpstreamTLS",
    "ModelEndpoint spec.draining": "status/endpoints/*/ready",
    "ModelService spec.endpoints[].selector.matchExpressions[].*": "status/endpoints/*",
    "ModelService spec.endpoints[].weight": "children/httproute/spec/rules/0/backendRefs/*/weight",
    # how a cluster is reached, and what is installed there
    "ServingStack spec.secrets[].type": "children/provider-config-*",
    "ServingStack spec.installed[]": "children/gaie-crd-*",
    "ServingStack spec.unneeded[]": "children/dra-driver/*",
}
"""Where a field ends whose value is nowhere to be found: what must change when it is changed."""

_DEPLOYED = ("ModelDeployment spec.engines[]", "ModelDeployment spec.template.spec.engines[]")

_CLAIMS = {
    "nodeSelector.devices[].selectors[].cel": 'device.driver.startsWith("gpu")',
    "nodeSelector.constraints[].requests[]": "draft",
}
_PODS = {
    "containers[].volumeMounts[].name": "packed",
    "containers[].volumeDevices[].name": "packed",
    "initContainers[].volumeMounts[].name": "packed",
    "initContainers[].volumeDevices[].name": "packed",
    **{
        f"{containers}[].{asked}.httpGet.port": 9102
        for containers in ("containers", "initContainers")
        for asked in ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle.postStart", "lifecycle.preStop")
    },
    "serviceAccountName": "robots",
    "priorityClassName": "batch",
    "runtimeClassName": "kata",
    "volumes[].csi.driver": "models.csi.example.com",
    "volumes[].nfs.server": "disks.example.com",
}

OTHERS = {
    "InferenceGateway spec.backend": UNSET,
    "InferenceCluster spec.namespaces.reserved[]": "ml-team",
    "InferenceGateway spec.endpoints.allow[]": "198.51.100.0/24",
    "InferenceGateway spec.endpoints.deny[]": "llm.example.com",
    **{f"{engines}.members[].{field}": value for engines in _DEPLOYED for field, value in _CLAIMS.items()},
    **{
        f"{engines}.members[].template.spec.{field}": value
        for engines in (*_DEPLOYED, "ModelReplica spec.engines[]")
        for field, value in _PODS.items()
    },
}
"""What a field is changed to where just any other value would be refused."""


FIELDS = [f"{kind.kind} {path}" for kind in KINDS for path in paths(kind.spec)]


@pytest.mark.parametrize("row", [*ENDS, *OTHERS])
def test_every_row_is_about_a_field_that_exists(row: str) -> None:
    assert any(fnmatchcase(field, literal(row)) for field in FIELDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_field_is_found_at_the_end_of_its_way(kind: Kind) -> None:
    assert lost(kind, ENDS, OTHERS) == []
