"""InferenceCluster: what it composes, publishes and says, and what it keeps."""

from typing import Any

import pytest

from function.api.kinds import INFERENCE_CLASS, MODEL_REPLICA
from function.composition import Condition, Manifest, Requirement, Status, names, unstructured
from function.fleet import inference_cluster
from tests.fleet.builders import (
    ADDRESS,
    CLUSTER_CONFIG,
    PUBLISHED,
    cluster,
    compose_cluster,
    inference_class_of,
    manifests,
    message,
    observed,
    pool,
    replica,
    running_cluster,
    with_status,
)
from tests.support.observe import answer, reasons, with_condition

STACK = names.name("ams-1", 63, "ServingStack", "modelplane-system", "ams-1")
GPUS = {"name": "gpus", "className": "l4", "nodes": 2, "devices": [PUBLISHED], "committedNodes": 0, "freeNodes": 2}
LOST: dict[str, list[Manifest]] = {"l4": []}


def with_stack(children: dict[str, Manifest], stack: Manifest) -> dict[str, Manifest]:
    return {**children, "serving-stack": stack}


def stack_saying(children: dict[str, Manifest], status: str | None, text: str = "", **more: Any) -> dict[str, Manifest]:
    """The children with a stack that says this about being ready, or nothing."""
    bare = {key: value for key, value in children["serving-stack"].items() if key != "status"}
    stack = with_condition({**bare, "status": more}, "StackReady", status or "Unknown", "Installing", text)
    return with_stack(children, with_condition(stack, "Ready", status) if status else stack)


# ---------------------------------------------------------------------- first pass


def test_the_first_pass_composes_how_to_reach_the_cluster_and_its_stack() -> None:
    answered = compose_cluster(cluster())
    reference = {"namespace": "modelplane-system", "name": "kc", "key": "kubeconfig"}
    assert manifests(answered) == {
        "cluster-provider-config-kubernetes": {
            "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
            "kind": "ClusterProviderConfig",
            "metadata": {"name": CLUSTER_CONFIG},
            "spec": {"credentials": {"source": "Secret", "secretRef": reference}},
        },
        "serving-stack": {
            "apiVersion": "infrastructure.modelplane.ai/v1alpha1",
            "kind": "ServingStack",
            "metadata": {"name": STACK, "namespace": "modelplane-system", "finalizers": ["foregroundDeletion"]},
            "spec": {"secrets": [{"type": "Kubeconfig", "name": "kc", "key": "kubeconfig"}]},
        },
    }
    assert not answered.ready
    assert answered.status == {
        "providerConfigRef": {"name": CLUSTER_CONFIG},
        "namespace": "modelplane-system",
        "replicas": 0,
        "pools": 1,
        "nodes": 2,
        "gpuPools": [GPUS],
    }
    assert reasons(answered) == {
        "ClusterReady": "False/Provisioning",
        "ClusterReachable": "False/Connecting",
        "BackendReady": "False/Installing",
        "DeletionBlocked": "False/NoReplicas",
        "Held": "False/InputsResolved",
        "ChildrenReady": "False/ChildNotReady",
    }


def test_an_identity_is_in_the_provider_config_and_in_the_stacks_second_secret() -> None:
    identity = {"name": "sa", "type": "NebiusServiceAccountCredentials", "key": "creds"}
    answered = compose_cluster(cluster(existing={"identitySecretRef": identity}))
    assert manifests(answered)["cluster-provider-config-kubernetes"]["spec"]["identity"] == {
        "type": "NebiusServiceAccountCredentials",
        "source": "Secret",
        "secretRef": {"namespace": "modelplane-system", "name": "sa", "key": "creds"},
    }
    assert manifests(answered)["serving-stack"]["spec"]["secrets"][1] == identity


def test_an_identity_is_googles_with_its_usual_key_unless_said_otherwise() -> None:
    answered = compose_cluster(cluster(existing={"identitySecretRef": {"name": "sa"}}))
    assert manifests(answered)["serving-stack"]["spec"]["secrets"][1] == {
        "type": "GoogleApplicationCredentials",
        "name": "sa",
        "key": "private_key",
    }


