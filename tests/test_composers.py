"""Which composer answers, and what is answered when it cannot."""

from typing import Any

import pytest

from function import composers, deadline
from function.composers import COMPOSERS, compose
from function.composition import Composer, Composition, Condition, Draft, Observation, Status
from function.composition.conditions import EVENT_BYTES, MESSAGE_BYTES
from function.composition.owned import manager
from tests.support.observe import NOW, observation
from tests.support.slow import composer, endpoint

HELD = "Held"


def failing(message: str) -> Composer:
    def fails(_: Draft) -> Composition:
        raise ValueError(message)

    return composer(fails)


def fatal(composite: dict[str, Any], message: str = "x") -> Composition:
    return composers.answer(failing(message), observation(composite))


def conditions(*found: Any) -> dict[str, Any]:
    return endpoint(status={"conditions": list(found)})


GOOD = {"type": "RoutingReady", "status": "True", "reason": "Ready", "message": "well"}


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "Odd", "status": ["True"]},
        {"type": "Odd", "status": {"a": 1}},
        {"type": "Odd", "status": None},
        {"type": "Odd", "status": 1e308},
        {"type": "Odd"},
        {"type": ["Odd"], "status": "True"},
        {"status": "True"},
        {"type": "Ready", "status": "True", "reason": "Available"},
        {"type": "RoutingReady", "status": "False", "reason": "Twice"},
        "junk",
        None,
        [[]],
    ],
    ids=str,
)
def test_a_failure_repeats_the_conditions_that_can_be_read_each_once(odd: Any) -> None:
    answer = fatal(conditions(GOOD, odd))
    message = "composing ModelEndpoint failed: ValueError: x"
    assert answer.conditions == (
        Condition("RoutingReady", Status.TRUE, "Ready", "well"),
        Condition(HELD, Status.TRUE, "InternalError", message),
    )
    assert answer.fatal == message


def test_reason_and_message_of_a_repeated_condition_may_be_anything() -> None:
    answer = fatal(conditions({"type": "RoutingReady", "status": "False", "reason": [1], "message": {"a": 1}}))
    assert answer.conditions[0] == Condition("RoutingReady", Status.FALSE, "", "")


@pytest.mark.parametrize("status", ["junk", 7, None, [], {"conditions": "junk"}, {"conditions": {"a": 1}}])
def test_a_failure_on_a_status_that_is_none_is_answered(status: Any) -> None:
    assert [condition.type for condition in fatal(endpoint(status=status)).conditions] == [HELD]


def test_what_a_failure_quotes_is_cut_in_condition_and_event() -> None:
    answer = fatal(endpoint(), "é" * 5000)
    (held,) = answer.conditions
    assert len(held.message.encode()) in (MESSAGE_BYTES, MESSAGE_BYTES - 1)
    assert len(answer.fatal.encode()) in (EVENT_BYTES, EVENT_BYTES - 1)
    assert held.message.endswith("é ... (cut here)")


def test_a_call_whose_time_is_up_is_answered_with_its_own_reason_wherever_it_was() -> None:
    for each_composer in COMPOSERS.values():
        child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
        seen = Observation(
            composite={
                "apiVersion": each_composer.api_version,
                "kind": each_composer.kind,
                "metadata": {"name": "x"},
                "spec": "junk",
            },
            now=NOW,
            children={"child": child},
        )
        with deadline.within(-1):
            answer = compose(seen)
        assert answer.fatal == "the call took longer than -1 s; nothing is changed, and it is tried again"
        assert answer.conditions == (Condition(HELD, Status.TRUE, "DeadlineExceeded", answer.fatal),)


def test_a_hold_gives_each_item_of_an_observed_list_with_keys_once() -> None:
    status = {
        "placements": [{"replica": "a"}, {"replica": "a"}, {"replica": "b", "cluster": None}],
        "revision": {"name": "x" * 64},
        "unheard": 1,
    }
    composite = {
        "apiVersion": "modelplane.ai/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": "chat", "namespace": "ml-team"},
        "spec": {"replicas": "junk"},
        "status": status,
    }
    answer = compose(observation(composite))
    assert not answer.fatal
    assert answer.status == {"placements": [{"replica": "a"}, {"replica": "b"}]}


@pytest.mark.parametrize("owned", [{"f:spec": {"f:a": 7}}, {"f:spec": ["x"]}, {"f:spec": {"f:a": {"f:b": "x"}}}])
def test_a_child_whose_managed_fields_cannot_be_read_is_kept_by_changing_nothing(owned: Any) -> None:
    child = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "c",
            "managedFields": [{"manager": manager(endpoint()), "operation": "Apply", "fieldsV1": owned}],
        },
        "spec": {"a": {"b": 1}},
    }
    answer = compose(observation(endpoint(spec="junk"), {"child": child}))
    assert answer.fatal.endswith("cannot be read from its managed fields; nothing is changed until that is repaired")
