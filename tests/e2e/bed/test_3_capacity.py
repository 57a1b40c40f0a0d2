"""A pool that the scheduler counts on and somebody else has taken: the pod stays Pending, and the replica says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from function.api import labels
from function.composition import Manifest, unstructured
from tests.e2e.bed import second_team
from tests.e2e.bed.gpus import DRIVER
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import Serving, repaired
from tests.e2e.bed.second_team import Leaving

TENANT = "tenant"
NAME = "late-capacity"


def test_a_replica_whose_nodes_somebody_else_has_taken_says_so_and_serves_once_they_are_free(
    bed: Bed, serving: Serving, leaving: Leaving
) -> None:
    def unschedulable() -> str:
        message = bed.message("ModelDeployment", NAME, "ReplicasReady", second_team.NAMESPACE)
        return message if "Unschedulable" in message else ""

    with serving.as_before():
        with _tenant(bed, leaving):
            second_team.begin(bed, NAME)
            message = leaving.serving.await_with_looks("the deployment says why", unschedulable, 120)
            assert "cannot allocate all claims" in message
        second_team.finish(bed, NAME)
    bed.processes.until("its pods are not observed any more", lambda: not _collections(bed))


def _collections(bed: Bed) -> list[Manifest]:
    found = bed.control.api.list("kubernetes.m.crossplane.io/v1alpha1", "ObservedObjectCollection")
    return [pod for pod in found if NAME in unstructured.name_of(pod)]


@contextmanager
def _tenant(bed: Bed, leaving: Leaving) -> Iterator[None]:
    """Let another tenant of the cluster claim what is free in the pool, or about to be, behind our back."""
    remote = bed.inference["ams-1"]
    remote.kubectl.apply_objects([_NAMESPACE, _CLAIM, _DEPLOYMENT])
    nodes = set(second_team.POOL.node_names)

    def full() -> bool:
        stay = [pod for pod in leaving.serving.pods() if unstructured.name_of(pod) != leaving.pod]
        return {_node(pod) for pod in (*stay, *remote.api.list("v1", "Pod", TENANT))} >= nodes

    team = second_team.NAMESPACE
    with repaired(lambda: remote.kubectl("delete", "namespace", TENANT, "--wait=false")):
        bed.await_with_looks("every node of the pool is taken for good", full, 180, team, provider=team)
        yield


def _node(pod: Manifest) -> str:
    return unstructured.text(pod, "spec", "nodeName")


_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TENANT}}
_CLAIM = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaimTemplate",
    "metadata": {"name": TENANT, "namespace": TENANT},
    "spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": DRIVER, "count": 1}}]}}},
}
_POD = {
    "nodeSelector": {labels.POOL: second_team.POOL.name},
    "tolerations": [{"operator": "Exists"}],
    "containers": [{"name": "work", "image": "example.com/work", "resources": {"claims": [{"name": "gpu"}]}}],
    "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": TENANT}],
}
_DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": TENANT, "namespace": TENANT},
    "spec": {
        "replicas": second_team.POOL.nodes,
        "selector": {"matchLabels": {"app": TENANT}},
        "template": {"metadata": {"labels": {"app": TENANT}}, "spec": _POD},
    },
}
