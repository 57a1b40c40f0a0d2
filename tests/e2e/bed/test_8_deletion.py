"""Deletion, from single objects to a cluster whose kubeconfig is gone: nothing is wedged, and nothing stays behind.

The tests go from the inside out, and each leaves what the next one deletes.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Final

import pytest

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, unstructured
from function.packages.composed import USAGES
from function.routing.gateways.charts import RELEASE_LABEL
from function.routing.gateways.metallb import METALLB
from tests.e2e.bed import deletion_orders, leftovers, pools, restricted, second_team
from tests.e2e.bed import moving as scene
from tests.e2e.bed.departing import ByHand, Departing, names
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.moving import Moving
from tests.e2e.bed.plane import Bed, kubeconfig_secret
from tests.e2e.bed.preview_comparison import composed, differences
from tests.e2e.bed.processes import BedError
from tests.e2e.bed.quickstart import FLEET, MODEL, NAMESPACE, Serving
from tests.e2e.bed.second_team import Leaving
from tests.e2e.bed.topologies import CLUSTER, Topologies
from tests.e2e.bed.topologies import NAMESPACE as NAMESPACE_OF_ALL

pytestmark = pytest.mark.usefixtures("fleet")


def test_every_kind_on_inference_clusters_is_looked_for(bed: Bed, serving: Serving) -> None:
    assert serving.is_ready
    assert leftovers.on_cluster(bed, "ams-1")
    assert leftovers.not_looked_for(bed) == set()


def test_deployments_go_while_services_point_to_them_and_each_replica_after_what_it_has(
    bed: Bed, departing: Departing, journal: Journal
) -> None:
    bed.processes.until("their replicas and endpoints are gone", lambda: departing.alone.result)
    journal.note("teardown: deployments, in the background", departing.alone.at - departing.since)
    assert departing.abandoned == set(), "replicas that went before what they have on the cluster"
    others = ((CLUSTER, NAMESPACE_OF_ALL), (restricted.CLUSTER, restricted.NAMESPACE))
    for cluster, team in (*((cluster, scene.NAMESPACE) for cluster in bed.inference), *others):
        bed.processes.until(f"nothing is left on {cluster}", partial(_is_clear, bed, cluster, team))
        assert bed.inference[cluster].api.get("v1", "Namespace", team) is not None, "the namespace stays"
    team = scene.NAMESPACE
    for name in names(bed, "ModelService", team):
        has_no_endpoints = partial(_no_endpoints, bed, name, team)
        bed.await_with_looks(f"the service {name} says that it has no endpoint", has_no_endpoints, 60, team)


def test_a_deployment_and_its_service_go_together(
    bed: Bed, departing: Departing, leaving: Leaving, journal: Journal
) -> None:
    bed.processes.until("both are gone", lambda: departing.together.result)
    journal.note("teardown: a deployment and its service, in the foreground", departing.together.at - departing.since)
    bed.processes.until("their pods go", lambda: not leaving.serving.pods())


def test_a_namespace_without_replicas_goes_with_its_services(bed: Bed, moving: Moving, topology: Topologies) -> None:
    teams = (scene.NAMESPACE, NAMESPACE_OF_ALL, restricted.NAMESPACE)

    def unguarded() -> bool:
        guards = (unstructured.mapping(usage, "spec", "of") for usage in bed.control.api.list(USAGES, "ClusterUsage"))
        guarded = {unstructured.text(guard, "resourceRef", "name") for guard in guards if guard["kind"] == "Namespace"}
        return guarded.isdisjoint(teams)

    bed.await_with_looks("the namespaces are not guarded", unguarded, 90, *teams)
    bed.forget(*teams)
    bed.processes.until("their services are gone", lambda: not any(names(bed, "ModelService", name) for name in teams))
    moving.clear()
    topology.clear()
    restricted.clear(bed)
    pools.remove(bed, second_team.POOL)


def test_what_is_left_is_what_the_preview_composes(bed: Bed, serving: Serving) -> None:
    """After restarts, doubt and deletions, every object is as if nothing had ever happened."""
    assert serving.is_ready
    team = second_team.NAMESPACE
    left = partial(names, bed, "ModelReplica", team)
    bed.await_with_looks("the second team's replicas are gone", lambda: not left(), 180, team, provider=team)
    with suppress(BedError):
        bed.await_with_looks(
            "nothing differs",
            lambda: not differences(bed, FLEET, MODEL, besides=deletion_orders.NAMESPACE),
            120,
            NAMESPACE,
        )
    assert differences(bed, FLEET, MODEL, besides=deletion_orders.NAMESPACE) == []


def test_metallb_goes_in_order_and_its_namespace_stays(bed: Bed, serving: Serving) -> None:
    """In the end it is asked for again, to go with the gateway."""
    with serving.as_before():
        _balance(bed, _METALLB)
        _await_balanced(bed, "LoadBalancerHealthy")
        _balance(bed, dict.fromkeys(_METALLB))
        _await_balanced(bed, "NotManaged")
        left = [*bed.control.api.list(leftovers.HELM, "Release", SYSTEM_NAMESPACE, **{RELEASE_LABEL: METALLB.name})]
        left += bed.control.api.list(USAGES, "Usage", METALLB.namespace)
        assert left == []
        assert leftovers.stays(bed, METALLB.namespace)
        _balance(bed, _METALLB)


def test_a_cluster_with_replicas_cannot_be_deleted(bed: Bed, serving: Serving) -> None:
    with serving.as_before():
        output = bed.control.kubectl("delete", "inferencecluster", "ams-1", "--wait=false", may_fail=True)
        assert "ModelReplicas are still placed on this cluster" in output
        serving.endures("the cluster says that it was not deleted", lambda: _refused(bed))


def test_a_namespace_with_replicas_cannot_be_deleted(bed: Bed, serving: Serving) -> None:
    pods = serving.facts().pods
    output = bed.control.kubectl("delete", "namespace", NAMESPACE, "--wait=false", may_fail=True)
    assert "ModelReplicas of this namespace are still placed on clusters" in output
    assert serving.facts().pods == pods


def test_a_cluster_without_its_kubeconfig_waits_and_says_why(bed: Bed) -> None:
    """The gateway begins to go meanwhile, with MetalLB; what comes of it is seen last."""
    _await_balanced(bed, "LoadBalancerHealthy")
    bed.control.kubectl("delete", "inferencegateway", "default", "--cascade=foreground", "--wait=false")
    cluster = bed.inference["osl-1"]
    bed.control.kubectl("delete", "secret", "-n", SYSTEM_NAMESPACE, "osl-1-kubeconfig")
    bed.control.kubectl("delete", "inferencecluster", "osl-1", "--wait=false")
    stuck = bed.processes.until("what is stuck says why", lambda: _stuck(bed, "osl-1-kubeconfig"))
    assert {replica["kind"] for replica in stuck} == {"Object", "Release"}
    bed.control.kubectl.apply_objects([kubeconfig_secret(cluster, cluster.kubeconfig.read_text())])


def test_a_replica_that_is_deleted_by_hand_leaves_the_other_alone(serving: Serving, by_hand: ByHand) -> None:
    """That another one comes in its place is seen in `test_8_gateway`."""
    assert by_hand.other in {replica["metadata"]["uid"] for replica in serving.replicas()}


def test_a_cluster_that_has_its_kubeconfig_back_goes_and_can_be_built_again(bed: Bed) -> None:
    def gone() -> bool:
        assert leftovers.unreachable(bed) == []
        named = [key for _, name, key in composed(bed) if name.startswith("osl-1")]
        return not named and not bed.composite("InferenceCluster", "osl-1")

    bed.await_with_looks("nothing of osl-1 is left", gone, 150, provider=SYSTEM_NAMESPACE)
    assert leftovers.on_cluster(bed, "osl-1") == []
    bed.control.kubectl.apply(FLEET / "clusters.yaml")


_METALLB: Final[Manifest] = {"loadBalancer": "MetalLB", "metallb": {"addressPool": "192.0.2.1/32"}}


def _balance(bed: Bed, traefik: Manifest) -> None:
    """Ask for a load balancer, or for none."""
    bed.control.api.patch(bed.composite("InferenceGateway", "default"), {"spec": {"traefik": traefik}})


def _await_balanced(bed: Bed, reason: str) -> None:
    def has_reason() -> bool:
        gateway = bed.composite("InferenceGateway", "default")
        return unstructured.condition(gateway, "LoadBalancerReady").get("reason") == reason

    bed.await_with_looks(f"the gateway says {reason}", has_reason, 120)


def _stuck(bed: Bed, secret: str) -> list[Manifest]:
    found = [obj for kind in leftovers.CONSUMERS for obj in bed.control.api.list(*kind)]
    failing = [obj for obj in found if secret in unstructured.condition(obj, "Synced").get("message", "")]
    return failing if len({obj["kind"] for obj in failing}) == len(leftovers.CONSUMERS) else []


def _is_clear(bed: Bed, cluster: str, namespace: str) -> bool:
    return not leftovers.on_cluster(bed, cluster, namespace)


def _no_endpoints(bed: Bed, name: str, namespace: str) -> bool:
    condition = unstructured.condition(bed.composite("ModelService", name, namespace), "EndpointsResolved")
    return condition.get("reason") == "NoEndpoints"


def _refused(bed: Bed) -> bool:
    condition = unstructured.condition(bed.composite("InferenceCluster", "ams-1"), "DeletionBlocked")
    return condition.get("reason") == "DeletionRefused"
