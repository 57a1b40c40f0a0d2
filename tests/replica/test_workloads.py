"""What has served goes on while its pods are replaced, and stays as it was made."""

import pytest

from function.composition import Manifest
from tests.support.observe import with_condition
from tests.support.replicas import composed, engine, gang, observed, remotes, replica, serving


def rolling(kind: str, **status: int) -> tuple[Manifest, dict[str, Manifest]]:
    """A replica that served, and whose workload of two copies now counts so."""
    obj, children = serving(replica(engine(copies=2) if kind == "Deployment" else gang(copies=2)))
    workload = children["model-serving-vllm"]["status"]["atProvider"]["manifest"]
    workload["status"] = status
    return obj, {**children, "model-serving-vllm": with_condition(children["model-serving-vllm"], "Ready", "False")}


@pytest.mark.parametrize(("kind", "count"), [("Deployment", "availableReplicas"), ("LeaderWorkerSet", "readyReplicas")])
def test_what_has_served_stays_ready_while_its_pods_are_replaced_and_some_answer(kind: str, count: str) -> None:
    answered = composed(*rolling(kind, updatedReplicas=1, **{count: 1}))
    assert answered.ready
    (message,) = [c.message for c in answered.conditions if c.type == "ModelReady"]
    assert message.endswith("/ is served; model-serving-vllm: 1 of 2 copies are replaced, 1 answer")


@pytest.mark.parametrize("kind", ["Deployment", "LeaderWorkerSet"])
def test_it_is_not_ready_once_none_answers_or_when_none_is_replaced(kind: str) -> None:
    count = {"Deployment": "availableReplicas", "LeaderWorkerSet": "readyReplicas"}[kind]
    assert not composed(*rolling(kind, updatedReplicas=1)).ready
    assert not composed(*rolling(kind, updatedReplicas=2, **{count: 1})).ready


def test_what_has_not_served_is_not_ready_by_pods_that_are_replaced() -> None:
    obj, children = rolling("Deployment", updatedReplicas=1, availableReplicas=1)
    assert not composed(with_condition(obj, "Ready", "False"), children).ready


@pytest.mark.parametrize("written", [engine(), gang()], ids=["Deployment", "LeaderWorkerSet"])
def test_what_runs_stays_as_an_earlier_version_made_it(written: Manifest) -> None:
    served, children = serving(replica(written))
    for key in children:
        if key.startswith(("model-serving-", "resource-claim-")):
            children[key]["spec"]["forProvider"]["manifest"]["spec"]["madeBy"] = "an earlier version"
    answered = composed(served, children)
    assert {key: body["spec"].get("madeBy") for key, body in remotes(answered).items() if "spec" in body} == {
        key: "an earlier version" if key.startswith(("model-serving-", "resource-claim-")) else None
        for key, body in remotes(answered).items()
        if "spec" in body
    }


def test_what_never_came_to_the_cluster_is_made_anew() -> None:
    obj = replica()
    children = observed(composed(obj), "False")
    for child in children.values():
        child["spec"]["forProvider"]["manifest"].get("spec", {})["madeBy"] = "an earlier version"
        child["status"] = {"conditions": child["status"]["conditions"]}
    assert remotes(composed(obj, children)) == remotes(composed(obj))
