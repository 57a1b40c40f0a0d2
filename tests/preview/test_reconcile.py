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
    config,
    names,
    part,
    plane,
    said,
    settled,
    the_app,
    unready,
)

SYNCED = "True/ReconcileSuccess"


# ---------------------------------------------------------------------- metadata


def test_a_child_without_a_name_gets_one_from_the_uid_of_its_composite_and_its_resource_name() -> None:
    of = settled(lambda _: answer({"settings": config()}))
    uid = the_app(of)["metadata"]["uid"]
    digest = hashlib.sha256(f"{uid}settings".encode()).hexdigest()[:12]
    assert names(of) == [f"shop-{digest}"]


@pytest.mark.parametrize("length", [1, 49, 50, 51, 52, 63])
def test_a_generated_name_has_at_most_63_characters_and_one_dash_before_the_hash(length: int) -> None:
    name = child_name("a" * length, "uid", "key")
    assert len(name) <= 63
    assert name[-13] == "-"
    assert name[-14] != "-"


def test_an_observed_child_keeps_its_name_whatever_name_is_emitted() -> None:
    name = "first"
    of = plane(lambda _: answer({"settings": config(name)}))
    of.apply([app()])
    of.settle()
    name = "second"
    of.settle()
    assert names(of) == ["first"]


def test_a_child_that_was_deleted_gets_the_name_that_is_emitted_then() -> None:
    name = "first"
    of = plane(lambda _: answer({"settings": config(name)}))
    of.apply([app()])
    of.settle()
    name = "second"
    of.delete("v1", "ConfigMap", "team", "first")
    of.settle()
    assert names(of) == ["second"]


