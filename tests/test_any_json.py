"""Whatever JSON is observed, there is an answer, and it is one that can be stored."""

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from function import fn
from function.api.kinds import by_kind
from function.api.schema import of_status
from function.api.structure import problems
from function.composers import COMPOSERS, compose
from function.composition import Composition, Observation
from function.composition.conditions import EVENT_BYTES, MESSAGE_BYTES
from tests.support.doubts import EACH, paths, seen, spoiled
from tests.support.observe import NOW
from tests.support.protocol import of

FEW = settings(max_examples=settings().max_examples // 4, phases=[Phase.explicit, Phase.generate])
"""Each example is large, so there are fewer, and they are shown as they are."""

NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.sampled_from([2**53, -(2**63), 10**300, 1e308, 0.5, math.inf, -math.inf, math.nan]),
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "True", "Ready", "default", "9" * 5000, "é" * 3000, "2026-01-01T00:00:00Z", "80Gi", "\0"]),
)
ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=8,
)
WORDS = ("apiVersion", "kind", "metadata", "spec", "status", "name", "namespace", "conditions", "type", "reason")
OBJECTS = st.recursive(
    ANY,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(WORDS), inner, max_size=6), st.lists(inner, min_size=2, max_size=3)
    ),
    max_leaves=12,
)


def garbled(data: st.DataObject, obj: Any) -> Any:
    """A copy with something else at some places, and with some items of lists twice."""
    result = copy.deepcopy(obj)
    for _ in range(data.draw(st.integers(1, 3))):
        places = [path for path in paths(result) if path]
        if not places:
            break
        path = data.draw(st.sampled_from(places))
        here = result
        for step in path:
            here = here[step]
        twice = [*here, *here] if isinstance(here, list) else here
        result = spoiled(result, path, data.draw(st.one_of(OBJECTS, st.just(twice))))
    return result


def assert_answer(observation: Observation, answer: Composition) -> None:
    """Nothing in the answer is refused or cut by who gets it."""
    assert len({condition.type for condition in answer.conditions}) == len(answer.conditions)
    assert all(len(condition.message.encode()) <= MESSAGE_BYTES for condition in answer.conditions)
    assert all(len(event.message.encode()) <= EVENT_BYTES for event in answer.events)
    assert len(answer.fatal.encode()) <= EVENT_BYTES
    kind = by_kind(observation.api_version, observation.kind)
    if kind is not None and not answer.fatal:
        assert list(problems(answer.status, of_status(kind), "status")) == []
    answered = fn.answer(of(observation).SerializeToString(), observation.now)
    assert bool(answered.composition.fatal) == bool(answer.fatal)
    assert "failed:" not in answer.fatal + answered.composition.fatal


@EACH
@FEW
@given(data=st.data())
def test_whatever_is_observed_of_a_composite_its_children_and_others_it_is_answered(
    index: int, data: st.DataObject
) -> None:
    _, observation = seen(index)
    where = data.draw(st.sampled_from(["composite", "status", "children", "required"]))
    if where == "composite":
        known = {key: observation.composite[key] for key in ("apiVersion", "kind")}
        composite = {**garbled(data, dict(observation.composite)), **known}
        observation = replace(observation, composite=composite)
    elif where == "status":
        composite = {**observation.composite, "status": garbled(data, dict(observation.status))}
        observation = replace(observation, composite=composite)
    elif where == "children":
        children = {key: garbled(data, dict(child)) for key, child in observation.children.items()}
        observation = replace(observation, children=children)
    else:
        required = {
            key: tuple(garbled(data, dict(obj)) for obj in found) for key, found in observation.required.items()
        }
        observation = replace(observation, required=required)
    assert_answer(observation, compose(observation))


@pytest.mark.parametrize("key", COMPOSERS, ids=[kind for _, kind in COMPOSERS])
@FEW
@given(obj=st.dictionaries(st.sampled_from(WORDS), OBJECTS), child=OBJECTS, other=OBJECTS)
def test_whatever_a_composite_of_a_kind_is_it_is_answered(
    key: tuple[str, str], obj: Mapping[str, Any], child: Any, other: Any
) -> None:
    composite = {**obj, "apiVersion": key[0], "kind": key[1]}
    children = {"child": child} if isinstance(child, dict) else {}
    required = {"clusters": (other,)} if isinstance(other, dict) else {}
    observation = Observation(composite=composite, now=NOW, children=children, required=required)
    assert_answer(observation, compose(observation))
