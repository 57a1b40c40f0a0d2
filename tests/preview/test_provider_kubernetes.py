from typing import Any

import pytest

from function.composition import Composition, Manifest, objects, unstructured
from function.preview.control_plane import ControlPlane
from tests.support.objects import PROVIDER_CONFIG, REACHABLE, SECRET, deployment, remote, wrapped
from tests.support.small_plane import API_VERSION, answer, app, config, plane, said, sync_message, with_children

OBJECT = ("kubernetes.m.crossplane.io/v1alpha1", "Object")


def only(of: ControlPlane) -> Manifest:
    found = of.list(*OBJECT)
    assert len(found) == 1
    return found[0]


def test_the_manifest_of_an_object_appears_on_its_cluster_and_comes_back_with_status() -> None:
    of = with_children({"engine": wrapped(deployment(), ready_when=objects.AVAILABLE)})
    of.settle()
    assert [(r.cluster, r.thing["kind"], r.thing["metadata"]["name"]) for r in of.remote()] == [
        ("east", "Deployment", "engine")
    ]
    seen = objects.remote(only(of))
    assert seen["spec"] == {"replicas": 2}
    assert {key: value for key, value in seen["status"].items() if key != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }
    assert said(only(of)) == {"Synced": "True/ReconcileSuccess", "Ready": "True/Available"}


def test_a_workload_is_not_available_before_the_step_after_its_creation() -> None:
    of = with_children({"engine": wrapped(deployment(), ready_when=objects.AVAILABLE)})
    of.step()
    assert said(only(of))["Ready"] == "False/Creating"
    of.step()
    assert said(only(of))["Ready"] == "True/Available"


def test_a_change_of_the_manifest_is_a_new_generation_that_the_controller_sees_a_step_later() -> None:
    copies = 2
    of = plane(lambda _: answer({"engine": wrapped(deployment(replicas=copies))}))
    of.apply([app(), *REACHABLE])
    of.settle()
    copies = 3
    of.step()
    seen = objects.remote(only(of))
    assert (seen["metadata"]["generation"], seen["status"]["observedGeneration"], seen["status"]["replicas"]) == (
        2,
        1,
        2,
    )
    of.step()
    seen = objects.remote(only(of))
    assert (seen["metadata"]["generation"], seen["status"]["observedGeneration"], seen["status"]["replicas"]) == (
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
    of = with_children({"engine": wrapped(deployment(), ready_when=query)})
    of.settle()
    assert said(only(of))["Ready"] == ready
    assert unstructured.text(unstructured.condition(only(of), "Ready"), "message").startswith(message)


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
    wanted = wrapped(obj)
    wanted["spec"]["readiness"] = {"policy": policy}
    of = with_children({"it": wanted})
    of.settle()
    assert unstructured.condition(only(of), "Ready")["status"] == ready


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
    of = with_children({"it": wrapped(remote(kind, "it", api_version, namespace, spec=spec), ready_when=query)})
    of.settle()
    assert said(only(of))["Ready"] == "True/Available"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([config("x")], "connect failed: ClusterProviderConfig 'east' not found"),
        ([PROVIDER_CONFIG], 'connect failed: cannot get credentials: Secret "ops/east" not found'),
        ([PROVIDER_CONFIG, {**SECRET, "data": {"other": ""}}], 'Secret "ops/east" has no key "kubeconfig"'),
    ],
    ids=["no provider config", "no secret", "no key"],
)
def test_an_object_whose_cluster_cannot_be_reached_says_why(given: list[Manifest], why: str) -> None:
    of = with_children({"it": wrapped(deployment())}, *given)
    of.settle()
    assert why in sync_message(only(of))
    assert of.remote() == ()


def test_an_object_waits_for_the_namespace_on_its_cluster() -> None:
    children = {"engine": wrapped(deployment(namespace="team"))}
    of = plane(lambda _: answer(children))
    of.apply([app(), *REACHABLE])
    of.settle()
    assert sync_message(only(of)) == 'cannot apply object: namespaces "team" not found'
    children["namespace"] = wrapped(remote("Namespace", "team", namespace=""))
    of.settle()
    assert [said(obj)["Ready"] for obj in of.list(*OBJECT)] == ["True/Available", "True/Available"]


@pytest.mark.parametrize(
    ("policies", "left"),
    [([], []), (["Observe", "Create", "Update"], ["engine"]), (["Observe", "Create", "Update", "Delete"], [])],
    ids=["all", "without Delete", "with Delete"],
)
def test_what_an_object_made_stays_only_when_its_policies_leave_out_delete(
    policies: list[str], left: list[str]
) -> None:
    children = {"engine": wrapped(deployment(), policies=policies)}
    of = plane(lambda _: answer(children))
    of.apply([app(), *REACHABLE])
    of.settle()
    children.clear()
    of.settle()
    assert of.list(*OBJECT) == ()
    assert [r.thing["metadata"]["name"] for r in of.remote()] == left


def test_a_provider_config_that_is_in_use_is_deleted_after_what_uses_it() -> None:
    mine = {key: value for key, value in PROVIDER_CONFIG.items() if key != "metadata"}
    mine |= {"kind": "ProviderConfig", "metadata": {"name": "east"}}
    of = plane(lambda _: answer({"config": mine, "it": wrapped(deployment(), provider_config_kind="ProviderConfig")}))
    of.apply([app(), SECRET])
    of.settle()
    assert len(of.remote()) == 1
    of.delete(API_VERSION, "App", "team", "shop")
    of.settle()
    assert (of.remote(), of.list(*OBJECT), of.list("kubernetes.m.crossplane.io/v1alpha1", "ProviderConfig")) == (
        (),
        (),
        (),
    )


def test_an_object_of_a_composite_is_on_the_cluster_whose_composition_its_provider_config_belongs_to() -> None:
    """The name of the provider config says nothing; its owner does."""

    def composing(seen: Any) -> Composition:
        if seen.kind == "InferenceCluster":
            body = {**PROVIDER_CONFIG, "metadata": {"name": "odd-name"}}
            return answer({"config": body})
        return answer({"engine": wrapped(deployment(), "odd-name")})

    of = ControlPlane(composing, kinds={(API_VERSION, "App"), ("modelplane.ai/v1alpha1", "InferenceCluster")})
    cluster = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceCluster",
        "metadata": {"name": "oslo"},
        "spec": {"cluster": {"source": "Existing", "existing": {"secretRef": {"name": "oslo"}}}},
    }
    of.apply([cluster, app(), SECRET])
    of.settle()
    assert [r.cluster for r in of.remote()] == ["oslo"]