def test_only_what_the_user_set_about_the_stack_is_copied_down() -> None:
    settings = {
        "versions": {"certManager": "v1.18.0"},
        "gateway": {"className": "mine", "listeners": [{"name": "web", "port": 8080, "protocol": "HTTP"}]},
        "nvidiaDriverRoot": "/opt/nvidia",
        "chartRepositories": {"prometheus": "oci://mirror.example.com/charts"},
        "installed": ["prometheus"],
    }
    spec = manifests(compose_cluster(cluster(servingStack=settings)))["serving-stack"]["spec"]
    assert {key: value for key, value in spec.items() if key != "secrets"} == settings
    empty = {"versions": {}, "gateway": {"listeners": []}, "installed": [], "nvidiaDriverRoot": ""}
    assert list(manifests(compose_cluster(cluster(servingStack=empty)))["serving-stack"]["spec"]) == ["secrets"]


def test_the_requirements_are_the_same_whatever_has_been_fetched() -> None:
    obj = cluster(nodePools=[pool("b", "t4"), pool("a", "l4"), pool("c", "l4")])
    expected = {
        "model-replicas": Requirement(
            MODEL_REPLICA.api_version, MODEL_REPLICA.kind, labels={"modelplane.ai/cluster": "ams-1"}
        ),
        "class-l4": Requirement(INFERENCE_CLASS.api_version, INFERENCE_CLASS.kind, name="l4"),
        "class-t4": Requirement(INFERENCE_CLASS.api_version, INFERENCE_CLASS.kind, name="t4"),
    }
    assert answer(inference_cluster.COMPOSER, obj).requirements == expected
    assert compose_cluster(obj, classes={"l4": [inference_class_of()], "t4": []}).requirements == expected


def test_a_cluster_without_pools_needs_no_class() -> None:
    answered = compose_cluster(cluster(nodePools=[]))
    assert list(answered.requirements) == ["model-replicas"]
    assert (answered.status["gpuPools"], answered.status["pools"], answered.status["nodes"]) == ([], 0, 0)


# ---------------------------------------------------------------------- running


def test_a_cluster_is_ready_once_its_stack_is_and_its_address_is_known() -> None:
    obj, children = running_cluster(cluster())
    answered = compose_cluster(obj, children)
    assert answered.ready
    assert answered.status["gateway"] == {"address": ADDRESS}
    assert reasons(answered) == {
        "ClusterReady": "True/ClusterRunning",
        "ClusterReachable": "True/Reachable",
        "BackendReady": "True/BackendHealthy",
        "DeletionBlocked": "False/NoReplicas",
        "Held": "False/InputsResolved",
        "ChildrenReady": "True/AllReady",
    }
    assert message(answered, "ClusterReady").startswith("node pools: 1, with up to 2 nodes; reached by Secret ")


def test_observed_children_keep_their_names_and_status_names_the_observed_provider_config() -> None:
    _, children = running_cluster(cluster())
    for child in children.values():
        child["metadata"] = {**child["metadata"], "name": "old-name"}
    answered = compose_cluster(cluster(), children)
    assert {child["metadata"]["name"] for child in manifests(answered).values()} == {"old-name"}
    assert answered.status["providerConfigRef"] == {"name": "old-name"}


def test_a_ready_stack_without_an_address_is_not_enough() -> None:
    _, children = running_cluster(cluster())
    answered = compose_cluster(cluster(), stack_saying(children, "True"))
    assert not answered.ready
    assert reasons(answered)["BackendReady"] == "False/Installing"
    assert "publishes no gateway address yet" in message(answered, "BackendReady")


def test_a_stack_that_is_not_ready_is_quoted() -> None:
    obj, children = running_cluster(cluster())
    answered = compose_cluster(obj, stack_saying(children, "False", "15 of 16 parts are ready; prometheus: bad"))
    assert not answered.ready
    text = message(answered, "BackendReady")
    assert text == f"ServingStack modelplane-system/{STACK}: 15 of 16 parts are ready; prometheus: bad"


def test_a_cluster_stays_ready_while_its_stack_is_only_being_changed_and_says_what_is() -> None:
    obj, children = running_cluster(cluster())
    changing = "15 of 16 parts are ready; prometheus: Ready is False: Unavailable, it is being changed"
    stack = with_condition(children["serving-stack"], "StackReady", "True", "Changing", changing)
    answered = compose_cluster(obj, with_stack(children, stack))
    assert answered.ready
    assert reasons(answered)["BackendReady"] == "True/BackendHealthy"
    text = f"ServingStack modelplane-system/{STACK} is ready; requests go to {ADDRESS}; {changing}"
    assert message(answered, "BackendReady") == text


