"""Which revision a replica runs: by its label, or field by field for one that was made before there were labels."""

import copy
from typing import Any

import pytest

from function.api.base import Model
from function.api.devices import DeviceRequest, ResolvedDeviceRequest
from function.api.engines import AnyEngine, AnyMember, Engine, Member
from function.api.model_deployment import ModelDeploymentSpec
from function.api.workload import ReplicaFields, revision
from function.composition import Manifest
from function.deployment.revisions import _same, runs_workload
from tests.support import api
from tests.support.deployments import (
    GPU,
    NIC,
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
)
from tests.support.observe import reasons

FLEET = [
    cluster("a", pool("a100", 8, gpu(), nic(), node={"cpu": "96", "taints": [{"key": "k", "effect": "NoExecute"}]}))
]
DEPLOYMENT = deployment(
    1,
    engine("vllm", member(request("gpu", count=2), request("nic", NIC)), copies=2),
    modelCacheRef={"name": "weights"},
)


def unlabelled(obj: Manifest) -> Manifest:
    """The replica of a deployment, as it was before there were revisions."""
    body = composed(obj, FLEET, caches=[cache()]).children["replica-a-0"].manifest
    labels = {key: text for key, text in body["metadata"]["labels"].items() if key != "modelplane.ai/revision"}
    return {**body, "metadata": {**body["metadata"], "labels": labels}}


def runs(replica: Manifest, obj: Manifest) -> bool:
    return runs_workload(replica, ModelDeploymentSpec.model_validate(obj["spec"]).workload())


PAIR = deployment(
    1,
    engine("prefill", phase="Prefill"),
    engine("decode", phase="Decode"),
    serving={"mode": "PrefillDecode"},
)


@pytest.mark.parametrize(
    "obj",
    [DEPLOYMENT, deployment(), deployment(1, gang(3)), deployment(1, gang(3, request("nic", NIC))), PAIR],
    ids=["all", "least", "gang", "synthetic", "pair"],
)
def test_what_a_deployment_has_just_made_runs_it(obj: Manifest) -> None:
    replica = composed(obj, FLEET, caches=[cache()]).children["replica-a-0"].manifest
    assert runs(replica, obj)
    assert runs(api.replica(**{"engines": [], **api.stored(replica)}), {"spec": api.stored(obj)})


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("modelCacheRef", "name"), "other"),
        (("modelCacheRef",), None),
        (("serving",), {"mode": "Unified", "picker": "Disabled"}),
        (("engines", 0, "name"), "sglang"),
        (("engines", 0, "copies"), 3),
        (("engines", 0, "serving"), {"port": 9000}),
        (("engines",), [engine(), engine("second")]),
        (("engines", 0, "members", 0, "template", "spec", "containers", 0, "image"), "vllm:v9"),
        (("engines", 0, "members", 0, "nodeSelector", "devices", 0, "count"), 1),
        (("engines", 0, "members", 0, "nodeSelector", "devices", 0, "name"), "other"),
        (("engines", 0, "members", 0, "nodeSelector", "devices", 0, "selectors"), [{"cel": f"{GPU} && true"}]),
        (("engines", 0), gang(2)),
    ],
)
def test_a_replica_runs_something_else_when_any_of_it_was_changed(path: tuple[str | int, ...], to: Any) -> None:
    changed = api.changed(DEPLOYMENT, "spec", *path, to=to)
    changed["spec"] = {key: value for key, value in changed["spec"].items() if value is not None}
    assert not runs(unlabelled(DEPLOYMENT), changed)


@pytest.mark.parametrize("shared", [ReplicaFields, AnyEngine, AnyMember], ids=lambda shared: shared.__name__)
def test_no_field_that_a_replica_shares_with_its_deployment_is_left_out_of_the_comparison(shared: type[Model]) -> None:
    left, right = shared.model_construct(), shared.model_construct()
    for field in shared.model_fields:
        left, right = (model.model_copy(update={field: "same"}) for model in (left, right))
    assert _same(shared, left, right)
    for field in shared.model_fields:
        assert not _same(shared, left, right.model_copy(update={field: "other"})), f"{field} is not compared"


