import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from function.composition import Composition, Event, Observation, Requirement, Severity, owned, unstructured
from function.preview.errors import InvariantError
from function.preview.reconcile import child_name
from tests.support.small_plane import (
    API_VERSION,
    answer,
    app,
    config,
    part,
    plane,
    said,
    settled,
    the_app,
    unready,
)

SYNCED = "True/ReconcileSuccess"


def names(of: Any, kind: str = "ConfigMap") -> list[str]:
    return [unstructured.name_of(obj) for obj in of.list("v1", kind)]


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


# ---------------------------------------------------------------------- requirements


def test_the_function_is_called_again_until_its_requirements_are_stable() -> None:
    calls: list[dict[str, Any]] = []

    def composing(seen: Observation) -> Composition:
        calls.append(dict(seen.required))
        more = {"second": Requirement("v1", "ConfigMap", labels={"a": "b"})} if "first" in seen.required else {}
        return answer(requirements={"first": Requirement("v1", "ConfigMap", name="x", namespace="team"), **more})

    of = plane(composing)
    of.apply([app()])
    of.step()
    assert calls == [{}, {"first": ()}, {"first": (), "second": ()}]


def test_an_answer_without_requirements_takes_one_call() -> None:
    calls: list[Observation] = []

    def composing(seen: Observation) -> Composition:
        calls.append(seen)
        return answer()

    of = plane(composing)
    of.apply([app()])
    of.step()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Requirement("v1", "ConfigMap", name="a", namespace="team"), ["team/a"]),
        (Requirement("v1", "ConfigMap", name="a"), []),
        (Requirement("v1", "ConfigMap", name="z", namespace="team"), []),
        (Requirement("v1", "ConfigMap", labels={"x": "y"}), ["other/b"]),
        (Requirement("v1", "ConfigMap", labels={"x": "y"}, namespace="team"), []),
        (Requirement("v1", "ConfigMap", namespace="team"), ["team/a"]),
        (Requirement("v1", "ConfigMap"), ["other/b", "team/a"]),
        (Requirement("v1", "Namespace", name="team", namespace="ignored"), ["/team"]),
    ],
    ids=["name", "name without namespace", "other name", "labels", "labels elsewhere", "namespace", "all", "cluster"],
)
def test_a_requirement_finds_what_crossplane_would_find(wanted: Requirement, found: list[str]) -> None:
    other = config("b")
    other["metadata"] |= {"namespace": "other", "labels": {"x": "y"}}
    of = plane(lambda _: answer(requirements={"it": wanted}))
    one = config("a")
    one["metadata"]["namespace"] = "team"
    of.apply([app(), one, other])
    of.settle()
    required = of.observe(API_VERSION, "App", "team", "shop").required["it"]
    assert [f"{unstructured.namespace_of(obj)}/{unstructured.name_of(obj)}" for obj in required] == found


def test_requirements_that_never_become_stable_fail_the_reconcile() -> None:
    def composing(seen: Observation) -> Composition:
        count = len(seen.required)
        return answer({"a": config()}, requirements={f"r{i}": Requirement("v1", "Secret") for i in range(count + 1)})

    of = settled(composing)
    assert names(of) == []
    assert unstructured.condition(the_app(of), "Synced")["message"] == (
        "cannot compose resources: requirements didn't stabilize after the maximum number of iterations (5)"
    )


def test_requiring_a_kind_that_is_not_installed_fails_the_reconcile_before_any_change() -> None:
    wanted = {"it": Requirement("nobody.example.com/v1", "Thing")}
    of = settled(lambda _: answer({"a": config()}, requirements=wanted))
    assert names(of) == []
    assert "no matches for kind" in unstructured.condition(the_app(of), "Synced")["message"]


# ---------------------------------------------------------------------- failure


def settled_then(after: Composition) -> Any:
    """A settled App with a child, a status and two conditions, and then another answer."""
    now = answer({"a": config("a")}, status={"x": 1}, conditions={"Fine": "Yes", "Other": "Yes"})
    of = plane(lambda _: now)
    of.apply([app()])
    of.settle()
    now = after
    of.settle()
    return of


def test_a_fatal_answer_leaves_children_status_and_ready_and_applies_its_conditions() -> None:
    of = settled_then(replace(answer(status={"x": 2}, conditions={"Fine": "Broken"}), fatal="no way"))
    found = the_app(of)
    assert names(of) == ["a"]
    assert found["status"]["x"] == 1
    assert said(found) == {
        "Fine": "True/Broken",
        "Other": "Unknown/FatalError",
        "Ready": "True/Available",
        "Synced": "False/ReconcileError",
    }
    assert unstructured.condition(found, "Synced")["message"] == (
        'cannot compose resources: pipeline step "run" returned a fatal result: no way'
    )


def test_a_fatal_first_call_ends_the_requirement_loop() -> None:
    calls: list[Observation] = []

    def composing(seen: Observation) -> Composition:
        calls.append(seen)
        return answer(fatal="no way", requirements={"it": Requirement("v1", "Secret")})

    of = plane(composing)
    of.apply([app()])
    of.step()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("child", "why"),
    [
        ({"apiVersion": "nobody.example.com/v1", "kind": "Thing"}, "no matches for kind"),
        ({"apiVersion": "v1", "kind": "Namespace"}, "cannot compose a cluster-scoped Namespace"),
    ],
)
def test_a_child_that_cannot_be_composed_fails_all_and_nothing_is_deleted_or_applied(
    child: dict[str, Any], why: str
) -> None:
    of = settled_then(answer({"b": config("b"), "bad": child}))
    assert names(of) == ["a"]
    found = the_app(of)
    assert why in unstructured.condition(found, "Synced")["message"]
    assert said(found)["Fine"] == "Unknown/FatalError"


def test_a_child_that_another_composite_controls_is_left_alone_and_the_others_are_applied() -> None:
    children = {"shared": config("shared"), "own": config("own")}
    of = plane(lambda seen: answer({"shared": config("shared")} if seen.name == "a" else children))
    of.apply([app("a"), app("b")])
    of.settle()
    assert names(of) == ["own", "shared"]
    assert unstructured.condition(the_app(of, "b"), "Synced")["message"] == "Unsynced resources: shared"
    assert said(the_app(of, "a"))["Synced"] == SYNCED


def test_a_composed_object_that_our_own_schema_refuses_names_the_composer() -> None:
    bad = {"apiVersion": "modelplane.ai/v1alpha1", "kind": "ModelEndpoint", "spec": {"url": "ftp://x"}}
    of = plane(lambda _: answer({"endpoint": bad}))
    of.apply([app()])
    with pytest.raises(InvariantError, match=r"App/team/shop: its composer makes endpoint .*spec\.url"):
        of.settle()


def test_a_status_with_a_null_is_refused_and_names_the_composer() -> None:
    of = plane(lambda _: answer(status={"a": {"b": None}}))
    of.apply([app()])
    with pytest.raises(
        InvariantError, match=r"App/team/shop: .* status that is refused: status\.a\.b: must not be null"
    ):
        of.settle()


def test_a_composed_resource_with_another_kind_under_its_old_name_loses_the_old_object() -> None:
    child: Mapping[str, Any] = config("a")
    of = plane(lambda _: answer({"it": child}))
    of.apply([app()])
    of.settle()
    child = {"apiVersion": "v1", "kind": "Secret"}
    with pytest.raises(InvariantError, match="ConfigMap/team/a was composed as 'it' by App/team/shop, which has lost"):
        of.settle()
