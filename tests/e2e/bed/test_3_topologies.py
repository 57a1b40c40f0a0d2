"""Every way to serve a model, with the controllers, scheduler and provider that do it; and what may befall it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

import pytest

from function.api import labels
from function.composition import Manifest, unstructured
from function.replica.identity import ReplicaIdentity, engine_service_name
from tests.e2e.bed import pools
from tests.e2e.bed.journal import Journal
from tests.e2e.bed.plane import Bed
from tests.e2e.bed.progress_log import log_line
from tests.e2e.bed.topologies import (
    CLUSTER,
    NAMESPACE,
    PODS,
    POOLS,
    ROUTED,
    SHORT,
    UNPULLABLE,
    WHOLE,
    Loss,
    Topologies,
)
from tests.e2e.bed.traffic import OK, SOME, ask

_BOUNDARY: Final = "part-of-the-upload"
_REFUSED: Final = 400

_ASKED = 10
"""Requests after which it is seen who is asked: of three pods in turn each would have had some."""


@pytest.mark.parametrize("name", WHOLE)
def test_a_model_is_served_in_each_way_there_is(bed: Bed, topology: Topologies, name: str) -> None:
    bed.processes.until(f"{name} is served", lambda: topology.serves(name), 180)
    assert len(topology.ready_pods(name)) == PODS[name]
    if not bed.isolated:
        log_line("NOT CHECKED: that requests are answered, since none can be sent")
        return

    def answered() -> str:
        answer = ask(topology.url(name))
        return str(answer.body["pod"]) if answer.status == OK else ""

    pod = bed.processes.until("a request is answered", answered)
    assert unstructured.labels(topology.pods(name)[pod])[labels.SERVING] == unstructured.name_of(topology.replica(name))


def test_audio_that_is_uploaded_to_two_copies_is_answered_by_their_pods(bed: Bed, topology: Topologies) -> None:
    """The picker cannot parse it, and passes it on."""
    bed.processes.until("copies is served", lambda: topology.serves("copies"), 180)
    if not bed.isolated:
        log_line("NOT CHECKED: that audio is passed on, since no request can be sent")
        return
    url = topology.url("copies").replace("/v1/models", "/v1/audio/transcriptions")
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    form = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    upload = form.encode() + bytes(1 << 20) + f"\r\n--{_BOUNDARY}--\r\n".encode()
    answers = [ask(url, upload, headers) for _ in range(SOME)]
    assert {answer.status for answer in answers} == {OK}, answers
    assert {answer.body["pod"] for answer in answers} <= topology.pods("copies").keys()
    without_model = ask(topology.url("copies").replace("/v1/models", "/v1/chat/completions"), b'{"messages": [{}]}')
    assert without_model.status == _REFUSED, "what the picker parses must name a model"


@pytest.mark.parametrize("name", WHOLE)
def test_each_pod_has_a_node_and_a_device_of_its_own(bed: Bed, topology: Topologies, name: str) -> None:
    pods = topology.ready_pods(name).values()
    nodes = {pod["spec"]["nodeName"] for pod in pods}
    assert len(nodes) == PODS[name]
    assert nodes <= set(POOLS[name].node_names)
    claims = bed.inference[CLUSTER].api.list("resource.k8s.io/v1", "ResourceClaim", NAMESPACE)
    claims = [
        claim
        for claim in claims
        if {user["name"] for user in _users(claim)} & {unstructured.name_of(pod) for pod in pods}
    ]
    devices = [result["pool"] for claim in claims for result in claim["status"]["allocation"]["devices"]["results"]]
    assert {node: devices.count(node) for node in devices} == dict.fromkeys(nodes, POOLS[name].gpus)


def test_only_a_router_is_asked_and_it_is_told_where_its_workers_are(bed: Bed, topology: Topologies) -> None:
    bed.processes.until(f"{ROUTED} is served", lambda: topology.serves(ROUTED), 180)
    pods = topology.ready_pods(ROUTED)
    of_engine = {name: unstructured.labels(pod)[labels.ENGINE] for name, pod in pods.items()}
    assert sorted(of_engine.values()) == ["router", "worker", "worker"]
    (router,) = (name for name, engine in of_engine.items() if engine == "router")
    workers = {name for name in pods if name != router}
    assert "resourceClaims" not in pods[router]["spec"]
    assert len({pods[name]["spec"]["nodeName"] for name in workers}) == len(workers)
    assert pods[router]["spec"]["nodeName"] in POOLS[UNPULLABLE].node_names

    service = engine_service_name(ReplicaIdentity(NAMESPACE, unstructured.name_of(topology.replica(ROUTED))), "worker")
    assert _expanded(pods[router], "args") == ["--worker-urls", f"http://{service}.{NAMESPACE}.svc:30000"]
    api = bed.inference[CLUSTER].api

    def found() -> set[str]:
        slices = api.list("discovery.k8s.io/v1", "EndpointSlice", NAMESPACE, **{"kubernetes.io/service-name": service})
        endpoints = [endpoint for entry in slices for endpoint in unstructured.items(entry, "endpoints")]
        return {unstructured.text(endpoint, "targetRef", "name") for endpoint in endpoints}

    bed.processes.until("the workers are found by their Service", lambda: found() == workers)
    if not bed.isolated:
        log_line("NOT CHECKED: that only the router is asked, since no request can be sent")
        return
    answers = [ask(topology.url(ROUTED)) for _ in range(_ASKED)]
    assert {(answer.status, answer.body.get("pod")) for answer in answers} == {(OK, router)}


def test_a_node_is_lost(loss: Loss) -> None:
    """What comes of it is seen in `test_4_lost_node`."""
    assert loss.since


def test_the_documented_gang_of_two_resolves_to_its_leader(topology: Topologies) -> None:
    leader, worker = sorted(topology.ready_pods("pair"))
    assert worker == f"{leader}-1"
    address = f"{leader}.{leader.removesuffix('-0')}.{NAMESPACE}"
    for rank, pod in enumerate((leader, worker)):
        (*_, script) = _expanded(topology.pods("pair")[pod], "command")
        assert f"--nnodes=2 --node-rank={rank} --master-addr={address} " in script
        assert "$" not in script


def test_pods_read_their_replicas_own_copy_of_a_secret(bed: Bed, topology: Topologies) -> None:
    (pod, *_) = topology.pods(SHORT).values()
    (token,) = (variable for variable in _env(pod) if variable["name"] == "HF_TOKEN")
    name = token["valueFrom"]["secretKeyRef"]["name"]
    assert name.startswith(f"{unstructured.name_of(topology.replica(SHORT))}-hugging-face-")
    copy = bed.inference[CLUSTER].api.get("v1", "Secret", name, NAMESPACE)
    original = bed.control.api.get("v1", "Secret", "hugging-face", NAMESPACE)
    assert copy
    assert original
    assert copy["data"] == original["data"]


def test_an_image_that_cannot_be_pulled_is_named(bed: Bed, topology: Topologies) -> None:
    bed.await_with_looks("it is", lambda: "ImagePullBackOff" in topology.readiness_message(UNPULLABLE), 90, NAMESPACE)
    assert "registry.invalid/engine:none" in topology.readiness_message(UNPULLABLE)
    assert not topology.serves(UNPULLABLE)


def test_a_gang_without_a_node_for_one_of_its_pods_says_so_and_serves_once_it_has_one(
    bed: Bed, topology: Topologies
) -> None:
    bed.await_with_looks("it says so", lambda: "Unschedulable" in topology.readiness_message(SHORT), 90, NAMESPACE)
    assert not bed.is_true("ModelDeployment", SHORT, "Ready", NAMESPACE)
    (last,) = POOLS[SHORT].node_names[-1:]
    pools.register(bed, POOLS[SHORT], [last])
    bed.await_with_looks("it is served", lambda: topology.serves(SHORT), 120, NAMESPACE)
    pods = topology.ready_pods(SHORT)
    assert len({pod["spec"]["nodeName"] for pod in pods.values()}) == PODS[SHORT]
    leader, *followers = sorted(pods)
    address = f"--master-addr={leader}.{leader.removesuffix('-0')}.{NAMESPACE}"
    assert {name: _expanded(pod, "args")[1:3] for name, pod in pods.items()} == {
        leader: ["--node-rank=0", address],
        **{name: [f"--node-rank={name.rpartition('-')[2]}", address] for name in followers},
    }


def test_a_worker_that_is_killed_takes_its_gang_along_and_all_of_it_comes_back(
    bed: Bed, topology: Topologies, journal: Journal
) -> None:
    pods = [*topology.ready_pods("pair").values()]
    (worker,) = (pod for pod in pods if labels.SERVING not in unstructured.labels(pod))
    before, api = _uids(pods), bed.inference[CLUSTER].api
    api.delete(worker)
    started = time.monotonic()
    replica = unstructured.name_of(topology.replica("pair"))

    def back() -> bool:
        uids = _uids(topology.ready_pods("pair").values())
        return len(uids) == PODS["pair"] and not uids & before

    bed.processes.until("all of its pods are other ones", back, 90)
    bed.await_with_looks("it is served", lambda: topology.serves("pair"), 90, NAMESPACE)
    journal.note("a worker is killed: its gang is back", time.monotonic() - started)
    assert unstructured.name_of(topology.replica("pair")) == replica, "the replica stays"


def _uids(pods: Iterable[Manifest]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}


def _users(claim: Manifest) -> list[Manifest]:
    return [dict(consumer) for consumer in unstructured.items(claim, "status", "reservedFor")]


def _env(pod: Manifest) -> list[Manifest]:
    return [dict(variable) for variable in unstructured.items(pod["spec"]["containers"][0], "env")]


def _expanded(pod: Manifest, field: str) -> list[str]:
    """What the kubelet makes of a command line: a variable refers to those before it, an argument to all."""
    known: dict[str, str] = {}
    for variable in _env(pod):
        if "value" in variable:
            known[variable["name"]] = _filled(variable["value"], known)
    return [_filled(word, known) for word in pod["spec"]["containers"][0][field]]


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(f"$({name})", value)
    return text
