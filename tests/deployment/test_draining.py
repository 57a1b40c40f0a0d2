"""A replica leaves in steps: its endpoint drains, the replica runs on for 90 seconds, and both go together."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from function.composition import Composition, Manifest, owned, timestamps, unstructured
from function.deployment.draining import GRACE, Drain, drain_of
from tests.support.deployments import AN_HOUR_AGO, aged, cluster, composed, deployment, draining, marked, running, there
from tests.support.observe import NOW, observation

SINCE = "modelplane.ai/draining-since"
FLEET = [cluster("a"), cluster("b")]
CHILDREN = running(deployment(2), FLEET)
EARLIER = "2025-12-31T23:59:00Z"


def note(text: str, **more: Any) -> Manifest:
    """An endpoint that drains, with what is noted of it."""
    return {"metadata": {"annotations": {SINCE: text}, **more}, "spec": {"draining": True}}


def applied(at: datetime) -> dict[str, Any]:
    """What the API server writes beside what we own."""
    who = owned.manager(deployment())
    return {"managedFields": [{"manager": who, "operation": "Apply", "time": timestamps.text_of(at), "fieldsV1": {}}]}


def leaves(*children: Manifest | None, now: datetime = NOW) -> Drain:
    """When an endpoint, and its replica if given, leave."""
    endpoint, replica = (*children, None, None)[:2]
    return drain_of(observation(deployment(), now=now), endpoint, replica)


def settled(answered: Composition, obj: Manifest, **only: str | None) -> dict[str, Manifest]:
    """An answer's children an hour later."""
    return {key: aged(child) for key, child in there(answered, obj, **only).items()}


def begun() -> dict[str, Manifest]:
    """The children after one of two replicas has begun to leave."""
    return settled(composed(deployment(1), FLEET, CHILDREN), deployment(1))


def notes(answered: Composition) -> dict[str, str]:
    found = {key: unstructured.annotations(child.manifest).get(SINCE) for key, child in answered.children.items()}
    return {key: text for key, text in found.items() if text is not None}


def test_a_replica_that_begins_to_leave_stays_with_its_endpoint_and_remembers_when() -> None:
    answered = composed(deployment(1), FLEET, CHILDREN)
    assert set(answered.children) == set(CHILDREN)
    assert draining(answered) == {"endpoint-b-0"}
    assert notes(answered) == {"replica-b-0": "2026-01-01T00:00:00Z", "endpoint-b-0": "2026-01-01T00:00:00Z"}
    assert answered.children["replica-b-0"].manifest["spec"] == CHILDREN["replica-b-0"]["spec"]


def test_what_was_remembered_is_remembered_again() -> None:
    first = begun()
    later = composed(deployment(1), FLEET, first, now=NOW + timedelta(seconds=40))
    assert notes(later) == notes(composed(deployment(1), FLEET, CHILDREN))
    assert later.ttl_seconds == 50


@pytest.mark.parametrize(
    ("seconds", "gone", "ttl"),
    [(0, False, 60), (31, False, 59), (89, False, 1), (90, True, 60), (9999, True, 60)],
)
def test_it_goes_90_seconds_after_it_began_and_not_before(seconds: int, gone: bool, ttl: int) -> None:  # noqa: FBT001  # a parameter
    first = there(composed(deployment(1), FLEET, CHILDREN), deployment(1))
    later = composed(deployment(1), FLEET, first, now=NOW + timedelta(seconds=seconds))
    kept = {"replica-a-0", "endpoint-a-0"}
    assert set(later.children) == (kept if gone else kept | {"replica-b-0", "endpoint-b-0"})
    assert later.ttl_seconds == ttl


SERVES = "modelplane.ai/serves-while-draining"


def said_to_serve(answered: Composition) -> set[str]:
    found = {key: unstructured.annotations(child.manifest).get(SERVES) for key, child in answered.children.items()}
    assert set(found.values()) <= {None, "true"}
    return {key for key, text in found.items() if text}


@pytest.mark.parametrize(
    ("at_first", "then", "serves"),
    [
        ("True", "True", True),
        ("True", "False", False),
        ("True", "Unknown", True),
        ("True", None, True),
        ("False", "True", True),
        ("False", "False", False),
        ("False", "Unknown", False),
        ("Unknown", "Unknown", True),
    ],
)
def test_the_endpoint_of_a_replica_that_leaves_says_whether_it_still_serves_as_far_as_that_is_known(
    at_first: str,
    then: str | None,
    serves: bool,  # noqa: FBT001  # a parameter
) -> None:
    two = settled(composed(deployment(2), FLEET, CHILDREN), deployment(2), replica_b_0=at_first)
    first = composed(deployment(1), FLEET, two)
    later = composed(deployment(1), FLEET, settled(first, deployment(1), replica_b_0=then))
    assert draining(later) == {"endpoint-b-0"}
    assert said_to_serve(later) == ({"endpoint-b-0"} if serves else set())


def test_an_endpoint_that_has_lost_its_replica_does_not_say_that_it_serves() -> None:
    alone = {key: child for key, child in CHILDREN.items() if key != "replica-b-0"}
    assert said_to_serve(composed(deployment(1), FLEET, alone)) == set()


