"""The answer is safe by default: what is not dropped stays."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from function.composition import (
    Child,
    Composition,
    Condition,
    Draft,
    Event,
    IncompleteAnswerError,
    InvalidSpecError,
    Readiness,
    Reason,
    Requirement,
    Severity,
    Status,
    Vocabulary,
    timestamps,
)
from tests.support.observe import NOW, observation, ready, with_condition

VOCABULARY: Vocabulary = {
    "Fine": {
        "Yes": Reason(Status.TRUE, "It is fine.", event=Severity.NORMAL),
        "No": Reason(Status.FALSE, "It is not.", "Mend it.", Severity.WARNING),
        "Quietly": Reason(Status.FALSE, "No event."),
    }
}


def composite(**body: Any) -> dict[str, Any]:
    return {"apiVersion": "modelplane.ai/v1alpha1", "kind": "Box", "metadata": {"name": "b", "namespace": "ns"}, **body}


def part(name: str = "t", **body: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}, **body}


def draft(seen: dict[str, Any] | None = None, **kwargs: Any) -> Draft:
    return Draft(observation(seen or composite(), **kwargs), VOCABULARY)


def common(ready_message: str = "0 of 0 ready") -> tuple[Condition, ...]:
    return (
        Condition("Held", Status.FALSE, "InputsResolved"),
        Condition("ChildrenReady", Status.TRUE, "AllReady", ready_message),
    )


def test_a_whole_answer_has_children_status_conditions_events_requirements_and_ttl() -> None:
    d = draft()
    d.require("things", Requirement("example.com/v1", "Thing"))
    d.child("one", part(spec={"a": 1, "b": None, "c": {}}))
    d.set_condition("Fine", "Yes", "all well")
    d.publish({"address": "x", "nothing": None})
    assert d.finish(ready=True) == Composition(
        children={"one": Child(part(spec={"a": 1}), Readiness(ready=False, message="not created yet"))},
        status={"address": "x"},
        ready=True,
        conditions=(
            Condition("Fine", Status.TRUE, "Yes", "all well"),
            Condition("Held", Status.FALSE, "InputsResolved"),
            Condition("ChildrenReady", Status.FALSE, "ChildNotReady", "one Thing/t: not created yet"),
        ),
        events=(Event(Severity.NORMAL, "Yes", "all well"),),
        requirements={"things": Requirement("example.com/v1", "Thing")},
        ttl_seconds=60,
    )


def test_an_observed_child_that_is_not_mentioned_stays() -> None:
    d = draft(children={"old": ready(part(spec={"a": 1}))})
    d.set_condition("Fine", "Yes")
    assert d.finish(ready=True).children == {"old": Child(part(spec={"a": 1}), Readiness(ready=True))}


def test_only_drop_takes_a_child_away() -> None:
    d = draft(children={"old": part(), "other": part("o")})
    d.drop("old")
    d.set_condition("Fine", "Yes")
    assert list(d.finish(ready=True).children) == ["other"]


def test_what_is_not_tracked_is_a_child_and_must_be_tracked_before_it_can_go() -> None:
    """Crossplane deletes only what it has observed."""
    d = draft(children={"seen": ready(part("seen"))})
    d.adopt({"lost": ready(part("lost")), "seen": part("another")})
    assert d.observed("lost") == ready(part("lost"))
    assert d.observed("seen") == ready(part("seen")), "what is observed stays what it is"
    d.child("lost", part("renamed", spec={"a": 1}))
    d.drop("lost")
    d.drop("seen")
    d.set_condition("Fine", "No")
    answered = d.finish(ready=True)
    assert answered.children == {"lost": Child(part("lost"), Readiness(ready=True))}


def test_a_hold_keeps_what_is_not_tracked_too() -> None:
    d = draft()
    d.adopt({"lost": part("lost")})
    assert set(d.hold("InputMissing", "in doubt").children) == {"lost"}


def test_a_child_keeps_its_observed_name() -> None:
    d = draft(children={"one": part("one-3f2a")})
    d.child("one", part("one"))
    d.set_condition("Fine", "Yes")
    assert d.finish(ready=True).children["one"].manifest["metadata"]["name"] == "one-3f2a"


def test_a_child_never_becomes_another_kind() -> None:
    d = draft(children={"one": part()})
    d.child("one", {"apiVersion": "v1", "kind": "Other", "metadata": {"name": "t"}})
    d.set_condition("Fine", "Yes")
    answer = d.finish(ready=True)
    assert answer.children["one"].manifest == part()
    assert answer.conditions[1] == Condition(
        "Held", Status.TRUE, "InputInvalid", "one is a Thing and cannot become a Other"
    )


def test_a_remote_object_keeps_its_identity_once_observed() -> None:
    d = draft()
    d.remote("r", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "new", "namespace": "team"}}, "pc")
    d.set_condition("Fine", "Yes")
    first = d.finish(ready=False).children["r"].manifest
    seen = {**first, "metadata": {"name": "gen-1"}}
    seen["spec"] = {**first["spec"], "forProvider": {"manifest": {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "old", "namespace": "default"}}}}  # fmt: skip
    d = draft(children={"r": seen})
    d.remote("r", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "new", "namespace": "team"}}, "pc")
    d.set_condition("Fine", "Yes")
    again = d.finish(ready=False).children["r"].manifest
    assert again["spec"]["forProvider"]["manifest"]["metadata"] == {"name": "old", "namespace": "default"}


def test_a_remote_object_never_becomes_another_kind() -> None:
    seen = {
        "apiVersion": "kubernetes.m.crossplane.io/v1alpha1",
        "kind": "Object",
        "metadata": {"name": "o"},
        "spec": {"forProvider": {"manifest": {"apiVersion": "apps/v1", "kind": "Deployment"}}},
    }
    d = draft(children={"r": seen})
    d.remote("r", {"apiVersion": "x/v1", "kind": "LeaderWorkerSet"}, "pc")
    d.set_condition("Fine", "Yes")
    assert d.finish(ready=False).children["r"].manifest == seen


def test_hold_repeats_children_status_readiness_and_conditions_and_says_what_is_in_doubt() -> None:
    before = with_condition(ready(composite(status={"address": "x"})), "Fine", "False", "No", "broken")
    d = draft(before, children={"one": ready(part(spec={"a": 1}))})
    assert d.hold("InputUnresolved", "things have not been fetched yet") == Composition(
        children={"one": Child(part(spec={"a": 1}), Readiness(ready=True))},
        status={"address": "x"},
        ready=True,
        conditions=(
            Condition("Fine", Status.FALSE, "No", "broken"),
            Condition("Held", Status.TRUE, "InputUnresolved", "things have not been fetched yet"),
            Condition("ChildrenReady", Status.TRUE, "AllReady", "1 of 1 ready"),
        ),
    )


def test_hold_never_turns_ready_to_true() -> None:
    assert not draft().hold("InputUnresolved", "x").ready


def test_hold_says_unknown_of_what_was_never_decided() -> None:
    assert draft().hold("InputUnresolved", "x").conditions[0] == Condition(
        "Fine", Status.UNKNOWN, "NotKnownYet", "Not decided yet."
    )


def test_a_doubt_about_an_input_in_use_cannot_make_the_composite_ready() -> None:
    d = draft()
    d.doubt("InputMissing", "x is missing")
    d.set_condition("Fine", "Yes")
    assert not d.finish(ready=True).ready


def test_a_doubt_does_not_take_readiness_away() -> None:
    d = draft(ready(composite()))
    d.doubt("InputMissing", "x is missing")
    d.set_condition("Fine", "Yes")
    assert d.finish(ready=True).ready


def test_an_input_that_was_left_out_is_named_and_the_rest_stands() -> None:
    d = draft()
    d.skip("InputInvalid", "a cannot be read")
    d.skip("InputInvalid", "b cannot be read")
    d.set_condition("Fine", "Yes")
    answer = d.finish(ready=True)
    assert answer.ready
    assert answer.conditions[1].message == "a cannot be read; b cannot be read"


def test_a_condition_of_the_kind_that_is_not_said_is_a_mistake() -> None:
    with pytest.raises(IncompleteAnswerError, match="Fine"):
        draft().finish(ready=True)


def test_a_reason_outside_the_vocabulary_is_a_mistake() -> None:
    with pytest.raises(IncompleteAnswerError, match="Fine/Maybe"):
        draft().set_condition("Fine", "Maybe")


@pytest.mark.parametrize(
    ("before", "events"),
    [
        (composite(), (Event(Severity.WARNING, "No", "It is not."),)),
        (with_condition(composite(), "Fine", "True", "Yes"), (Event(Severity.WARNING, "No", "It is not."),)),
        (with_condition(composite(), "Fine", "False", "No"), ()),
    ],
)
def test_an_event_is_written_only_when_the_reason_changes(before: dict[str, Any], events: tuple[Event, ...]) -> None:
    d = draft(before)
    d.set_condition("Fine", "No")
    assert d.finish(ready=False).events == events


@pytest.mark.parametrize(("seconds", "ttl"), [(-5.0, 1), (0.0, 1), (0.2, 1), (10.5, 11), (59.0, 59), (600.0, 60)])
def test_the_ttl_reaches_to_the_next_deadline_in_whole_seconds_between_1_and_60(seconds: float, ttl: int) -> None:
    d = draft()
    d.set_condition("Fine", "Yes")
    d.requeue_at(NOW + timedelta(seconds=seconds))
    d.requeue_at(NOW + timedelta(hours=1))
    assert d.finish(ready=True).ttl_seconds == ttl


def test_children_ready_names_the_first_unready_child_and_counts_the_rest() -> None:
    broken = with_condition(part("t1"), "Ready", "False", "Failed", "no such chart")
    d = draft(children={"a": ready(part("t0")), "b": broken, "c": part("t2")})
    d.set_condition("Fine", "Yes")
    assert d.finish(ready=False).conditions[2] == Condition(
        "ChildrenReady", Status.FALSE, "ChildNotReady", "b Thing/t1: Ready is False: no such chart (and 1 more)"
    )


class Spec(BaseModel):
    size: int


def test_a_spec_that_cannot_be_read_names_the_first_field() -> None:
    with pytest.raises(InvalidSpecError, match=r"^spec\.size: "):
        draft(composite(spec={"size": "x"})).spec(Spec)


def test_retained_children_can_get_labels_anew_and_keep_their_spec() -> None:
    d = draft(children={"one": {**part(spec={"a": 1}), "metadata": {"name": "t", "labels": {"old": "1"}}}})
    d.keep("one", labels={"new": "2"}, annotations={})
    d.set_condition("Fine", "Yes")
    assert d.finish(ready=True).children["one"].manifest == {
        **part(spec={"a": 1}),
        "metadata": {"name": "t", "labels": {"new": "2"}},
    }


def asked_again(seen: dict[str, Any], *, ready: bool = False, requeue_after: int | None = None) -> int:
    """In how many seconds an answer about a composite asks for the next call."""
    d = draft(seen)
    d.set_condition("Fine", "Yes")
    if requeue_after is not None:
        d.requeue_at(NOW + timedelta(seconds=requeue_after))
    return d.finish(ready=ready).ttl_seconds


def unready_for(seconds: int) -> dict[str, Any]:
    since = timestamps.text_of(NOW - timedelta(seconds=seconds))
    ready_condition = {"type": "Ready", "status": "False", "reason": "Creating", "lastTransitionTime": since}
    return composite(status={"conditions": [ready_condition]})


@pytest.mark.parametrize(("seconds", "ttl"), [(0, 5), (15, 5), (16, 6), (90, 30), (180, 60), (86400, 60), (-9, 5)])
def test_what_is_not_ready_is_looked_at_again_after_a_third_of_the_time_that_it_has_not_been(
    seconds: int, ttl: int
) -> None:
    assert asked_again(unready_for(seconds)) == ttl


def test_what_has_never_said_ready_counts_from_its_creation_and_what_was_ready_from_now() -> None:
    created = timestamps.text_of(NOW - timedelta(seconds=60))
    new = composite(metadata={"name": "b", "namespace": "ns", "creationTimestamp": created})
    was_ready = ready(composite(metadata={"name": "b", "creationTimestamp": created}))
    assert [asked_again(seen) for seen in (new, was_ready, composite())] == [20, 5, 5]


def test_what_is_ready_is_looked_at_every_minute() -> None:
    assert asked_again(unready_for(0), ready=True) == 60


@pytest.mark.parametrize(("requeue_after", "ttl"), [(3, 3), (20, 20), (45, 30), (0, 1), (-5, 1)])
def test_a_deadline_that_comes_sooner_counts(requeue_after: int, ttl: int) -> None:
    assert asked_again(unready_for(90), requeue_after=requeue_after) == ttl
