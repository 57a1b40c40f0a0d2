from typing import Any

import pytest

from function.composition import Composition, Manifest, objects, unstructured
from function.preview.control_plane import ControlPlane
from tests.support.objects import PROVIDER_CONFIG, REACHABLE, SECRET, deployment, remote, wrapped
from tests.support.small_plane import (
    API_VERSION,
    answer,
    app,
    conditions_of,
    config,
    new_plane,
    sync_message,
    with_children,
)

OBJECT = ("kubernetes.m.crossplane.io/v1alpha1", "Object")


def only(plane: ControlPlane) -> Manifest:
    found = plane.list(*OBJECT)
    assert len(found) == 1
    return found[0]


def test_the_manifest_of_an_object_appears_on_its_cluster_and_comes_back_with_status() -> None:
    plane = with_children({"engine": wrapped(deployment(), ready_when=objects.AVAILABLE)})
    plane.settle()
    assert [(r.cluster, r.obj["kind"], r.obj["metadata"]["name"]) for r in plane.remote()] == [
        ("east", "Deployment", "engine")
    ]
    on_cluster = objects.remote(only(plane))
    assert on_cluster["spec"] == {"replicas": 2}
    assert {key: value for key, value in on_cluster["status"].items() if key != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    assert conditions_of(only(plane)) == {"Synced": "True/ReconcileSuccess", "Ready": "True/Available"}


def test_a_workload_is_not_available_before_the_step_after_its_creation() -> None:
    plane = with_children({"engine": wrapped(deployment(), ready_when=objects.AVAILABLE)})
    plane.step()
    assert conditions_of(only(plane))["Ready"] == "False/Creating"
    plane.step()
    assert conditions_of(only(plane))["Ready"] == "True/Available"


def test_a_change_of_the_manifest_is_a_new_generation_that_the_controller_sees_a_step_later() -> None:
    copies = 2
    plane = new_plane(lambda _: answer({"engine": wrapped(deployment(replicas=copies))}))
    plane.apply([app(), *REACHABLE])
    plane.settle()
    copies = 3
    plane.step()
    on_cluster = objects.remote(only(plane))
    assert (
        on_cluster["metadata"]["generation"],
        on_cluster["status"]["observedGeneration"],
        on_cluster["status"]["replicas"],
    ) == (
        2,
        1,
        2,
    )
    plane.step()
    on_cluster = objects.remote(only(plane))
    assert (
        on_cluster["metadata"]["generation"],
        on_cluster["status"]["observedGeneration"],
        on_cluster["status"]["replicas"],
    ) == (
        2,
        2,
        3,
    )


@pytest.mark.parametrize(
    ("query", "ready", "message"),
    [
        ("object.spec.replicas == 2", "True/Available", ""),
        ("object.spec.replicas == 3", "False/Unavailable", ""),
        ("object.status.phase == 'Bound'", "False/Unavailable", "failed to evaluate query: no such member"),
        ("object.", "False/Unavailable", "failed to compile query"),
        ("object.spec.replicas", "False/Unavailable", "the query does not give a boolean"),
    ],
)
def test_a_query_decides_readiness_and_an_error_is_its_message(query: str, ready: str, message: str) -> None:
    plane = with_children({"engine": wrapped(deployment(), ready_when=query)})
    plane.settle()
    assert conditions_of(only(plane))["Ready"] == ready
    assert unstructured.text(unstructured.condition(only(plane), "Ready"), "message").startswith(message)


@pytest.mark.parametrize(
    ("policy", "obj", "ready"),
    [
        ("SuccessfulCreate", remote("ConfigMap", "a"), "True"),
        ("DeriveFromObject", remote("ConfigMap", "a"), "False"),
        ("AllTrue", remote("ConfigMap", "a"), "False"),
        ("AllTrue", deployment(), "True"),
    ],
)
def test_readiness_follows_the_policy_of_the_object(policy: str, obj: Manifest, ready: str) -> None:
    wrapped_obj = wrapped(obj)
    wrapped_obj["spec"]["readiness"] = {"policy": policy}
    plane = with_children({"it": wrapped_obj})
    plane.settle()
    assert unstructured.condition(only(plane), "Ready")["status"] == ready


@pytest.mark.parametrize(
    ("kind", "api_version", "spec", "query"),
    [
        ("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", {"replicas": 1}, objects.AVAILABLE),
        ("PersistentVolumeClaim", "v1", {}, 'object.status.phase == "Bound"'),
        (
            "Job",
            "batch/v1",
            {},
            'object.status.conditions.exists(c, c.type == "Complete" && c.status == "True")',
        ),
        ("Namespace", "v1", {}, 'object.status.phase == "Active"'),
    ],
)
def test_every_workload_that_is_applied_comes_up(kind: str, api_version: str, spec: Any, query: str) -> None:
    namespace = "" if kind == "Namespace" else "default"
    plane = with_children({"it": wrapped(remote(kind, "it", api_version, namespace, spec=spec), ready_when=query)})
    plane.settle()
    assert conditions_of(only(plane))["Ready"] == "True/Available"


@pytest.mark.parametrize(
    ("applied", "message"),
    [
        ([config("x")], "connect failed: ClusterProviderConfig 'east' not found"),
        ([PROVIDER_CONFIG], 'connect failed: cannot get credentials: Secret "ops/east" not found'),
        ([PROVIDER_CONFIG, {**SECRET, "data": {"other": ""}}], 'Secret "ops/east" has no key "kubeconfig"'),
    ],
    ids=["no provider config", "no secret", "no key"],
)
def test_an_object_whose_cluster_cannot_be_reached_says_why(applied: list[Manifest], message: str) -> None:
    plane = with_children({"it": wrapped(deployment())}, *applied)
    plane.settle()
    assert message in sync_message(only(plane))
    assert plane.remote() == ()


def test_an_object_waits_for_the_namespace_on_its_cluster() -> None:
    children = {"engine": wrapped(deployment(namespace="team"))}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app(), *REACHABLE])
    plane.settle()
    assert sync_message(only(plane)) == 'cannot apply object: namespaces "team" not found'
    children["namespace"] = wrapped(remote("Namespace", "team", namespace=""))
    plane.settle()
    assert [conditions_of(obj)["Ready"] for obj in plane.list(*OBJECT)] == ["True/Available", "True/Available"]


