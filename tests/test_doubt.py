"""Doubt never deletes and never stops traffic: every composer against its own table.

Each composite of the settled quickstart is asked again, with one of its requirements not
fetched, empty, or with an item that cannot be read. The real request and response bytes
of the protocol are used throughout.
"""

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given, settings
from hypothesis import strategies as st

from function import fn
from function.composers import COMPOSERS, compose
from function.composition import Composer, Composition, Doubt, Draft, Observation, Outcome, Status, unstructured
from function.preview.control_plane import ControlPlane
from tests.support import protocol
from tests.support.doubts import (
    EACH,
    JUNK,
    TOPOLOGIES,
    assert_nothing_lost,
    draining,
    ids,
    not_ready,
    paths,
    seen,
    spoiled,
    without_item,
)
from tests.support.settled import EXAMPLES, bring, composites, example, quickstart, settle

CONTENT = ("data", "binaryData", "stringData")
"""What a Secret or ConfigMap has in place of spec and status."""

MALFORMED = {
    "a spec that is text": lambda item: {**item, "spec": "junk"},
    "a status that is text": lambda item: {**item, "status": "junk"},
    "a spec that is a list": lambda item: {**item, "spec": ["junk"]},
    "a status of empty lists and numbers": lambda item: {
        **item,
        "status": {key: ([] if isinstance(value, Mapping) else 7) for key, value in item.get("status", {}).items()},
    },
    "content that is text": lambda item: {**item, **{key: "junk" for key in CONTENT if key in item}},
    "content of numbers": lambda item: {
        **item,
        **{key: dict.fromkeys(item[key], 7) for key in CONTENT if isinstance(item.get(key), Mapping)},
    },
    "no content": lambda item: {key: value for key, value in item.items() if key not in CONTENT},
    "no spec and no status": lambda item: {k: v for k, v in item.items() if k not in {"spec", "status"}},
}


def bytes_of(observation: Observation) -> bytes:
    return bytes(fn.run(protocol.of(observation), observation.now).SerializeToString(deterministic=True))


def through_protocol(observation: Observation) -> tuple[Composition, fnv1.RunFunctionResponse]:
    """The answer, both before and after it became a response."""
    request = protocol.of(observation)
    return compose(fn.decode(request, observation.now)), fn.run(request, observation.now)


def without(observation: Observation, *keys: str) -> Observation:
    return replace(observation, required={k: v for k, v in observation.required.items() if k not in keys})


def empty(observation: Observation, key: str) -> Observation:
    return replace(observation, required={**observation.required, key: ()})


def malformed(observation: Observation, key: str, how: str, index: int) -> Observation:
    found = list(observation.required[key])
    found[index] = MALFORMED[how](copy.deepcopy(dict(found[index])))
    return replace(observation, required={**observation.required, key: tuple(found)})


def row(composer: Composer, key: str) -> Doubt:
    rows = [doubt for doubt in composer.doubts if fnmatchcase(key, doubt.requirement)]
    assert len(rows) == 1, f"{composer.kind}: requirement {key} needs exactly one row in its table, has {len(rows)}"
    return rows[0]


def assert_says(answer: Composition, outcome: Outcome) -> None:
    conditions = {condition.type: condition for condition in answer.conditions}
    assert (conditions["Held"].status is Status.TRUE) == outcome.held, conditions["Held"]
    for kind, reason in outcome.conditions.items():
        assert conditions[kind].reason == reason


def test_the_settled_quickstart_has_a_composite_of_every_kind_that_is_composed() -> None:
    assert {composer.kind for composer, _ in composites(quickstart())} == {c.kind for c in COMPOSERS.values()}


@EACH
def test_every_requirement_has_exactly_one_row_in_the_table_of_its_composer(index: int) -> None:
    composer, observation = seen(index)
    for key in compose(observation).requirements:
        row(composer, key)


