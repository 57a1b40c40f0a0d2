"""Pods are watched, end in peace, and keep apart from their like."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.support.observe import reasons
from tests.support.replicas import composed, engine, gang, member, observed, remotes, replica

ALL = {"modelplane.ai/replica": "chat-1", "modelplane.ai/engine": "vllm"}
PAIR = (engine("p", phase="Prefill"), gang("d", phase="Decode"))


def pods(obj: Manifest) -> list[Manifest]:
    """The specs of all pods of a replica's engines."""
    found: list[Manifest] = []
    for key, body in remotes(composed(obj)).items():
        if key.startswith("model-serving-"):
            both = body["spec"].get("leaderWorkerTemplate", {})
            templates = [body["spec"].get("template"), both.get("leaderTemplate"), both.get("workerTemplate")]
            found += [template["spec"] for template in templates if template]
    return found


@pytest.mark.parametrize(("seconds", "failures"), [(1, 1), (10, 1), (61, 7), (1800, 180), (86400, 8640)], ids=str)
def test_an_engine_has_the_time_to_start_that_it_asks_for_and_is_restarted_after_a_minute_of_silence(
    seconds: int, failures: int
) -> None:
    (spec,) = pods(replica(engine(serving={"startupSeconds": seconds})))
    container = spec["containers"][0]
    assert container["startupProbe"]["failureThreshold"] == failures
    liveness = container["livenessProbe"]
    assert liveness["httpGet"] == container["readinessProbe"]["httpGet"]
    assert liveness["failureThreshold"] * liveness["periodSeconds"] == 60


@pytest.mark.parametrize(
    "obj",
    [replica(), replica(gang()), replica(*PAIR, serving={"mode": "PrefillDecode"})],
    ids=["pod", "gang", "pair"],
)
def test_every_engine_goes_on_for_a_while_when_its_pod_ends(obj: Manifest) -> None:
    for spec in pods(obj):
        assert spec["terminationGracePeriodSeconds"] == 120
        assert ["preStop" in container["lifecycle"] for container in spec["containers"]] == [True]


@pytest.mark.parametrize("made", [engine, gang])
def test_several_copies_prefer_nodes_of_their_own_and_leave_one_at_a_time(made: Any) -> None:
    obj = replica(made("vllm", copies=2))
    for spec in pods(obj):
        assert spec["topologySpreadConstraints"] == [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": ALL},
            }
        ]
    budget = remotes(composed(obj))["disruption-vllm"]
    assert budget == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": remotes(composed(obj))["model-serving-vllm"]["metadata"],
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": ALL},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


@pytest.mark.parametrize("made", [engine, gang])
def test_a_single_copy_has_nothing_to_be_spread_or_kept(made: Any) -> None:
    obj = replica(made("vllm"))
    assert not [spec for spec in pods(obj) if "topologySpreadConstraints" in spec]
    assert not [key for key in composed(obj).children if key.startswith("disruption-")]


def test_a_budget_that_is_missing_or_not_ready_stops_no_request() -> None:
    obj = replica(engine(copies=2))
    children = observed(composed(obj), disruption_vllm="False")
    assert composed(obj, children).ready
    del children["disruption-vllm"]
    answered = composed(obj, children)
    assert (answered.ready, reasons(answered)["ModelReady"]) == (True, "True/Serving")
    assert reasons(answered)["ChildrenReady"] == "False/ChildNotReady"


def test_a_budget_that_cannot_be_applied_is_said() -> None:
    obj = replica(engine(copies=2))
    children = observed(composed(obj))
    for condition in children["disruption-vllm"]["status"]["conditions"]:
        if condition["type"] == "Synced":
            condition.update(status="False", message="forbidden")
    answered = composed(obj, children)
    assert [c.message for c in answered.conditions if c.reason == "NotSynced"] == ["disruption-vllm: forbidden"]
    assert answered.ready


def test_every_pod_of_a_gang_requests_its_members_share_of_a_node_and_tolerates_its_taints() -> None:
    taint = {"key": "dedicated", "operator": "Equal", "value": "ml", "effect": "NoSchedule"}
    share = {"resources": {"requests": {"cpu": "8", "memory": "64Gi"}}, "tolerations": [taint]}
    leader, worker = pods(replica(gang(leader={"deviceRequests": None}, worker=share)))
    assert "resources" not in leader["containers"][0]
    assert worker["containers"][0]["resources"] == {
        "claims": [{"name": "devices"}],
        "requests": {"cpu": "8", "memory": "64Gi"},
    }
    assert (taint in leader["tolerations"], taint in worker["tolerations"]) == (False, True)


def test_nothing_else_is_added_to_a_pod_that_the_user_did_not_ask_for() -> None:
    (spec,) = pods(replica(engine("vllm", member())))
    assert set(spec) == {
        "nodeSelector",
        "tolerations",
        "containers",
        "terminationGracePeriodSeconds",
        "automountServiceAccountToken",
        "volumes",
        "resourceClaims",
    }
    assert set(spec["containers"][0]) == {
        "name",
        "image",
        "args",
        "resources",
        "ports",
        "volumeMounts",
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
        "lifecycle",
    }
