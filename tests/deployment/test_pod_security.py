"""Pods go only where the level of pod security of their namespace admits them, and what runs already stays."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.support import replicas
from tests.support.deployments import cluster, composed, deployment, engine, gang, member, messages, request, running
from tests.support.observe import reasons

HARDENED: Manifest = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pods(context: Any = None, **spec: Any) -> Manifest:
    """An engine whose container has a security context, and whose pods have more."""
    container = {"name": "engine", "image": "x", **({"securityContext": context} if context else {})}
    return engine("vllm", {**member(request()), "template": {"spec": {"containers": [container], **spec}}})


def at(name: str, level: str = "", **namespaces: Any) -> Manifest:
    """A cluster whose namespaces keep to a level."""
    body = cluster(name)
    said = {**({"podSecurity": level} if level else {}), **namespaces}
    return {**body, "spec": {**body["spec"], "namespaces": said}}


HOST = pods({"privileged": True}, hostNetwork=True)


def placed(obj: Manifest, *fleet: Manifest) -> list[str]:
    return [key for key in composed(obj, list(fleet)).children if key.startswith("replica-")]


def test_a_deployment_is_told_the_cluster_its_level_the_fields_and_what_to_do() -> None:
    answered = composed(deployment(1, HOST), [at("a"), at("b", "restricted")])
    assert answered.children == {}
    assert reasons(answered)["ReplicasScheduled"] == "False/NotPermitted"
    assert messages(answered)["ReplicasScheduled"] == (
        "0 of 1 placed; no cluster permits the pods: a keeps namespace ml-team to pod security baseline, which does "
        "not admit spec.hostNetwork: true, spec.containers[engine].securityContext.privileged: true: "
        "change template.spec, or have podSecurity privileged set for the namespace in spec.namespaces.overrides of "
        "InferenceCluster a"
    )


def test_under_restricted_the_lines_to_add_are_named() -> None:
    told = messages(composed(deployment(1, pods()), [at("a", "restricted")]))["ReplicasScheduled"]
    assert (
        "which does not admit spec.containers[engine] without securityContext: {allowPrivilegeEscalation: false, "
        "capabilities: {drop: [ALL]}, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}: change template.spec"
    ) in told


def test_replicas_go_where_the_level_of_their_namespace_admits_them() -> None:
    fleet = [at("a"), at("b", "restricted"), at("c", overrides=[{"name": "ml-team", "podSecurity": "privileged"}])]
    assert placed(deployment(1, HOST), *fleet) == ["replica-c-0"]
    assert placed(deployment(3, pods()), *fleet[:2]) == ["replica-a-0", "replica-a-1", "replica-a-2"]
    assert placed(deployment(1, pods(HARDENED)), fleet[1]) == ["replica-b-0"]


def test_every_member_and_every_container_of_a_gang_is_looked_at() -> None:
    written = gang(1, request())
    init = {"name": "tune", "image": "x", "securityContext": {"privileged": True}}
    spec = {**written["members"][1]["template"]["spec"], "initContainers": [init]}
    written["members"][1]["template"] = {"spec": spec}
    told = messages(composed(deployment(1, written), [at("a")]))["ReplicasScheduled"]
    assert "spec.initContainers[tune].securityContext.privileged: true" in told


def test_a_running_replica_stays_and_has_drifted_when_the_level_is_tightened() -> None:
    obj, open_to_all = deployment(1, HOST), [at("a", "privileged")]
    children = running(obj, open_to_all)
    answered = composed(obj, [at("a")], children)
    assert set(answered.children) == set(children)
    assert answered.ready
    assert reasons(answered)["PlacementDrifted"] == "True/Drifted"
    assert (
        "cluster with pod security baseline, which does not admit spec.hostNetwork: true"
        in (messages(answered)["PlacementDrifted"])
    )


@pytest.mark.parametrize(
    ("field", "permitted"),
    [
        ("serviceAccountName", {"serviceAccounts": ["reader"]}),
        ("priorityClassName", {"priorityClasses": ["read*"]}),
        ("runtimeClassName", {"runtimeClasses": ["reader"]}),
    ],
)
def test_what_of_the_cluster_pods_name_needs_its_permission(field: str, permitted: Manifest) -> None:
    written = pods(**{field: "reader"})
    (said,) = permitted
    answered = composed(deployment(1, written), [at("a")])
    assert reasons(answered)["ReplicasScheduled"] == "False/NotPermitted"
    assert messages(answered)["ReplicasScheduled"] == (
        "0 of 1 placed; no cluster permits pods to have what grants them something, a not "
        f"{field} reader: remove it from template.spec, or have it added to spec.namespaces.{said} of "
        "InferenceCluster a"
    )
    assert placed(deployment(1, written), at("a"), at("b", **permitted)) == ["replica-b-0"]


@pytest.mark.parametrize(
    ("volume", "named", "permitted"),
    [
        ({"csi": {"driver": "s3.example.com"}}, "volumes[].csi.driver s3.example.com", {"csiDrivers": ["s3.*"]}),
        (
            {"nfs": {"server": "10.0.0.7", "path": "/"}},
            "volumes[].nfs.server 10.0.0.7",
            {"nfsServers": ["10.0.0.7"]},
        ),
    ],
    ids=["csi", "nfs"],
)
def test_storage_that_no_claim_leads_to_needs_a_permission_whatever_the_level_of_the_namespace(
    volume: Manifest, named: str, permitted: Manifest
) -> None:
    written = pods(volumes=[{"name": "weights", **volume}])
    (said,) = permitted
    told = messages(composed(deployment(1, written), [at("a", "privileged")]))["ReplicasScheduled"]
    assert told == (
        f"0 of 1 placed; no cluster permits pods to have what grants them something, a not {named}: remove it from "
        f"template.spec, or have it added to spec.namespaces.{said} of InferenceCluster a"
    )
    assert placed(deployment(1, written), at("a"), at("b", **permitted)) == ["replica-b-0"]
    children = running(deployment(1, written), [at("b", **permitted)])
    withdrawn = composed(deployment(1, written), [at("b")], children)
    assert (set(withdrawn.children), withdrawn.ready) == (set(children), True)
    assert reasons(withdrawn)["PlacementDrifted"] == "True/Drifted"


def test_a_claim_needs_no_permission() -> None:
    claimed = {"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}}
    assert placed(deployment(1, pods(volumes=[claimed])), at("a")) == ["replica-a-0"]


def test_the_default_account_needs_no_permission() -> None:
    assert placed(deployment(1, pods(serviceAccountName="default")), at("a")) == ["replica-a-0"]


def test_labels_of_a_workload_that_grant_are_looked_at_like_those_of_pods() -> None:
    written = {**pods(), "workload": {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "x"}}}}
    told = messages(composed(deployment(1, written), [at("a")]))["ReplicasScheduled"]
    assert "a not eks.amazonaws.com/role-arn" in told


def test_a_replica_written_by_hand_composes_nothing_where_its_pods_are_not_admitted() -> None:
    template = {"spec": {"containers": [replicas.container()], "hostPID": True}}
    answered = replicas.composed(replicas.replica(replicas.engine("vllm", replicas.member(template=template))))
    assert (answered.children, answered.ready) == ({}, False)
    (told,) = [c for c in answered.conditions if c.type == "ModelAccepted"]
    assert (told.reason, told.message) == (
        "NotPermitted",
        (
            "ams-1 keeps namespace ml-team to pod security baseline, which does not admit spec.hostPID: true: change "
            "template.spec, or have podSecurity privileged set for the namespace in spec.namespaces.overrides of the "
            "InferenceCluster"
        ),
    )


def test_pods_that_could_not_be_made_are_placed_nowhere_and_what_runs_stays() -> None:
    fleet = [at("a"), at("b")]
    children = running(deployment(1, pods()), fleet)
    clashing = pods(volumes=[{"name": "dshm", "emptyDir": {}}])
    answered = composed(deployment(2, clashing), fleet, children)
    assert set(answered.children) == set(children)
    assert answered.ready == composed(deployment(1, pods()), fleet, children).ready
    assert reasons(answered)["ReplicasScheduled"] == "False/PodConflict"
    assert messages(answered)["ReplicasScheduled"] == (
        "1 of 2 placed; engine vllm, Standalone: a volume named dshm is added to the pod: give yours another name"
    )
