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


def test_leader_and_workers_have_the_same_ports_probes_and_time_to_end_and_are_asked_alike() -> None:
    leader, worker = templates(spread())
    for template in (leader, worker):
        assert template["metadata"]["labels"]["modelplane.ai/serving"] == "chat-1"
    fields = ("ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle")
    built = [{key: template["spec"]["containers"][0][key] for key in fields} for template in (leader, worker)]
    assert built[0] == built[1]
    assert built[0]["ports"] == [{"name": "engine", "containerPort": 8000}]


def test_a_leader_is_still_told_from_its_workers() -> None:
    leader, worker = templates(spread())
    assert leader["metadata"]["labels"]["modelplane.ai/lws-role"] == "leader"
    assert "modelplane.ai/lws-role" not in worker["metadata"]["labels"]


def test_weights_of_a_cache_are_named_to_every_pod_that_answers() -> None:
    bare = {"template": {"spec": {"containers": [container(args=[])]}}}
    cached = {"modelCacheRef": {"name": "qwen"}}
    for template in templates(spread(leader=bare, worker=bare), **cached):
        assert template["spec"]["containers"][0]["args"] == ["--model=/mnt/models"]


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
        assert [built["name"] for built in template["spec"]["containers"]] == ["engine", "pd-sidecar"]
        assert template["metadata"]["labels"]["llm-d.ai/role"] == "decode"
