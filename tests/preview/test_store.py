from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.composition import Manifest, owned, unstructured
from function.preview import fields
from function.preview.admission import admit
from function.preview.errors import InvalidObjectError, NotAppliedError
from function.preview.kinds import Ref
from function.preview.managed_fields import Writer
from function.preview.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANNA = Writer("anna")
BERT = Writer("bert")
ROBOT = Writer("robot", "Update")
REF = Ref("example.org", "App", "team", "shop")


def new_store() -> Store:
    return Store(NOW, admit)


def obj(**spec: Any) -> Manifest:
    return {
        "apiVersion": "example.org/v1",
        "kind": "App",
        "metadata": {"name": "shop", "namespace": "team"},
        "spec": spec,
    }


def spec(store: Store) -> Any:
    found = store.get(REF)
    assert found is not None
    return found.get("spec", {})


def owned_by(store: Store, writer: Writer) -> list[str]:
    """Readable paths that a writer owns."""
    found = store.get(REF)
    assert found is not None
    paths: list[str] = []

    def walk(node: Any, path: tuple[str, ...]) -> None:
        for step, below in node.items():
            walk(below, (*path, step)) if below else paths.append(fields.readable((*path, step)))

    for entry in unstructured.items(found, "metadata", "managedFields"):
        who = (entry["manager"], entry["operation"], entry.get("subresource", ""))
        if who == (writer.manager, writer.operation, writer.subresource):
            walk(entry["fieldsV1"], ())
    return paths


def test_what_is_created_gets_the_fields_that_the_api_server_owns() -> None:
    store = new_store()
    made = store.apply(obj(size=1), ANNA)
    assert made["metadata"] == {
        "name": "shop",
        "namespace": "team",
        "uid": made["metadata"]["uid"],
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "generation": 1,
        "resourceVersion": "1",
        "managedFields": [
            {
                "manager": "anna",
                "operation": "Apply",
                "apiVersion": "example.org/v1",
                "time": "2026-01-01T00:00:00Z",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:size": {}}},
            }
        ],
    }


def test_the_uid_is_the_same_in_every_run_and_new_when_the_object_is_created_anew() -> None:
    first, second = new_store(), new_store()
    uid = first.apply(obj(size=1), ANNA)["metadata"]["uid"]
    assert second.apply(obj(size=1), ANNA)["metadata"]["uid"] == uid
    first.delete(REF, "anna")
    assert first.apply(obj(size=1), ANNA)["metadata"]["uid"] != uid


def test_a_write_that_changes_nothing_leaves_no_trace() -> None:
    store = new_store()
    store.apply(obj(size=1, tags=["a"]), ANNA)
    before = store.get(REF)
    store.now += timedelta(seconds=9)
    store.apply(obj(size=1, tags=["a"]), ANNA)
    store.update(dict(before or {}), ROBOT)
    assert store.get(REF) == before
    assert store.revision == 1


def test_a_change_of_the_spec_counts_as_a_generation_and_one_of_labels_or_status_does_not() -> None:
    store = new_store()
    store.apply(obj(size=1), ANNA)
    labelled = obj(size=1)
    labelled["metadata"]["labels"] = {"a": "b"}
    assert store.apply(labelled, ANNA)["metadata"]["generation"] == 1
    assert store.apply({**obj(), "status": {"seen": 1}}, ANNA.status)["metadata"]["generation"] == 1
    assert store.apply(obj(size=2), ANNA)["metadata"]["generation"] == 2


def test_an_object_that_was_read_stays_as_it_was_read() -> None:
    store = new_store()
    store.apply(obj(size=1), ANNA)
    read = store.get(REF)
    store.apply(obj(size=2), ANNA)
    assert read is not None
    assert read["spec"] == {"size": 1}
    assert spec(store) == {"size": 2}


def test_what_the_caller_does_to_a_manifest_later_does_not_reach_the_store() -> None:
    store = new_store()
    given_one = obj(tags=["a"])
    store.apply(given_one, ANNA)
    given_one["spec"]["tags"].append("b")
    assert spec(store) == {"tags": ["a"]}