@EACH
def test_the_same_request_gives_the_same_bytes_in_any_order_of_maps_and_lists(index: int) -> None:
    _, observation = seen(index)
    want = bytes_of(observation)
    dice = random.Random(index)  # noqa: S311  # a reproducible shuffle, not a secret
    for _ in range(3):
        keys = dice.sample(sorted(observation.required), len(observation.required))
        names = dice.sample(sorted(observation.children), len(observation.children))
        shuffled = replace(
            observation,
            required={k: tuple(dice.sample(observation.required[k], len(observation.required[k]))) for k in keys},
            children={k: observation.children[k] for k in names},
        )
        assert bytes_of(shuffled) == want


def stirred(value: Any, dice: random.Random) -> Any:
    """The same plain data with its maps, and its conditions, in another order."""
    if isinstance(value, Mapping):
        keys = dice.sample(sorted(value), len(value))
        body = {key: stirred(value[key], dice) for key in keys}
        if isinstance(body.get("conditions"), list):
            body["conditions"] = dice.sample(body["conditions"], len(body["conditions"]))
        return body
    return [stirred(item, dice) for item in value] if isinstance(value, list) else value


@EACH
def test_the_order_of_fields_and_conditions_within_objects_changes_nothing(index: int) -> None:
    _, observation = seen(index)
    want = encoded(observation)
    for seed in range(3):
        dice = random.Random(f"{index} {seed}")  # noqa: S311  # a reproducible shuffle, not a secret
        other = replace(
            observation,
            composite=stirred(observation.composite, dice),
            children={key: stirred(child, dice) for key, child in observation.children.items()},
            required={key: tuple(stirred(item, dice) for item in found) for key, found in observation.required.items()},
        )
        assert encoded(other) == want


@EACH
def test_an_answer_to_what_came_over_the_wire_is_the_answer_to_plain_data(index: int) -> None:
    _, observation = seen(index)
    assert bytes_of(observation) == encoded(observation)


@EACH
def test_what_is_remembered_of_earlier_calls_changes_nothing(index: int) -> None:
    _, observation = seen(index)
    request = protocol.of(observation).SerializeToString()
    plain = fn.answer(request, observation.now, use_cache=False).response
    assert [fn.answer(request, observation.now).response for _ in range(2)] == [plain, plain]


def versioned(observation: Observation, key: str, version: str, **fields: Any) -> bytes:
    """A request in which the first object of a requirement has this version, and other fields."""
    first, *others = observation.required[key]
    changed = {**first, **fields, "metadata": {**first["metadata"], "resourceVersion": version}}
    required = {**observation.required, key: (changed, *others)}
    return protocol.of(replace(observation, required=required)).SerializeToString()


def test_when_versions_go_backwards_nothing_is_taken_for_what_it_was_before() -> None:
    """The API server's store was restored from a copy, and gives out a version once more for another content."""
    index = next(i for i, name in enumerate(ids()) if name.startswith("ModelDeployment/"))
    _, observation = seen(index)
    for request in (versioned(observation, "clusters", "9000"), versioned(observation, "clusters", "8000")):
        fn.answer(request, observation.now)
    again = versioned(observation, "clusters", "9000", status={})
    assert fn.answer(again, observation.now).response == fn.answer(again, observation.now, use_cache=False).response


def encoded(observation: Observation) -> bytes:
    """The answer's bytes, from plain data that keeps the order of its maps, as a protobuf Struct would not."""
    answer = fn.encode(protocol.of(observation), compose(observation))
    return bytes(answer.SerializeToString(deterministic=True))


@EACH
def test_requirements_are_the_same_whatever_has_been_fetched(index: int) -> None:
    _, observation = seen(index)
    assert compose(without(observation, *observation.required)).requirements == compose(observation).requirements


@EACH
def test_before_anything_is_fetched_everything_stays_as_it_is(index: int) -> None:
    _, observation = seen(index)
    if not observation.required:
        pytest.skip("requires nothing")
    answer, _ = through_protocol(without(observation, *observation.required))
    assert_nothing_lost(observation, answer)
    assert answer.ready == unstructured.is_true(observation.composite, "Ready")