def test_a_stack_whose_release_failed_is_told_from_one_that_is_being_installed() -> None:
    obj, children = running_cluster(cluster())
    saying = stack_saying(children, "False")
    stack = with_condition(saying["serving-stack"], "StackReady", "False", "ReleaseFailed", "prometheus: failed")
    answered = compose_cluster(obj, with_stack(children, stack), replicas=[replica()])
    assert not answered.ready
    assert reasons(answered)["BackendReady"] == "False/StackFailed"
    assert message(answered, "BackendReady") == f"ServingStack modelplane-system/{STACK}: prometheus: failed"
    assert set(children) <= set(answered.children)
    assert answered.status["gateway"] == {"address": ADDRESS}


def test_a_stack_that_does_not_say_whether_it_is_ready_leaves_readiness_and_address_as_they_are() -> None:
    obj, children = running_cluster(cluster())
    silent = stack_saying(children, None)
    answered = compose_cluster(obj, silent)
    assert answered.ready
    assert answered.status["gateway"] == {"address": ADDRESS}
    assert reasons(answered)["BackendReady"] == "True/BackendHealthy"
    assert not compose_cluster(cluster(), silent).ready


def test_an_address_that_is_known_stays_while_the_stack_reports_none_or_is_gone() -> None:
    obj, children = running_cluster(cluster())
    for doubtful in (
        stack_saying(children, "False"),
        {"cluster-provider-config-kubernetes": children["serving-stack"]},
    ):
        assert compose_cluster(obj, doubtful).status["gateway"] == {"address": ADDRESS}


def test_the_storage_class_for_caches_is_published_as_the_operator_says() -> None:
    cached = cluster(existing={"cache": {"storageClassName": "rwx"}})
    assert compose_cluster(cached).status["cache"] == {"storageClassName": "rwx"}
    assert "cache" not in compose_cluster(cluster()).status


# ---------------------------------------------------------------------- classes


def test_a_missing_class_takes_nothing_from_a_running_cluster() -> None:
    obj, children = running_cluster(cluster())
    answered = compose_cluster(obj, children, classes=LOST)
    assert answered.ready
    assert answered.status == {k: v for k, v in obj["status"].items() if k != "conditions"}
    assert manifests(answered) == manifests(compose_cluster(obj, children))
    assert reasons(answered)["ClusterReady"] == "True/ClusterRunning"
    assert reasons(answered)["Held"] == "True/InputMissing"
    assert message(answered, "Held") == "InferenceClass l4 does not exist; node pool gpus stays as it was published"


def test_a_pool_that_was_never_published_waits_for_its_class_and_is_named() -> None:
    answered = compose_cluster(cluster(), classes=LOST)
    assert answered.status["gpuPools"] == []
    assert reasons(answered)["ClusterReady"] == "False/WaitingForClasses"
    text = "InferenceClass l4 does not exist; node pool gpus is not published until it can be"
    assert message(answered, "ClusterReady") == text
    assert set(answered.children) == {"cluster-provider-config-kubernetes", "serving-stack"}


def test_a_cluster_does_not_become_ready_while_it_waits_for_a_class() -> None:
    _, children = running_cluster(cluster())
    assert not compose_cluster(cluster(), children, classes=LOST).ready


def test_a_new_pool_that_waits_for_its_class_does_not_take_ready_from_a_running_cluster() -> None:
    obj, children = running_cluster(cluster())
    obj = {**obj, "spec": {**obj["spec"], "nodePools": [pool(), pool("more", "h100")]}}
    answered = compose_cluster(obj, children, classes={"l4": [inference_class_of()], "h100": []})
    assert answered.ready
    assert [published["name"] for published in answered.status["gpuPools"]] == ["gpus"]
    assert reasons(answered)["ClusterReady"] == "False/WaitingForClasses"


def test_a_class_that_cannot_be_read_keeps_what_was_published() -> None:
    obj, children = running_cluster(cluster())
    broken = {**inference_class_of(), "spec": "junk"}
    answered = compose_cluster(obj, children, classes={"l4": [broken]})
    assert answered.ready
    assert answered.status["gpuPools"] == [GPUS]
    assert reasons(answered)["Held"] == "True/InputInvalid"