# ---------------------------------------------------------------------- ownership


def test_a_field_that_its_last_owner_no_longer_says_is_removed() -> None:
    store = new_store()
    store.apply(obj(size=1, colour="red"), ANNA)
    store.apply(obj(size=1), ANNA)
    assert spec(store) == {"size": 1}


def test_a_field_that_another_manager_says_too_stays_when_one_stops_saying_it() -> None:
    store = new_store()
    store.apply(obj(size=1, colour="red"), ANNA)
    store.apply(obj(colour="red"), BERT)
    store.apply(obj(size=1), ANNA)
    assert spec(store) == {"size": 1, "colour": "red"}
    assert owned_by(store, ANNA) == ["spec.size"]
    assert owned_by(store, BERT) == ["spec.colour"]


def test_taking_a_field_by_force_removes_it_from_the_set_of_the_other_manager() -> None:
    store = new_store()
    store.apply(obj(size=1, colour="red"), ANNA)
    store.apply(obj(colour="blue"), BERT)
    assert spec(store) == {"size": 1, "colour": "blue"}
    assert owned_by(store, ANNA) == ["spec.size"]


def test_a_field_that_was_stolen_is_not_removed_when_its_former_owner_stops_saying_it() -> None:
    store = new_store()
    store.apply(obj(size=1, colour="red"), ANNA)
    store.apply(obj(colour="blue"), BERT)
    store.apply(obj(size=1), ANNA)
    assert spec(store) == {"size": 1, "colour": "blue"}


def test_an_update_takes_what_it_changes_and_the_next_apply_takes_it_back() -> None:
    store = new_store()
    made = store.apply(obj(size=1), ANNA)
    store.update({**made, "spec": {"size": 2}}, ROBOT)
    assert (spec(store), owned_by(store, ANNA), owned_by(store, ROBOT)) == ({"size": 2}, [], ["spec.size"])
    store.apply(obj(size=1), ANNA)
    assert (spec(store), owned_by(store, ANNA), owned_by(store, ROBOT)) == ({"size": 1}, ["spec.size"], [])


def test_what_an_update_adds_stays_when_the_applier_comes_back() -> None:
    store = new_store()
    made = store.apply(obj(size=1), ANNA)
    store.update({**made, "spec": {"size": 1, "defaulted": True}}, ROBOT)
    store.apply(obj(size=2), ANNA)
    assert spec(store) == {"size": 2, "defaulted": True}


def test_maps_are_shared_key_by_key_and_lists_belong_to_one_writer_whole() -> None:
    store = new_store()
    store.apply(obj(map={"a": 1}, list=[{"a": 1}]), ANNA)
    store.apply(obj(map={"b": 2}, list=[{"b": 2}]), BERT)
    assert spec(store) == {"map": {"a": 1, "b": 2}, "list": [{"b": 2}]}
    assert owned_by(store, ANNA) == ["spec.map.a"]


def test_an_empty_map_that_is_applied_is_a_leaf_and_empties_nothing() -> None:
    store = new_store()
    store.apply(obj(map={"a": 1}), ANNA)
    store.apply(obj(map={}), BERT)
    assert spec(store) == {"map": {"a": 1}}
    assert owned_by(store, BERT) == ["spec.map"]


def test_a_map_that_becomes_a_text_and_a_map_again_leaves_nothing_behind() -> None:
    store = new_store()
    store.apply(obj(value={"a": 1}), ANNA)
    store.apply(obj(value="text"), ANNA)
    assert spec(store) == {"value": "text"}
    store.apply(obj(value={"b": 1}), ANNA)
    assert spec(store) == {"value": {"b": 1}}


def test_the_status_is_applied_as_a_whole_and_conditions_of_others_stay() -> None:
    store = new_store()
    store.apply(obj(size=1), ANNA)
    made = store.apply({**obj(), "status": {"a": 1, "b": {"c": 2}}}, ANNA.status)
    store.update(
        {**made, "status": {**made["status"], "conditions": [{"type": "Ready", "status": "True"}]}}, ROBOT.status
    )
    store.apply({**obj(), "status": {"a": 1}}, ANNA.status)
    found = store.get(REF)
    assert found is not None
    assert found["status"] == {"a": 1, "conditions": [{"type": "Ready", "status": "True"}]}
    assert found["spec"] == {"size": 1}


