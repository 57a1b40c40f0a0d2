"""A ModelDeployment becomes a ModelReplica for each place it finds, and a ModelEndpoint for each that serves."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from function.api.validation import admit
from function.composition import Composition, Manifest, Requirement, names
from function.deployment import model_deployment
from tests.support import api
from tests.support.deployments import (
    API_VERSION,
    NIC,
    NO_SYNTAX,
    cache,
    cluster,
    composed,
    deployment,
    engine,
    gang,
    gpu,
    member,
    messages,
    nic,
    pool,
    request,
    running,
    seen,
    selecting,
    taint,
    taken,
    terminating,
    there,
)
from tests.support.observe import NOW, answer, said, with_condition

REVISION = "eb8818bf"
A0 = names.name("chat", 63, "ModelReplica", "ml-team", "chat", "a", "0")
B0 = names.name("chat", 63, "ModelReplica", "ml-team", "chat", "b", "0")
LABELS = {
    "modelplane.ai/deployment": "chat",
    "modelplane.ai/cluster": "a",
    "modelplane.ai/replica-index": "0",
    "modelplane.ai/revision": REVISION,
}
CALM = {
    "ModelCacheResolved": "True/NoCacheNeeded",
    "ReplicasScheduled": "True/ReplicasCreated",
    "ReplicasReady": "True/AllReplicasReady",
    "Progressing": "True/Complete",
    "PlacementDrifted": "False/InPlace",
    "Overcommitted": "False/WithinCapacity",
    "Held": "False/InputsResolved",
    "ChildrenReady": "True/AllReady",
}


def manifests(answered: Composition) -> dict[str, Manifest]:
    return {key: child.manifest for key, child in answered.children.items()}


def as_observed(children: Mapping[str, Manifest], *keys: str) -> dict[str, Any]:
    return {key: children[key]["spec"] for key in keys}


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
    assert said(answered) == {
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
    assert said(answered) == CALM
    assert messages(answered)["ReplicasScheduled"] == "Scheduled 1 of 1 replicas across 1 cluster: a"
    assert messages(answered)["ReplicasReady"] == "1 of 1 ready"
    assert answered.status["replicas"] == {"desired": 1, "total": 1, "ready": 1}
    assert (answered.ready, answered.events) == (True, ())
    assert answered.children["replica-a-0"].readiness.ready


def with_conditions(obj: Manifest, answered: Composition) -> Manifest:
    """A deployment with the status and the conditions of an answer."""
    result = {**obj, "status": dict(answered.status)}
    for condition in answered.conditions:
        result = with_condition(result, condition.type, condition.status.value, condition.reason, condition.message)
    return result


def test_an_event_is_told_once_and_not_again_until_the_first_replica_is_observed() -> None:
    obj, fleet = deployment(), [cluster("a")]
    first = composed(obj, fleet)
    assert composed(with_conditions(obj, first), fleet).events == ()


def test_a_replica_whose_cluster_has_been_gone_for_ten_minutes_is_placed_anew_elsewhere_and_said_to_be() -> None:
    """Rule 7: the old keys go, `Scheduling` and its event come again."""
    obj = deployment()
    children = running(obj, [cluster("a")])
    settled = with_conditions(obj, composed(obj, [cluster("a")], children))
    missed = with_conditions(settled, composed(settled, [cluster("b")], children))
    answered = composed(missed, [cluster("b")], children, now=NOW + timedelta(minutes=10))
    assert set(answered.children) == {"replica-b-0"}
    assert said(answered)["ReplicasScheduled"] == "False/Scheduling"
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


# ---------------------------------------------------------------------- waiting, and doubt


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        ("clusters", "InferenceClusters not fetched yet"),
        ("replicas", "ModelReplicas not fetched yet"),
        ("cache", "ModelCache weights not fetched yet"),
    ],
)
def test_nothing_changes_before_everything_is_fetched(lacking: str, message: str) -> None:
    obj, fleet = deployment(2, modelCacheRef={"name": "weights"}), [cluster("a"), cluster("b")]
    placed = there(composed(obj, fleet, caches=[cache()]), obj)
    children = there(composed(obj, fleet, placed, caches=[cache()]), obj)
    settled = composed(obj, fleet, children, caches=[cache()])
    status = with_condition(with_conditions(obj, settled), "Ready")
    full = seen(status, fleet, children, caches=[cache()])
    required = {key: found for key, found in full.required.items() if key != lacking}
    answered = answer(model_deployment.COMPOSER, status, children, required)
    assert manifests(answered).keys() == children.keys()
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert answered.status == settled.status
    assert answered.ready
    assert said(answered) == {
        **CALM,
        "ModelCacheResolved": f"{'False' if lacking == 'cache' else 'True'}/ModelCache"
        f"{'Unresolved' if lacking == 'cache' else 'Resolved'}",
        "Held": "True/InputUnresolved",
    }
    assert messages(answered)["Held"] == message
    assert answered.events == ()


def test_no_clusters_and_no_replicas_are_a_fact() -> None:
    """Rule 1."""
    answered = composed(deployment())
    assert answered.children == {}
    assert answered.status["replicas"] == {"desired": 1, "total": 0, "ready": 0}
    assert said(answered)["ReplicasScheduled"] == "False/NoClusters"
    assert messages(answered)["ReplicasScheduled"] == "No InferenceClusters found: create one"
    assert said(answered)["ReplicasReady"] == "False/NoReplicasScheduled"
    assert said(answered)["Held"] == "True/InputMissing"
    assert not answered.ready


def test_no_clusters_while_replicas_run_is_doubt_and_changes_nothing() -> None:
    obj, fleet = deployment(2), [cluster("a"), cluster("b")]
    children = running(obj, fleet)
    settled = with_condition(with_conditions(obj, composed(obj, fleet, children)), "Ready")
    answered = composed(settled, [], children)
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert answered.ready
    assert said(answered) == {**CALM, "ReplicasScheduled": "False/NoClusters", "Held": "True/InputMissing"}
    assert messages(answered)["Held"] == "no InferenceClusters were found although replicas run on some"
    assert answered.status == composed(obj, fleet, children).status


def test_a_selector_that_does_not_compile_keeps_what_runs() -> None:
    obj, fleet = deployment(2), [cluster("a"), cluster("b")]
    children = running(obj, fleet)
    broken = deployment(3, engine("vllm", member(request("gpu", NO_SYNTAX))))
    answered = composed(broken, fleet, children)
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert said(answered)["ReplicasScheduled"] == "False/InvalidNodeSelector"
    assert messages(answered)["ReplicasScheduled"].startswith(
        "Invalid nodeSelector CEL expression: engine vllm, member Standalone, request gpu, selector 1: "
    )
    assert answered.status["replicas"] == {"desired": 3, "total": 2, "ready": 2}
    assert answered.events[0].reason == "InvalidNodeSelector"


def test_a_selector_that_does_not_compile_at_first_places_nothing() -> None:
    answered = composed(deployment(1, engine("vllm", member(request("gpu", NO_SYNTAX)))), [cluster("a")])
    assert answered.children == {}
    assert not answered.ready
    assert said(answered)["ReplicasScheduled"] == "False/InvalidNodeSelector"


def test_a_selector_that_does_not_compile_is_shown_with_a_caret_at_the_place() -> None:
    broken = deployment(1, engine("vllm", member(request("gpu", "true &&\n  device.model == 'x'"))))
    assert messages(composed(broken, [cluster("a")]))["ReplicasScheduled"] == (
        "Invalid nodeSelector CEL expression: engine vllm, member Standalone, request gpu, selector 1: device has no "
        "field 'model'; it has attributes, capacity, driver (line 2, column 10)\n"
        "  device.model == 'x'\n"
        "         ^"
    )


def test_a_deployment_in_a_reserved_namespace_makes_nothing_new_and_says_so() -> None:
    obj = deployment(namespace="kube-system")
    answered = composed(obj, [cluster("a")])
    assert answered.children == {}
    assert said(answered)["ReplicasScheduled"] == "False/NamespaceReserved"
    assert messages(answered)["ReplicasScheduled"] == "Namespace kube-system is reserved: deploy in another one"


def test_what_runs_in_a_reserved_namespace_stays_without_a_new_endpoint() -> None:
    elsewhere = deployment(2)
    children = running(elsewhere, [cluster("a"), cluster("b")])
    moved = {
        key: {**child, "metadata": {**child["metadata"], "namespace": "monitoring"}} for key, child in children.items()
    }
    del moved["endpoint-b-0"]
    answered = composed(deployment(3, namespace="monitoring"), [cluster("a"), cluster("b")], moved)
    assert set(answered.children) == set(moved)
    assert not answered.ready, "one of two that have to answer has no endpoint"


# ---------------------------------------------------------------------- taints and selectors


@pytest.mark.parametrize(
    ("tolerations", "places"),
    [
        ((), ["replica-b-0"]),
        (({"key": "upkeep", "operator": "Exists"},), ["replica-a-0"]),
        (({"operator": "Exists"},), ["replica-a-0"]),
        (({"key": "upkeep", "operator": "Equal"},), ["replica-a-0"]),
        (({"key": "upkeep", "value": "other"},), ["replica-b-0"]),
        (({"key": "upkeep", "operator": "Exists", "effect": "NoExecute"},), ["replica-b-0"]),
    ],
)
def test_a_cordoned_cluster_takes_only_replicas_that_tolerate_it(
    tolerations: tuple[Manifest, ...], places: list[str]
) -> None:
    """Rules 38, 40 and 41."""
    obj = deployment(tolerations=list(tolerations)) if tolerations else deployment()
    assert sorted(composed(obj, [cluster("a", taints=[taint()]), cluster("b")]).children) == places


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_what_runs_on_a_tainted_cluster_stays_with_its_endpoint(effect: str) -> None:
    """Rule 38, and for NoExecute as long as no successor serves elsewhere."""
    obj = deployment()
    children = running(obj, [cluster("a"), cluster("b")])
    answered = composed(obj, [cluster("a", taints=[taint(effect=effect)]), cluster("b")], children)
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    drained = effect == "NoExecute"
    assert set(answered.children) - set(children) == ({"replica-b-0"} if drained else set())
    assert said(answered)["PlacementDrifted"] == ("True/Draining" if drained else "False/InPlace")
    if drained:
        assert messages(answered)["PlacementDrifted"] == (
            f"{A0} on a: asked to leave, and goes once a successor serves elsewhere"
        )
    assert answered.ready


def test_a_narrowed_selector_keeps_what_runs_and_limits_what_is_new() -> None:
    fleet = [cluster("a"), cluster("b", labels={"tier": "gold"})]
    children = running(deployment(), fleet)
    answered = composed(deployment(3, clusterSelector=selecting(tier="gold")), fleet, children)
    assert sorted(answered.children) == ["endpoint-a-0", "replica-a-0", "replica-b-0", "replica-b-1"]
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert said(answered)["PlacementDrifted"] == "True/Drifted"
    assert messages(answered)["PlacementDrifted"] == f"{A0} on a: cluster not selected (lacks tier=gold)"
    assert said(answered)["Progressing"] == "True/Complete"


@pytest.mark.parametrize(("leaves", "ttl"), [(True, 10), (False, 60)])
def test_a_deployment_that_lacks_a_place_looks_again_soon_while_somebody_is_leaving_one(
    leaves: bool,  # noqa: FBT001  # a parameter
    ttl: int,
) -> None:
    fleet = [cluster("a", pool(nodes=2))]
    obj = with_condition({**deployment(2), "status": {}}, "Ready", "True", "Available")
    children = {key: one for key, one in running(deployment(2), fleet).items() if key.endswith("a-0")}
    other = taken("a")
    answered = composed(obj, fleet, children, listed=[terminating(other) if leaves else other])
    assert {c.type: c.reason for c in answered.conditions}["ReplicasScheduled"] == "PartiallyScheduled"
    assert answered.ttl_seconds == ttl
