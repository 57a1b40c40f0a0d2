"""A ModelDeployment becomes a ModelReplica for each place it finds, and a ModelEndpoint for each that serves."""

from datetime import timedelta

import pytest

from function.api.validation import admit
from function.composition import Manifest, Requirement
from function.deployment import model_deployment
from tests.support import api
from tests.support.deployments import (
    A0,
    API_VERSION,
    CALM,
    NIC,
    cache,
    cluster,
    composed,
    deployment,
    engine,
    gang,
    gpu,
    manifests,
    member,
    messages,
    nic,
    pool,
    request,
    running,
    selecting,
    there,
    with_conditions,
)
from tests.support.observe import NOW, answer, reasons

REVISION = "eb8818bf"
LABELS = {
    "modelplane.ai/deployment": "chat",
    "modelplane.ai/cluster": "a",
    "modelplane.ai/replica-index": "0",
    "modelplane.ai/revision": REVISION,
}
# ---------------------------------------------------------------------- what is composed


def test_the_first_answer_has_a_replica_and_no_endpoint() -> None:
    """Rule 47."""
    answered = composed(deployment(), [cluster("a")])
    assert manifests(answered) == {
        "replica-a-0": {
            "apiVersion": API_VERSION,
            "kind": "ModelReplica",
            "metadata": {
                "name": A0,
                "namespace": "ml-team",
                "labels": LABELS,
                "finalizers": ["foregroundDeletion"],
            },
            "spec": {
                "clusterName": "a",
                "serving": {"picker": "Disabled"},
                "engines": [
                    {
                        "name": "vllm",
                        "copies": 1,
                        "members": [
                            {
                                "role": "Standalone",
                                "nodePoolName": "a100",
                                "deviceRequests": [
                                    {
                                        "name": "gpu",
                                        "deviceClassName": "gpu.nvidia.com",
                                        "count": 1,
                                        "selectors": [{"cel": 'device.driver == "gpu.nvidia.com"'}],
                                    }
                                ],
                                "template": api.template(),
                            }
                        ],
                    }
                ],
            },
        }
    }
    assert answered.status == {
        "replicas": {"desired": 1, "total": 1, "ready": 0},
        "placements": [{"replica": A0, "cluster": "a", "pools": ["a100"], "revision": REVISION, "serving": False}],
        "selector": "modelplane.ai/deployment=chat",
        "revision": {"name": REVISION, "since": "2026-01-01T00:00:00Z"},
        "revisions": [{"name": REVISION, "replicas": 1, "serving": 0}],
        "avoid": [],
    }
    assert reasons(answered) == {
        **CALM,
        "ReplicasScheduled": "False/Scheduling",
        "ReplicasReady": "False/ModelStarting",
        "ChildrenReady": "False/ChildNotReady",
    }
    assert messages(answered)["ReplicasReady"] == "0 of 1 ready"
    assert [(e.severity.value, e.reason, e.message) for e in answered.events] == [
        ("Normal", "Scheduling", "Scheduled 1 of 1 replicas across 1 cluster: a")
    ]
    assert (answered.ready, answered.ttl_seconds) == (False, 5)


def test_a_replica_that_serves_gets_an_endpoint_and_the_deployment_is_ready() -> None:
    """Rule 48."""
    obj, fleet = deployment(), [cluster("a")]
    children = running(obj, fleet)
    first = composed(obj, fleet, {"replica-a-0": children["replica-a-0"]})
    assert manifests(first)["endpoint-a-0"] == {
        "apiVersion": API_VERSION,
        "kind": "ModelEndpoint",
        "metadata": {"name": A0, "namespace": "ml-team", "labels": LABELS},
        "spec": {"url": f"http://10.0.0.1/ml-team/{A0}/v1", "rewritePath": f"/ml-team/{A0}/"},
    }
    answered = composed(with_conditions(obj, composed(obj, fleet, children)), fleet, children)
    assert reasons(answered) == CALM
    assert messages(answered)["ReplicasScheduled"] == "Scheduled 1 of 1 replicas across 1 cluster: a"
    assert messages(answered)["ReplicasReady"] == "1 of 1 ready"
    assert answered.status["replicas"] == {"desired": 1, "total": 1, "ready": 1}
    assert (answered.ready, answered.events) == (True, ())
    assert answered.children["replica-a-0"].readiness.ready


def test_an_event_is_told_once_and_not_again_until_the_first_replica_is_observed() -> None:
    obj, fleet = deployment(), [cluster("a")]
    first = composed(obj, fleet)
    assert composed(with_conditions(obj, first), fleet).events == ()


