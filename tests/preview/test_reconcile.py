import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from function.composition import Composition, Event, Observation, Severity, owned
from function.preview.reconcile import child_name
from tests.support.small_plane import (
    API_VERSION,
    answer,
    app,
    conditions_of,
    config,
    names,
    new_plane,
    part,
    settled,
    the_app,
    unready,
)

SYNCED = "True/ReconcileSuccess"


# ---------------------------------------------------------------------- metadata


def test_a_child_without_a_name_gets_one_from_the_uid_of_its_composite_and_its_resource_name() -> None:
    plane = settled(lambda _: answer({"settings": config()}))
    uid = the_app(plane)["metadata"]["uid"]
    digest = hashlib.sha256(f"{uid}settings".encode()).hexdigest()[:12]
    assert names(plane) == [f"shop-{digest}"]


@pytest.mark.parametrize("length", [1, 49, 50, 51, 52, 63])
def test_a_generated_name_has_at_most_63_characters_and_one_dash_before_the_hash(length: int) -> None:
    name = child_name("a" * length, "uid", "key")
    assert len(name) <= 63
    assert name[-13] == "-"
    assert name[-14] != "-"


def test_an_observed_child_keeps_its_name_whatever_name_is_emitted() -> None:
    name = "first"
    plane = new_plane(lambda _: answer({"settings": config(name)}))
    plane.apply([app()])
    plane.settle()
    name = "second"
    plane.settle()
    assert names(plane) == ["first"]


def test_a_child_that_was_deleted_gets_the_name_that_is_emitted_then() -> None:
    name = "first"
    plane = new_plane(lambda _: answer({"settings": config(name)}))
    plane.apply([app()])
    plane.settle()
    name = "second"
    plane.delete("v1", "ConfigMap", "team", "first")
    plane.settle()
    assert names(plane) == ["second"]


