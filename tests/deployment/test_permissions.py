"""What only a platform team can grant is refused where it has not, and what runs already stays."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.support import replicas
from tests.support.deployments import (
    cluster,
    composed,
    deployment,
    engine,
    gang,
    member,
    messages,
    pool,
    request,
    running,
)
from tests.support.observe import reasons
from tests.support.replicas import CLUSTER, remotes

NETWORK = "k8s.v1.cni.cncf.io/networks"
ROLE = "eks.amazonaws.com/role-arn"


def asking(*keys: str, field: str = "annotations") -> Manifest:
    """An engine whose pods have these labels or annotations."""
    written = member(request())
    template = {**written["template"], "metadata": {field: dict.fromkeys(keys, "x")}}
    return engine("vllm", {**written, "template": template})


def permitting(name: str, *keys: str, **namespaces: Any) -> Manifest:
    """A cluster whose platform team permits these keys."""
    body = cluster(name)
    return {**body, "spec": {**body["spec"], "namespaces": {"podMetadata": list(keys), **namespaces}}}


def pods_of_replica(*keys: str) -> Manifest:
    """A replica whose pods have these annotations."""
    metadata = {"annotations": dict.fromkeys(keys, "x")}
    template = {"metadata": metadata, "spec": {"containers": [replicas.container()]}}
    return replicas.replica(replicas.engine("vllm", replicas.member(template=template)))


def test_a_deployment_whose_pods_ask_for_a_grant_is_told_the_key_and_what_to_do() -> None:
    answered = composed(deployment(1, asking(NETWORK)), [cluster("a")])
    assert answered.children == {}
    assert reasons(answered)["ReplicasScheduled"] == "False/NotPermitted"
    assert messages(answered)["ReplicasScheduled"] == (
        "0 of 1 placed; no cluster permits pods to have what grants them something, a not "
        "k8s.v1.cni.cncf.io/networks: remove it from template.metadata, or have it added to "
        "spec.namespaces.podMetadata of InferenceCluster a"
    )


def test_labels_that_grant_are_refused_as_annotations_are() -> None:
    answered = composed(deployment(1, asking("azure.workload.identity/use", field="labels")), [cluster("a")])
    assert reasons(answered)["ReplicasScheduled"] == "False/NotPermitted"


def test_replicas_go_where_all_that_they_ask_for_is_permitted() -> None:
    fleet = [cluster("a"), permitting("b", NETWORK), permitting("c", NETWORK, "eks.amazonaws.com/*")]
    answered = composed(deployment(1, asking(NETWORK, ROLE)), fleet)
    assert list(answered.children) == ["replica-c-0"]
    assert reasons(answered)["ReplicasScheduled"] == "False/Scheduling"


def test_the_cluster_that_lacks_least_is_named() -> None:
    fleet = [cluster("a"), permitting("b", NETWORK)]
    told = messages(composed(deployment(1, asking(NETWORK, ROLE)), fleet))["ReplicasScheduled"]
    assert "b not eks.amazonaws.com/role-arn:" in told


def test_clusters_without_permission_are_tallied_beside_those_without_room() -> None:
    full = {**permitting("b", NETWORK), "status": {**cluster("b", pool("a100", 0))["status"]}}
    told = composed(deployment(1, asking(NETWORK)), [cluster("a"), full])
    assert reasons(told)["ReplicasScheduled"] == "False/InsufficientCapacity"
    assert messages(told)["ReplicasScheduled"] == (
        "0 of 1 placed, 2 clusters: 1 without permission for k8s.v1.cni.cncf.io/networks, "
        "1 needs 1 free node in pool a100 (0 free). Free nodes or enlarge a pool: a pod takes its node whole. "
        "Remove what grants, or have it added to the lists of the cluster's spec.namespaces."
    )


def test_harmless_labels_and_annotations_need_no_permission() -> None:
    for field in ("labels", "annotations"):
        harmless = asking("prometheus.io/scrape", "app.kubernetes.io/name", "example.com/team", field=field)
        assert list(composed(deployment(1, harmless), [cluster("a")]).children) == ["replica-a-0"]


@pytest.mark.parametrize("namespace", ["default", "gpu-operator", "istio-system", "rook-system", "openshift-ai"])
def test_a_deployment_in_a_namespace_reserved_by_habit_is_refused_unless_a_cluster_allows_it(namespace: str) -> None:
    obj = deployment(namespace=namespace)
    answered = composed(obj, [cluster("a"), cluster("b")])
    assert answered.children == {}
    assert reasons(answered)["ReplicasScheduled"] == "False/NamespaceReserved"
    assert messages(answered)["ReplicasScheduled"] == (
        f"0 of 1 placed; namespace {namespace} is reserved: deploy in another one, or have it added to "
        "spec.namespaces.allowed of an InferenceCluster"
    )
    allowed = composed(obj, [cluster("a"), permitting("b", allowed=[namespace])])
    assert list(allowed.children) == ["replica-b-0"]


def test_replicas_that_run_where_nothing_new_may_stay_with_endpoints_and_say_what_has_changed() -> None:
    fleet = [cluster("a"), cluster("b")]
    obj = deployment(2)
    children = running(obj, fleet)
    closed = [permitting(name, reserved=["ml-*"]) for name in "ab"]
    del children["endpoint-b-0"]
    answered = composed(obj, closed, children)
    assert set(answered.children) == {*children, "endpoint-b-0"}
    assert answered.ready
    assert reasons(answered)["ReplicasScheduled"] == "True/ReplicasCreated"
    assert reasons(answered)["PlacementDrifted"] == "True/Drifted"
    assert "cluster with namespace ml-team reserved" in messages(answered)["PlacementDrifted"]


def test_a_rollout_to_what_is_not_permitted_takes_nothing_away() -> None:
    fleet = [cluster("a"), cluster("b")]
    children = running(deployment(2), fleet)
    answered = composed(deployment(2, asking(NETWORK), rollout={"maxUnavailable": 2}), fleet, children)
    assert set(answered.children) == set(children)
    assert not any("draining-since" in str(child.manifest) for child in answered.children.values())
    assert answered.ready
    assert reasons(answered)["Progressing"] == "False/NoRoomToSurge"


@pytest.mark.parametrize(
    ("obj", "reason", "words"),
    [
        (replicas.replica(namespace="default"), "NamespaceReserved", "Namespace default is reserved"),
        (pods_of_replica(ROLE, NETWORK), "NotPermitted", f"ams-1 does not permit pods to have {ROLE}, {NETWORK}:"),
    ],
    ids=["namespace", "annotation"],
)
def test_a_replica_written_by_hand_is_refused_like_a_deployment(obj: Manifest, reason: str, words: str) -> None:
    answered = replicas.composed(obj)
    assert (answered.children, answered.ready) == ({}, False)
    (told,) = [c for c in answered.conditions if c.type == "ModelAccepted"]
    assert told.reason == reason
    assert words in told.message


def test_a_replica_is_made_where_its_cluster_permits_all() -> None:
    cluster_of = {**CLUSTER, "spec": {"namespaces": {"podMetadata": ["eks.amazonaws.com/*"], "allowed": ["default"]}}}
    obj = pods_of_replica(ROLE)
    obj["metadata"]["namespace"] = "default"
    made = remotes(replicas.composed(obj, cluster=cluster_of))["model-serving-vllm"]
    assert made["spec"]["template"]["metadata"]["annotations"] == {ROLE: "x"}


@pytest.mark.parametrize(
    "obj", [replicas.replica(namespace="default"), pods_of_replica(ROLE)], ids=["namespace", "key"]
)
def test_a_replica_that_runs_goes_on_when_its_cluster_does_not_permit_it_any_more(obj: Manifest) -> None:
    everything = {**CLUSTER, "spec": {"namespaces": {"podMetadata": ["*"], "allowed": ["default"]}}}
    children = replicas.observed(replicas.composed(obj, cluster=everything))
    before = replicas.composed(obj, children, cluster=everything)
    after = replicas.composed(obj, children)
    assert after == before
    assert after.ready
    failed = replicas.composed(obj, replicas.observed(before, "False"))
    assert (failed.ready, reasons(failed)["ModelReady"]) == (False, "False/ModelStarting")


def test_a_gang_is_asked_for_all_its_members() -> None:
    written = gang(1, request())
    metadata = {"annotations": {NETWORK: "x"}}
    written["members"][1]["template"] = {**written["members"][1]["template"], "metadata": metadata}
    assert reasons(composed(deployment(1, written), [cluster("a")]))["ReplicasScheduled"] == "False/NotPermitted"