def test_an_endpoint_that_takes_requests_says_nothing_of_the_kind() -> None:
    first = there(composed(deployment(1), FLEET, CHILDREN), deployment(1))
    assert said_to_serve(composed(deployment(2), FLEET, first)) == set()


def test_a_note_that_got_lost_on_one_of_the_two_is_read_from_the_other() -> None:
    noted = {**CHILDREN, "endpoint-b-0": marked(CHILDREN["endpoint-b-0"], EARLIER)}
    assert notes(composed(deployment(1), FLEET, noted)) == {"replica-b-0": EARLIER, "endpoint-b-0": EARLIER}
    bare = {**CHILDREN["endpoint-b-0"], "spec": {**CHILDREN["endpoint-b-0"]["spec"], "draining": True}}
    noted = {**CHILDREN, "replica-b-0": marked(CHILDREN["replica-b-0"], EARLIER), "endpoint-b-0": bare}
    assert notes(composed(deployment(1), FLEET, noted)) == {"replica-b-0": EARLIER, "endpoint-b-0": EARLIER}


def test_a_replica_does_not_go_before_its_endpoint_is_marked_however_long_it_is_noted() -> None:
    noted = {**CHILDREN, "replica-b-0": marked(CHILDREN["replica-b-0"], AN_HOUR_AGO)}
    answered = composed(deployment(1), FLEET, noted)
    assert set(answered.children) == set(CHILDREN)
    assert notes(answered) == {"replica-b-0": "2026-01-01T00:00:00Z", "endpoint-b-0": "2026-01-01T00:00:00Z"}


def test_a_replica_that_stays_after_all_forgets_it() -> None:
    first = there(composed(deployment(1), FLEET, CHILDREN), deployment(1))
    answered = composed(deployment(2), FLEET, first, now=NOW + timedelta(seconds=80))
    assert (notes(answered), draining(answered)) == ({}, set())


def test_the_replica_that_drains_already_is_the_one_that_goes_on_leaving() -> None:
    noted = {
        **CHILDREN,
        "replica-a-0": marked(CHILDREN["replica-a-0"], EARLIER),
        "endpoint-a-0": marked(CHILDREN["endpoint-a-0"], EARLIER),
    }
    answered = composed(deployment(1), FLEET, noted, now=NOW + timedelta(seconds=60))
    assert set(answered.children) == {"replica-b-0", "endpoint-b-0"}


def test_an_endpoint_without_its_replica_drains_and_goes() -> None:
    alone = {key: child for key, child in CHILDREN.items() if key != "replica-b-0"}
    first = composed(deployment(1), FLEET, alone)
    assert draining(first) == {"endpoint-b-0"}
    assert first.children["endpoint-b-0"].manifest["spec"] == {**CHILDREN["endpoint-b-0"]["spec"], "draining": True}
    observed = there(first, deployment(1))
    later = composed(deployment(1), FLEET, observed, now=NOW + timedelta(seconds=89))
    assert (set(later.children), later.ttl_seconds) == (set(alone), 1)
    assert set(composed(deployment(1), FLEET, observed, now=NOW + timedelta(seconds=90)).children) == {
        "replica-a-0",
        "endpoint-a-0",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-23:00",
        "9999-12-31T23:59:59Z",
        "2026-01-01T00:00:00.5Z",
    ],
)
def test_whatever_somebody_wrote_into_the_note_no_answer_fails(text: str) -> None:
    noted = {**CHILDREN, "replica-b-0": marked(CHILDREN["replica-b-0"], text)}
    answered = composed(deployment(1), FLEET, noted)
    assert not answered.fatal
    assert {"replica-a-0", "endpoint-a-0"} <= set(answered.children)


def test_a_note_from_the_future_or_none_means_now() -> None:
    for objs in [(note("2027-01-01T00:00:00Z"),), (note("junk"),), (None,), ()]:
        assert leaves(*objs).since == NOW


def test_the_wait_begins_when_the_api_server_has_marked_the_endpoint_whatever_a_server_took_for_the_time() -> None:
    marked_at, early, late = (NOW + timedelta(seconds=seconds) for seconds in (-60, -3600, 3600))
    for noted in (early, marked_at, late):
        leaving = leaves(note(timestamps.text_of(noted), **applied(marked_at)))
        assert leaving.since == marked_at
        assert leaving.annotation == {SINCE: timestamps.text_of(noted)}


def test_a_mark_from_the_future_begins_its_wait_when_that_has_come() -> None:
    obj = note(AN_HOUR_AGO, **applied(NOW + timedelta(seconds=60)))
    assert not leaves(obj).is_complete(NOW)
    for seconds, over in ((60, False), (149, False), (150, True)):
        now = NOW + timedelta(seconds=seconds)
        assert leaves(obj, now=now).is_complete(now) is over, seconds


@given(st.lists(st.integers(-100_000, 100_000), min_size=1, max_size=2))
@settings(deadline=None)
def test_the_earliest_note_counts_and_none_is_later_than_now(offsets: list[int]) -> None:
    noted = [NOW + timedelta(seconds=offset) for offset in offsets]
    leaving = leaves(*(note(timestamps.text_of(moment)) for moment in noted))
    assert leaving.since == min([*noted, NOW])
    assert leaving.is_complete(leaving.completes_at)
    assert not leaving.is_complete(leaving.completes_at - timedelta(seconds=1))
    assert leaving.completes_at - leaving.since == GRACE
