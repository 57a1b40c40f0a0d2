"""What a schema lets through of a value."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.api.base import LIST_MAP_KEYS, VALIDATIONS
from function.api.bounds import bounded, cut
from function.api.kinds import KINDS, by_kind
from function.api.schema import Schema, of_status
from function.api.structure import problems

KIND = pytest.mark.parametrize("kind", KINDS, ids=[kind.kind for kind in KINDS])
STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [2**53, -(10**300), 0.5, float("nan"), float("inf"), "x" * 2000, "é" * 1000, "\ud800", [], {}, [{}]]
    ),
)


def fitting(schema: Schema) -> st.SearchStrategy[Any]:
    """What a schema would let through, more or less: too long here and there, too many, and twice."""
    match schema["type"]:
        case "object" if "additionalProperties" in schema:
            inner = of(schema["additionalProperties"])
            return st.dictionaries(st.text(max_size=3), inner, max_size=schema.get("maxProperties", 4) + 1)
        case "object":
            fields = {key: of(inner) for key, inner in schema.get("properties", {}).items()}
            return st.fixed_dictionaries({}, optional={**fields, "unheard": st.integers()})
        case "array":
            most = min(schema.get("maxItems", 4), 4) + 2
            some = st.lists(of(schema["items"]), max_size=most)
            return st.one_of(some, some.map(lambda found: [*found, *copy.deepcopy(found)]))
        case "string" if "enum" in schema:
            return st.sampled_from([*schema["enum"], "unheard"])
        case "string" if "format" in schema:
            return st.sampled_from(["2026-01-01T00:00:00Z", "yesterday"])
        case "string":
            return st.integers(0, schema.get("maxLength", 20) + 1).map("a".__mul__)
        case "integer":
            return st.one_of(st.integers(-5, 100), st.just(3.0))
        case _:
            return st.booleans()


def of(schema: Schema) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda number: STRANGE if number == 0 else fitting(schema))


@KIND
@given(data=st.data())
def test_what_is_let_through_of_any_status_is_not_refused(kind: Any, data: st.DataObject) -> None:
    schema = of_status(kind)
    status = data.draw(fitting(schema))
    kept = bounded(status, schema)
    assert list(problems(kept, schema, "status")) == []
    assert bounded(kept, schema) == kept
    if not list(problems(status, schema, "status")):
        assert kept == status


@KIND
def test_no_status_has_rules_which_are_not_bounded_here(kind: Any) -> None:
    def rules(schema: Schema) -> list[Any]:
        below = [schema[key] for key in ("items", "additionalProperties") if key in schema]
        found: list[Any] = list(schema.get(VALIDATIONS, []))
        for inner in [*schema.get("properties", {}).values(), *below]:
            found += rules(inner)
        return found

    assert rules(of_status(kind)) == []


@KIND
def test_items_of_a_status_that_are_told_apart_by_keys_have_these_keys(kind: Any) -> None:
    def check(schema: Schema) -> None:
        for inner in schema.get("properties", {}).values():
            check(inner)
        if "items" in schema:
            assert set(schema.get(LIST_MAP_KEYS, ())) <= set(schema["items"].get("required", ()))
            check(schema["items"])

    check(of_status(kind))


def deployment(**status: Any) -> dict[str, Any]:
    kind = by_kind("modelplane.ai/v1alpha1", "ModelDeployment")
    assert kind is not None
    return bounded(status, of_status(kind))


def test_of_items_with_the_same_key_the_first_stays() -> None:
    twice = [{"replica": "a", "cluster": "x"}, {"replica": "b"}, {"replica": "a", "cluster": "y"}]
    assert deployment(placements=twice) == {"placements": twice[:2]}


def test_an_item_without_its_key_goes_and_the_others_stay() -> None:
    assert deployment(placements=[{"cluster": "x"}, {"replica": "b"}, 7, None]) == {"placements": [{"replica": "b"}]}


def test_a_list_that_is_too_long_loses_its_end() -> None:
    many = [{"replica": f"r-{n}"} for n in range(600)]
    assert deployment(placements=many) == {"placements": many[:512]}


def test_a_name_that_is_too_long_is_left_out_rather_than_made_another_one() -> None:
    assert deployment(placements=[{"replica": "r", "cluster": "c" * 64}]) == {"placements": [{"replica": "r"}]}


def test_a_message_that_is_too_long_is_cut() -> None:
    kind = by_kind("modelplane.ai/v1alpha1", "ModelService")
    assert kind is not None
    kept = bounded({"endpoints": [{"name": "a", "message": "é" * 1000}]}, of_status(kind))
    (endpoint,) = kept["endpoints"]
    assert endpoint["message"] == "é" * 504 + " ... (cut here)"


def test_numbers_that_are_none_to_the_api_server_are_left_out() -> None:
    numbers = {"desired": 10**300, "total": float("nan"), "ready": 3.0}
    assert deployment(replicas=numbers) == {"replicas": {"ready": 3}}


@given(st.text(max_size=60), st.integers(0, 80))
def test_a_cut_text_is_one_and_fits_and_one_that_fits_is_not_cut(text: str, most: int) -> None:
    found = cut(text, most)
    assert len(found.encode()) <= most
    if len(text.encode()) <= most:
        assert found == text
    elif most > 20:
        assert found.endswith(" ... (cut here)")
        assert text.startswith(found.removesuffix(" ... (cut here)"))