@pytest.mark.parametrize(
    ("policies", "remaining"),
    [([], []), (["Observe", "Create", "Update"], ["engine"]), (["Observe", "Create", "Update", "Delete"], [])],
    ids=["all", "without Delete", "with Delete"],
)
def test_what_an_object_made_stays_only_when_its_policies_leave_out_delete(
    policies: list[str], remaining: list[str]
) -> None:
    children = {"engine": wrapped(deployment(), policies=policies)}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app(), *REACHABLE])
    plane.settle()
    children.clear()
    plane.settle()
    assert plane.list(*OBJECT) == ()
    assert [r.obj["metadata"]["name"] for r in plane.remote()] == remaining


def test_a_provider_config_that_is_in_use_is_deleted_after_what_uses_it() -> None:
    provider_config = {key: value for key, value in PROVIDER_CONFIG.items() if key != "metadata"}
    provider_config |= {"kind": "ProviderConfig", "metadata": {"name": "east"}}
    plane = new_plane(
        lambda _: answer(
            {"config": provider_config, "it": wrapped(deployment(), provider_config_kind="ProviderConfig")}
        )
    )
    plane.apply([app(), SECRET])
    plane.settle()
    assert len(plane.remote()) == 1
    plane.delete(API_VERSION, "App", "team", "shop")
    plane.settle()
    assert (
        plane.remote(),
        plane.list(*OBJECT),
        plane.list("kubernetes.m.crossplane.io/v1alpha1", "ProviderConfig"),
    ) == (
        (),
        (),
        (),
    )


def test_an_object_of_a_composite_is_on_the_cluster_whose_composition_its_provider_config_belongs_to() -> None:
    """The name of the provider config says nothing; its owner does."""

    def composing(observation: Any) -> Composition:
        if observation.kind == "InferenceCluster":
            body = {**PROVIDER_CONFIG, "metadata": {"name": "odd-name"}}
            return answer({"config": body})
        return answer({"engine": wrapped(deployment(), "odd-name")})

    plane = ControlPlane(composing, kinds={(API_VERSION, "App"), ("modelplane.ai/v1alpha1", "InferenceCluster")})
    cluster = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceCluster",
        "metadata": {"name": "oslo"},
        "spec": {"cluster": {"source": "Existing", "existing": {"secretRef": {"name": "oslo"}}}},
    }
    plane.apply([cluster, app(), SECRET])
    plane.settle()
    assert [r.cluster for r in plane.remote()] == ["oslo"]
