"""Doubt on a real control plane: whatever is broken, no pod, endpoint or backend that serves goes away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, manifest
from tests.e2e.bed.plane import COMPOSITES, Bed, kubeconfig_secret
from tests.e2e.bed.quickstart import FLEET, NAMESPACE, Facts, Serving
from tests.e2e.bed.saboteur import MESSAGE, fatal_function

CHAT = ("ModelDeployment", "chat")


def test_an_inference_class_that_is_deleted_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with _as_before(bed, serving):
        bed.control.kubectl("delete", "inferenceclass", "l4-1x")
        serving.endures(
            "the cluster says that its class is missing", lambda: "l4-1x" in _held(bed, "InferenceCluster", "ams-1")
        )
        bed.control.kubectl.apply(FLEET / "classes.yaml")


def test_a_label_of_a_cluster_that_changes_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with _as_before(bed, serving):
        _select(bed, "amsterdam")
        bed.control.kubectl("label", "inferencecluster", "ams-1", "modelplane.ai/region=utrecht", "--overwrite")
        serving.endures(
            "the deployment says that its placement has drifted",
            lambda: bed.is_true(*CHAT, "PlacementDrifted", NAMESPACE),
        )
        bed.control.kubectl("label", "inferencecluster", "ams-1", "modelplane.ai/region=amsterdam", "--overwrite")
        _select(bed, None)


def test_a_selector_with_a_typing_error_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with _as_before(bed, serving):
        _select(bed, "amsterdma")
        serving.endures(
            "the deployment says that its placement has drifted",
            lambda: bed.is_true(*CHAT, "PlacementDrifted", NAMESPACE),
        )
        _select(bed, None)


def test_a_kubeconfig_that_is_broken_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    cluster = bed.inference["ams-1"]
    with _as_before(bed, serving):
        bed.control.kubectl.apply_objects([kubeconfig_secret(cluster, "no kubeconfig")])
        serving.endures("the replicas say that nothing can be synced", lambda: len(_not_synced(bed)) == 2, 90, after=15)
        bed.control.kubectl.apply_objects([kubeconfig_secret(cluster, cluster.kubeconfig.read_text())])
        bed.processes.until("the replicas are in sync again", lambda: not _not_synced(bed), 120)


def test_a_kubeconfig_that_is_deleted_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    cluster = bed.inference["ams-1"]
    with _as_before(bed, serving):
        bed.control.kubectl("delete", "secret", "-n", SYSTEM_NAMESPACE, "ams-1-kubeconfig")
        serving.endures("the replicas say that nothing can be synced", lambda: len(_not_synced(bed)) == 2, 90)
        bed.control.kubectl.apply_objects([kubeconfig_secret(cluster, cluster.kubeconfig.read_text())])
        bed.processes.until("the replicas are in sync again", lambda: not _not_synced(bed), 120)


def test_provider_kubernetes_that_is_down_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with _as_before(bed, serving):
        bed.processes.stop(bed.provider)
        serving.endures("nothing", lambda: True, after=15)
        bed.restart_provider()


def test_a_function_that_is_down_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with _as_before(bed, serving):
        bed.processes.stop(bed.function)
        serving.endures("nothing", lambda: True, after=20)
        bed.restart_function()
        _await_synced(bed, serving)


def test_a_function_that_answers_with_a_fatal_result_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with _as_before(bed, serving), fatal_function(bed.certificates.server) as port:
        bed.crossplane.route(port)
        serving.endures(
            "Crossplane says what is wrong", lambda: MESSAGE in _synced(bed).get("message", ""), 60, after=10
        )
        bed.crossplane.route(bed.port)
        _await_synced(bed, serving)


def test_a_cluster_with_replicas_cannot_be_deleted(bed: Bed, serving: Serving) -> None:
    with _as_before(bed, serving):
        said = bed.control.kubectl("delete", "inferencecluster", "ams-1", "--wait=false", may_fail=True)
        assert "ModelReplicas are still placed on this cluster" in said
        serving.endures("the cluster says that it was not deleted", lambda: _refused(bed))


@contextmanager
def _as_before(bed: Bed, serving: Serving) -> Iterator[Facts]:
    """After the repair everything is as it was, and nothing is in doubt."""
    before = serving.facts()
    yield before
    serving.touch()
    bed.processes.until("nothing is held any more", lambda: not _everything_held(bed), 90)
    serving.await_ready()
    assert serving.facts() == before


def _select(bed: Bed, region: str | None) -> None:
    wanted = {"matchLabels": {"modelplane.ai/region": region}} if region else None
    bed.control.api.patch(bed.composite(*CHAT, NAMESPACE), {"spec": {"clusterSelector": wanted}})


def _held(bed: Bed, kind: str, name: str, namespace: str = "") -> str:
    said = manifest.condition(bed.composite(kind, name, namespace), "Held")
    return str(said["message"]) if said.get("status") == "True" else ""


def _everything_held(bed: Bed) -> list[str]:
    found = [one for composite in COMPOSITES for one in bed.control.api.list(*composite)]
    return [manifest.name_of(one) for one in found if manifest.is_true(one, "Held")]


def _not_synced(bed: Bed) -> list[Manifest]:
    found = bed.control.api.list("modelplane.ai/v1alpha1", "ModelReplica", NAMESPACE)
    return [one for one in found if manifest.condition(one, "ModelAccepted").get("reason") == "NotSynced"]


def _refused(bed: Bed) -> bool:
    said = manifest.condition(bed.composite("InferenceCluster", "ams-1"), "DeletionBlocked")
    return said.get("reason") == "DeletionRefused"


def _synced(bed: Bed) -> Manifest:
    return dict(manifest.condition(bed.composite(*CHAT, NAMESPACE), "Synced"))


def _await_synced(bed: Bed, serving: Serving) -> None:
    def synced() -> bool:
        serving.touch()
        return _synced(bed).get("status") == "True"

    bed.processes.until("Crossplane composes again", synced, 180)
