"""What a deployment says of itself: how many replicas, where, and why not more."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.api.model_deployment import MODEL_DEPLOYMENT
from function.composition import Composition, Manifest, unstructured
from tests.support import api
from tests.support.deployments import (
    NO_SYNTAX,
    cluster,
    composed,
    deployment,
    engine,
    gpu,
    marked,
    member,
    messages,
    pool,
    request,
    running,
    selecting,
    taint,
    taken,
    terminating,
    there,
)
from tests.support.observe import reasons, with_condition

FLEET = [cluster("a"), cluster("b")]
UNSUITABLE = (
    "no device for request gpu (selector 1 false on 1 device). "
    "Compare the selectors with the devices in the clusters' status.gpuPools."
)


def scheduled(answered: Composition) -> tuple[str, str]:
    return reasons(answered)["ReplicasScheduled"], messages(answered)["ReplicasScheduled"]


def serve(answered: Composition) -> tuple[str, str]:
    return reasons(answered)["ReplicasReady"], messages(answered)["ReplicasReady"]


def name_of(children: dict[str, Manifest], key: str) -> str:
    return unstructured.name_of(children[key])


# ---------------------------------------------------------------------- status


def test_every_replica_with_a_place_is_listed_by_cluster_and_index() -> None:
    """Replica, cluster, pools, revision, and whether it serves."""
    obj = deployment(3, engine("small"), engine("large", member(request("gpu", count=4))))
    fleet = [cluster("b", pool("one", 4, gpu(1)), pool("eight", 4)), cluster("a")]
    children = running(deployment(2, *obj["spec"]["engines"]), fleet, replica_a_0="False")
    answered = composed(obj, fleet, children)
    revision = answered.status["revision"]["name"]
    rows = answered.status["placements"]
    assert [(row["cluster"], row["pools"], row["serving"]) for row in rows] == [
        ("a", ["a100"], False),
        ("b", ["eight", "one"], True),
        ("b", ["eight", "one"], False),
    ]
    assert {row["revision"] for row in rows} == {revision}
    assert [row["replica"] for row in rows] == [
        unstructured.name_of(answered.children[key].manifest) for key in ("replica-a-0", "replica-b-0", "replica-b-1")
    ]


def test_replicas_that_leave_or_are_being_deleted_are_not_listed_and_not_counted() -> None:
    children = running(deployment(2), FLEET)
    leaving = composed(deployment(1), FLEET, children)
    assert [row["cluster"] for row in leaving.status["placements"]] == ["a"]
    assert leaving.status["replicas"] == {"desired": 1, "total": 1, "ready": 1}
    children["replica-b-0"] = terminating(children["replica-b-0"])
    full = [cluster("a", pool("a100", 1)), cluster("b", pool("a100", 1))]
    deleted = composed(deployment(2), full, children)
    assert [row["cluster"] for row in deleted.status["placements"]] == ["a"]
    assert deleted.status["replicas"] == {"desired": 2, "total": 1, "ready": 1}


def test_the_columns_show_desired_scheduled_and_ready() -> None:
    obj = deployment(3)
    fleet = [cluster("a", pool("a100", 2))]
    children = running(obj, fleet, replica_a_1="False")
    shown = {**obj, "status": dict(composed(obj, fleet, children).status)}
    columns = {column.name: unstructured.dig(shown, *column.path.split(".")[1:]) for column in MODEL_DEPLOYMENT.columns}
    assert columns == {"DESIRED": 3, "SCHEDULED": 2, "REPLICAS": 1}


def test_the_scale_subresource_finds_its_numbers_and_the_selector() -> None:
    obj = deployment(2)
    children = running(obj, FLEET)
    shown = {**obj, "status": dict(composed(obj, FLEET, children).status)}
    scale = MODEL_DEPLOYMENT.scale
    assert scale is not None
    paths = (scale.spec_path, scale.status_path, scale.selector_path)
    assert [unstructured.dig(shown, *path.split(".")[1:]) for path in paths] == [2, 2, "modelplane.ai/deployment=chat"]
    assert all(unstructured.labels(child)["modelplane.ai/deployment"] == "chat" for child in children.values())


# ---------------------------------------------------------------------- ReplicasScheduled


def test_all_placed_names_the_clusters() -> None:
    fleet = [cluster(name) for name in "abcdefg"]
    obj = deployment(7)
    assert scheduled(composed(obj, fleet)) == (
        "False/Scheduling",
        "Scheduled 7 of 7 replicas across 7 clusters: a, b, c, d, e, and 2 more",
    )
    children = running(obj, fleet)
    first = {"replica-a-0": children["replica-a-0"]}
    assert scheduled(composed(obj, fleet, first))[0] == "True/ReplicasCreated"


def test_fewer_than_asked_for_is_partly_scheduled_and_says_why() -> None:
    """In place of rule 52 and of a condition that is True with replicas missing."""
    obj, fleet = deployment(3), [cluster("a", pool("a100", 1)), cluster("b", ready=False)]
    reasons = "1 not ready, 1 needs 1 free node in pool a100 (0 free)"
    assert scheduled(composed(obj, fleet, running(obj, fleet))) == (
        "False/PartiallyScheduled",
        f"1 of 3 placed, 2 clusters: {reasons}. Free nodes or enlarge a pool: a pod takes its node whole.",
    )


@pytest.mark.parametrize(
    ("fleet", "why"),
    [
        ([cluster("a", ready=False)], "1 not ready. Look at the clusters' conditions."),
        ([cluster("a", address="")], "1 without a gateway address. Look at the clusters' conditions."),
        ([cluster("a", published=False)], "1 without published node pools. Look at the clusters' conditions."),
        ([terminating(cluster("a"))], "1 being deleted."),
        ([cluster("a", taints=[taint()])], "1 tainted upkeep. Remove the taint or tolerate it."),
        (
            [cluster("a", pool("a100", 0))],
            "1 needs 1 free node in pool a100 (0 free). Free nodes or enlarge a pool: a pod takes its node whole.",
        ),
        ([cluster("a", pool("a100", 4, gpu(2, driver="other")))], f"1 {UNSUITABLE}"),
    ],
)
def test_nothing_placed_says_why_for_every_cluster_and_what_to_do(fleet: list[Manifest], why: str) -> None:
    """Rules 2 to 4, 23 and 24."""
    answered = composed(deployment(1), fleet)
    assert scheduled(answered) == ("False/InsufficientCapacity", f"0 of 1 placed, 1 cluster: {why}")
    assert serve(answered) == ("False/NoReplicasScheduled", "0 of 1 ready")
    assert not answered.ready


def test_clusters_that_are_not_selected_are_counted_apart() -> None:
    answered = composed(deployment(1, clusterSelector=selecting(tier="gold")), FLEET)
    assert scheduled(answered)[1] == (
        "0 of 1 placed, 2 clusters: not selected (tier=gold). Label a cluster, or ask for other labels."
    )


def test_nodes_that_others_take_are_not_free() -> None:
    answered = composed(deployment(1), [cluster("a", pool("a100", 2))], listed=[taken("a", 2)])
    assert scheduled(answered)[0] == "False/InsufficientCapacity"


def test_every_invalid_selector_is_named() -> None:
    obj = deployment(
        1, engine("one", member(request("gpu", "true", NO_SYNTAX))), engine("two", member(request("g", "1 +")))
    )
    text = scheduled(composed(obj, FLEET))[1]
    assert "engine one, member Standalone, request gpu, selector 2: " in text
    assert "; engine two, member Standalone, request g, selector 1: " in text


# ---------------------------------------------------------------------- ReplicasReady and Ready


def test_the_first_replica_that_does_not_serve_is_named_with_its_own_reason() -> None:
    obj = deployment(3)
    fleet = [cluster(name, pool("a100", 1)) for name in "ab"]
    children = running(obj, fleet, "False")
    model = with_condition(children["replica-a-0"], "ModelReady", "False", "PodsFailing", "image not found")
    answered = composed(obj, fleet, {**children, "replica-a-0": model})
    name = name_of(children, "replica-a-0")
    assert serve(answered) == ("False/ModelStarting", f"0 of 3 ready; {name} on a: image not found; 1 without a place")


def test_a_replica_that_says_nothing_yet_is_not_reported_yet() -> None:
    children = running(deployment(1), FLEET, None)
    name = name_of(children, "replica-a-0")
    assert serve(composed(deployment(1), FLEET, children)) == (
        "False/ModelStarting",
        f"0 of 1 ready; {name} on a: Ready is not reported yet",
    )


@pytest.mark.parametrize(
    ("statuses", "before", "ready"),
    [
        (("True", "True", "True"), "False", True),
        (("True", "True", "False"), "False", True),
        (("True", "False", "False"), "True", False),
        (("True", "Unknown", "False"), "True", True),
        (("True", "Unknown", "False"), "False", False),
        (("True", None, "False"), "True", True),
        (("Unknown", "Unknown", "Unknown"), "True", True),
        (("Unknown", "Unknown", "Unknown"), "False", False),
        (("Unknown", "False", "False"), "True", False),
    ],
)
def test_a_deployment_is_ready_when_enough_serve_and_stays_so_while_enough_may(
    statuses: tuple[str | None, ...],
    before: str,
    ready: bool,  # noqa: FBT001  # a parameter
) -> None:
    obj = deployment(3)
    fleet = [cluster(name) for name in "abc"]
    only = dict(zip(("replica_a_0", "replica_b_0", "replica_c_0"), statuses, strict=True))
    children = running(obj, fleet, **only)
    assert composed(with_condition(obj, "Ready", before), fleet, children).ready is ready


@given(
    statuses=st.lists(st.sampled_from(["True", "False", "Unknown"]), min_size=1, max_size=5),
    unavailable=st.none() | st.integers(0, 6),
    was=st.sampled_from(["True", "False"]),
)
@settings(deadline=None)
def test_ready_never_turns_false_without_an_observed_fact_nor_true_without_enough_that_serve(
    statuses: list[str], unavailable: int | None, was: str
) -> None:
    rollout: Manifest = {} if unavailable is None else {"rollout": {"maxUnavailable": unavailable}}
    obj = with_condition(deployment(len(statuses), **rollout), "Ready", was)
    fleet = [cluster("a", pool("a100", 5))]
    children = running(obj, fleet, **{f"replica_a_{index}": status for index, status in enumerate(statuses)})
    missing = unavailable if unavailable is not None else int(len(statuses) > 1)
    needed = max(1, len(statuses) - missing)
    ready = composed(obj, fleet, children).ready
    assert ready <= (statuses.count("True") >= needed or was == "True")
    assert ready >= (statuses.count("True") >= needed)
    assert ready >= (was == "True" and len(statuses) - statuses.count("False") >= needed)


# ---------------------------------------------------------------------- places


def test_a_pool_with_more_taken_than_it_has_is_named() -> None:
    children = running(deployment(1), FLEET)
    answered = composed(deployment(1), FLEET, children, listed=[taken("a", 4)])
    assert reasons(answered)["Overcommitted"] == "True/PoolOvercommitted"
    assert messages(answered)["Overcommitted"] == "pool a100 of cluster a has 4 nodes and its replicas take 5"
    assert set(answered.children) == set(children)


def test_the_first_five_that_drifted_are_listed_and_the_rest_counted() -> None:
    obj = deployment(7)
    children = running(obj, [cluster("a", pool("a100", 7))])
    answered = composed(obj, [cluster("a", pool("h100"))], children)
    text = messages(answered)["PlacementDrifted"]
    assert text.count("pool a100 is no longer published") == 5
    assert text.endswith("; and 2 more")


def test_a_drain_and_a_drift_are_both_said() -> None:
    children = running(deployment(1), FLEET)
    drained = [cluster("a", pool("h100"), taints=[taint(effect="NoExecute")])]
    answered = composed(deployment(1), drained, children)
    assert reasons(answered)["PlacementDrifted"] == "True/DrainBlocked"
    assert messages(answered)["PlacementDrifted"] == (
        f"{name_of(children, 'replica-a-0')} on a: asked to leave by taint upkeep, and stays because there is no place "
        "elsewhere; pool a100 is no longer published"
    )


def test_while_a_selector_does_not_compile_what_was_said_of_places_is_said_again() -> None:
    children = running(deployment(1), FLEET)
    obj = deployment(1, engine("vllm", member(request("gpu", NO_SYNTAX))))
    for kind, reason in (("PlacementDrifted", "Drifted"), ("Overcommitted", "PoolOvercommitted")):
        obj = with_condition(obj, kind, "True", reason, "as before")
    answered = composed(obj, FLEET, children)
    assert (reasons(answered)["PlacementDrifted"], reasons(answered)["Overcommitted"]) == (
        "True/Drifted",
        "True/PoolOvercommitted",
    )
    assert messages(answered)["PlacementDrifted"] == "as before"


# ---------------------------------------------------------------------- always


STATES: dict[str, Any] = {
    "nothing": lambda: composed(deployment(1), []),
    "placed": lambda: composed(deployment(2), FLEET),
    "serving": lambda: composed(deployment(2), FLEET, running(deployment(2), FLEET)),
    "zero": lambda: composed(deployment(0), FLEET),
    "leaving": lambda: composed(deployment(1), FLEET, running(deployment(2), FLEET)),
    "invalid": lambda: composed(deployment(1, engine("e", member(request("g", NO_SYNTAX)))), FLEET),
    "cache": lambda: composed(deployment(1, modelCacheRef={"name": "w"}), FLEET, caches=[]),
    "reserved": lambda: composed(deployment(1, namespace="kube-system"), FLEET),
}


@pytest.mark.parametrize("state", STATES)
def test_every_condition_is_said_once_and_the_status_is_one_that_is_taken(state: str) -> None:
    answered = STATES[state]()
    types = [condition.type for condition in answered.conditions]
    assert types == [
        "ModelCacheResolved",
        "EnginesRecognized",
        "ReplicasScheduled",
        "ReplicasReady",
        "Progressing",
        "PlacementDrifted",
        "Overcommitted",
        "Held",
        "ChildrenReady",
    ]
    assert api.refused({**deployment(1), "status": dict(answered.status)}) == []


def test_an_event_comes_only_when_a_condition_begins_to_say_something() -> None:
    obj = deployment(3)
    fleet = [cluster("a", pool("a100", 1))]
    first = composed(obj, fleet)
    assert {event.reason for event in first.events} == {"PartiallyScheduled"}
    settled = obj
    for condition in first.conditions:
        settled = with_condition(settled, condition.type, condition.status.value, condition.reason, condition.message)
    assert composed(settled, fleet, there(first, obj)).events == ()


@pytest.mark.parametrize(("endpoint_ready", "ready"), [("True", True), ("False", False), (None, False)])
def test_a_deployment_becomes_ready_when_the_endpoint_of_a_replica_that_serves_is(
    endpoint_ready: str | None,
    ready: bool,  # noqa: FBT001  # a parameter
) -> None:
    children = running(deployment(), FLEET)
    endpoint = {key: value for key, value in children["endpoint-a-0"].items() if key != "status"}
    children["endpoint-a-0"] = endpoint if endpoint_ready is None else with_condition(endpoint, "Ready", endpoint_ready)
    assert composed(deployment(), FLEET, children).ready is ready


def test_a_replica_whose_endpoint_is_marked_or_not_there_does_not_make_a_deployment_ready() -> None:
    children = running(deployment(), FLEET)
    noted = {**children, "endpoint-a-0": marked(children["endpoint-a-0"], "2025-12-31T23:59:30Z")}
    assert not composed(deployment(), FLEET, noted).ready
    assert not composed(deployment(), FLEET, {"replica-a-0": children["replica-a-0"]}).ready


def test_a_deployment_that_was_ready_does_not_stay_so_by_an_endpoint_that_has_only_just_come() -> None:
    children = running(deployment(), FLEET)
    new = {**children, "endpoint-a-0": {k: v for k, v in children["endpoint-a-0"].items() if k != "status"}}
    assert not composed(with_condition(deployment(), "Ready"), FLEET, new).ready


def test_a_deployment_that_was_ready_stays_so_while_an_endpoint_is_unknown() -> None:
    children = running(deployment(), FLEET)
    silent = {**children, "endpoint-a-0": with_condition(children["endpoint-a-0"], "Ready", "Unknown")}
    assert composed(with_condition(deployment(), "Ready"), FLEET, silent).ready
    assert not composed(deployment(), FLEET, silent).ready
