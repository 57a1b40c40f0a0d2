"""What could serve in no pool is said of a deployment before anything is placed, and what runs stays."""

from typing import Any

import pytest

from function.composition import Manifest
from tests.support import replicas
from tests.support.deployments import (
    as_observed,
    cluster,
    composed,
    deployment,
    engine,
    gang,
    manifests,
    member,
    messages,
    request,
    running,
)
from tests.support.observe import reasons

PAIR: Any = {"serving": {"mode": "PrefillDecode"}}


def pods(command: str, image: str = "x", role: str = "Standalone", **more: Any) -> Manifest:
    """A member whose engine is started by a command."""
    container = {"name": "engine", "image": image, "command": command.split()}
    return {**member(request(), role=role, **more), "template": {"spec": {"containers": [container]}}}


def serving(name: str, command: str, **more: Any) -> Manifest:
    return engine(name, pods(command), **more)


VLLM = "vllm serve x/y"
GANG = engine(
    "vllm",
    pods(f"{VLLM} --port 8000 --data-parallel-hybrid-lb", role="Leader"),
    pods(f"{VLLM} --port 8001 --data-parallel-hybrid-lb", role="Worker", worker={"nodes": 1}),
)
UNSERVABLE: dict[str, tuple[str, str, Manifest]] = {
    "pods that all answer, on different ports": (
        "InvalidPort",
        (
            "all pods of engine vllm answer requests, and they listen on different ports: its Leader on 8000, its "
            "Worker on 8001"
        ),
        deployment(2, GANG),
    ),
    "engines behind one picker, on different ports": (
        "InvalidPort",
        (
            "the pods of a pool take requests on one port, and these are on several: a on 8000, b on 8001; have all "
            "listen on one"
        ),
        deployment(2, serving("a", f"{VLLM} --port 8000"), serving("b", f"{VLLM} --port 8001")),
    ),
    "a decode engine where its side-car listens": (
        "InvalidPort",
        (
            "engine d cannot listen on 8000, where its side-car takes requests; have it listen on another port, such "
            "as 8001"
        ),
        deployment(
            2,
            serving("p", f"{VLLM} --port 8000", phase="Prefill"),
            serving("d", f"{VLLM} --port 8000", phase="Decode"),
            **PAIR,
        ),
    ),
    "engines that are spoken to in different ways": (
        "InvalidScheme",
        "the engines that requests are sent to are spoken to in one way: a HTTPS, b HTTP",
        deployment(2, serving("a", VLLM, serving={"scheme": "HTTPS"}), serving("b", VLLM)),
    ),
    "a pair that hands over in different ways": (
        "InvalidTransfer",
        "prefill and decode hand over the KV cache in different ways: p NIXL, d SGLang",
        deployment(
            2,
            serving("p", f"{VLLM} --port 8000", phase="Prefill"),
            serving("d", "python3 -m sglang.launch_server --port 8001", phase="Decode"),
            **PAIR,
        ),
    ),
}


@pytest.mark.parametrize("name", UNSERVABLE)
def test_what_could_serve_in_no_pool_is_placed_in_none_and_said(name: str) -> None:
    reason, said, obj = UNSERVABLE[name]
    answered = composed(obj, [cluster("a"), cluster("b")])
    assert answered.children == {}
    assert reasons(answered)["ReplicasScheduled"] == f"False/{reason}"
    assert messages(answered)["ReplicasScheduled"] == f"0 of 2 placed; {said}"


@pytest.mark.parametrize("name", UNSERVABLE)
def test_a_replica_of_the_same_engines_written_by_hand_says_the_same(name: str) -> None:
    reason, said, obj = UNSERVABLE[name]
    spec = obj["spec"]
    pinned = [
        {**each, "members": [{**one, "nodePoolName": "gpu"} for one in each["members"]]} for each in spec["engines"]
    ]
    answered = replicas.composed(
        replicas.replica(*pinned, **({"serving": spec["serving"]} if "serving" in spec else {}))
    )
    (told,) = [c for c in answered.conditions if c.type == "ModelAccepted"]
    assert (answered.children, told.reason, told.message) == ({}, reason, said)


@pytest.mark.parametrize("name", UNSERVABLE)
def test_replicas_that_exist_are_answered_as_before(name: str) -> None:
    reason, said, obj = UNSERVABLE[name]
    fleet = [cluster("a"), cluster("b")]
    before = deployment(2)
    children = running(before, fleet)
    served = composed(before, fleet, children)
    answered = composed(obj, fleet, children)
    assert (answered.children, answered.ready) == (served.children, served.ready)
    assert messages(answered)["ReplicasScheduled"] == f"2 of 2 placed; {said}"
    assert reasons(answered) == {
        **reasons(served),
        "EnginesRecognized": reasons(answered)["EnginesRecognized"],
        "ReplicasScheduled": f"False/{reason}",
        "Progressing": "False/RolloutHeld",
    }


@pytest.mark.parametrize("name", UNSERVABLE)
def test_replicas_that_run_such_engines_already_stay_as_they_are(name: str) -> None:
    _, said, obj = UNSERVABLE[name]
    fleet = [cluster("a"), cluster("b")]
    revision = composed(obj, fleet).status["revision"]["name"]
    children = {key: labelled(child, revision) for key, child in running(deployment(2), fleet).items()}
    answered = composed(obj, fleet, children)
    assert {key: child["spec"] for key, child in manifests(answered).items()} == as_observed(children, *children)
    assert answered.ready
    assert messages(answered)["ReplicasScheduled"] == f"2 of 2 placed; {said}"
    assert reasons(answered)["Progressing"] == "True/Complete"


def labelled(child: Manifest, revision: str) -> Manifest:
    """A child that says that it runs a revision."""
    meta = child["metadata"]
    return {**child, "metadata": {**meta, "labels": {**meta["labels"], "modelplane.ai/revision": revision}}}


def test_a_gang_of_which_the_leader_alone_answers_is_placed() -> None:
    assert composed(deployment(1, gang(1, request())), [cluster("a")]).children