def test_a_replica_whose_cluster_has_been_gone_for_ten_minutes_is_placed_anew_elsewhere_and_said_to_be() -> None:
    """Rule 7: the old keys go, `Scheduling` and its event come again."""
    obj = deployment()
    children = running(obj, [cluster("a")])
    settled = with_conditions(obj, composed(obj, [cluster("a")], children))
    missing = with_conditions(settled, composed(settled, [cluster("b")], children))
    answered = composed(missing, [cluster("b")], children, now=NOW + timedelta(minutes=10))
    assert set(answered.children) == {"replica-b-0"}
    assert reasons(answered)["ReplicasScheduled"] == "False/Scheduling"
    assert [event.reason for event in answered.events] == ["Scheduling"]
    assert answered.status["replicas"] == {"desired": 1, "total": 1, "ready": 0}


def test_names_are_those_of_the_design() -> None:
    obj = deployment(name="qwen-demo")
    made = manifests(composed(obj, [cluster("eks-us-east")]))
    assert made["replica-eks-us-east-0"]["metadata"]["name"] == "qwen-demo-2c2d12b2"
    children = running(obj, [cluster("eks-us-east")])
    assert children["endpoint-eks-us-east-0"]["metadata"]["name"] == "qwen-demo-2c2d12b2"


def test_labels_of_the_template_are_on_replica_and_endpoint_and_ours_win() -> None:
    """Rule 51."""
    obj = deployment(template={"metadata": {"labels": {"team": "nlp", "modelplane.ai/cluster": "mine"}}})
    children = running(obj, [cluster("a")])
    for key in ("replica-a-0", "endpoint-a-0"):
        labels = children[key]["metadata"]["labels"]
        assert {k: labels[k] for k in ("team", "modelplane.ai/cluster")} == {
            "team": "nlp",
            "modelplane.ai/cluster": "a",
        }


def test_both_ways_of_writing_a_deployment_give_the_same_children() -> None:
    flat = deployment(2, engine(), clusterSelector=selecting(tier="gpu"), serving={"mode": "Unified"})
    inner = {key: value for key, value in flat["spec"].items() if key != "replicas"}
    nested = {**flat, "spec": {"replicas": 2, "template": {"spec": inner}}}
    fleet = [cluster("a", labels={"tier": "gpu"}), cluster("b")]
    assert composed(nested, fleet) == composed(flat, fleet)


def test_everything_is_required_at_once_and_the_cache_by_name() -> None:
    obj = deployment(modelCacheRef={"name": "weights"})
    wanted = {
        "clusters": Requirement(API_VERSION, "InferenceCluster"),
        "replicas": Requirement(API_VERSION, "ModelReplica"),
        "endpoints": Requirement(
            API_VERSION, "ModelEndpoint", labels={"modelplane.ai/deployment": "chat"}, namespace="ml-team"
        ),
        "cache": Requirement(API_VERSION, "ModelCache", name="weights", namespace="ml-team"),
    }
    assert answer(model_deployment.COMPOSER, obj).requirements == wanted
    assert composed(obj, [cluster("a")], caches=[cache()]).requirements == wanted
    del wanted["cache"]
    assert composed(deployment(clusterSelector=selecting(tier="gpu"))).requirements == wanted


@pytest.mark.parametrize(
    "obj",
    [
        deployment(2),
        deployment(1, gang(3)),
        deployment(1, engine(copies=2, serving={"port": 9000}), serving={"mode": "Unified", "picker": "Disabled"}),
        deployment(
            1,
            engine("prefill", phase="Prefill"),
            engine("decode", phase="Decode"),
            serving={"mode": "PrefillDecode"},
            modelCacheRef={"name": "weights"},
        ),
        deployment(2, engine("vllm", member(request(), request("nic", NIC)))),
    ],
    ids=["two", "gang", "copies", "pair", "synthetic"],
)
def test_what_is_composed_and_the_status_pass_our_own_admission(obj: Manifest) -> None:
    node = {"cpu": "96", "memory": "1Ti", "taints": [{"key": "gpu", "effect": "NoSchedule"}]}
    fleet = [cluster(name, pool("a100", 8, gpu(), nic(), node=node), address="2001:db8::1") for name in ("a", "b")]
    placed = there(composed(obj, fleet, caches=[cache()]), obj)
    answered = composed(obj, fleet, placed, caches=[cache()])
    assert {child["kind"] for child in manifests(answered).values()} == {"ModelReplica", "ModelEndpoint"}
    for child in manifests(answered).values():
        assert api.refused(child) == []
    assert [str(problem) for problem in admit({**obj, "status": dict(answered.status)}).problems] == []
