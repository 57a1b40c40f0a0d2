"""A gang whose every pod answers: leader and workers are asked alike."""

from typing import Any

import pytest

from function.api.engines import PlacedEngine
from function.composition import Manifest
from function.replica.topologies.gang import Gang
from tests.support.observe import reasons
from tests.support.replicas import composed, container, gang, remotes, replica

ALL: dict[str, Any] = {"serving": {"from": "AllPods"}}


def spread(workers: int = 1, **more: Any) -> Manifest:
    return gang(workers=workers, **{**ALL, **more})


def templates(obj: Manifest, **spec: Any) -> list[Manifest]:
    both = remotes(composed(replica(obj, **spec)))["model-serving-vllm"]["spec"]["leaderWorkerTemplate"]
    return [both["leaderTemplate"], both["workerTemplate"]]


def test_leader_and_workers_have_the_same_ports_and_probes_and_are_asked_alike() -> None:
    leader, worker = templates(spread())
    for template in (leader, worker):
        assert template["metadata"]["labels"]["modelplane.ai/serving"] == "chat-1"
    fields = ("ports", "startupProbe", "readinessProbe", "livenessProbe")
    built = [{key: template["spec"]["containers"][0][key] for key in fields} for template in (leader, worker)]
    assert built[0] == built[1]
    assert built[0]["ports"] == [{"name": "engine", "containerPort": 8000}]


def test_each_pod_ends_once_nothing_is_asked_of_it_and_a_worker_once_its_leader_is_gone_too() -> None:
    for role, template in zip(("leader", "worker"), templates(spread()), strict=True):
        (*_, script) = template["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
        assert "*:1F40\\ 01" in script
        assert ("MODELPLANE_LEADER_ADDRESS" in script) is (role == "worker")


@pytest.mark.parametrize(
    ("leader", "worker", "asked"),
    [
        (["--data-parallel-hybrid-lb"], ["--data-parallel-hybrid-lb"], 2),
        (["--data-parallel-hybrid-lb"], ["--headless"], 1),
        (["--port=8000"], ["--data-parallel-hybrid-lb"], 1),
    ],
)
def test_without_the_field_all_pods_answer_where_both_commands_start_a_server_on_every_node(
    leader: list[str], worker: list[str], asked: int
) -> None:
    pods = [{"template": {"spec": {"containers": [container(args=args)]}}} for args in (leader, worker)]
    built = gang(leader=pods[0], worker=pods[1])
    serving = [template for template in templates(built) if "modelplane.ai/serving" in template["metadata"]["labels"]]
    assert len(serving) == asked
    kept = templates({**built, "serving": {"from": "Leader"}})
    assert "modelplane.ai/serving" not in kept[1]["metadata"]["labels"]


def test_a_leader_is_still_told_from_its_workers() -> None:
    leader, worker = templates(spread())
    assert leader["metadata"]["labels"]["modelplane.ai/lws-role"] == "leader"
    assert "modelplane.ai/lws-role" not in worker["metadata"]["labels"]


def test_weights_of_a_cache_are_named_to_every_pod_that_answers() -> None:
    bare = {"template": {"spec": {"containers": [container(args=[])]}}}
    cached = {"modelCacheRef": {"name": "qwen"}}
    for template in templates(spread(leader=bare, worker=bare), **cached):
        assert template["spec"]["containers"][0]["args"] == ["/mnt/models"]


@pytest.mark.parametrize(
    ("obj", "pods"), [(gang(workers=3), 1), (spread(), 2), (spread(3), 4), (spread(3, copies=2), 8)]
)
def test_every_pod_that_answers_counts(obj: Manifest, pods: int) -> None:
    assert Gang().serving_pods(PlacedEngine.model_validate(obj)) == pods


def test_one_gang_has_a_picker_once_all_its_pods_answer() -> None:
    assert "engine-service" in composed(replica(gang())).children
    made = remotes(composed(replica(spread())))
    assert made["inference-pool"]["spec"]["selector"] == {"matchLabels": {"modelplane.ai/serving": "chat-1"}}


def test_pods_that_listen_on_different_ports_are_refused_with_both() -> None:
    other = {"template": {"spec": {"containers": [container(args=["--port=9001"])]}}}
    answered = composed(replica(spread(worker=other)))
    assert not answered.children
    assert reasons(answered)["ModelAccepted"] == "False/InvalidPort"
    (message,) = [said.message for said in answered.conditions if said.type == "ModelAccepted"]
    assert message == (
        "all pods of engine vllm answer requests, and they listen on different ports: its Leader on 8000, its Worker on"
        " 9001"
    )


def test_every_pod_of_a_decode_gang_has_a_side_car_and_the_labels_of_its_phase() -> None:
    pair = (gang("p", phase="Prefill"), gang("d", phase="Decode", **ALL))
    made = remotes(composed(replica(*pair, serving={"mode": "PrefillDecode"})))["model-serving-d"]
    both = made["spec"]["leaderWorkerTemplate"]
    for template in (both["leaderTemplate"], both["workerTemplate"]):
        assert [built["name"] for built in template["spec"]["initContainers"]] == ["pd-sidecar"]
        assert template["metadata"]["labels"]["llm-d.ai/role"] == "decode"