def test_a_child_carries_its_composite_as_label_and_controller_and_its_resource_name() -> None:
    plane = settled(lambda _: answer({"settings": config("a")}))
    meta = plane.list("v1", "ConfigMap")[0]["metadata"]
    assert (meta["namespace"], meta["labels"], meta["annotations"]) == (
        "team",
        {"crossplane.io/composite": "shop"},
        {"crossplane.io/composition-resource-name": "settings"},
    )
    assert meta["ownerReferences"] == [
        {
            "apiVersion": API_VERSION,
            "kind": "App",
            "name": "shop",
            "uid": the_app(plane)["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_a_child_is_applied_by_the_manager_of_its_composite() -> None:
    plane = settled(lambda _: answer({"settings": config("a")}))
    entry = plane.list("v1", "ConfigMap")[0]["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == (owned.manager(app()), "Apply")
    assert entry["fieldsV1"]["f:data"] == {"f:key": {}}


def test_a_child_of_a_namespaced_composite_lands_in_its_namespace() -> None:
    elsewhere = config("a")
    elsewhere["metadata"]["namespace"] = "other"
    plane = settled(lambda _: answer({"settings": elsewhere}))
    assert [obj["metadata"]["namespace"] for obj in plane.list("v1", "ConfigMap")] == ["team"]


def test_the_composite_refers_to_its_desired_children_in_a_stable_order() -> None:
    plane = settled(lambda _: answer({"z": config("a"), "y": part(), "x": config("b")}))
    refs = the_app(plane)["spec"]["crossplane"]["resourceRefs"]
    assert [(ref["kind"], ref["name"]) for ref in refs][1:] == [("ConfigMap", "a"), ("ConfigMap", "b")]
    assert refs[0]["kind"] == "Part"


# ---------------------------------------------------------------------- order of work


def test_what_is_no_longer_desired_is_deleted_before_anything_new_is_applied() -> None:
    children: Mapping[str, Any] = {"old": config("one")}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app()])
    plane.settle()
    children = {"new": config("two")}
    plane.step()
    writes = [(change.ref.name, change.paths[0]) for change in plane.store.changes if change.ref.kind == "ConfigMap"]
    assert writes.index(("one", "metadata.deletionTimestamp")) < writes.index(("two", "(created)"))
    plane.settle()
    assert names(plane) == ["two"]


def test_a_dropped_child_is_not_observed_any_more_although_it_is_still_terminating() -> None:
    children: Mapping[str, Any] = {"part": part()}
    observations: list[Observation] = []

    def composing(observation: Observation) -> Composition:
        observations.append(observation)
        return answer(children)

    plane = new_plane(composing, lambda _: answer({"settings": config()}))
    plane.apply([app()])
    plane.settle()
    children = {}
    plane.step()
    terminating = plane.list(API_VERSION, "Part")
    assert [bool(obj["metadata"].get("deletionTimestamp")) for obj in terminating] == [True]
    plane.step()
    assert observations[-1].children == {}


def test_a_dropped_composite_goes_after_all_that_it_composes() -> None:
    children: Mapping[str, Any] = {"part": part()}
    plane = new_plane(lambda _: answer(children), lambda _: answer({"settings": config()}))
    plane.apply([app()])
    plane.settle()
    children = {}
    parts, configs = [], []
    for _ in range(6):
        plane.step()
        parts.append(len(plane.list(API_VERSION, "Part")))
        configs.append(len(plane.list("v1", "ConfigMap")))
    assert (parts[-1], configs[-1]) == (0, 0)
    assert configs.index(0) <= parts.index(0)


def test_an_empty_answer_deletes_everything_and_is_reported_as_success() -> None:
    children: Mapping[str, Any] = {"settings": config()}
    plane = new_plane(lambda _: answer(children))
    plane.apply([app()])
    plane.settle()
    children = {}
    plane.settle()
    assert names(plane) == []
    assert conditions_of(the_app(plane)) == {"Ready": "True/Available", "Synced": SYNCED}


def test_readiness_is_what_the_answer_says_whatever_its_children_are() -> None:
    plane = settled(lambda _: replace(answer(ready=True), children={"a": unready(config("a"), "not yet")}))
    assert conditions_of(the_app(plane))["Ready"] == "True/Available"
    plane = settled(lambda _: answer({"a": config("a")}, ready=False))
    assert conditions_of(the_app(plane))["Ready"] == "False/Creating"


def test_the_status_is_written_as_a_whole_and_keeps_conditions() -> None:
    status: dict[str, Any] = {"a": 1, "b": {"c": 2}}
    plane = new_plane(lambda _: answer(status=status, conditions={"Fine": "Yes"}))
    plane.apply([app()])
    plane.settle()
    assert {key: value for key, value in the_app(plane)["status"].items() if key != "conditions"} == status
    status = {"a": 1}
    plane.settle()
    found = the_app(plane)
    assert {key: value for key, value in found["status"].items() if key != "conditions"} == {"a": 1}
    assert conditions_of(found) == {"Fine": "True/Yes", "Ready": "True/Available", "Synced": SYNCED}


def test_a_custom_condition_that_is_left_out_persists() -> None:
    conditions = {"Fine": "Yes", "Other": "Yes"}
    plane = new_plane(lambda _: answer(conditions=conditions))
    plane.apply([app()])
    plane.settle()
    conditions = {"Fine": "StillYes"}
    plane.settle()
    assert conditions_of(the_app(plane)) == {
        "Fine": "True/StillYes",
        "Other": "True/Yes",
        "Ready": "True/Available",
        "Synced": SYNCED,
    }


def test_conditions_of_crossplane_cannot_be_set_by_an_answer() -> None:
    plane = settled(lambda _: answer(ready=False, conditions={"Ready": "Sure", "Synced": "Sure"}))
    assert conditions_of(the_app(plane)) == {"Ready": "False/Creating", "Synced": SYNCED}


def test_a_condition_gets_a_new_time_only_when_it_says_something_else() -> None:
    reason = "Yes"
    plane = new_plane(lambda _: answer(conditions={"Fine": reason}))
    plane.apply([app()])
    plane.settle()
    plane.store.now += timedelta(minutes=5)
    plane.settle()
    assert {c["lastTransitionTime"] for c in the_app(plane)["status"]["conditions"]} == {"2026-01-01T00:00:00Z"}
    reason = "Maybe"
    plane.settle()
    times = {c["type"]: c["lastTransitionTime"] for c in the_app(plane)["status"]["conditions"]}
    assert times["Fine"] > "2026-01-01T00:05:00Z"
    assert times["Ready"] == "2026-01-01T00:00:00Z"


def test_events_are_kept_with_their_composite_each_once() -> None:
    event = Event(Severity.NORMAL, "Placed", "on a cluster")
    plane = settled(lambda _: answer(events=(event,)))
    assert plane.events(API_VERSION, "App", "team", "shop") == (event,)
