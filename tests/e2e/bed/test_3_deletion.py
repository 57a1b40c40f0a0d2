"""Deletion in the documented order: nothing is stuck, and nothing stays behind."""

from __future__ import annotations

import pytest

from function.composition import Manifest, manifest
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.quickstart import NAMESPACE, Serving
from tests.e2e.bed.sameness import composed

pytestmark = pytest.mark.usefixtures("fleet")

MODELPLANE = "modelplane.ai/v1alpha1"


def test_a_service_goes_with_its_route_and_leaves_the_model_alone(bed: Bed, serving: Serving) -> None:
    pods = serving.facts().pods
    bed.control.kubectl("delete", "modelservice", "chat", "-n", NAMESPACE, "--timeout=60s")
    bed.processes.until("its route is gone", lambda: not _of(bed, "ModelService"))
    assert {pod["metadata"]["uid"] for pod in serving.pods()} == pods


def test_a_deployment_goes_with_everything_it_has_on_both_clusters(bed: Bed, serving: Serving) -> None:
    remote = bed.inference["ams-1"].api
    bed.control.kubectl("delete", "modeldeployment", "chat", "large", "-n", NAMESPACE, "--timeout=60s")
    for kind in ("ModelReplica", "ModelEndpoint"):
        bed.processes.until(f"every {kind} is gone", lambda kind=kind: not bed.control.api.list(MODELPLANE, kind))  # type: ignore[misc]
    bed.processes.until("no pod is left", lambda: not serving.pods())
    for api_version, kind in (
        ("apps/v1", "Deployment"),
        ("v1", "Service"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("resource.k8s.io/v1", "ResourceClaimTemplate"),
        ("resource.k8s.io/v1", "ResourceClaim"),
    ):
        wanted = (api_version, kind, NAMESPACE)
        bed.processes.until(f"no {kind} is left on the cluster", lambda wanted=wanted: not remote.list(*wanted))  # type: ignore[misc]
    serving.touch()
    assert remote.get("v1", "Namespace", NAMESPACE) is not None, "the namespace stays"


def test_a_cluster_goes_with_its_stack_in_order(bed: Bed) -> None:
    stamp = {"metadata": {"annotations": {"bed/looked-at": "before deletion"}}}
    bed.control.api.patch(bed.composite("InferenceCluster", "ams-1"), stamp)

    def unguarded() -> bool:
        said = manifest.condition(bed.composite("InferenceCluster", "ams-1"), "DeletionBlocked")
        return said.get("reason") == "NoReplicas" and not bed.control.api.list(
            "protection.crossplane.io/v1beta1", "ClusterUsage"
        )

    bed.processes.until("the cluster may be deleted", unguarded, 90)
    bed.control.kubectl("delete", "inferencecluster", "ams-1", "--timeout=180s")
    bed.processes.until("nothing of the cluster is left", lambda: not _named(bed, "ams-1"), 180)
    remote = bed.inference["ams-1"].api
    for api_version, kind in (
        ("gateway.networking.k8s.io/v1", "GatewayClass"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"),
        ("v1", "ResourceQuota"),
    ):
        assert remote.list(api_version, kind) == [], kind
    assert bed.helm.installed[remote.url] == set()
    assert bed.is_true("InferenceCluster", "osl-1", "Ready")


def test_the_rest_of_the_fleet_goes_and_nothing_stays_behind(bed: Bed) -> None:
    bed.control.kubectl("delete", "inferencecluster", "osl-1", "--timeout=180s")
    bed.control.kubectl("delete", "inferencegateway", "default", "--timeout=180s")
    bed.control.kubectl("delete", "inferenceclass", "--all", "--timeout=60s")
    bed.processes.until("nothing that was composed is left", lambda: not composed(bed), 180)


def _of(bed: Bed, kind: str) -> list[Manifest]:
    return [thing for (owner, _, _), thing in composed(bed).items() if owner == kind]


def _named(bed: Bed, cluster: str) -> list[str]:
    return [f"{key} of {name}" for (_, name, key) in composed(bed) if name.startswith(cluster)]