def test_every_field_of_a_device_request_is_compared() -> None:
    resolved = set(ResolvedDeviceRequest.model_fields) - {"device_class_name"}
    assert set(DeviceRequest.model_fields) == resolved == {"name", "count", "selectors"}, (
        "compare the new field in _same_request of function/deployment/revisions.py, and copy it in replica_manifest.py"
    )


def test_what_is_of_a_deployment_alone_is_what_placing_turns_into_something_else() -> None:
    assert set(Engine.model_fields) - set(AnyEngine.model_fields) == {"members"}, "a new field belongs to AnyEngine"
    assert set(Member.model_fields) - set(AnyMember.model_fields) == {"node_selector"}, "one belongs to AnyMember"


def test_another_cache_is_another_revision() -> None:
    workloads = [
        ModelDeploymentSpec.model_validate({**DEPLOYMENT["spec"], "modelCacheRef": {"name": name}}).workload()
        for name in ("weights", "other")
    ]
    assert revision(workloads[0]) != revision(workloads[1])


def test_a_picker_that_was_chosen_for_a_replica_is_not_one_that_was_asked_for() -> None:
    replica = unlabelled(DEPLOYMENT)
    assert replica["spec"]["serving"] == {"picker": "Enabled"}
    assert runs(replica, DEPLOYMENT)
    assert runs(
        {**replica, "spec": {key: value for key, value in replica["spec"].items() if key != "serving"}}, DEPLOYMENT
    )


def test_the_order_of_members_and_engines_counts() -> None:
    obj = deployment(1, gang(2))
    turned = copy.deepcopy(obj)
    turned["spec"]["engines"][0]["members"].reverse()
    assert not runs(unlabelled(obj), turned)


def test_what_placing_alone_decides_is_not_compared() -> None:
    replica = copy.deepcopy(unlabelled(DEPLOYMENT))
    placed = replica["spec"]["engines"][0]["members"][0]
    placed |= {"nodePoolName": "other"}
    placed["deviceRequests"][0]["deviceClassName"] = "other.example.com"
    del placed["tolerations"], placed["resources"]
    assert runs(replica, DEPLOYMENT)


def test_how_many_and_where_do_not_matter() -> None:
    other = deployment(
        7,
        *DEPLOYMENT["spec"]["engines"],
        modelCacheRef={"name": "weights"},
        clusterSelector={"matchLabels": {"tier": "gold"}},
        tolerations=[{"operator": "Exists"}],
        rollout={"paused": True},
    )
    assert runs(unlabelled(DEPLOYMENT), other)


@pytest.mark.parametrize("spec", ["junk", {}, {"clusterName": 7}, {"clusterName": "a", "engines": [{}]}, None])
def test_a_spec_that_cannot_be_read_runs_nothing_that_is_known(spec: Any) -> None:
    assert not runs({**unlabelled(DEPLOYMENT), "spec": spec}, DEPLOYMENT)


# ---------------------------------------------------------------------- at the composer


def test_a_replica_without_a_label_that_runs_the_current_revision_is_given_its_label() -> None:
    answered = composed(DEPLOYMENT, FLEET, {"replica-a-0": unlabelled(DEPLOYMENT)}, caches=[cache()])
    labelled = composed(DEPLOYMENT, FLEET, caches=[cache()]).children["replica-a-0"].manifest
    assert answered.children["replica-a-0"].manifest == labelled
    assert reasons(answered)["Progressing"] == "True/Complete"


def test_a_replica_without_a_label_that_runs_something_else_is_an_old_one_and_gets_none() -> None:
    other = deployment(1, engine("sglang"))
    old = unlabelled(other)
    answered = composed(DEPLOYMENT, FLEET, {"replica-a-0": old}, caches=[cache()])
    assert answered.children["replica-a-0"].manifest == old
    assert reasons(answered)["Progressing"] == "True/RollingOut"
    assert answered.status["placements"][0] == {
        "replica": old["metadata"]["name"],
        "cluster": "a",
        "pools": ["a100"],
        "serving": False,
    }


