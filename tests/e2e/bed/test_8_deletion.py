"""Deletion, from single objects to a cluster whose kubeconfig is gone: nothing is wedged, and nothing stays behind.

The tests go from the inside out, and each leaves what the next one deletes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import pytest

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, manifest, objects
from tests.e2e.bed import leftovers
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.plane import Bed, kubeconfig_secret
from tests.e2e.bed.quickstart import NAMESPACE, Serving
from tests.e2e.bed.sameness import composed

pytestmark = pytest.mark.usefixtures("fleet")

MODELPLANE = "modelplane.ai/v1alpha1"

Timed: TypeAlias = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def timed(bed: Bed, journal: Journal) -> Timed:
    """Notes how long a teardown takes until nothing is on its way out any more."""

    @contextmanager
    def teardown(what: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        bed.processes.until(f"nothing is being deleted any more after {what}", lambda: not leftovers.going(bed), 60)
        journal.note(f"teardown: {what}", time.monotonic() - started)

    return teardown


def test_every_kind_on_inference_clusters_is_looked_for(bed: Bed, serving: Serving) -> None:
    assert serving.there
    assert leftovers.on_cluster(bed, "ams-1")
    assert leftovers.not_looked_for(bed) == set()


def test_a_replica_that_is_deleted_by_hand_comes_back_and_leaves_the_other_alone(
    bed: Bed, serving: Serving, timed: Timed
) -> None:
    one, other = serving.replicas()
    with timed("a replica, by hand"):
        bed.control.kubectl("delete", "modelreplica", manifest.name_of(one), "-n", NAMESPACE, "--timeout=60s")

        def back() -> bool:
            found = {replica["metadata"]["uid"] for replica in serving.replicas()}
            return len(found) == len(serving.pods()) == 2 and one["metadata"]["uid"] not in found

        bed.processes.until("another replica serves in its place", back, 120)
    serving.await_ready()
    assert other["metadata"]["uid"] in {replica["metadata"]["uid"] for replica in serving.replicas()}


def test_a_namespace_with_replicas_cannot_be_deleted(bed: Bed, serving: Serving) -> None:
    pods = serving.facts().pods
    said = bed.control.kubectl("delete", "namespace", NAMESPACE, "--wait=false", may_fail=True)
    assert "ModelReplicas of this namespace are still placed on clusters" in said
    assert serving.facts().pods == pods


def test_a_deployment_goes_while_a_service_points_to_it_and_each_replica_after_what_it_has(
    bed: Bed, serving: Serving, timed: Timed
) -> None:
    abandoned = set()

    def gone() -> bool:
        replicas = _names(bed, "ModelReplica")
        abandoned.update(_owners(bed) - replicas)
        return not (replicas or _names(bed, "ModelEndpoint") or _owners(bed))

    with timed("a deployment, in the background"):
        bed.control.kubectl("delete", "modeldeployment", "chat", "large", "-n", NAMESPACE, "--wait=false")
        bed.processes.until("its replicas and endpoints are gone", gone, 90)
    assert abandoned == set(), "replicas that went before what they have on the cluster"
    bed.processes.until("nothing is left on the cluster", lambda: not leftovers.on_cluster(bed, "ams-1", NAMESPACE))
    assert bed.inference["ams-1"].api.get("v1", "Namespace", NAMESPACE) is not None, "the namespace stays"
    serving.touch()
    bed.processes.until("the service says that it has no endpoint", lambda: _endpoints(bed) == "NoEndpoints")


def test_a_gateway_goes_before_its_services_which_stay_and_say_so(bed: Bed, serving: Serving, timed: Timed) -> None:
    with timed("the gateway, in the foreground, before a service"):
        bed.control.kubectl("delete", "inferencegateway", "default", "--cascade=foreground", "--timeout=120s")
    assert [key for kind, _, key in composed(bed) if kind == "InferenceGateway"] == []
    serving.touch()

    def said() -> bool:
        service = bed.composite("ModelService", "chat", NAMESPACE)
        return manifest.condition(service, "GatewayResolved").get("reason") == "GatewayNotFound"

    bed.processes.until("the service says that there is no gateway", said)


def test_a_namespace_without_replicas_goes_with_its_services(bed: Bed, serving: Serving, timed: Timed) -> None:
    def unguarded() -> bool:
        serving.touch()
        return not bed.control.api.list(leftovers.USAGES, "ClusterUsage")

    bed.processes.until("neither the cluster nor the namespace is guarded", unguarded, 90)
    with timed("the namespace of a team"):
        bed.control.kubectl("delete", "namespace", NAMESPACE, "--timeout=60s")
    assert [key for kind, _, key in composed(bed) if kind.startswith("Model")] == []


def test_clusters_go_in_order_and_one_without_its_kubeconfig_waits_until_it_is_back(
    bed: Bed, timed: Timed, journal: Journal
) -> None:
    started = time.monotonic()
    cluster = bed.inference["osl-1"]
    with timed("a cluster in the background, and one in the foreground without its kubeconfig"):
        bed.control.kubectl("delete", "secret", "-n", SYSTEM_NAMESPACE, "osl-1-kubeconfig")
        bed.control.kubectl("delete", "inferencecluster", "osl-1", "--cascade=foreground", "--wait=false")
        bed.control.kubectl("delete", "inferencecluster", "ams-1", "--wait=false")
        _await_gone(bed, "ams-1")
        journal.note("teardown: a cluster, in the background", time.monotonic() - started)
        assert leftovers.on_cluster(bed, "ams-1") == []
        stuck = bed.processes.until("what is stuck says why", lambda: _stuck(bed, "osl-1-kubeconfig"))
        assert {one["kind"] for one in stuck} == {"Object", "Release"}
        assert bed.composite("InferenceCluster", "osl-1")
        bed.control.kubectl.apply_objects([kubeconfig_secret(cluster, cluster.kubeconfig.read_text())])
        _await_gone(bed, "osl-1")
    assert leftovers.on_cluster(bed, "osl-1") == []
    assert leftovers.of_control(bed) == []


def _await_gone(bed: Bed, cluster: str) -> None:
    """See a cluster go, and no provider config before what is removed through it."""

    def gone() -> bool:
        assert leftovers.unreachable(bed) == []
        named = [key for _, name, key in composed(bed) if name.startswith(cluster)]
        return not named and not bed.composite("InferenceCluster", cluster)

    bed.processes.until(f"nothing of {cluster} is left", gone, 150)


def _stuck(bed: Bed, secret: str) -> list[Manifest]:
    found = [thing for kind in leftovers.CONSUMERS for thing in bed.control.api.list(*kind)]
    said = [thing for thing in found if secret in manifest.condition(thing, "Synced").get("message", "")]
    return said if len({thing["kind"] for thing in said}) == len(leftovers.CONSUMERS) else []


def _names(bed: Bed, kind: str) -> set[str]:
    return {manifest.name_of(thing) for thing in bed.control.api.list(MODELPLANE, kind, NAMESPACE)}


def _owners(bed: Bed) -> set[str]:
    """The replicas that have Objects."""
    found = bed.control.api.list(objects.API_VERSION, objects.KIND, NAMESPACE)
    owners = [owner for thing in found for owner in manifest.items(thing, "metadata", "ownerReferences")]
    return {owner["name"] for owner in owners if owner["kind"] == "ModelReplica"}


def _endpoints(bed: Bed) -> str:
    service = bed.composite("ModelService", "chat", NAMESPACE)
    return str(manifest.condition(service, "EndpointsResolved").get("reason"))
