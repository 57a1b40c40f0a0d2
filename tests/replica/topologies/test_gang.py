"""An engine of several nodes becomes a LeaderWorkerSet, whose pods find each other."""

from typing import Any

import pytest

from function.api.engines import PlacedEngine
from function.composition import Manifest, names
from function.replica.topologies.gang import Gang
from function.replica.topologies.topology import Ports
from tests.support.observe import reasons
from tests.support.replicas import (
    composed,
    container,
    engine,
    gang,
    member,
    observed,
    remotes,
    replica,
    workload_is_ready,
)

SET = names.name("chat-1-vllm", 49, "Engine", "ml-team", "chat-1", "vllm")
TOLERATIONS = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
ALIASES = [
    {"name": "MODELPLANE_LEADER_ADDRESS", "value": "$(LWS_LEADER_ADDRESS)"},
    {"name": "MODELPLANE_RANK", "value": "$(LWS_WORKER_INDEX)"},
]


def claim(role: str) -> str:
    return names.name("chat-1-vllm", 63, "Engine", "ml-team", "chat-1", "vllm", role)


def templates(obj: Manifest, **spec: Any) -> tuple[Manifest, Manifest]:
    """The templates of the leader and of the workers of a replica's only engine."""
    both = remotes(composed(replica(obj, **spec)))["model-serving-vllm"]["spec"]["leaderWorkerTemplate"]
    return both["leaderTemplate"], both["workerTemplate"]


def engines_of(obj: Manifest, **spec: Any) -> tuple[Manifest, Manifest]:
    """The containers of the leader and of the workers."""
    leader, worker = templates(obj, **spec)
    return leader["spec"]["containers"][0], worker["spec"]["containers"][0]


def test_a_gang_becomes_a_leader_worker_set_that_says_how_it_starts_restarts_and_rolls_out() -> None:
    made = remotes(composed(replica(gang(workers=3, copies=2))))["model-serving-vllm"]
    both = made["spec"]["leaderWorkerTemplate"]
    del both["leaderTemplate"], both["workerTemplate"]
    assert made == {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": SET, "namespace": "ml-team"},
        "spec": {
            "replicas": 2,
            "startupPolicy": "LeaderCreated",
            "rolloutStrategy": {
                "type": "RollingUpdate",
                "rollingUpdateConfiguration": {"maxSurge": 0, "maxUnavailable": 1},
            },
            "leaderWorkerTemplate": {"size": 4, "restartPolicy": "RecreateGroupOnPodRestart"},
        },
    }


def test_followers_are_told_from_the_leader_by_labels_and_are_asked_nothing() -> None:
    leader, worker = templates(gang())
    every = {
        "modelplane.ai/deployment": "chat",
        "modelplane.ai/replica": "chat-1",
        "modelplane.ai/engine": "vllm",
    }
    assert leader["metadata"]["labels"] == {
        **every,
        "modelplane.ai/serving": "chat-1",
        "llm-d.ai/engine-type": "vllm",
        "modelplane.ai/lws-role": "leader",
    }
    assert worker["metadata"] == {"labels": every}
    assert {"ports", "readinessProbe", "startupProbe", "livenessProbe"} & worker["spec"]["containers"][
        0
    ].keys() == set()
    assert leader["spec"]["containers"][0]["ports"] == [{"name": "engine", "containerPort": 8000}]


def test_a_worker_without_a_size_is_one_pod() -> None:
    made = remotes(composed(replica(gang(workers=None))))["model-serving-vllm"]
    assert made["spec"]["leaderWorkerTemplate"]["size"] == 2


def test_leader_address_and_rank_come_first_in_both_templates_and_the_users_entries_follow_unchanged() -> None:
    own: list[Manifest] = [
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "MASTER", "value": "$(MODELPLANE_LEADER_ADDRESS):29500"},
    ]
    written = {"template": {"spec": {"containers": [container(env=own)]}}}
    leader, worker = engines_of(gang(leader=written))
    assert leader["env"] == [*ALIASES, *own]
    assert worker["env"] == ALIASES


def test_each_member_has_its_own_command_arguments_and_pull_secrets() -> None:
    def written(command: str, secret: str) -> Manifest:
        built = container(command=["sh", "-c", command], args=[command])
        return {"template": {"spec": {"containers": [built], "imagePullSecrets": [{"name": secret}]}}}

    leader, worker = templates(gang(leader=written("lead", "a"), worker=written("follow", "b")))
    assert [template["spec"]["containers"][0]["command"][2] for template in (leader, worker)] == ["lead", "follow"]
    assert [template["spec"]["containers"][0]["args"] for template in (leader, worker)] == [["lead"], ["follow"]]
    assert [template["spec"]["imagePullSecrets"] for template in (leader, worker)] == [[{"name": "a"}], [{"name": "b"}]]


def test_leader_and_workers_on_different_pools_each_select_their_own() -> None:
    leader, worker = templates(gang(leader={"pool": "small"}, worker={"pool": "large"}))
    assert [template["spec"]["nodeSelector"] for template in (leader, worker)] == [
        {"modelplane.ai/pool": "small"},
        {"modelplane.ai/pool": "large"},
    ]


def test_each_member_claims_through_a_template_of_its_own() -> None:
    answered = composed(replica(gang()))
    leader, worker = templates(gang())
    for role, template in (("Leader", leader), ("Worker", worker)):
        assert remotes(answered)[f"resource-claim-vllm-{role.lower()}"]["metadata"]["name"] == claim(role)
        assert template["spec"]["resourceClaims"] == [{"name": "devices", "resourceClaimTemplateName": claim(role)}]
        assert template["spec"]["containers"][0]["resources"] == {"claims": [{"name": "devices"}]}


