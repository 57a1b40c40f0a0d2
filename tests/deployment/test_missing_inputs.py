"""What a deployment keeps while its inputs are missing, invalid or refused."""

import pytest

from function.deployment import model_deployment
from tests.support.deployments import (
    CALM,
    NO_SYNTAX,
    as_observed,
    cache,
    cluster,
    composed,
    deployment,
    engine,
    manifests,
    member,
    messages,
    request,
    running,
    seen,
    there,
    with_conditions,
)
from tests.support.observe import answer, reasons, with_condition


@pytest.mark.parametrize(
    ("unfetched", "message"),
    [
        ("clusters", "InferenceClusters not fetched yet"),
        ("replicas", "ModelReplicas not fetched yet"),
        ("cache", "ModelCache weights not fetched yet"),
    ],
)
def test_nothing_changes_before_everything_is_fetched(unfetched: str, message: str) -> None:
    obj, fleet = deployment(2, modelCacheRef={"name": "weights"}), [cluster("a"), cluster("b")]
    placed = there(composed(obj, fleet, caches=[cache()]), obj)
    children = there(composed(obj, fleet, placed, caches=[cache()]), obj)
    settled = composed(obj, fleet, children, caches=[cache()])
    status = with_condition(with_conditions(obj, settled), "Ready")
    full = seen(status, fleet, children, caches=[cache()])
    required = {key: found for key, found in full.required.items() if key != unfetched}
    answered = answer(model_deployment.COMPOSER, status, children, required)
    assert manifests(answered).keys() == children.keys()
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert answered.status == settled.status
    assert answered.ready
    assert reasons(answered) == {
        **CALM,
        "ModelCacheResolved": f"{'False' if unfetched == 'cache' else 'True'}/ModelCache"
        f"{'Unresolved' if unfetched == 'cache' else 'Resolved'}",
        "Held": "True/InputUnresolved",
    }
    assert messages(answered)["Held"] == message
    assert answered.events == ()


def test_no_clusters_and_no_replicas_are_a_fact() -> None:
    """Rule 1."""
    answered = composed(deployment())
    assert answered.children == {}
    assert answered.status["replicas"] == {"desired": 1, "total": 0, "ready": 0}
    assert reasons(answered)["ReplicasScheduled"] == "False/NoClusters"
    assert messages(answered)["ReplicasScheduled"] == "No InferenceClusters found: create one"
    assert reasons(answered)["ReplicasReady"] == "False/NoReplicasScheduled"
    assert reasons(answered)["Held"] == "True/InputMissing"
    assert not answered.ready


def test_no_clusters_while_replicas_run_is_doubt_and_changes_nothing() -> None:
    obj, fleet = deployment(2), [cluster("a"), cluster("b")]
    children = running(obj, fleet)
    settled = with_condition(with_conditions(obj, composed(obj, fleet, children)), "Ready")
    answered = composed(settled, [], children)
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert answered.ready
    assert reasons(answered) == {**CALM, "ReplicasScheduled": "False/NoClusters", "Held": "True/InputMissing"}
    assert messages(answered)["Held"] == "no InferenceClusters were found although replicas run on some"
    assert answered.status == composed(obj, fleet, children).status


def test_a_selector_that_does_not_compile_keeps_what_runs() -> None:
    obj, fleet = deployment(2), [cluster("a"), cluster("b")]
    children = running(obj, fleet)
    broken = deployment(3, engine("vllm", member(request("gpu", NO_SYNTAX))))
    answered = composed(broken, fleet, children)
    assert as_observed(manifests(answered), *children) == as_observed(children, *children)
    assert reasons(answered)["ReplicasScheduled"] == "False/InvalidNodeSelector"
    assert messages(answered)["ReplicasScheduled"].startswith(
        "Invalid nodeSelector CEL expression: engine vllm, member Standalone, request gpu, selector 1: "
    )
    assert answered.status["replicas"] == {"desired": 3, "total": 2, "ready": 2}
    assert answered.events[0].reason == "InvalidNodeSelector"


def test_a_selector_that_does_not_compile_at_first_places_nothing() -> None:
    answered = composed(deployment(1, engine("vllm", member(request("gpu", NO_SYNTAX)))), [cluster("a")])
    assert answered.children == {}
    assert not answered.ready
    assert reasons(answered)["ReplicasScheduled"] == "False/InvalidNodeSelector"


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
    assert reasons(answered)["ReplicasScheduled"] == "False/NamespaceReserved"
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