def test_a_changed_class_is_published_anew() -> None:
    obj, children = running_cluster(cluster())
    changed = inference_class_of(node={"cpu": "64"})
    answered = compose_cluster(obj, children, classes={"l4": [changed]})
    assert answered.status["gpuPools"] == [{**GPUS, "node": {"cpu": "64", "reserved": {"cpu": "1740m"}}}]


@pytest.mark.parametrize("key", ["model-replicas", "class-l4"])
def test_what_is_not_fetched_yet_holds_everything(key: str) -> None:
    guarded = [replica()]
    obj, children = running_cluster(cluster(), replicas=guarded)
    children = observed(compose_cluster(obj, children, replicas=guarded))
    required: dict[str, list[Manifest]] = {"model-replicas": guarded, "class-l4": [inference_class_of()]}
    del required[key]
    answered = answer(inference_cluster.COMPOSER, obj, children, required)
    assert answered.ready
    assert set(answered.children) == set(children)
    assert answered.status == {k: v for k, v in obj["status"].items() if k != "conditions"}
    assert reasons(answered)["Held"] == "True/InputUnresolved"


# ---------------------------------------------------------------------- sources


def test_a_cluster_of_another_source_composes_nothing_and_says_which() -> None:
    answered = compose_cluster(cluster("fra-1", cluster={"source": "GKE", "gke": {"region": "europe-west3"}}))
    assert answered.children == {}
    assert not answered.ready
    assert answered.conditions[:3] == (
        Condition("ClusterReady", Status.FALSE, "SourceNotSupported", "source GKE is not composed by this version"),
        Condition("ClusterReachable", Status.FALSE, "Connecting"),
        Condition("BackendReady", Status.FALSE, "WaitingForCluster", "source GKE is not composed by this version"),
    )


def test_a_running_cluster_whose_source_is_not_composed_keeps_everything() -> None:
    obj, children = running_cluster(cluster())
    obj = {**obj, "spec": {**obj["spec"], "cluster": {"source": "GKE", "gke": {"region": "r"}}}}
    answered = compose_cluster(obj, children)
    assert answered.ready
    assert set(answered.children) == set(children)
    assert answered.status == {k: v for k, v in obj["status"].items() if k != "conditions"}
    assert reasons(answered)["ClusterReady"] == "False/SourceNotSupported"
    assert reasons(answered)["BackendReady"] == "True/BackendHealthy"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ({"source": "Existing"}, "spec.cluster.existing is required for source Existing"),
        (
            {"source": "Existing", "existing": {"secretRef": {"name": ""}}},
            "spec.cluster.existing.secretRef.name is empty: name the Secret and its key",
        ),
    ],
)
def test_a_source_that_does_not_say_how_to_reach_the_cluster_is_held(source: dict[str, Any], text: str) -> None:
    obj, children = running_cluster(cluster())
    obj = {**obj, "spec": {**obj["spec"], "cluster": source}}
    answered = compose_cluster(obj, children, replicas=[replica()])
    assert answered.ready
    assert set(answered.children) == {*children, "usage-replicas", "usage-namespace-ml-team"}
    assert reasons(answered)["ClusterReady"] == "False/SourceIncomplete"
    assert reasons(answered)["Held"] == "True/InvalidSpec"
    assert message(answered, "Held") == text
    empty = compose_cluster(cluster(cluster=source))
    assert (empty.children, empty.ready) == ({}, False)


def test_a_second_answer_to_the_same_facts_is_the_same() -> None:
    obj, children = running_cluster(cluster(), replicas=[replica()])
    first = compose_cluster(obj, children, replicas=[replica()])
    again = compose_cluster(with_status(obj, first), children, replicas=[replica()])
    assert (again.children, again.status, again.conditions) == (first.children, first.status, first.conditions)


def test_every_child_is_declared_with_its_kind() -> None:
    answered = compose_cluster(cluster(), replicas=[replica()])
    kinds = {key: unstructured.text(body, "kind") for key, body in manifests(answered).items()}
    assert kinds == {
        "cluster-provider-config-kubernetes": "ClusterProviderConfig",
        "serving-stack": "ServingStack",
        "usage-replicas": "ClusterUsage",
        "usage-namespace-ml-team": "ClusterUsage",
        "namespace-ml-team": "Object",
    }
