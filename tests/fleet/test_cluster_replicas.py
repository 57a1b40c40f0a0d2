"""What an InferenceCluster does about the replicas that are placed on it."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.fleet.builders import (
    CLUSTER_CONFIG,
    cluster,
    compose_cluster,
    manifests,
    message,
    observed,
    remote,
    replica,
    running_cluster,
)
from tests.support.observe import reasons


def pod_security(asked: str, enforced: str = "") -> dict[str, str]:
    """The labels of a namespace that is asked to keep to a level; another one may be enforced."""
    modes = {"enforce": enforced or asked, "audit": asked, "warn": asked}
    levels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in modes.items()}
    return {**levels, **{f"pod-security.kubernetes.io/{mode}-version": "v1.35" for mode in modes}}


def with_pods(pods: Manifest, *, status: Any = None, namespace: str = "ml-team") -> Manifest:
    """A replica with such pods, and what is known of it."""
    engines = [{"name": "vllm", "members": [{"role": "Standalone", "template": {"spec": pods}}]}]
    return {**replica(namespace=namespace), "spec": {"engines": engines}, **({"status": status} if status else {})}


HOST: Manifest = {"containers": [{"name": "engine"}], "hostNetwork": True}
PLAIN: Manifest = {"containers": [{"name": "engine"}]}
SERVED: Manifest = {"servingSince": "2026-01-01T00:00:00Z"}
TAKEN: Manifest = {"conditions": [{"type": "ModelAccepted", "status": "True"}]}
REFUSED: Manifest = {"conditions": [{"type": "ModelAccepted", "status": "False", "reason": "NotPermitted"}]}


def labels_of(obj: Manifest, *replicas: Manifest) -> dict[str, str]:
    """The labels of the namespace that the replicas are in."""
    answered = compose_cluster(obj, replicas=list(replicas))
    labels: dict[str, str] = remote(answered, "namespace-ml-team")["metadata"]["labels"]
    return labels


@pytest.mark.parametrize("level", ["restricted", "baseline", "privileged"])
def test_a_namespace_has_the_labels_of_its_level(level: str) -> None:
    assert labels_of(cluster(namespaces={"podSecurity": level}), with_pods({})) == pod_security(level)
    override = {"podSecurity": "privileged", "overrides": [{"name": "ml-team", "podSecurity": level}]}
    assert labels_of(cluster(namespaces=override), with_pods({})) == pod_security(level)
    other = {"podSecurity": level, "overrides": [{"name": "other", "podSecurity": "privileged"}]}
    assert labels_of(cluster(namespaces=other), with_pods({})) == pod_security(level)


def test_a_level_is_not_enforced_that_would_keep_a_serving_replicas_pods_from_starting_again() -> None:
    status, strict = SERVED, cluster(namespaces={"podSecurity": "restricted"})
    running = with_pods(HOST, status=status)
    assert labels_of(strict, with_pods(PLAIN, status=status), running) == pod_security("restricted", "privileged")
    assert labels_of(strict, with_pods(PLAIN, status=status)) == pod_security("restricted", "baseline")
    elsewhere = with_pods(HOST, status=status, namespace="research")
    assert labels_of(strict, replica(), elsewhere) == pod_security("restricted")


def test_pods_that_have_never_served_hold_no_level_open_though_they_were_taken() -> None:
    strict = cluster(namespaces={"podSecurity": "restricted"})
    assert labels_of(strict, with_pods(HOST, status=TAKEN)) == pod_security("restricted")


@pytest.mark.parametrize("status", [None, REFUSED], ids=["new", "refused"])
def test_a_replica_that_never_ran_opens_no_level(status: Any) -> None:
    assert labels_of(cluster(), with_pods(HOST, status=status)) == pod_security("baseline")


LOOSE: Manifest = cluster(namespaces={"podSecurity": "privileged"})
STRICT: Manifest = cluster(namespaces={"podSecurity": "restricted"})
RUNS: Manifest = with_pods(HOST, status={**SERVED, **TAKEN})


@pytest.mark.parametrize(
    "doubted",
    [
        {key: value for key, value in RUNS.items() if key != "status"},
        {**RUNS, "status": "junk"},
        {**RUNS, "status": {}},
        {**RUNS, "status": {"conditions": [], "servingSince": 7}},
        {key: value for key, value in RUNS.items() if key != "spec"},
        {**RUNS, "spec": "junk"},
        {**RUNS, "spec": {"engines": []}},
        {**RUNS, "spec": {"engines": [{"name": "vllm", "members": 7}]}},
        with_pods({}, status=SERVED),
    ],
    ids=[
        "no status",
        "junk status",
        "lost status",
        "junk time",
        "no spec",
        "junk spec",
        "none",
        "junk members",
        "bare",
    ],
)
def test_a_level_becomes_no_stricter_while_a_replica_does_not_say_what_runs(doubted: Manifest) -> None:
    before = observed(compose_cluster(LOOSE, replicas=[RUNS]))
    answered = compose_cluster(STRICT, before, replicas=[doubted])
    kept = pod_security("restricted", "privileged")
    assert remote(answered, "namespace-ml-team")["metadata"]["labels"] == kept
    assert set(answered.children) == set(before)
    assert "ModelReplica ml-team/chat-1 does not say whether its pods have run" in message(answered, "Held")
    after = compose_cluster(STRICT, observed(answered), replicas=[RUNS])
    assert remote(after, "namespace-ml-team")["metadata"]["labels"] == kept
    assert reasons(after)["Held"] == "False/InputsResolved"


def test_a_level_becomes_stricter_as_soon_as_each_replica_says_that_nothing_needs_more() -> None:
    before = observed(compose_cluster(LOOSE, replicas=[RUNS]))
    others = [with_pods(PLAIN, status={**SERVED, **TAKEN}), with_pods(HOST, status=REFUSED)]
    answered = compose_cluster(STRICT, before, replicas=others)
    assert remote(answered, "namespace-ml-team")["metadata"]["labels"] == pod_security("restricted", "baseline")
    assert reasons(answered)["Held"] == "False/InputsResolved"


def test_what_a_replica_does_not_say_makes_a_level_no_looser() -> None:
    before = observed(compose_cluster(STRICT, replicas=[with_pods(PLAIN)]))
    answered = compose_cluster(STRICT, before, replicas=[{**RUNS, "status": {}}])
    assert remote(answered, "namespace-ml-team")["metadata"]["labels"] == pod_security("restricted")
    assert reasons(answered)["Held"] == "False/InputsResolved"


GUARDS = {"usage-replicas", "usage-namespace-ml-team", "usage-namespace-research"}


def test_replicas_of_equal_name_in_two_namespaces_need_one_guard_and_two_namespaces() -> None:
    obj, children = running_cluster(cluster())
    replicas = [replica(), replica(namespace="research")]
    answered = compose_cluster(obj, children, replicas=replicas)
    added = {key: body for key, body in manifests(answered).items() if key not in children}
    assert set(added) == {*GUARDS, "namespace-ml-team", "namespace-research"}
    guard = added["usage-replicas"]
    assert (guard["apiVersion"], guard["kind"]) == ("protection.crossplane.io/v1beta1", "ClusterUsage")
    assert guard["spec"]["of"] == {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "InferenceCluster",
        "resourceRef": {"name": "ams-1"},
    }
    assert "by" not in guard["spec"]
    assert guard["spec"]["reason"]
    assert guard["spec"]["replayDeletion"] is False
    assert answered.status["replicas"] == 2
    assert answered.ready


def test_a_namespace_with_replicas_cannot_be_deleted_and_a_refused_deletion_is_not_remembered() -> None:
    spec = manifests(compose_cluster(cluster(), replicas=[replica()]))["usage-namespace-ml-team"]["spec"]
    assert spec == {
        "of": {"apiVersion": "v1", "kind": "Namespace", "resourceRef": {"name": "ml-team"}},
        "reason": "ModelReplicas of this namespace are still placed on clusters: delete the ModelDeployments first.",
        "replayDeletion": False,
    }


def test_a_replicas_namespace_is_made_on_the_cluster_and_stays_there() -> None:
    answered = compose_cluster(cluster(), replicas=[replica()])
    body = manifests(answered)["namespace-ml-team"]
    assert body["metadata"] == {"namespace": "modelplane-system"}
    assert remote(answered, "namespace-ml-team") == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "ml-team", "labels": pod_security("baseline")},
    }
    assert body["spec"]["managementPolicies"] == ["Observe", "Create", "Update"]
    assert body["spec"]["providerConfigRef"] == {"kind": "ClusterProviderConfig", "name": CLUSTER_CONFIG}


@pytest.mark.parametrize(
    "namespace", ["kube-system", "modelplane-system", "monitoring", "default", "rook-system", "openshift-ai"]
)
def test_no_reserved_namespace_is_made_for_a_replica(namespace: str) -> None:
    answered = compose_cluster(cluster(), replicas=[replica(namespace=namespace)])
    assert set(answered.children) == {"cluster-provider-config-kubernetes", "serving-stack", "usage-replicas"}


def test_a_namespace_that_became_reserved_keeps_its_object_and_its_guard_while_replicas_are_there() -> None:
    obj, children = running_cluster(cluster())
    children = observed(compose_cluster(obj, children, replicas=[replica(namespace="research")]))
    closed = {**obj, "spec": {**obj["spec"], "namespaces": {"reserved": ["res*"]}}}
    kept = compose_cluster(closed, children, replicas=[replica(namespace="research")])
    assert set(kept.children) == set(children)
    gone = {"usage-replicas", "usage-namespace-research", "namespace-research"}
    assert set(children) - set(compose_cluster(closed, children).children) == gone


@pytest.mark.parametrize("namespace", ["default", "rook-system", "openshift-ai"])
def test_a_reserved_namespace_is_made_where_the_platform_team_allows_it(namespace: str) -> None:
    answered = compose_cluster(cluster(namespaces={"allowed": [namespace]}), replicas=[replica(namespace=namespace)])
    assert {f"namespace-{namespace}", f"usage-namespace-{namespace}"} <= set(answered.children)


def test_the_guards_and_the_namespaces_go_with_the_last_replica_and_nothing_else_does() -> None:
    obj, children = running_cluster(cluster())
    children = observed(compose_cluster(obj, children, replicas=[replica(), replica(namespace="research")]))
    one_left = compose_cluster(obj, children, replicas=[replica()])
    assert set(children) - set(one_left.children) == {"namespace-research", "usage-namespace-research"}
    none_left = compose_cluster(obj, children)
    gone = {*GUARDS, "namespace-ml-team", "namespace-research"}
    assert set(children) - set(none_left.children) == gone
    assert reasons(none_left)["Held"] == "False/InputsResolved"


def test_replicas_that_block_a_deletion_are_counted_and_sampled() -> None:
    replicas = [replica(f"chat-{number}") for number in range(5)]
    answered = compose_cluster(cluster(), replicas=replicas)
    assert reasons(answered)["DeletionBlocked"] == "True/ReplicasPlaced"
    text = "5 replicas are placed here: ml-team/chat-0, ml-team/chat-1, ml-team/chat-2 and 2 more"
    assert message(answered, "DeletionBlocked") == text


def test_a_deletion_that_was_refused_is_said_and_not_remembered() -> None:
    obj = cluster()
    obj["metadata"]["annotations"] = {"usage.crossplane.io/deletion-attempt-with-policy": "Background"}
    answered = compose_cluster(obj, replicas=[replica()])
    assert reasons(answered)["DeletionBlocked"] == "True/DeletionRefused"
    assert message(answered, "DeletionBlocked").startswith("1 replica is placed here: ml-team/chat-1; delete")
    assert reasons(compose_cluster(obj))["DeletionBlocked"] == "False/NoReplicas"


def engine(pool_name: str, *members: dict[str, object], copies: int = 1) -> dict[str, object]:
    return {"name": "vllm", "copies": copies, "members": [{"nodePoolName": pool_name, **member} for member in members]}


CLAIMS = {"deviceRequests": [{"name": "gpu", "deviceClassName": "gpu.nvidia.com", "count": 1}]}


@pytest.mark.parametrize(
    ("engines", "committed", "free"),
    [
        ([], 0, 2),
        ([engine("gpus", {"role": "Standalone", **CLAIMS})], 1, 1),
        ([engine("gpus", {"role": "Standalone", **CLAIMS}, copies=3)], 3, 0),
        ([engine("gpus", {"role": "Leader"}, {"role": "Worker", "worker": {"nodes": 2}, **CLAIMS})], 2, 0),
        ([engine("elsewhere", {"role": "Standalone", **CLAIMS})], 0, 2),
        (["junk", {"members": "junk"}], 0, 2),
    ],
    ids=["none", "one pod", "more than there are", "a gang whose leader claims nothing", "another pool", "junk"],
)
def test_a_cluster_publishes_how_many_nodes_of_a_pool_are_taken_and_left(
    engines: list[object], committed: int, free: int
) -> None:
    placed = {**replica(), "spec": {"clusterName": "ams-1", "engines": engines}}
    answered = compose_cluster(cluster(), replicas=[placed])
    (pool,) = answered.status["gpuPools"]
    assert (pool["committedNodes"], pool["freeNodes"]) == (committed, free)


def test_a_replica_that_is_only_labelled_as_if_it_were_here_counts_for_nothing() -> None:
    """What it runs, and where, says its spec, which never changes; labels are anybody's."""
    elsewhere = {**replica(namespace="research"), "spec": {**replica()["spec"], "clusterName": "fra-1"}}
    obj, children = running_cluster(cluster())
    alone = compose_cluster(obj, children, replicas=[replica()])
    assert manifests(compose_cluster(obj, children, replicas=[replica(), elsewhere])) == manifests(alone)
    assert compose_cluster(obj, children, replicas=[replica(), elsewhere]).status == alone.status
    unreadable = {**replica(namespace="research"), "spec": "junk"}
    assert set(manifests(compose_cluster(obj, children, replicas=[replica(), unreadable]))) >= GUARDS
