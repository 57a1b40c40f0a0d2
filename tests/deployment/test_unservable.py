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
    pool,
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


def asking(driver: str, resources: Any, **device: Any) -> tuple[Manifest, Manifest]:
    """A deployment whose pods claim a device of a driver beside some resources, and a cluster with such devices."""
    selector = request("gpu", f'device.driver == "{driver}"')
    container = {"name": "engine", "image": "x", "resources": resources}
    asks = {**member(selector), "template": {"spec": {"containers": [container]}}}
    offered = {"name": "gpu", "claim": "DRA", "driver": driver, "deviceClassName": driver, "count": 8, **device}
    return deployment(1, engine("vllm", asks)), cluster("a", pool("p", 4, offered))


@pytest.mark.parametrize(
    ("driver", "resource", "device"),
    [
        ("gpu.nvidia.com", "nvidia.com/gpu", {}),
        ("gpu.nvidia.com", "nvidia.com/gpu", {"deviceClassName": "our-gpus"}),
        ("gpu.amd.com", "amd.com/gpu", {}),
        ("tpu.google.com", "google.com/tpu", {}),
        ("gpu.intel.com", "gpu.intel.com/xe", {}),
        ("gpu.nvidia.com", "nvidia.com/gpu.shared", {}),
        ("gpu.nvidia.com", "deviceclass.resource.kubernetes.io/gpu.amd.com", {}),
    ],
)
def test_an_accelerator_is_not_taken_by_a_claim_and_from_a_device_plugin(
    driver: str, resource: str, device: Any
) -> None:
    for field in ("limits", "requests"):
        obj, there = asking(driver, {field: {resource: 1}}, **device)
        answered = composed(obj, [cluster("other"), there])
        assert (answered.children, reasons(answered)["ReplicasScheduled"]) == ({}, "False/PodConflict")
        assert messages(answered)["ReplicasScheduled"] == (
            "0 of 1 placed; engine vllm, Standalone: devices are claimed by nodeSelector.devices; "
            f"remove {resource} from resources of container engine"
        )


@pytest.mark.parametrize(
    "resources",
    [
        {"limits": {"rdma/hca": 1}},
        {"limits": {"amd.com/gpu": 1}},
        {"limits": {"nvidia.com/gpu": 0}},
        {"limits": {"cpu": 4, "hugepages-2Mi": "1Gi"}},
    ],
)
def test_other_resources_are_the_user_s_own(resources: Any) -> None:
    obj, there = asking("gpu.nvidia.com", resources)
    assert "replica-a-0" in composed(obj, [there]).children


def test_a_member_that_claims_nothing_takes_no_accelerator_of_those_that_others_claim() -> None:
    written = gang(1)
    spec = written["members"][0]["template"]["spec"]
    engine_of_leader = {**spec["containers"][0], "resources": {"limits": {"nvidia.com/gpu": 1}}}
    written["members"][0]["template"] = {"spec": {**spec, "containers": [engine_of_leader]}}
    answered = composed(deployment(1, written), [cluster("a")])
    assert (answered.children, reasons(answered)["ReplicasScheduled"]) == ({}, "False/PodConflict")


def test_a_replica_that_has_accelerators_twice_goes_on_and_nothing_makes_room_for_another() -> None:
    fleet = [cluster("a", pool("p", 1))]
    children = running(deployment(1), fleet)
    obj, _ = asking("gpu.nvidia.com", {"limits": {"nvidia.com/gpu": 1}})
    obj["spec"]["rollout"] = {"maxUnavailable": 1}
    answered = composed(obj, fleet, children)
    served = composed(deployment(1), fleet, children)
    assert (answered.children, answered.ready) == (served.children, served.ready)
    assert reasons(answered)["Progressing"] == "False/RolloutHeld"


def test_what_cannot_be_compiled_is_said_before_what_is_claimed_twice() -> None:
    obj, there = asking('"', {"limits": {"nvidia.com/gpu": 1}})
    assert reasons(composed(obj, [there]))["ReplicasScheduled"] == "False/InvalidNodeSelector"


def test_a_gang_of_which_the_leader_alone_answers_is_placed() -> None:
    assert composed(deployment(1, gang(1, request())), [cluster("a")]).children