def test_a_write_of_the_object_ignores_its_status_and_a_write_of_the_status_all_else() -> None:
    store = new_store()
    store.apply({**obj(size=1), "status": {"a": 1}}, ANNA)
    store.apply({**obj(size=2), "status": {"b": 1}}, ANNA.status)
    found = store.get(REF)
    assert found is not None
    assert (found["spec"], found["status"]) == ({"size": 1}, {"b": 1})


VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["x", "y"]) | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
SPECS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(SPECS, SPECS, SPECS)
def test_what_a_writer_applies_is_there_afterwards_whatever_was_there(first: Any, second: Any, third: Any) -> None:
    store = new_store()
    store.apply(obj(**first), ANNA)
    store.apply(obj(**second), BERT)
    made = store.apply(obj(**third), ANNA)
    leaves = {path: value for path, value in fields.flatten(obj(**third)).items() if value != {}}
    stored = fields.flatten(made)
    assert {path: stored.get(path) for path in leaves} == leaves
    revision = store.revision
    store.apply(obj(**third), ANNA)
    assert store.revision == revision


@given(SPECS)
def test_a_single_writer_finds_exactly_what_it_said_in_its_managed_fields(values: Any) -> None:
    store = new_store()
    composite = {"apiVersion": "example.org/v1", "kind": "Owner", "metadata": {"name": "o"}}
    body = unstructured.pruned(obj(**values))
    made = store.apply(body, Writer(owned.manager(composite)))
    assert owned.intent(made, composite) == body


@given(SPECS)
def test_an_object_can_be_taken_apart_and_put_together_again(values: Any) -> None:
    body = obj(**values)
    assert fields.assemble(fields.flatten(body)) == body


# ---------------------------------------------------------------------- deletion and admission


def test_deletion_waits_for_the_last_finalizer() -> None:
    store = new_store()
    store.apply(obj(size=1), ANNA)
    store.finalize(REF, "wait", ROBOT, present=True)
    store.delete(REF, "anna")
    found = store.get(REF)
    assert found is not None
    assert found["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"
    store.finalize(REF, "wait", ROBOT, present=False)
    assert store.get(REF) is None


def test_deletion_in_the_foreground_waits_until_dependents_are_said_to_be_gone() -> None:
    store = new_store()
    store.apply(obj(size=1), ANNA)
    store.delete(REF, "anna", foreground=True)
    assert store.waits_for_dependents(store.get(REF) or {})
    store.finish_foreground_deletion(REF, ROBOT)
    assert store.get(REF) is None


def test_our_own_kinds_are_admitted_with_defaults_that_nobody_owns() -> None:
    store = new_store()
    given_one = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelService",
        "metadata": {"name": "chat", "namespace": "team"},
        "spec": {"endpoints": [{"selector": {"matchLabels": {"a": "b"}}}]},
    }
    made = store.apply(given_one, ANNA)
    assert made["spec"]["endpoints"][0]["weight"] == 1
    store.apply(given_one, ANNA)
    assert store.revision == 1


def test_our_own_kinds_are_refused_by_their_schema_naming_the_field() -> None:
    bad = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelService",
        "metadata": {"name": "chat", "namespace": "team"},
        "spec": {"endpoints": []},
    }
    with pytest.raises(InvalidObjectError, match=r"ModelService/team/chat is refused: spec\.endpoints"):
        new_store().apply(bad, ANNA)


def test_the_status_of_an_object_that_does_not_exist_cannot_be_written() -> None:
    with pytest.raises(NotAppliedError, match="App/team/shop not found"):
        new_store().apply({**obj(), "status": {"a": 1}}, ANNA.status)


def test_only_what_json_has_can_be_stored() -> None:
    with pytest.raises(TypeError, match=r"spec\.when is of type datetime"):
        new_store().apply(obj(when=NOW), ANNA)
