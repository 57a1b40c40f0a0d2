"""What becomes of running replicas while the spec and the fleet around them change."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from function.composition import Manifest, unstructured
from function.preview.control_plane import ControlPlane
from tests.support.deployment_plane import (
    conditions,
    endpoints,
    live,
    put,
    quiet,
    ready,
    replicas,
    scale,
    serve,
    specs,
    two_serve,
    wait,
)
from tests.support.deployments import (
    API_VERSION,
    NO_SYNTAX,
    cache,
    cluster,
    deployment,
    engine,
    member,
    pool,
    request,
    selecting,
    taint,
)

SINCE = "modelplane.ai/draining-since"


def changes() -> dict[str, list[Manifest]]:
    """Changes of deployment and fleet that leave the number of replicas as it is."""
    image = {"spec": {"containers": [{"name": "engine", "image": "vllm/vllm-openai:v9"}]}}
    return {
        "a narrowed selector": [deployment(2, clusterSelector=selecting(tier="gold"))],
        "a cache that is missing": [deployment(2, modelCacheRef={"name": "weights"})],
        "a cache that selects elsewhere": [deployment(2, modelCacheRef={"name": "weights"}), cache(tier="gold")],
        "a selector that clashes with the cache's": [
            deployment(2, modelCacheRef={"name": "weights"}, clusterSelector=selecting(tier="lead")),
            cache(tier="gold"),
        ],
        "a selector that does not compile": [deployment(2, engine("vllm", member(request("gpu", NO_SYNTAX))))],
        "a selector that matches nothing": [deployment(2, engine("vllm", member(request("gpu", "false"))))],
        "another image": [deployment(2, engine("vllm", member(request(), template=image)))],
        "another engine": [deployment(2, engine("sglang"))],
        "cordons": [cluster(name, taints=[taint()]) for name in "ab"],
        "drains": [cluster(name, taints=[taint(effect="NoExecute")]) for name in "ab"],
        "clusters that are not ready": [cluster(name, ready=False) for name in "ab"],
        "clusters without an address": [cluster(name, address="") for name in "ab"],
        "clusters that publish nothing": [cluster(name, published=False) for name in "ab"],
        "pools that are gone": [cluster(name, pool("h100")) for name in "ab"],
        "pools that have shrunk": [cluster(name, pool("a100", 0)) for name in "ab"],
    }


@pytest.mark.parametrize("what", changes())
def test_what_runs_stays_as_it_is_whatever_changes_around_it(what: str) -> None:
    of = two_serve()
    before = specs(of)
    put(of, *changes()[what])
    wait(of, 300)
    assert before.items() <= specs(of).items()
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": False}
    assert ready(of)


def test_a_new_revision_surges_and_the_old_one_stays_until_its_endpoint_has_settled() -> None:
    of = two_serve()
    before = specs(of)
    scale(of, 2, engines=[engine(copies=2)])
    revisions = {key: replica["metadata"]["labels"]["modelplane.ai/revision"] for key, replica in replicas(of).items()}
    assert revisions["replica-a-0"] == revisions["replica-b-0"] != revisions["replica-a-1"]
    assert conditions(of)["Progressing"] == "True/RollingOut"
    status = live(of)["status"]
    assert status["revision"]["name"] == revisions["replica-a-1"]
    assert status["revisions"] == sorted(
        [
            {"name": revisions["replica-a-0"], "replicas": 2, "serving": 2},
            {"name": revisions["replica-a-1"], "replicas": 1, "serving": 0},
        ],
        key=lambda entry: str(entry["name"]),
    )
    assert status["replicas"] == {"desired": 2, "total": 2, "ready": 2}, "without what surges"
    wait(of, 300)
    assert before.items() <= specs(of).items()


def test_a_replica_that_was_leaving_neither_goes_nor_serves_while_a_selector_does_not_compile() -> None:
    of = two_serve()
    scale(of, 1)
    scale(of, 1, engines=[engine("vllm", member(request("gpu", NO_SYNTAX)))])
    wait(of, 300)
    assert endpoints(of) == {"endpoint-a-0": False, "endpoint-b-0": True}
    scale(of, 1)
    assert set(replicas(of)) == {"replica-a-0"}


STEPS = st.sampled_from(
    [*(f"scale {n}" for n in range(4)), *changes(), "serve", "fail", "time", "undo", "lose b", "delete one"]
)


@given(steps=st.lists(STEPS, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_replicas_spec_never_changes_and_a_serving_one_never_goes_without_draining(steps: list[str]) -> None:
    of = two_serve()
    for step in steps:
        before, open_before = replicas(of), {key for key, draining in endpoints(of).items() if not draining}
        hand = take(of, step)
        after = replicas(of)
        for key, obj in before.items():
            same = key in after and after[key]["metadata"]["uid"] == obj["metadata"]["uid"]
            assert not same or after[key]["spec"] == obj["spec"], step
            served = key.replace("replica", "endpoint") in open_before
            assert same or not served or key == hand, (step, key)


def _clusters(of: ControlPlane) -> set[str]:
    return {unstructured.name_of(obj) for obj in of.list(API_VERSION, "InferenceCluster")}


def take(of: ControlPlane, step: str) -> str:
    """Take a step; give the key of the replica that it deletes by hand."""
    if step.startswith("scale "):
        body = copy.deepcopy(live(of)["spec"])
        put(of, deployment(int(step[-1]), *body["engines"], **{k: body[k] for k in ("clusterSelector",) if k in body}))
    elif step in changes():
        put(of, *changes()[step])
    elif step in {"serve", "fail"}:
        serve(of, "True" if step == "serve" else "False")
    elif step == "time":
        wait(of, 45)
    elif step == "undo":
        put(of, cluster("a"), cluster("b"), deployment(2))
    elif step == "lose b" and "b" in _clusters(of):
        of.delete(API_VERSION, "InferenceCluster", "", "b")
        quiet(of)
    elif step == "delete one" and replicas(of):
        key, obj = min(replicas(of).items())
        of.delete(API_VERSION, "ModelReplica", "ml-team", unstructured.name_of(obj))
        quiet(of)
        return key
    return ""
