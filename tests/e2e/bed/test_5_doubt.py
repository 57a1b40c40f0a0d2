"""Doubt on a real control plane: whatever is broken, no pod, endpoint or backend that serves goes away.

While something is in doubt our function is replaced, so that nothing depends on what a process remembers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from function.api.labels import SYSTEM_NAMESPACE
from function.composition import Manifest, unstructured
from tests.e2e.bed import failing_functions, second_team
from tests.e2e.bed.plane import Bed, kubeconfig_secret
from tests.e2e.bed.quickstart import FLEET, NAMESPACE, Serving, repaired

pytestmark = pytest.mark.usefixtures("unbroken")

CHAT = ("ModelDeployment", "chat")


def test_an_inference_class_that_is_deleted_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with serving.as_before(), repaired(lambda: bed.control.kubectl.apply(FLEET / "classes.yaml")):
        bed.control.kubectl("delete", "inferenceclass", "l4-1x")
        serving.endures(
            "the cluster says that its class is missing", lambda: "l4-1x" in _held(bed, "InferenceCluster", "ams-1")
        )


def test_a_label_of_a_cluster_that_changes_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with serving.as_before(), _selected(bed, "amsterdam"), repaired(lambda: _locate(bed, "amsterdam")):
        _locate(bed, "utrecht")
        serving.endures(
            "the deployment says that its placement has drifted",
            lambda: bed.is_true(*CHAT, "PlacementDrifted", NAMESPACE),
        )


def test_a_status_of_a_cluster_that_is_wiped_garbled_or_gone_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    cluster = bed.composite("InferenceCluster", "ams-1")
    garbage = {"gpuPools": [{"name": "l5", "nodes": -1}], "gateway": {"address": "no address"}}
    with serving.as_before(), _paused(bed, cluster):
        for status, reason in (
            ({"gpuPools": None, "gateway": None}, "InferenceCluster ams-1 publishes no node pools"),
            (garbage, "InferenceCluster ams-1 cannot be read"),
        ):
            bed.control.api.patch(cluster, {"status": status}, "status")
            serving.endures("the deployment says so", partial(_holds, bed, reason))
        bed.control.api.patch(cluster, {"status": None}, "status")
        replica = unstructured.name_of(serving.replicas()[0])
        serving.endures(
            "its replicas say so",
            lambda: "publishes no status.providerConfigRef" in _held(bed, "ModelReplica", replica, NAMESPACE),
        )


def test_a_status_of_a_serving_stack_that_is_gone_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    (stack,) = (
        stack
        for stack in bed.control.api.list("infrastructure.modelplane.ai/v1alpha1", "ServingStack")
        if stack["metadata"]["name"].startswith("ams-1")
    )
    with serving.as_before(), _paused(bed, stack):
        bed.control.api.patch(stack, {"status": None}, "status")
        serving.endures(
            "the cluster does not hear of its stack",
            lambda: "serving-stack" in bed.message("InferenceCluster", "ams-1", "ChildrenReady"),
        )
        assert bed.is_true("InferenceCluster", "ams-1", "Ready"), "what is not known is as it was"


def test_a_selector_with_a_typing_error_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with serving.as_before(), _selected(bed, "amsterdma"):
        serving.endures(
            "the deployment says that its placement has drifted",
            lambda: bed.is_true(*CHAT, "PlacementDrifted", NAMESPACE),
        )


def test_a_kubeconfig_that_is_broken_or_deleted_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    cluster = bed.inference["ams-1"]
    whole = kubeconfig_secret(cluster, cluster.kubeconfig.read_text())
    with serving.as_before():
        with repaired(lambda: bed.control.kubectl.apply_objects([whole])):
            bed.control.kubectl.apply_objects([kubeconfig_secret(cluster, "no kubeconfig")])
            description = "the replicas say that nothing can be synced"
            serving.endures(description, lambda: len(_not_synced(bed)) == 2, 90, after=6, provider=NAMESPACE)
            bed.control.kubectl("delete", "secret", "-n", SYSTEM_NAMESPACE, "ams-1-kubeconfig")
            description = "the replicas say that there is no Secret"
            serving.endures(description, lambda: len(_without_secret(bed)) == 2, 90, provider=NAMESPACE)
        team = NAMESPACE
        bed.await_with_looks("the replicas are in sync again", lambda: not _not_synced(bed), 120, team, provider=team)


def test_provider_kubernetes_that_is_down_takes_nothing_away_and_what_is_new_names_it(
    bed: Bed, serving: Serving
) -> None:
    late = ("ModelDeployment", "late-doubt")
    with serving.as_before():
        bed.stop_provider()
        with repaired(bed.restart_provider):
            second_team.begin(bed, late[1])
            serving.endures(
                "what is new waits for the provider",
                lambda: (
                    "see whether provider-kubernetes runs" in bed.message(*late, "ReplicasReady", second_team.NAMESPACE)
                ),
                also=second_team.NAMESPACE,
            )
        second_team.finish(bed, late[1])


def test_a_function_that_is_down_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with serving.as_before():
        bed.processes.stop(bed.function)
        with repaired(bed.restart_function):
            serving.endures("nothing, until Crossplane gives up after two minutes", lambda: True, after=5, rolls=False)
        serving.await_synced()


def test_a_function_that_fails_takes_nothing_away(bed: Bed, serving: Serving) -> None:
    with serving.as_before():
        for how in (failing_functions.fatal, failing_functions.error, failing_functions.exception):
            with (
                failing_functions.serve_failing(bed.crossplane.function_keys, how) as port,
                repaired(lambda: bed.crossplane.route(bed.port)),
            ):
                bed.crossplane.route(port)
                serving.endures("Crossplane says what is wrong", partial(_blames, bed, how), rolls=False)
                if how is failing_functions.exception:
                    assert failing_functions.message(how) in _held(bed, *CHAT, NAMESPACE), (
                        "so does the deployment itself"
                    )
        serving.await_synced()


def test_references_that_are_wiped_take_nothing_away_and_come_back(bed: Bed, serving: Serving) -> None:
    """Crossplane knows what it has composed by these alone."""
    with serving.as_before():
        for replica in (bed.composite(*CHAT, NAMESPACE), *serving.replicas()):
            before = _references(bed, replica)
            assert before
            bed.control.api.patch(replica, {"spec": {"crossplane": {"resourceRefs": []}}})
            serving.endures("Crossplane has them again", partial(_has_references, bed, replica, before))


@contextmanager
def _paused(bed: Bed, obj: Manifest) -> Iterator[None]:
    """Have Crossplane leave a composite alone, so that nothing repairs what is done to it."""

    def pause(value: str | None) -> None:
        bed.control.api.patch(obj, {"metadata": {"annotations": {"crossplane.io/paused": value}}})

    pause("true")
    with repaired(lambda: pause(None)):
        bed.processes.until("the composite is paused", lambda: _says(bed, obj, "Synced", "ReconcilePaused"))
        yield
    bed.processes.until("the composite is composed again", lambda: _says(bed, obj, "Synced", "ReconcileSuccess"))


def _says(bed: Bed, obj: Manifest, condition: str, reason: str) -> bool:
    found = bed.control.api.get(obj["apiVersion"], obj["kind"], obj["metadata"]["name"], unstructured.namespace_of(obj))
    return unstructured.condition(found, condition).get("reason") == reason


@contextmanager
def _selected(bed: Bed, region: str) -> Iterator[None]:
    """Have the deployment select clusters of a region for a while."""
    with repaired(lambda: _select(bed, None)):
        _select(bed, region)
        yield


def _locate(bed: Bed, region: str) -> None:
    """Say that the cluster is in another region."""
    label = f"modelplane.ai/region={region}"
    bed.control.kubectl("label", "inferencecluster", "ams-1", label, "--overwrite")


def _references(bed: Bed, obj: Manifest) -> set[tuple[str, str]]:
    """Kind and name of what Crossplane knows to be composed by a composite."""
    name, namespace = unstructured.name_of(obj), unstructured.namespace_of(obj)
    found = bed.control.api.get(obj["apiVersion"], obj["kind"], name, namespace)
    return {(ref["kind"], ref["name"]) for ref in unstructured.items(found, "spec", "crossplane", "resourceRefs")}


def _has_references(bed: Bed, obj: Manifest, expected: set[tuple[str, str]]) -> bool:
    return _references(bed, obj) == expected


def _select(bed: Bed, region: str | None) -> None:
    selector = {"matchLabels": {"modelplane.ai/region": region}} if region else None
    bed.control.api.patch(bed.composite(*CHAT, NAMESPACE), {"spec": {"clusterSelector": selector}})


def _held(bed: Bed, kind: str, name: str, namespace: str = "") -> str:
    return bed.message(kind, name, "Held", namespace) if bed.is_true(kind, name, "Held", namespace) else ""


def _holds(bed: Bed, reason: str) -> bool:
    return reason in _held(bed, *CHAT, NAMESPACE)


def _blames(bed: Bed, how: failing_functions.Answer) -> bool:
    """Tell whether Crossplane says that it cannot compose the deployment, and why."""
    message = bed.message(*CHAT, "Synced", NAMESPACE)
    return failing_functions.message(how) in message and not bed.is_true(*CHAT, "Synced", NAMESPACE)


def _not_synced(bed: Bed) -> list[Manifest]:
    found = bed.control.api.list("modelplane.ai/v1alpha1", "ModelReplica", NAMESPACE)
    return [
        replica for replica in found if unstructured.condition(replica, "ModelAccepted").get("reason") == "NotSynced"
    ]


def _without_secret(bed: Bed) -> list[Manifest]:
    found = _not_synced(bed)
    return [
        replica
        for replica in found
        if "not found" in unstructured.text(unstructured.condition(replica, "ModelAccepted"), "message")
    ]