def test_a_child_carries_its_composite_as_label_and_controller_and_its_resource_name() -> None:
    of = settled(lambda _: answer({"settings": config("a")}))
    meta = of.list("v1", "ConfigMap")[0]["metadata"]
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
            "uid": the_app(of)["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_a_child_is_applied_by_the_manager_of_its_composite() -> None:
    of = settled(lambda _: answer({"settings": config("a")}))
    entry = of.list("v1", "ConfigMap")[0]["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == (owned.manager(app()), "Apply")
    assert entry["fieldsV1"]["f:data"] == {"f:key": {}}


def test_a_child_of_a_namespaced_composite_lands_in_its_namespace() -> None:
    elsewhere = config("a")
    elsewhere["metadata"]["namespace"] = "other"
    of = settled(lambda _: answer({"settings": elsewhere}))
    assert [obj["metadata"]["namespace"] for obj in of.list("v1", "ConfigMap")] == ["team"]


def test_the_composite_refers_to_its_desired_children_in_a_stable_order() -> None:
    of = settled(lambda _: answer({"z": config("a"), "y": part(), "x": config("b")}))
    refs = the_app(of)["spec"]["crossplane"]["resourceRefs"]
    assert [(ref["kind"], ref["name"]) for ref in refs][1:] == [("ConfigMap", "a"), ("ConfigMap", "b")]
    assert refs[0]["kind"] == "Part"


# ---------------------------------------------------------------------- order of work


def test_what_is_no_longer_desired_is_deleted_before_anything_new_is_applied() -> None:
    children: Mapping[str, Any] = {"old": config("one")}
    of = plane(lambda _: answer(children))
    of.apply([app()])
    of.settle()
    children = {"new": config("two")}
    of.step()
    writes = [(change.ref.name, change.what[0]) for change in of.store.changes if change.ref.kind == "ConfigMap"]
    assert writes.index(("one", "metadata.deletionTimestamp")) < writes.index(("two", "(created)"))
    of.settle()
    assert names(of) == ["two"]


def test_a_dropped_child_is_not_observed_any_more_although_it_is_still_terminating() -> None:
    children: Mapping[str, Any] = {"part": part()}
    seen: list[Observation] = []

    def composing(observation: Observation) -> Composition:
        seen.append(observation)
        return answer(children)

    of = plane(composing, lambda _: answer({"settings": config()}))
    of.apply([app()])
    of.settle()
    children = {}
    of.step()
    terminating = of.list(API_VERSION, "Part")
    assert [bool(obj["metadata"].get("deletionTimestamp")) for obj in terminating] == [True]
    of.step()
    assert seen[-1].children == {}


def test_a_dropped_composite_goes_after_all_that_it_composes() -> None:
    children: Mapping[str, Any] = {"part": part()}
    of = plane(lambda _: answer(children), lambda _: answer({"settings": config()}))
    of.apply([app()])
    of.settle()
    children = {}
    parts, configs = [], []
    for _ in range(6):
        of.step()
        parts.append(len(of.list(API_VERSION, "Part")))
        configs.append(len(of.list("v1", "ConfigMap")))
    assert (parts[-1], configs[-1]) == (0, 0)
    assert configs.index(0) <= parts.index(0)


def test_an_empty_answer_deletes_everything_and_is_reported_as_success() -> None:
    children: Mapping[str, Any] = {"settings": config()}
    of = plane(lambda _: answer(children))
    of.apply([app()])
    of.settle()
    children = {}
    of.settle()
    assert names(of) == []
    assert said(the_app(of)) == {"Ready": "True/Available", "Synced": SYNCED}


def test_readiness_is_what_the_answer_says_whatever_its_children_are() -> None:
    of = settled(lambda _: replace(answer(ready=True), children={"a": unready(config("a"), "not yet")}))
    assert said(the_app(of))["Ready"] == "True/Available"
    of = settled(lambda _: answer({"a": config("a")}, ready=False))
    assert said(the_app(of))["Ready"] == "False/Creating"


def test_the_status_is_written_as_a_whole_and_keeps_conditions() -> None:
    status: dict[str, Any] = {"a": 1, "b": {"c": 2}}
    of = plane(lambda _: answer(status=status, conditions={"Fine": "Yes"}))
    of.apply([app()])
    of.settle()
    assert {key: value for key, value in the_app(of)["status"].items() if key != "conditions"} == status
    status = {"a": 1}
    of.settle()
    found = the_app(of)
    assert {key: value for key, value in found["status"].items() if key != "conditions"} == {"a": 1}
    assert said(found) == {"Fine": "True/Yes", "Ready": "True/Available", "Synced": SYNCED}


def test_a_custom_condition_that_is_left_out_persists() -> None:
    conditions = {"Fine": "Yes", "Other": "Yes"}
    of = plane(lambda _: answer(conditions=conditions))
    of.apply([app()])
    of.settle()
    conditions = {"Fine": "StillYes"}
    of.settle()
    assert said(the_app(of)) == {
        "Fine": "True/StillYes",
        "Other": "True/Yes",
        "Ready": "True/Available",
        "Synced": SYNCED,
    }


def test_conditions_of_crossplane_cannot_be_set_by_an_answer() -> None:
    of = settled(lambda _: answer(ready=False, conditions={"Ready": "Sure", "Synced": "Sure"}))
    assert said(the_app(of)) == {"Ready": "False/Creating", "Synced": SYNCED}


def test_a_condition_gets_a_new_time_only_when_it_says_something_else() -> None:
    reason = "Yes"
    of = plane(lambda _: answer(conditions={"Fine": reason}))
    of.apply([app()])
    of.settle()
    of.store.now += timedelta(minutes=5)
    of.settle()
    assert {c["lastTransitionTime"] for c in the_app(of)["status"]["conditions"]} == {"2026-01-01T00:00:00Z"}
    reason = "Maybe"
    of.settle()
    times = {c["type"]: c["lastTransitionTime"] for c in the_app(of)["status"]["conditions"]}
    assert times["Fine"] > "2026-01-01T00:05:00Z"
    assert times["Ready"] == "2026-01-01T00:00:00Z"


def test_events_are_kept_with_their_composite_each_once() -> None:
    told = Event(Severity.NORMAL, "Placed", "on a cluster")
    of = settled(lambda _: answer(events=(told,)))
    assert of.events(API_VERSION, "App", "team", "shop") == (told,)
