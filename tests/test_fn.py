"""The protocol's edge: what goes in and out as protobuf."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from hypothesis import given
from hypothesis import strategies as st

from function import deadline, fn
from function.composition import Child, Composition, Condition, Event, Readiness, Requirement, Severity, Status
from tests.support.observe import NOW
from tests.support.protocol import request
from tests.support.slow import KEY


def test_whole_numbers_arrive_as_doubles_and_become_integers() -> None:
    seen = fn.decode(
        request({"kind": "X", "spec": {"n": 2, "f": 1.5, "b": True, "s": "2", "l": [1, None, {"m": 3}]}}), NOW
    )
    spec = seen.composite["spec"]
    assert spec == {"n": 2, "f": 1.5, "b": True, "s": "2", "l": [1, None, {"m": 3}]}
    assert [type(spec[key]) for key in "nfbs"] == [int, float, bool, str]


def test_a_requirement_has_three_values() -> None:
    seen = fn.decode(request({"kind": "X"}, required={"empty": [], "present": [{"kind": "Y"}]}), NOW)
    assert seen.answer("unresolved").unresolved
    assert seen.answer("empty").empty
    assert seen.answer("present").found == ({"kind": "Y"},)


def test_the_time_of_a_call_is_utc_in_whole_seconds() -> None:
    local = datetime(2026, 1, 1, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))
    assert fn.decode(request({"kind": "X"}), local).now == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_a_composition_becomes_the_whole_response() -> None:
    composition = Composition(
        children={
            "a": Child({"kind": "A"}, Readiness(ready=True)),
            "b": Child({"kind": "B"}, Readiness(ready=False)),
        },
        status={"address": "x"},
        ready=True,
        conditions=(Condition("Fine", Status.TRUE, "Yes", "well"), Condition("Odd", Status.UNKNOWN, "NotKnownYet")),
        events=(Event(Severity.WARNING, "No", "broken"),),
        requirements={
            "by-name": Requirement("v1", "A", name="n", namespace="ns"),
            "by-labels": Requirement("v1", "A", labels={"k": "v"}),
            "all": Requirement("v1", "A"),
        },
        ttl_seconds=7,
    )
    want = fnv1.RunFunctionResponse()
    want.meta.tag = "tag"
    want.meta.ttl.seconds = 7
    want.context.SetInParent()
    want.desired.composite.ready = fnv1.READY_TRUE
    want.desired.composite.resource.update({"status": {"address": "x"}})
    want.desired.resources["a"].resource.update({"kind": "A"})
    want.desired.resources["a"].ready = fnv1.READY_TRUE
    want.desired.resources["b"].resource.update({"kind": "B"})
    want.desired.resources["b"].ready = fnv1.READY_FALSE
    want.conditions.add(
        type="Fine", status=fnv1.STATUS_CONDITION_TRUE, reason="Yes", message="well", target=fnv1.TARGET_COMPOSITE
    )
    want.conditions.add(
        type="Odd", status=fnv1.STATUS_CONDITION_UNKNOWN, reason="NotKnownYet", target=fnv1.TARGET_COMPOSITE
    )
    want.results.add(severity=fnv1.SEVERITY_WARNING, reason="No", message="broken", target=fnv1.TARGET_COMPOSITE)
    selectors = want.requirements.resources
    selectors["by-name"].CopyFrom(fnv1.ResourceSelector(api_version="v1", kind="A", match_name="n", namespace="ns"))
    selectors["by-labels"].CopyFrom(fnv1.ResourceSelector(api_version="v1", kind="A"))
    selectors["by-labels"].match_labels.labels["k"] = "v"
    selectors["all"].CopyFrom(fnv1.ResourceSelector(api_version="v1", kind="A"))
    assert fn.encode(request({"kind": "X"}, tag="tag"), composition) == want


def test_what_an_earlier_step_of_a_pipeline_composed_is_passed_on() -> None:
    sent = request({"kind": "X"})
    sent.desired.resources["theirs"].resource.update({"kind": "T"})
    answer = fn.encode(sent, Composition(children={"ours": Child({"kind": "O"}, Readiness(ready=True))}))
    assert sorted(answer.desired.resources) == ["ours", "theirs"]


def test_a_fatal_composition_carries_its_conditions_and_changes_nothing() -> None:
    held = Condition("Held", Status.TRUE, "InternalError", "why")
    answer = fn.encode(request({"kind": "X"}), Composition(conditions=(held,), fatal="why"))
    assert [(r.severity, r.message) for r in answer.results] == [(fnv1.SEVERITY_FATAL, "why")]
    assert [(c.type, c.reason) for c in answer.conditions] == [("Held", "InternalError")]
    assert not answer.desired.resources
    assert not answer.desired.composite.resource.fields


def test_an_answer_that_crossplane_could_not_receive_is_replaced_by_a_fatal_one_with_the_figure() -> None:
    big = Child({"kind": "A", "data": "x" * (fn.MAX_ANSWER_BYTES + 1)}, Readiness(ready=True))
    answer = fn.encode(request({"kind": "X"}), Composition(children={"a": big}, ready=True))
    assert answer.ByteSize() < fn.MAX_ANSWER_BYTES
    assert answer.results[0].severity == fnv1.SEVERITY_FATAL
    assert f"at most {fn.MAX_ANSWER_BYTES}" in answer.results[0].message


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("ModelDeployment", "lower the number of replicas or shorten their pod templates"),
        ("ModelReplica", "shorten the Secrets and ConfigMaps that its pods name, or name fewer: it has copies of them"),
        ("ModelService", "shorten its spec"),
    ],
)
def test_what_is_to_be_shortened_is_named_by_the_kind_whose_answer_is_too_large(kind: str, remedy: str) -> None:
    big = Child({"kind": "A", "data": "x" * (fn.MAX_ANSWER_BYTES + 1)}, Readiness(ready=True))
    answer = fn.encode(request({"kind": kind}), Composition(children={"a": big}, ready=True))
    assert answer.results[0].message.endswith(f"nothing is changed: {remedy}")


def test_a_call_that_ends_while_its_answer_is_written_is_answered_as_one_that_ended() -> None:
    sent = request({"apiVersion": KEY[0], "kind": KEY[1], "metadata": {"name": "x"}})
    child = Child({"kind": "A"}, Readiness(ready=True))
    with pytest.MonkeyPatch.context() as patched, deadline.within(-1):
        patched.setattr(fn, "compose", lambda _: Composition(children={"a": child}, ready=True))
        answered = fn.answer(sent.SerializeToString(), NOW)
    assert answered.composition.conditions[-1].reason == "DeadlineExceeded"
    assert not fnv1.RunFunctionResponse.FromString(answered.response).desired.resources


def test_the_owner_of_a_request_is_the_namespace_of_its_composite() -> None:
    sent = request({"kind": "X", "metadata": {"name": "n", "namespace": "team"}}, {"c": {"kind": "Y"}}, tag="t")
    sent.observed.resources["z"].resource.update({"metadata": {"namespace": "other"}})
    assert fn.owner(sent.SerializeToString()) == "team"


@pytest.mark.parametrize("metadata", [{}, {"namespace": 7}, {"namespace": ["x"]}, "junk", None])
def test_a_composite_in_no_namespace_belongs_to_nobody(metadata: Any) -> None:
    assert fn.owner(request({"kind": "X", "metadata": metadata}).SerializeToString()) == ""


@given(st.binary(max_size=60), st.integers(0, 200))
def test_the_owner_of_a_request_that_cannot_be_read_is_nobody(junk: bytes, place: int) -> None:
    whole = request({"kind": "X", "metadata": {"namespace": "team"}}).SerializeToString()
    assert fn.owner(junk) == ""
    assert fn.owner(whole[:place]) in ("", "team")
    assert isinstance(fn.owner(whole[:place] + junk), str)


@pytest.mark.parametrize("kind", ["Unheard", ""])
def test_an_unknown_kind_is_fatal_and_named(kind: str) -> None:
    answer = fn.run(request({"apiVersion": "modelplane.ai/v1alpha1", "kind": kind}), NOW)
    assert answer.results[0].severity == fnv1.SEVERITY_FATAL
    assert f"modelplane.ai/v1alpha1 {kind}".strip() in answer.results[0].message
    assert "ModelDeployment" in answer.results[0].message