def test_the_label_counts_where_there_is_one() -> None:
    children = running(deployment(), FLEET)
    answered = composed(deployment(1, engine("sglang")), FLEET, children)
    labels = answered.children["replica-a-0"].manifest["metadata"]["labels"]
    assert labels == children["replica-a-0"]["metadata"]["labels"]
    old, current = labels["modelplane.ai/revision"], answered.status["revision"]["name"]
    assert old != current
    assert messages(answered)["Progressing"] == (
        f"1 of 1 replicas run revision {current}, 0 of them serve; 1 of earlier revisions, 1 of them serving"
    )


def test_replicas_of_an_old_revision_that_serve_count() -> None:
    children = running(deployment(), FLEET)
    answered = composed(deployment(1, engine("sglang")), FLEET, children)
    assert answered.status["replicas"] == {"desired": 1, "total": 1, "ready": 1}
    assert answered.ready


def test_since_when_a_revision_is_wanted_is_remembered() -> None:
    first = composed(deployment(), FLEET)
    name = first.status["revision"]["name"]
    remembered = {**deployment(), "status": {"revision": {"name": name, "since": "2025-06-01T00:00:00Z"}}}
    assert composed(remembered, FLEET).status["revision"] == {"name": name, "since": "2025-06-01T00:00:00Z"}
    changed = {**deployment(1, engine("sglang")), "status": remembered["status"]}
    assert composed(changed, FLEET).status["revision"]["since"] == "2026-01-01T00:00:00Z"


def test_a_label_counts_even_when_the_spec_would_be_the_same() -> None:
    children = running(deployment(), FLEET)
    replica = children["replica-a-0"]
    labels = {**replica["metadata"]["labels"], "modelplane.ai/revision": "0ddba11a"}
    children["replica-a-0"] = {**replica, "metadata": {**replica["metadata"], "labels": labels}}
    answered = composed(deployment(), FLEET, children)
    assert answered.children["replica-a-0"].manifest["metadata"]["labels"] == labels
    assert reasons(answered)["Progressing"] == "True/RollingOut"


def test_a_replica_that_takes_more_nodes_is_another_revision_and_is_charged_in_full_beside_the_old_one() -> None:
    children = running(deployment(1, gang(2)), [cluster("a", pool("a100", 6))])
    larger = deployment(1, gang(4))
    fits = composed(larger, [cluster("a", pool("a100", 6))], children)
    assert fits.children["replica-a-0"].manifest["spec"] == children["replica-a-0"]["spec"]
    worker = fits.children["replica-a-1"].manifest["spec"]["engines"][0]["members"][1]
    assert worker["worker"] == {"nodes": 4}
    lacks = composed(larger, [cluster("a", pool("a100", 5))], children)
    assert set(lacks.children) == set(children)
    assert reasons(lacks)["Progressing"] == "False/NoRoomToSurge"
    assert "needs 4 free nodes in pool a100 (3 free)" in messages(lacks)["Progressing"]


def test_a_single_pod_that_becomes_a_gang_is_replaced_by_a_rollout_and_serves_until_then() -> None:
    fleet = [cluster("a", pool("a100", 4))]
    children = running(deployment(), fleet)
    answered = composed(deployment(1, gang(2)), fleet, children)
    assert answered.children["replica-a-0"].manifest["spec"] == children["replica-a-0"]["spec"]
    assert answered.children["endpoint-a-0"].manifest["spec"] == children["endpoint-a-0"]["spec"]
    members = answered.children["replica-a-1"].manifest["spec"]["engines"][0]["members"]
    assert [member["role"] for member in members] == ["Leader", "Worker"]
    assert reasons(answered)["Progressing"] == "True/RollingOut"