@EACH
def test_a_requirement_that_is_not_fetched_yet_gives_the_outcome_of_the_table(index: int) -> None:
    composer, observation = seen(index)
    for key in compose(observation).requirements:
        doubted = without(observation, key)
        answer, _ = through_protocol(doubted)
        assert_nothing_lost(observation, answer)
        assert_says(answer, row(composer, key).unresolved)
        assert not compose(without(not_ready(observation), key)).ready
        if unstructured.is_true(observation.composite, "Ready"):
            assert answer.ready


@EACH
def test_an_empty_requirement_removes_only_what_the_table_names(index: int) -> None:
    composer, observation = seen(index)
    for key in compose(observation).requirements:
        if not observation.required.get(key):
            continue
        outcome = row(composer, key).empty
        answer, _ = through_protocol(empty(observation, key))
        assert not answer.fatal
        if not outcome.removes:
            assert_nothing_lost(observation, answer)
        removed = set(observation.children) - set(answer.children)
        assert {k for k in removed if not any(fnmatchcase(k, pattern) for pattern in outcome.removes)} == set()
        assert_says(answer, outcome)


def single_items() -> Iterator[tuple[int, str, int]]:
    for index in range(len(ids())):
        _, observation = seen(index)
        for key, found in sorted(observation.required.items()):
            yield from ((index, key, position) for position in range(len(found)))


def test_one_item_missing_from_a_list_that_has_others_removes_only_what_the_table_names() -> None:
    """A list may be short for a moment, and nothing in it says so."""
    tried = set()
    for index, key, position in single_items():
        composer, observation = seen(index)
        found = observation.required[key]
        if len(found) == 1:
            continue
        tried.add((composer.kind, key))
        answer, _ = through_protocol(without_item(observation, key, position))
        where = f"{composer.kind}/{observation.name}: {key} without [{position}]"
        assert not answer.fatal, where
        removed = set(observation.children) - set(answer.children)
        assert {
            k for k in removed if not any(fnmatchcase(k, remove) for remove in row(composer, key).empty.removes)
        } == set(), where
        emitted = {key: child.manifest for key, child in answer.children.items()}
        assert draining(emitted) <= draining(observation.children), where
    assert tried >= {("ModelDeployment", "clusters"), ("ModelDeployment", "replicas"), ("ModelDeployment", "endpoints")}


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_an_item_missing_from_any_list_within_a_required_object_removes_no_child(data: st.DataObject) -> None:
    """Such as a pool that a cluster does not publish for a moment."""
    index, key, position = data.draw(st.sampled_from(list(single_items())))
    _, observation = seen(index)
    item = dict(observation.required[key][position])
    items = [p for p in paths(item) if p and p[0] in {"spec", "status"} and isinstance(p[-1], int)]
    if not items:
        return
    path = data.draw(st.sampled_from(items))
    container = unstructured.dig(item, *path[:-1])
    short = spoiled(item, path[:-1], [value for place, value in enumerate(container) if place != path[-1]])
    found = list(observation.required[key])
    found[position] = short
    answer = compose(replace(observation, required={**observation.required, key: tuple(found)}))
    assert not answer.fatal
    assert set(observation.children) <= set(answer.children)
    emitted = {key: child.manifest for key, child in answer.children.items()}
    assert draining(emitted) <= draining(observation.children)