def test_a_leader_that_claims_nothing_has_no_claim_template_and_stays_pinned_while_its_workers_claim() -> None:
    answered = composed(replica(gang(leader={"deviceRequests": None})))
    assert "resource-claim-vllm-leader" not in answered.children
    assert "resource-claim-vllm-worker" in answered.children
    leader, worker = templates(gang(leader={"deviceRequests": None}))
    assert "resourceClaims" not in leader["spec"]
    assert "resources" not in leader["spec"]["containers"][0]
    assert (leader["spec"]["nodeSelector"], leader["spec"]["tolerations"]) == (
        {"modelplane.ai/pool": "l4"},
        TOLERATIONS,
    )
    assert "resourceClaims" in worker["spec"]


def test_metadata_of_leader_and_workers_never_mixes() -> None:
    def written(team: str) -> Manifest:
        metadata = {"labels": {"team": team}, "annotations": {"x/y": team}}
        return {"template": {"metadata": metadata, "spec": {"containers": [container()]}}}

    leader, worker = templates(gang(leader=written("a"), worker=written("b")))
    assert [template["metadata"]["labels"]["team"] for template in (leader, worker)] == ["a", "b"]
    assert [template["metadata"]["annotations"] for template in (leader, worker)] == [{"x/y": "a"}, {"x/y": "b"}]


def test_a_gang_with_a_cache_mounts_it_everywhere_and_only_the_leader_is_told_of_it() -> None:
    bare = {"template": {"spec": {"containers": [container(args=[])]}}}
    cached = {"modelCacheRef": {"name": "qwen"}}
    leader, worker = engines_of(gang(leader=bare, worker=bare), **cached)
    for built in (leader, worker):
        assert {"name": "model-cache", "mountPath": "/mnt/models"} in built["volumeMounts"]
    assert leader["args"] == ["/mnt/models"]
    assert "args" not in worker


def test_no_label_of_the_user_makes_followers_answer_requests() -> None:
    metadata = {"labels": {"modelplane.ai/serving": "chat-1", "team": "a"}}
    _, worker = templates(gang(worker={"template": {"metadata": metadata, "spec": {"containers": [container()]}}}))
    assert worker["metadata"]["labels"]["team"] == "a"
    assert "modelplane.ai/serving" not in worker["metadata"]["labels"]


def test_an_engines_workload_never_changes_its_kind_under_one_name() -> None:
    children = observed(composed(replica()))
    answered = composed(replica(gang()), children)
    kept = remotes(answered)["model-serving-vllm"]
    assert kept == remotes(composed(replica()))["model-serving-vllm"]
    assert reasons(answered)["Held"] == "True/InputInvalid"


def test_engines_of_one_pod_and_of_several_run_side_by_side() -> None:
    answered = composed(replica(engine("solo"), gang("duo")))
    assert {key: body["kind"] for key, body in remotes(answered).items() if key.startswith("model-serving")} == {
        "model-serving-solo": "Deployment",
        "model-serving-duo": "LeaderWorkerSet",
    }
    settled = composed(replica(engine("solo"), gang("duo")), observed(answered))
    assert settled.ready
    assert [(status["name"], status["kind"]) for status in settled.status["engines"]] == [
        ("solo", "Deployment"),
        ("duo", "LeaderWorkerSet"),
    ]


@pytest.mark.parametrize("name", ["chat-1", "a" * 63, "4chat.v2"])
def test_the_name_of_a_gang_leaves_room_for_the_names_of_its_pods(name: str) -> None:
    made = remotes(composed(replica(gang("b" * 63), name=name)))[f"model-serving-{'b' * 63}"]
    assert len(made["metadata"]["name"]) <= 49
    assert made["metadata"]["name"] != remotes(composed(replica(name=name)))["engine-service"]["metadata"]["name"]


def test_the_order_of_leader_and_worker_in_the_spec_changes_nothing() -> None:
    turned = engine("vllm", member("Worker", worker={"nodes": 1}), member("Leader"))
    assert remotes(composed(replica(turned))) == remotes(composed(replica(gang())))


@pytest.mark.parametrize(
    ("copies", "ready_gangs", "updated", "ready"),
    [(1, 1, 1, True), (1, 0, 1, False), (1, 1, 0, False), (3, 2, 3, True), (3, 2, 1, False), (3, 1, 3, False)],
)
def test_a_leader_worker_set_is_ready_once_a_gang_of_this_generation_answers(
    copies: int,
    ready_gangs: int,
    updated: int,
    ready: bool,  # noqa: FBT001  # a case of the table
) -> None:
    counts = {"replicas": copies, "readyReplicas": ready_gangs, "updatedReplicas": updated}
    assert workload_is_ready(gang(copies=copies), {key: count for key, count in counts.items() if count}) is ready
    assert not workload_is_ready(gang(copies=copies), {})


def test_gangs_that_are_missing_are_counted_in_the_message() -> None:
    obj = replica(gang(copies=2))
    children = observed(composed(obj), model_serving_vllm="False")
    workload = children["model-serving-vllm"]["status"]["atProvider"]["manifest"]
    condition = {"type": "Available", "status": "False", "message": "Replicas are progressing"}
    workload["status"] = {"readyReplicas": 1, "conditions": [condition]}
    (message,) = [c.message for c in composed(obj, children).conditions if c.type == "ModelReady"]
    assert message == "model-serving-vllm: 1 of 2 gangs ready: Replicas are progressing"


def test_of_a_gang_the_leaders_flags_count() -> None:
    def written(port: int) -> Manifest:
        return {"template": {"spec": {"containers": [container(args=[f"--port={port}"])]}}}

    placed = PlacedEngine.model_validate(gang(leader=written(9000), worker=written(9001)))
    assert Gang().ports(placed) == Ports(engine=9000, pool=9000)
