"""Why the pods of a replica are not ready, in their own words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api import labels
from function.composition import Manifest, names
from function.replica import model_replica
from function.replica.pod_reasons import explain
from tests.support.crd_schemas import violations
from tests.support.observe import answer, reasons
from tests.support.replicas import CLUSTER, CONFIG, composed, observed, replica
from tests.support.replicas import serving as that_serves

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def pod(name: str = "chat-1-vllm-a", **status: Any) -> Manifest:
    """The Object of a pod, as the provider last saw it."""
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "status": status}
    meta = {"name": f"pods-{name}", "namespace": "ml-team", "labels": {labels.PODS_OF: "chat-1"}}
    return {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "Object",
        "metadata": meta,
        "status": {"atProvider": {"manifest": obj}},
    }


def condition(kind: str, status: str, reason: str = "", message: str = "") -> Manifest:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def container(**state: Any) -> Manifest:
    return {"name": "engine", **state}


UNSCHEDULABLE = pod(
    phase="Pending",
    conditions=[
        condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available: 3 cannot allocate all claims.")
    ],
)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            UNSCHEDULABLE,
            "pod chat-1-vllm-a: Unschedulable: 0/3 nodes are available: 3 cannot allocate all claims.",
        ),
        (
            pod(
                containerStatuses=[
                    container(state={"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})
                ]
            ),
            "pod chat-1-vllm-a: container engine: ImagePullBackOff: no such image",
        ),
        (
            pod(
                containerStatuses=[
                    container(
                        state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                        lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}},
                    )
                ]
            ),
            "pod chat-1-vllm-a: container engine: CrashLoopBackOff: back-off; before that OOMKilled with exit code 137",
        ),
        (
            pod(initContainerStatuses=[container(state={"terminated": {"reason": "Error", "exitCode": 1}})]),
            "pod chat-1-vllm-a: container engine: Error with exit code 1",
        ),
        (pod(phase="Failed", reason="Evicted", message="disk"), "pod chat-1-vllm-a: Evicted: disk"),
    ],
    ids=["no node", "no image", "crashes", "init", "evicted"],
)
def test_a_pod_that_cannot_run_says_why(found: Manifest, message: str) -> None:
    assert explain([found]) == message


@pytest.mark.parametrize(
    "found",
    [
        pod(conditions=[condition("Ready", "True"), condition("PodScheduled", "False")]),
        pod(containerStatuses=[container(state={"waiting": {"reason": "ContainerCreating"}})]),
        pod(containerStatuses=[container(state={"running": {}})]),
        pod(containerStatuses=[container(state={"terminated": {"reason": "Completed", "exitCode": 0}})]),
        {"metadata": {"name": "not seen yet"}},
    ],
    ids=["ready", "starts", "loads", "done", "unseen"],
)
def test_a_pod_that_is_ready_or_on_its_way_says_nothing(found: Manifest) -> None:
    assert explain([found]) == ""


def test_the_first_of_several_pods_speaks_for_all_whatever_their_order() -> None:
    both = [UNSCHEDULABLE, pod("a", phase="Failed")]
    assert explain(both) == explain(both[::-1]) == "pod a: Failed (and 1 more)"


@given(JUNK, JUNK)
def test_what_cannot_be_read_says_nothing_and_never_fails(status: Any, states: Any) -> None:
    explain([pod(conditions=status), {"status": status}, pod(containerStatuses=[container(state=states)])])


# ---------------------------------------------------------------------- what the replica makes of it


def waiting() -> tuple[Manifest, dict[str, Manifest]]:
    """A replica whose workload is on its cluster and has no pod that answers."""
    children = observed(composed(replica()), model_serving_vllm="False")
    return replica(), children


def test_pods_are_observed_while_the_replica_does_not_serve() -> None:
    obj, children = waiting()
    child = composed(obj, children).children["pods"]
    assert child.readiness.ready, "it is not what the replica waits for"
    assert child.manifest == {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "ObservedObjectCollection",
        "metadata": {"name": names.name("chat-1", 63, "ObservedObjectCollection", "ml-team", "chat-1")},
        "spec": {
            "providerConfigRef": {"kind": "ClusterProviderConfig", "name": CONFIG},
            "observeObjects": {
                "apiVersion": "v1",
                "kind": "Pod",
                "namespace": "ml-team",
                "selector": {"matchLabels": {"modelplane.ai/replica": "chat-1"}},
            },
            "objectTemplate": {"metadata": {"labels": {"modelplane.ai/pods-of": "chat-1"}}},
        },
    }


def test_what_observes_the_pods_passes_the_schema_of_its_definition() -> None:
    assert violations(composed(*waiting()).children["pods"].manifest, "observedobjectcollections") == []


def test_pods_are_not_observed_before_there_is_a_workload_nor_once_the_replica_serves() -> None:
    assert "pods" not in composed(replica()).children
    obj, children = that_serves(replica())
    there = {**children, "pods": composed(*waiting()).children["pods"].manifest}
    assert "pods" not in composed(obj, there).children


def test_the_replica_repeats_what_its_pods_say() -> None:
    obj, children = waiting()
    answered = answer(model_replica.COMPOSER, obj, children, {"cluster": [CLUSTER], "pods": [UNSCHEDULABLE]})
    assert reasons(answered)["ModelReady"] == "False/ModelStarting"
    (message,) = [c.message for c in answered.conditions if c.type == "ModelReady"]
    assert message.endswith(
        "; pod chat-1-vllm-a: Unschedulable: 0/3 nodes are available: 3 cannot allocate all claims."
    )


def test_what_pods_say_never_stops_what_serves() -> None:
    obj, children = that_serves(replica())
    answered = answer(model_replica.COMPOSER, obj, children, {"cluster": [CLUSTER], "pods": [UNSCHEDULABLE]})
    assert answered.ready
    assert answered.children == composed(obj, children).children