@pytest.mark.parametrize("how", MALFORMED)
def test_one_malformed_item_gives_the_outcome_of_the_table(how: str) -> None:
    for index, key, position in single_items():
        composer, observation = seen(index)
        doubted = malformed(observation, key, how, position)
        answer, _ = through_protocol(doubted)
        where = f"{composer.kind}/{observation.name}: {key}[{position}]"
        try:
            assert_nothing_lost(observation, answer)
            conditions = {c.type: c for c in answer.conditions}
            if not row(composer, key).malformed.held:
                assert conditions["Held"].status is Status.FALSE
            cool = not_ready(observation)
            assert compose(malformed(cool, key, how, position)).ready <= compose(cool).ready
        except AssertionError as error:
            raise AssertionError(f"{where} with {how}: {error}") from error


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_junk_anywhere_in_a_required_object_never_fails_and_never_removes_a_child(data: st.DataObject) -> None:
    index, key, position = data.draw(st.sampled_from(list(single_items())))
    _, observation = seen(index)
    item = observation.required[key][position]
    inside = [p for p in paths(item) if p and p[0] in {"spec", "status", *CONTENT}]
    broken = spoiled(dict(item), data.draw(st.sampled_from(inside or [("spec",)])), data.draw(st.sampled_from(JUNK)))
    found = list(observation.required[key])
    found[position] = broken
    answer = compose(replace(observation, required={**observation.required, key: tuple(found)}))
    assert not answer.fatal
    assert set(observation.children) <= set(answer.children)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_junk_anywhere_in_an_observed_child_never_fails_and_never_removes_another(data: st.DataObject) -> None:
    index = data.draw(st.sampled_from([i for i in range(len(ids())) if seen(i)[1].children]))
    _, observation = seen(index)
    key = data.draw(st.sampled_from(sorted(observation.children)))
    child = dict(observation.children[key])
    inside = [p for p in paths(child) if p and p[0] in {"spec", "status"}]
    if not inside:
        return
    broken = spoiled(child, data.draw(st.sampled_from(inside)), data.draw(st.sampled_from(JUNK)))
    answer = compose(replace(observation, children={**observation.children, key: broken}))
    assert not answer.fatal
    assert set(observation.children) - {key} <= set(answer.children)


@EACH
def test_junk_anywhere_in_the_spec_of_the_composite_keeps_every_child(index: int) -> None:
    _, observation = seen(index)
    composite = dict(observation.composite)
    for path in [p for p in paths(composite) if p and p[0] == "spec" and "crossplane" not in p]:
        for junk in JUNK[:3]:
            answer = compose(replace(observation, composite=spoiled(composite, path, junk)))
            assert not answer.fatal, path
            if any(c.type == "Held" and c.reason == "InvalidSpec" for c in answer.conditions):
                assert set(observation.children) <= set(answer.children), path


@pytest.mark.parametrize("name", ["quickstart", "brought"])
def test_another_pass_over_a_settled_control_plane_changes_nothing(name: str) -> None:
    plane = fresh(name)
    before = {obj["metadata"]["uid"]: obj for obj in plane.everything()}
    plane.settle()
    after = {obj["metadata"]["uid"]: obj for obj in plane.everything()}
    assert after == before


def fresh(name: str) -> ControlPlane:
    """A settled control plane of one's own: an example, or what the examples have no use for."""
    return bring() if name == "brought" else settle(*example(EXAMPLES / name))


@pytest.mark.parametrize("name", ["quickstart", "brought", *TOPOLOGIES])
def test_a_hold_of_everything_changes_no_object(name: str) -> None:
    """Re-emitting what we own is a no-op for the API server, for every child of every composer."""

    def held(observation: Observation) -> Composition:
        composer = COMPOSERS[observation.api_version, observation.kind]
        return Draft(observation, composer.vocabulary).hold("InputUnresolved", "held by a test")

    plane = fresh(name)
    watched = {"Held"}

    def state(of: ControlPlane) -> dict[str, Any]:
        result = {}
        for obj in of.everything():
            body = copy.deepcopy(dict(obj))
            if (body["apiVersion"], body["kind"]) in COMPOSERS:  # their own Held condition changes, and nothing else
                body["metadata"].pop("resourceVersion", None)
                body["metadata"].pop("managedFields", None)
                conditions = body["status"]["conditions"]
                body["status"]["conditions"] = [c for c in conditions if c["type"] not in watched]
            result[body["metadata"]["uid"]] = body
        return result

    before = state(plane)
    plane.compose = held
    plane.settle()
    assert state(plane) == before
